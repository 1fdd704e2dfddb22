"""Receipts: of a yes alone, with names and no values, signed by the node, and kept by nobody there."""

import asyncio
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest

from idbridge.codec import base64url, jcs
from idbridge.errors import ConfigurationError, EvidenceError
from idbridge.limits import LIMITS
from idbridge.model.region import Format
from idbridge.oidc.errors import OAuthError
from idbridge.tlog.leaf import LeafType, released
from idbridge_gateway.oidc.clients import Contacts
from idbridge_gateway.oidc.completion import Consent
from idbridge_gateway.oidc.consent_record import TYPE
from idbridge_gateway.oidc.transaction import LoginOverError
from idbridge_gateway.pages.catalogue import LANGUAGES, catalogues
from idbridge_gateway.signing import IssuingInForce
from tests.gateway.logging_in import FORGED, HOSTILE, Visit, boxes_in, page_of, refused, token_in, visit_in
from tests.gateway.providing import told
from tests.gateway.recording import leaves
from tests.gateway.test_records import proven

PERSON = re.compile(r"Hui Ling|\b1990\b")  # the year as a word, as ids have digits in a row too


@pytest.fixture
def visit(shared_files: Path) -> Visit:
    return visit_in(shared_files)


def form_of(visit: Visit, name: str, *, lang: str = "en") -> dict[str, str]:
    """The form of the consent page as it stands, with a yes."""
    text = page_of(visit.get(f"/consent?t={name}&lang={lang}"))
    return {"token": token_in(text), "answer": "yes", **dict.fromkeys(boxes_in(text), "yes")}


def saved(visit: Visit, name: str) -> httpx2.Response:
    """Say yes with everything left in, and save the receipt."""
    fields = form_of(visit, name)
    page_of(visit.send(f"/consent?t={name}", fields))
    fields.pop("receipt")
    return visit.send(f"/receipt?t={name}", fields)


def gone_on(visit: Visit, name: str) -> httpx2.Response:
    """Go on from the receipt as its page stands."""
    text = page_of(visit.get(f"/consent?t={name}"))
    boxes = re.findall(r'<input type="hidden" name="(share\.[^"]+)" value="yes">', text)
    return visit.send(f"/consent?t={name}", {"token": token_in(text), "answer": "yes", **dict.fromkeys(boxes, "yes")})


def signature_in(text: str) -> str:
    found = re.search(r"<pre>([A-Za-z0-9._-]+)</pre>", text)
    assert found is not None
    return found[1]


def document_in(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64url.decode(signature_in(text).split(".")[1]))
    return found


def test_nobody_agrees_to_a_log_in_of_which_nothing_was_decided(visit: Visit) -> None:
    cookie = visit.bank.provider.cookies.name_of(visit.begin())
    transactions = visit.bank.provider.transactions
    held = asyncio.run(transactions.find(visit.browser.cookies[cookie]))

    with pytest.raises(LoginOverError):
        asyncio.run(transactions.agree(held, frozenset(), at=visit.bank.node.clock.now()))


def test_there_is_no_receipt_of_a_no_and_none_before_a_yes(visit: Visit) -> None:
    name = visit.logged_in()
    fields = form_of(visit, name)
    fields.pop("receipt")

    for answer in ("no", "yes"):
        refused(visit.send(f"/receipt?t={name}", {**fields, "answer": answer}), FORGED)
    assert told(visit.send(f"/consent?t={name}", {**fields, "answer": "no"}))["error"] == "access_denied"


def test_after_a_receipt_nobody_says_no_any_more(visit: Visit) -> None:
    """What the node signed with its name would not have happened."""
    name = visit.logged_in()
    fields = form_of(visit, name)
    page_of(visit.send(f"/consent?t={name}", fields))

    refused(visit.send(f"/consent?t={name}", {"token": fields["token"], "answer": "no"}), FORGED)
    refused(visit.send(f"/receipt?t={name}", {"token": fields["token"], "answer": "no"}), FORGED)
    for outcome in (Consent.NO, OAuthError("temporarily_unavailable", "the provider does not answer")):
        with pytest.raises(LoginOverError):
            visit.bank.complete(name, outcome)
    assert "code" in told(gone_on(visit, name))


@pytest.mark.parametrize("path", ["/consent", "/receipt"])
@pytest.mark.parametrize("boxes", [(), ("share.name",), ("share.name", "share.birthdate", "share.nationality")])
def test_after_a_receipt_no_other_yes_counts_than_that_of_the_receipt(
    visit: Visit, path: str, boxes: tuple[str, ...]
) -> None:
    name = visit.logged_in()
    fields = {"token": form_of(visit, name)["token"], "answer": "yes"}
    kept = {**fields, "share.name": "yes", "share.nationality": "yes"}
    page_of(visit.send(f"/consent?t={name}", {**kept, "receipt": "yes"}))

    refused(visit.send(f"{path}?t={name}", {**fields, **dict.fromkeys(boxes, "yes")}), FORGED)
    listed = document_in(visit.send(f"/receipt?t={name}", kept).text)["pii_processing"]["pii_information"]
    assert [one["pii_type"] for one in listed] == ["name", "nationality"]
    answer = visit.bank.redeem(told(visit.send(f"/consent?t={name}", kept))["code"]).json()
    claims = json.loads(base64url.decode(answer["id_token"].split(".")[1]))
    assert set(claims["verified_claims"]["claims"]) == {"name", "nationality"}


def test_after_a_receipt_nobody_logs_in_otherwise_in_the_same_log_in(visit: Visit) -> None:
    name = visit.logged_in()
    fields = form_of(visit, name)
    chosen = {"token": visit.token(f"/login?t={name}"), "answer": "cancel"}
    page_of(visit.send(f"/consent?t={name}", fields))

    with pytest.raises(LoginOverError):
        visit.bank.complete(name, visit.bank.report())
    for answer in (visit.get(f"/login?t={name}"), visit.send(f"/login?t={name}", chosen)):
        assert (answer.status_code, answer.headers["location"]) == (303, f"/consent?t={name}")
    assert "code" in told(gone_on(visit, name))


def test_a_yes_that_waited_too_long_is_told_to_the_client_and_keeps_its_time(visit: Visit) -> None:
    name = visit.logged_in()
    said = visit.bank.node.clock.now()
    page_of(visit.send(f"/consent?t={name}", form_of(visit, name)))
    visit.bank.node.clock.turn(seconds=LIMITS.assertion_lifetime.total_seconds())

    page = page_of(visit.get(f"/consent?t={name}"))
    assert f"{said:%Y-%m-%d %H:%M} UTC" in page
    assert told(gone_on(visit, name))["error"] == "login_required"


def test_the_receipt_is_shown_again_to_who_loads_the_page_or_presses_twice(visit: Visit) -> None:
    name = visit.logged_in()
    fields = form_of(visit, name)
    first = page_of(visit.send(f"/consent?t={name}", fields))

    assert "Your receipt" in first
    for again in (visit.send(f"/consent?t={name}", fields), visit.get(f"/consent?t={name}")):
        assert "<h1>Your receipt</h1>" in page_of(again)


def test_an_answer_in_the_moment_of_another_does_not_undo_it(visit: Visit) -> None:
    """Two tabs open the same log-in; one of them makes a receipt before the other keeps anything."""
    name = visit.logged_in()
    transactions = visit.bank.provider.transactions
    handle = visit.browser.cookies[visit.bank.provider.cookies.name_of(name)]
    seen = asyncio.run(transactions.find(handle))
    decision, ground = seen.transaction.decision, seen.transaction.ground
    assert decision is not None
    assert ground is not None
    page_of(visit.send(f"/consent?t={name}", form_of(visit, name)))

    with pytest.raises(LoginOverError):
        asyncio.run(transactions.keep(seen, decision, ground))
    with pytest.raises(LoginOverError):
        asyncio.run(transactions.agree(seen, frozenset(), at=visit.bank.node.clock.now()))


def test_a_receipt_names_claims_and_says_nothing_of_the_person(visit: Visit) -> None:
    name = visit.logged_in()
    file = saved(visit, name).text
    page = page_of(visit.get(f"/consent?t={name}"))

    for text in (page, file):
        assert "Date of birth" in text
        assert PERSON.search(text) is None
    assert PERSON.search(json.dumps(document_in(file))) is None
    assert "sub" not in document_in(file)


def test_before_somebody_goes_on_nothing_is_shared_and_the_page_offers_no_no(visit: Visit) -> None:
    name = visit.logged_in()
    page = page_of(visit.send(f"/consent?t={name}", form_of(visit, name)))

    assert "It is shared when you go on." in page
    assert 'value="no"' not in page
    assert f"__Host-idbridge-{name}" in visit.browser.cookies


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


def test_contact_and_withdrawal_are_those_of_the_registration(shared_files: Path) -> None:
    contacts = Contacts("privacy@bank.th.example", "https://bank.th.example/withdraw")
    visit = visit_in(shared_files, contacts=contacts)
    text = saved(visit, visit.logged_in()).text

    assert "<dd>privacy@bank.th.example</dd>" in text
    assert "<b>https://bank.th.example/withdraw</b>" in text
    assert "no address" not in text
    assert document_in(text)["pii_processing"]["withdrawal_method"] == "https://bank.th.example/withdraw"


def test_a_party_without_contacts_has_a_receipt_too(visit: Visit) -> None:
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
    processing = claims["pii_processing"]
    assert [one["pii_type"] for one in processing["pii_information"]] == ["birthdate", "name", "nationality"]
    assert (processing["purpose_type"], processing["purpose"]) == ("account-opening", "To open your account")
    assert processing["lawful_basis"] == "consent"
    assert [one["party_id"] for one in claims["party_identification"]] == processing["pii_controllers"] == ["th-bank"]
    assert claims["consent_event"] == {
        "event_type": "explicit",
        "event_state": "given",
        "event_time": f"{visit.bank.node.clock.now():%Y-%m-%dT%H:%M:%SZ}",
    }


def test_the_party_gets_the_very_record_that_the_person_kept_and_the_log_commits_to_it(visit: Visit) -> None:
    name = visit.logged_in()
    kept = document_in(saved(visit, name).text)
    visit.bank.node.clock.turn(seconds=2)  # whoever reads a receipt takes a while before they go on
    answer = visit.bank.redeem(told(gone_on(visit, name))["code"]).json()
    found = proven(visit.bank.node, answer)
    header, payload = (json.loads(base64url.decode(part)) for part in answer["consent_receipt"].split(".")[:2])

    assert header["typ"] == TYPE
    assert payload == kept
    assert PERSON.search(json.dumps(payload)) is None
    assert found.opening is not None
    committed = str(found.leaf.members["con"])
    found.opening.require_consent(committed, record=jcs.canonicalize(kept))
    for other in ({**kept, "iat": kept["iat"] + 1}, {}):
        with pytest.raises(EvidenceError) as caught:
            found.opening.require_consent(committed, record=jcs.canonicalize(other))
        assert caught.value.code == "time.evidence_mismatch"


@pytest.mark.parametrize("answer", ["no", "yes"])
def test_the_log_says_of_nothing_that_it_was_released_before_somebody_agreed(visit: Visit, answer: str) -> None:
    before = len(leaves(visit.bank.node.settings))
    name = visit.logged_in()
    text = page_of(visit.get(f"/consent?t={name}"))
    said = visit.send(f"/consent?t={name}", {"token": token_in(text), "answer": answer})
    tokens = visit.bank.redeem(told(said)["code"]).json() if answer == "yes" else {}
    decided, *later = leaves(visit.bank.node.settings)[before:]

    assert (decided.type, decided.members["res"]) == (LeafType.VERIFY, "PASSED")
    assert "rel" not in decided.members
    assert [leaf.members.get("rel", "") for leaf in later] == [released(names_in(tokens)) for _ in later]
    assert len(later) == (1 if answer == "yes" else 0)


def names_in(tokens: dict[str, Any]) -> set[str]:
    """The names of the claims about a person in an ID token."""
    claims = json.loads(base64url.decode(tokens["id_token"].split(".")[1])).get("verified_claims", [])
    return {name for one in (claims if isinstance(claims, list) else [claims]) for name in one["claims"]}


def test_the_leaf_of_an_id_token_names_the_claims_in_it(visit: Visit) -> None:
    wanted = {"id_token": {"verified_claims": {"verification": {"trust_framework": None}, "claims": {"name": None}}}}
    tokens = visit.bank.redeem(visit.bank.code(claims=json.dumps(wanted), report={"claims": ["name"]})).json()
    leaf = leaves(visit.bank.node.settings)[-1]

    assert names_in(tokens) == {"name"}
    assert (leaf.type, leaf.members["rel"]) == (LeafType.ASSERT, "name")


def test_a_yes_without_a_receipt_for_the_person_is_recorded_for_the_party_too(visit: Visit) -> None:
    answer = visit.bank.redeem(visit.bank.code()).json()
    record = json.loads(base64url.decode(answer["consent_receipt"].split(".")[1]))

    assert record["consent_event"]["event_state"] == "given"
    assert record["record_id"] == json.loads(base64url.decode(answer["id_token"].split(".")[1]))["txn"]


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


def test_nothing_but_the_log_in_itself_is_kept_of_a_receipt(visit: Visit) -> None:
    name = visit.logged_in()
    held = visit.bank.node.app.state.parts.stores.sealed.held
    before = set(held)
    saved(visit, name)

    assert set(held) == before


def test_markup_in_a_receipt_is_text(shared_files: Path) -> None:
    visit = visit_in(shared_files, name=HOSTILE)
    name = visit.logged_in(purpose_text=HOSTILE, report={"purpose_text": HOSTILE})

    for text in (saved(visit, name).text, page_of(visit.get(f"/consent?t={name}"))):
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
