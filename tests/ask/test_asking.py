"""Asking by link: only our own form, only what is registered, a link for a day, and an answer in plain words."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.presentation.request_object import wallet_link as link_of
from idbridge.sandbox.presentations import Presentation, Representation
from idbridge_gateway.app import create_app
from idbridge_gateway.pages.catalogue import FULL
from idbridge_gateway.registry.record import RequestLimits
from tests.ask.kit import ABOUT_COMPANY, INVOICE, QUAY, SESSION, Business, business_at
from tests.gateway.logging_in import FORGED, page_of, refused
from tests.gateway.paging import code_shown
from tests.gateway.providing import Browser
from tests.gateway.wallets import PID

ACTING = Presentation("sg-representative", "sg-tan", represents=Representation("sg-quay"))
ELSEWHERE = Presentation("sg-representative", "sg-tan", represents=Representation("sg-pier"))


@pytest.fixture
def asking(business: Business) -> Business:
    """A business that has signed in."""
    business.sign_in()
    return business


def answered(asking: Business, page: str, source: Any = ACTING) -> httpx2.Response:
    """Let a wallet answer an ask with ``source``."""
    shown = asking.node.send("GET", asking.link(page)).text
    assert INVOICE in shown
    link = asyncio.run(wallet_link(asking, asking.link(page)))
    asked = asking.wallets.asked(link)
    return asking.wallets.answer(asked, token(asking, asked, source))


async def wallet_link(asking: Business, link: str) -> str:
    """What the QR code on the person's page says."""
    verifier, name = asking.node.app.state.wallet, link.rpartition("/")[2]
    found = await verifier.presentations.request(name)
    return link_of(client_id=found.client_id, request_uri=verifier.asker.request_uri(name))


def token(asking: Business, asked: Any, source: Any) -> dict[str, Any]:
    """An answer to the credential query that ``source`` can answer."""
    kind = "urn:example:sg:company-representative:1" if source is not PID else "urn:example:sg:pid:1"
    for query in asked.claims["dcql_query"]["credentials"]:
        if kind in query["meta"].get("vct_values", ()):
            return {query["id"]: [asking.wallets.presented(asked, source)]}
    raise AssertionError(f"nobody asks for {kind}")


def fault(response: httpx2.Response, sentence: str) -> str:
    text = page_of(response, 422)
    assert sentence in text
    return text


def test_without_a_session_nothing_is_asked_and_no_answer_is_shown(asking: Business) -> None:
    page, fields = asking.ask(), asking.form()
    asking.browser = Browser()

    assert code_shown(asking.send("/ask", fields)) == "policy.unauthenticated"
    assert code_shown(asking.send(page, {"token": fields["token"], "call-off": "yes"})) == "policy.unauthenticated"
    text = page_of(asking.get(page), 401)
    assert INVOICE not in text
    assert f'href="/ask/sign-in?to={page.rpartition("/")[2]}"' in text


@pytest.mark.parametrize(
    "headers",
    [{"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"}, {"origin": "https://evil.example"},
     {"origin": "null"}],
)  # fmt: skip
def test_a_form_of_another_site_asks_nothing_and_ends_nothing(asking: Business, headers: dict[str, str]) -> None:
    page, fields = asking.ask(), asking.form()
    inner = re.search(r'name="token" value="([^"]+)"', page_of(asking.get(page)))
    assert inner is not None

    refused(asking.send("/ask", fields, **headers), FORGED)
    refused(asking.send(page, {"token": inner[1], "call-off": "yes"}, **headers), FORGED)
    refused(asking.send("/ask/sign-out", {"token": fields["token"], "sign-out": "yes"}, **headers), FORGED)
    assert 'data-outcome="pending"' in page_of(asking.get(page))
    assert page_of(asking.get("/ask")).count('href="/ask/') == 1


def test_a_form_without_the_token_of_this_session_asks_nothing(asking: Business) -> None:
    others = asking.form()["token"]
    asking.browser = Browser()
    asking.sign_in()

    for forged in (others, "", None):
        refused(asking.send("/ask", asking.form(token=forged)), FORGED)
    refused(asking.send("/ask", {**asking.form(), "template": "identity"}), FORGED)


def test_another_relying_party_sees_nothing_of_an_ask(asking: Business) -> None:
    page = asking.ask()
    fields = {"token": asking.form()["token"], "call-off": "yes"}
    asking.register(asking.registered(party={"id": "th-other"}))
    asking.browser = Browser()
    asking.sign_in()

    response = asking.get(page)
    assert (code_shown(response), response.status_code) == ("input.not_found", 404)
    assert INVOICE not in response.text
    refused(asking.send(page, fields), FORGED)


@pytest.mark.parametrize("handle", ["x", "A" * 43, "..%2fconsole"])
def test_an_id_that_is_none_is_not_found(asking: Business, handle: str) -> None:
    assert asking.get(f"/ask/{handle}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"question": None}, "Choose what you want to know."),
        ({"question": "company-representative/age-check"}, "Choose what you want to know."),
        ({"question": "identity/account-opening"}, "Choose what you want to know."),  # is not registered for it
        ({"purpose_text": ""}, "Say why you ask, in 3 to 300 characters."),
        ({"purpose_text": " ab "}, "Say why you ask"),
        ({"purpose_text": "x" * (LIMITS.purpose_text_max_characters + 1)}, "Say why you ask"),
        ({"number": ""}, "This is no number of that register."),
        ({"number": "209900001"}, "This is no number of that register."),
        ({"scheme": "TH-DBD"}, "This is no number of that register."),
        ({"scheme": "XX"}, "This is no number of that register."),
        ({"scheme": None}, "This is no number of that register."),
        ({"question": "age-over-18/age-check"}, "goes with a question about a company and no other"),
    ],
)
def test_a_form_that_asks_for_what_cannot_be_asked_says_what_to_change_and_keeps_the_rest(
    asking: Business, changes: dict[str, str | None], sentence: str
) -> None:
    text = fault(asking.send("/ask", asking.form(**changes)), sentence)

    if "purpose_text" not in changes:
        assert f'value="{INVOICE}"' in text


def test_what_a_person_wrote_is_text_and_nothing_else(asking: Business) -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    text = page_of(asking.get(asking.ask(purpose_text=hostile)))

    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;" in text


def test_only_what_is_registered_can_be_chosen(asking: Business) -> None:
    asking.register(
        asking.registered(party={"purposes": frozenset({"age-check"}), "claims": frozenset({"age_over_20"})})
    )
    text = page_of(asking.get("/ask"))

    assert re.findall(r'name="question" value="([^"]+)"', text) == ["age-over-20/age-check"]
    assert 'name="number"' not in text
    asking.register(asking.registered(party={"claims": frozenset()}))
    assert "lets you ask nothing by link" in page_of(asking.get("/ask"))


def test_a_date_of_birth_covers_every_age_and_no_claim_that_a_purpose_lacks(asking: Business) -> None:
    party = {"purposes": frozenset({"health-visit"}), "claims": frozenset({"name", "nationality", "birthdate"})}
    asking.register(asking.registered(party=party))
    shown = re.findall(r'name="question" value="([^"]+)/health-visit"', page_of(asking.get("/ask")))

    assert shown == ["age-over-18", "age-over-20", "age-over-21", "identity", "visitor"]


def test_a_link_is_open_for_a_day(asking: Business) -> None:
    page = asking.ask()
    text = page_of(asking.get(page))
    for shown in ("Send this link", INVOICE, "<svg", "Waiting for an answer until", 'http-equiv="refresh"'):
        assert shown in text
    person = page_of(asking.node.send("GET", asking.link(page)))
    asks = "Sample Quay Trading asks for something from your wallet"
    for shown in (asks, INVOICE, "SG-UEN 209900001K", "Hours left at most: 24."):
        assert shown in person
    asking.node.clock.turn(seconds=LIMITS.presentation_lifetime_max.total_seconds() - 1)
    asking.sign_in()
    assert 'data-outcome="pending"' in page_of(asking.get(page))
    asking.node.clock.turn(seconds=1)

    text = page_of(asking.get(page))
    assert "Nobody answered in time" in text
    assert "<svg" not in text
    asking.node.clock.turn(seconds=LIMITS.presentation_kept.total_seconds())
    assert asking.get(page).status_code == 404


def test_a_person_who_says_no_is_told_of_and_nothing_is_shown(asking: Business) -> None:
    page = asking.ask()
    asked = asking.wallets.asked(asyncio.run(wallet_link(asking, asking.link(page))))
    asking.wallets.post(asked, asking.wallets.form(asked, {"error": "access_denied", "state": asked.claims["state"]}))

    text = page_of(asking.get(page))
    assert "Nothing was shared" in text
    assert "That is their right" in text
    assert "Report" not in text


def test_an_answer_for_another_company_is_no_answer(asking: Business) -> None:
    page = asking.ask()
    assert answered(asking, page, ELSEWHERE).status_code == 400

    text = page_of(asking.get(page))
    assert "Do not accept this" in text
    assert "mandate.entity_mismatch" in text
    assert "<dt>Which company do you expect?</dt><dd>SG-UEN 209900001K</dd>" in text
    assert "For which company" not in text
    assert "Sample Pier" not in text


def test_an_ask_that_was_called_off_is_over_for_the_wallet_too(asking: Business) -> None:
    page = asking.ask()
    link = asyncio.run(wallet_link(asking, asking.link(page)))
    found = re.search(r'name="token" value="([^"]+)"', page_of(asking.get(page)))
    assert found is not None
    response = asking.send(page, {"token": found[1], "call-off": "yes"})

    assert (response.status_code, response.headers["location"]) == (303, page)
    assert "You called it off" in page_of(asking.get(page))
    assert asking.wallets.fetch(link).status_code == 400


def test_the_answer_is_one_page_in_plain_words(asking: Business) -> None:
    page = asking.ask()
    asking.node.clock.turn(seconds=0.25)
    assert answered(asking, page).status_code == 200
    text = page_of(asking.get(page))

    for words in (
        "<h1>Accepted</h1>", "Who", "Tan Hui Ling", "For which company", "Sample Quay Trading Pte. Ltd.",
        "SG-UEN 209900001K", "With which power", "represent it", "Until when", "At which level", "Singapore",
        "The answer does not prove", "a link can be passed on", INVOICE, "Written down",
        "in the log sandbox.node.th.example", "that this answer was given", 'name="print"', "This page is gone at 2",
    ):  # fmt: skip
        assert words in text, words
    assert re.search(r"<code>rep_[0-9a-f]+</code>", text)
    assert re.search(r"(substantial|high) \(A[23]\)", text)


def test_an_age_is_answered_without_a_company(asking: Business) -> None:
    page = asking.ask(question="age-over-20/age-check", number="", scheme="SG-UEN")
    assert answered(asking, page, PID).status_code == 200
    text = page_of(asking.get(page))

    assert "Over 20: <b>yes</b>" in text
    assert "For none: they answered for themselves." in text
    assert "With which power" not in text


def test_a_number_may_be_written_with_spaces_and_small_letters(asking: Business) -> None:
    assert answered(asking, asking.ask(number=" 2099 00001k ")).status_code == 200


def test_the_last_asks_are_listed_and_as_many_as_are_kept(asking: Business) -> None:
    pages = [asking.ask(purpose_text=f"Invoice {number:03}") for number in range(LIMITS.asks_listed + 1)]
    text = page_of(asking.get("/ask"))

    assert re.findall(r'href="(/ask/[^"?]+)"', text) == pages[:0:-1]
    assert "Invoice 000" not in text
    assert "Invoice 001" in text


def test_an_answer_can_be_opened_again_after_another_sign_in_by_its_address(asking: Business) -> None:
    page = asking.ask()
    answered(asking, page)
    asking.browser = Browser()

    assert asking.sign_in(f"?to={page.rpartition('/')[2]}") == page
    assert "Tan Hui Ling" in page_of(asking.get(page))
    assert page not in asking.get("/ask").text


@pytest.mark.parametrize("lang", FULL)
def test_every_page_speaks_each_language_and_marks_what_a_machine_made(asking: Business, lang: str) -> None:
    page = asking.ask()
    pending = page_of(asking.get(f"{page}?lang={lang}"))
    answered(asking, page)
    asking.browser.cookies.pop("idbridge_lang", None)
    texts = [pending, page_of(asking.get(f"{page}?lang={lang}")), page_of(asking.get(f"/ask?lang={lang}"))]
    asking.browser = Browser()
    texts.append(page_of(asking.get(f"/ask?lang={lang}"), 401))

    for text in texts:
        assert f'<html lang="{lang}">' in text
        assert ("data-machine-made" in text) is (lang != "en")


def test_who_asks_more_often_than_agreed_is_told_to_wait(asking: Business) -> None:
    asking.register(asking.registered(limits=RequestLimits(per_minute=1, burst=1)))
    asking.ask()
    response = asking.send("/ask", asking.form())

    assert (response.status_code, code_shown(response)) == (429, "policy.rate_exceeded")


def test_nothing_of_a_person_stands_in_an_address_or_in_what_is_held(asking: Business) -> None:
    page = asking.ask()
    answered(asking, page)
    assert "Tan Hui Ling" in asking.get(page).text
    held = asking.node.app.state.parts.stores.sealed.held

    assert re.fullmatch(r"/ask/[A-Za-z0-9_-]{43}", page)
    assert not [one for one in held.values() if b"Hui Ling" in one.octets or b"209900001K" in one.octets]
    assert SESSION in asking.browser.cookies


def test_a_node_without_a_certificate_for_wallets_asks_nobody(tmp_path: Path) -> None:
    bare = business_at(tmp_path)
    settings = bare.node.settings.model_copy(
        update={"access_certificate_file": None, "access_key_file": None, "access_passphrase_file": None}
    )
    bare.node.app = create_app(settings, clock=bare.node.clock)
    bare.sign_in()

    response = bare.send("/ask", bare.form())
    assert (response.status_code, code_shown(response)) == (503, "system.not_ready")
    assert QUAY["number"] in str(bare.form())
    assert ABOUT_COMPANY in bare.get("/ask").text


def test_a_question_that_no_recognised_id_can_answer_says_so(asking: Business) -> None:
    """Timor-Leste recognises nobody yet: a party of that state can choose, and learns that nobody could answer."""
    asking.register(asking.registered(party={"state": MemberState.TL}))

    fault(asking.send("/ask", asking.form()), "No ID that is recognised here for this use can answer that at present.")


def test_pages_with_forms_let_the_browser_say_where_a_form_was_and_tell_no_other_site(asking: Business) -> None:
    """Under `no-referrer` browsers call the origin of a form `null`, and our own forms would count as another's."""
    for path in ("/ask", asking.ask()):
        response = asking.get(path)
        assert response.headers["referrer-policy"] == "same-origin"
        assert "form-action 'self';" in response.headers["content-security-policy"]
