"""Receipts: of a yes alone, with names and no values, signed by the node, and kept by nobody there."""

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest

from idbridge.codec import base64url
from idbridge.errors import ConfigurationError
from idbridge.model.region import Format
from idbridge_gateway.pages.catalogue import LANGUAGES, catalogues
from idbridge_gateway.pages.receipt import TYPE
from idbridge_gateway.signing import IssuingInForce
from tests.gateway.logging_in import FORGED, HOSTILE, Visit, boxes_in, page_of, refused, token_in, visit_in
from tests.gateway.providing import told

PERSON = ("Hui Ling", "1990")


@pytest.fixture
def visit(shared_files: Path) -> Visit:
    return visit_in(shared_files)


def form_of(visit: Visit, name: str, *, lang: str = "en") -> dict[str, str]:
    """The form of the consent page as it stands, with a yes."""
    text = page_of(visit.get(f"/consent?t={name}&lang={lang}"))
    return {"token": token_in(text), "answer": "yes", **dict.fromkeys(boxes_in(text), "yes")}


def saved(visit: Visit, name: str, **changes: str) -> httpx2.Response:
    fields = {**form_of(visit, name), **changes}
    fields.pop("receipt")
    return visit.send(f"/receipt?t={name}", fields)


def signature_in(text: str) -> str:
    found = re.search(r"<pre>([A-Za-z0-9._-]+)</pre>", text)
    assert found is not None
    return found[1]


def document_in(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64url.decode(signature_in(text).split(".")[1]))
    return found


def test_there_is_no_receipt_of_a_no(visit: Visit) -> None:
    name = visit.logged_in()

    refused(saved(visit, name, answer="no"), FORGED)
    answer = visit.send(f"/consent?t={name}", {**form_of(visit, name), "answer": "no"})
    assert told(answer)["error"] == "access_denied"


def test_a_receipt_names_claims_and_says_nothing_of_the_person(visit: Visit) -> None:
    name = visit.logged_in()
    page = page_of(visit.send(f"/consent?t={name}", form_of(visit, name)))
    file = saved(visit, name).text

    for text in (page, file):
        assert "Date of birth" in text
        assert not any(value in text for value in PERSON)
    assert not any(value in json.dumps(document_in(file)) for value in PERSON)
    assert "sub" not in document_in(file)


def test_before_somebody_goes_on_nothing_is_shared_and_they_can_still_say_no(visit: Visit) -> None:
    name = visit.logged_in()
    page = page_of(visit.send(f"/consent?t={name}", form_of(visit, name)))
    assert "It is shared when you go on. You can still say no." in page
    assert f"__Host-idbridge-{name}" in visit.browser.cookies

    answer = visit.send(f"/consent?t={name}", {"token": token_in(page), "answer": "no"})
    assert told(answer)["error"] == "access_denied"


def test_from_the_receipt_the_person_goes_on_with_what_they_left_in(visit: Visit) -> None:
    name = visit.logged_in()
    fields = {name_: value for name_, value in form_of(visit, name).items() if name_ != "share.birthdate"}
    page = page_of(visit.send(f"/consent?t={name}", fields))
    hidden = dict(
        re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', page.split("It is shared when")[0])
    )
    assert hidden.keys() >= {"token", "share.name", "share.nationality"}
    assert "share.birthdate" not in page
    assert "receipt" not in hidden

    answer = visit.send(
        f"/consent?t={name}", {**{k: v for k, v in hidden.items() if k != "t" and k != "lang"}, "answer": "yes"}
    )
    assert "code" in told(answer)


def test_the_file_says_who_asked_for_what_when_and_how_to_take_it_back(visit: Visit) -> None:
    response = saved(visit, visit.logged_in())

    at = visit.bank.node.clock.now()
    assert response.headers["content-disposition"] == f'attachment; filename="receipt-{at:%Y-%m-%d}.html"'
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"].startswith("text/html")
    text = unescape(response.text)
    for words in (
        "Bank of the Sample River", "Opening an account", "To open your account", f"{at:%Y-%m-%d %H:%M} UTC",
        "Tell Bank of the Sample River that you take your consent back", "Number of this log-in", visit.bank.issuer,
        "Practice area", "It has given no address for this",
    ):  # fmt: skip
        assert words in text, words
    assert "<script" not in text


def test_contact_and_withdrawal_are_those_of_the_registration(visit: Visit) -> None:
    registry = visit.bank.node.app.state.parts.registry
    registry.exchange(
        replace(one, contact="privacy@bank.th.example", withdrawal="https://bank.th.example/withdraw")
        if one.id == "th-bank"
        else one
        for one in registry.registrations
    )
    text = saved(visit, visit.logged_in()).text

    assert "<dd>privacy@bank.th.example</dd>" in text
    assert "<b>https://bank.th.example/withdraw</b>" in text
    assert "no address" not in text
    assert document_in(text)["relying_party"]["withdrawal"] == "https://bank.th.example/withdraw"


def test_a_client_without_registration_has_a_receipt_too(shared_files: Path) -> None:
    visit = visit_in(shared_files)
    registry = visit.bank.node.app.state.parts.registry
    registry.exchange(one for one in registry.registrations if one.id != "th-bank")

    assert "It has given no address for this" in saved(visit, visit.logged_in()).text


def test_the_signature_is_the_nodes_and_of_a_type_that_nothing_takes_for_an_assertion(visit: Visit) -> None:
    name = visit.logged_in()
    token = signature_in(saved(visit, name).text)
    header = json.loads(base64url.decode(token.split(".")[0]))
    keys = visit.bank.node.send("GET", "/.well-known/jwks.json").json()["keys"]
    [jwk] = [one for one in keys if one["kid"] == header["kid"]]

    assert header["typ"] == TYPE != Format.ASSERTION.value
    options: Any = {"verify_iat": False}  # the clock is the test's
    claims = jwt.decode(token, jwt.PyJWK(jwk), algorithms=[header["alg"]], options=options)
    assert claims["iss"] == visit.bank.issuer
    assert claims["claims"] == ["birthdate", "name", "nationality"]
    assert claims["purpose"] == {"code": "account-opening", "text": "To open your account"}


@pytest.mark.parametrize("trouble", ["no key", "broken key"])
def test_without_a_key_that_signs_the_receipt_is_handed_over_unsigned(visit: Visit, trouble: str) -> None:
    name = visit.logged_in()
    turns = visit.bank.provider.turns
    issuing = turns.issuing.current()

    class Broken:
        kid, algorithm, public_jwk = issuing.signers[0].kid, issuing.signers[0].algorithm, issuing.signers[0].public_jwk

        def sign(self, message: bytes) -> bytes:
            raise ConfigurationError(f"the token is out: {len(message)}")

    turns.issuing.exchange(replace(issuing, signers=() if trouble == "no key" else (Broken(),)))
    text = saved(visit, name).text

    assert isinstance(turns.issuing, IssuingInForce)
    assert "<pre>" not in text
    assert "Bank of the Sample River" in text


def test_nothing_is_kept_of_a_receipt(visit: Visit) -> None:
    name = visit.logged_in()
    held = visit.bank.node.app.state.parts.stores.sealed.held
    before = dict(held)
    page_of(visit.send(f"/consent?t={name}", form_of(visit, name)))
    saved(visit, name)

    assert dict(held) == before


def test_markup_in_a_receipt_is_text(shared_files: Path) -> None:
    visit = visit_in(shared_files, name=HOSTILE)
    name = visit.logged_in(purpose_text=HOSTILE, report={"purpose_text": HOSTILE})

    for text in (saved(visit, name).text, page_of(visit.send(f"/consent?t={name}", form_of(visit, name)))):
        assert "<script>alert" not in text
        assert "<img src=x" not in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_receipt_speaks_the_language_of_the_person_with_the_english_beside(visit: Visit, lang: str) -> None:
    name = visit.logged_in()
    fields = form_of(visit, name, lang=lang)
    page = unescape(page_of(visit.send(f"/consent?t={name}&lang={lang}", fields)))
    fields.pop("receipt")
    file = unescape(visit.send(f"/receipt?t={name}&lang={lang}", fields).text)

    for text in (page, file):
        assert catalogues()[lang].sentences["receipt.no_values"] in text
        assert catalogues()["en"].sentences["receipt.no_values"] in text
        assert f'<html lang="{catalogues()[lang].tag}">' in text


def test_who_asks_for_an_old_receipt_is_told_that_none_is_kept(visit: Visit) -> None:
    response = visit.get("/receipt")

    assert response.status_code == 200
    assert "No copy is kept here" in response.text
    assert response.headers["cache-control"] == "private, no-cache"
