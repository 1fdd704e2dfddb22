"""`/consent`: a yes counts once, for what was seen, in the browser that began; and a no is a real no."""

import asyncio
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import base64url
from idbridge.limits import LIMITS
from idbridge.oidc.claims_request import parse_claims
from idbridge_gateway.api.faults import ONE_TIME_BROKEN, ONE_TIME_FULL, Faults
from idbridge_gateway.oidc.codes import KEPT
from idbridge_gateway.oidc.completion import Consent
from idbridge_gateway.oidc.transaction import HeldTransaction, LoginOverError
from idbridge_gateway.pages.catalogue import LANGUAGES, catalogues
from idbridge_gateway.pages.statement import Representation, Statement, _represents, statement_of
from tests.gateway.logging_in import (
    FORGED,
    HOSTILE,
    OVER,
    Visit,
    boxes_in,
    page_of,
    refused,
    token_in,
    visit_in,
)
from tests.gateway.providing import CALLBACK, VERIFIED, Browser, told

NECESSARY = {
    "verified_claims": {
        "verification": {"trust_framework": None},
        "claims": {"name": {"essential": True}, "birthdate": None, "address": {"essential": True}},
    }
}


@pytest.fixture
def visit(shared_files: Path) -> Visit:
    return visit_in(shared_files)


def released(visit: Visit, code: str) -> dict[str, Any]:
    """The verified claims that the client gets for a code."""
    answer = visit.bank.redeem(code)
    assert answer.status_code == 200, answer.text
    claims = json.loads(base64url.decode(answer.json()["id_token"].split(".")[1]))
    found: dict[str, Any] = claims.get("verified_claims", {}).get("claims", {})
    return found


def test_a_name_without_its_cookie_shows_nothing_and_answers_nothing(visit: Visit) -> None:
    name = visit.logged_in()
    token = visit.token(f"/consent?t={name}")
    visit.browser = Browser()

    for answer in (
        visit.get(f"/consent?t={name}"),
        visit.send(f"/consent?t={name}", {"token": token, "answer": "yes"}),
        visit.send(f"/consent?t={name}", {"token": token, "answer": "no"}),
        visit.send(f"/receipt?t={name}", {"token": token, "answer": "yes"}),
    ):
        assert "Hui Ling" not in refused(answer, OVER)


def test_the_login_of_another_tab_is_not_answered_from_this_one(visit: Visit) -> None:
    first, second = visit.logged_in(), visit.logged_in()
    token = visit.token(f"/consent?t={first}")

    refused(visit.send(f"/consent?t={second}", {"token": token, "answer": "yes"}), FORGED)
    assert "code" in told(visit.say(second, "yes"))
    assert "code" in told(visit.say(first, "yes"))


def test_nobody_agrees_before_they_logged_in(visit: Visit) -> None:
    name = visit.begin()
    token = visit.token(f"/login?t={name}")

    shown = visit.get(f"/consent?t={name}")
    assert (shown.status_code, shown.headers["location"]) == (303, f"/login?t={name}")
    for answer in ("yes", "no"):
        refused(visit.send(f"/consent?t={name}", {"token": token, "answer": answer}), OVER)
    page_of(visit.get(f"/login?t={name}"))


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://bank.th.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site", "origin": None}],
    ids=["client", "null", "cross-site"],
)
@pytest.mark.parametrize("path", ["/consent", "/receipt"])
@pytest.mark.parametrize("answer", ["yes", "no"])
def test_an_answer_that_another_site_sends_does_not_count(
    visit: Visit, path: str, answer: str, headers: dict[str, str | None]
) -> None:
    name = visit.logged_in()
    token = visit.token(f"/consent?t={name}")

    refused(visit.send(f"{path}?t={name}", {"token": token, "answer": answer}, **headers), FORGED)
    page_of(visit.get(f"/consent?t={name}"))


def test_a_yes_to_an_earlier_login_is_no_yes_to_a_later_one(visit: Visit) -> None:
    """The page stands open while somebody logs in again in the same transaction: what it shows is no longer so."""
    name = visit.logged_in()
    seen = visit.token(f"/consent?t={name}")
    visit.bank.complete(name, visit.bank.report())
    assert visit.token(f"/consent?t={name}") != seen

    refused(visit.send(f"/consent?t={name}", {"token": seen, "answer": "yes"}), FORGED)


def test_a_decision_that_changes_between_page_and_answer_is_not_agreed_to(visit: Visit) -> None:
    name = visit.logged_in()
    provider = visit.bank.provider

    async def answered() -> None:
        held = await provider.transactions.find(visit.browser.cookies[provider.cookies.name_of(name)])
        decision, ground = held.transaction.decision, held.transaction.ground
        assert decision is not None
        assert ground is not None
        later = replace(decision, transaction="rep_another")
        await provider.transactions.keep(held, later, ground)
        await provider.completion.complete(held, Consent.YES, turn=provider.turns.begin())

    with pytest.raises(LoginOverError) as caught:
        asyncio.run(answered())
    assert caught.value.error == "invalid_request"


@pytest.mark.parametrize("first", ["yes", "no"])
@pytest.mark.parametrize("second", ["yes", "no"])
def test_what_was_answered_in_one_tab_is_not_answered_again_in_another(visit: Visit, first: str, second: str) -> None:
    name = visit.logged_in()
    text = page_of(visit.get(f"/consent?t={name}"))
    kept = dict(visit.browser.cookies)
    told(visit.send(f"/consent?t={name}", {"token": token_in(text), "answer": first}))
    visit.browser.cookies = kept

    refused(visit.send(f"/consent?t={name}", {"token": token_in(text), "answer": second}), OVER)
    refused(visit.send(f"/receipt?t={name}", {"token": token_in(text), "answer": "yes"}), OVER)
    refused(visit.get(f"/consent?t={name}"), OVER)


def test_what_was_pushed_once_is_agreed_to_once_in_however_many_tabs(visit: Visit) -> None:
    uri = visit.bank.pushed()
    names = [visit.logged_in(uri=uri), visit.logged_in(uri=uri)]

    assert "code" in told(visit.say(names[0], "yes"))
    refused(visit.say(names[1], "yes"), OVER)


def test_a_login_is_over_after_its_time_and_one_too_long_ago_begins_again(visit: Visit) -> None:
    name = visit.logged_in()
    token = visit.token(f"/consent?t={name}")
    visit.bank.node.clock.turn(seconds=LIMITS.assertion_lifetime.total_seconds())
    assert visit.get(f"/consent?t={name}").headers["location"] == f"/login?t={name}"
    late = visit.send(f"/consent?t={name}", {"token": token, "answer": "yes"})
    assert (late.status_code, late.headers["location"]) == (303, f"/login?t={name}")
    page_of(visit.get(f"/login?t={name}"))
    visit.bank.node.clock.turn(minutes=15)

    refused(visit.get(f"/consent?t={name}"), OVER)


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"answer": ""}, {"answer": "maybe"}, {"answer": "YES"}, {"answer": "yes", "claims": "all"},
        {"answer": "yes", "share.sub": "yes"}, {"answer": "yes", "share.email": "yes"},
    ],
    ids=["nothing", "empty", "maybe", "loud", "strange field", "subject", "not asked for"],
)  # fmt: skip
def test_an_answer_that_the_page_does_not_offer_does_not_count(visit: Visit, fields: dict[str, str]) -> None:
    name = visit.logged_in()
    token = visit.token(f"/consent?t={name}")

    refused(visit.send(f"/consent?t={name}", {"token": token, **fields}), FORGED)
    page_of(visit.get(f"/consent?t={name}"))


def test_more_boxes_than_a_request_can_ask_for_are_not_read(visit: Visit) -> None:
    name = visit.logged_in()
    token = visit.token(f"/consent?t={name}")
    many = {f"share.x{number}": "yes" for number in range(LIMITS.requested_claims + 3)}

    refused(visit.send(f"/consent?t={name}", {"token": token, "answer": "yes", **many}), FORGED)


@pytest.mark.parametrize(
    ("fault", "status", "seconds", "advice", "again"),
    [
        (ONE_TIME_FULL, 503, "1", "Wait a moment and try again.", True),
        (ONE_TIME_BROKEN, 500, "300", "Try again later.", False),
    ],
)
def test_a_store_that_is_down_is_a_page_that_says_when_to_try_again(
    shared_files: Path, fault: str, status: int, seconds: str, advice: str, again: bool
) -> None:
    faults = Faults()
    visit = visit_in(shared_files, faults=faults)
    name = visit.logged_in()
    text = page_of(visit.get(f"/consent?t={name}"))
    faults.switch(fault, on=True)

    answer = visit.send(f"/consent?t={name}", {"token": token_in(text), "answer": "yes"})
    told_so = refused(answer, "This did not work", status)
    assert "Something does not work on our side." in told_so
    assert advice in told_so
    assert answer.headers["retry-after"] == seconds
    faults.switch(fault, on=False)
    after = visit.send(f"/consent?t={name}", {"token": token_in(text), "answer": "yes"})
    assert ("code=" in after.headers.get("location", "")) is again


def test_no_is_a_refusal_to_the_client_and_nothing_is_left(visit: Visit) -> None:
    name = visit.logged_in()
    answer = visit.say(name, "no")

    parameters = told(answer)
    assert parameters.keys() == {"error", "error_description", "iss", "state"}
    assert parameters["error"] == "access_denied"
    assert f"__Host-idbridge-{name}" not in visit.browser.cookies
    refused(visit.get(f"/consent?t={name}"), OVER)


def test_no_and_yes_weigh_the_same(visit: Visit) -> None:
    text = page_of(visit.get(f"/consent?t={visit.logged_in()}"))

    assert re.findall(r"<button name=\"answer\" value=\"(\w+)\">", text) == ["yes", "no"]
    assert "Nothing has been shared yet." in text
    assert "If you say no, nothing is shared and we keep nothing." in text


def test_exactly_what_is_shown_with_its_values_is_released(visit: Visit) -> None:
    name = visit.logged_in()
    text = page_of(visit.get(f"/consent?t={name}"))
    code = told(visit.say(name, "yes"))["code"]
    claims = released(visit, code)

    assert set(boxes_in(text)) == {f"share.{claim}" for claim in claims} | {"receipt"}
    assert set(claims) == {"name", "birthdate", "nationality"}
    nationality = f"{catalogues()['en'].sentences['state.' + claims['nationality']]} ({claims['nationality']})"
    for value in (claims["name"]["display"], claims["birthdate"], nationality):
        assert f"<bdi>{value}" in text
    missing = text.split("What is not shared")[1]
    assert "<li>Address</li>" in missing


def test_what_the_person_unticks_is_not_released(visit: Visit) -> None:
    name = visit.logged_in()
    token = visit.token(f"/consent?t={name}")
    answer = visit.send(f"/consent?t={name}", {"token": token, "answer": "yes", "share.nationality": "yes"})

    assert released(visit, told(answer)["code"]).keys() == {"nationality"}


def test_who_unticks_everything_still_logs_in(visit: Visit) -> None:
    name = visit.logged_in()
    answer = visit.send(f"/consent?t={name}", {"token": visit.token(f"/consent?t={name}"), "answer": "yes"})

    assert released(visit, told(answer)["code"]) == {}


def test_what_is_necessary_cannot_be_left_out_and_says_so(visit: Visit) -> None:
    name = visit.logged_in(claims=json.dumps({"id_token": NECESSARY}), report={"claims": ["name", "birthdate"]})
    text = page_of(visit.get(f"/consent?t={name}"))

    assert boxes_in(text) == ["share.birthdate", "receipt"]
    assert "Name · necessary" in text
    sent = {"token": token_in(text), "answer": "yes"}
    refused(visit.send(f"/consent?t={name}", {**sent, "share.name": "yes"}), FORGED)
    assert released(visit, told(visit.send(f"/consent?t={name}", sent))["code"]).keys() == {"name"}


def test_a_claim_whose_value_will_not_do_is_neither_shown_nor_released(visit: Visit) -> None:
    asked = {
        "verified_claims": {
            "verification": {"trust_framework": None},
            "claims": {"nationality": {"value": "TH"}, "name": None},
        }
    }
    name = visit.logged_in(claims=json.dumps({"id_token": asked}), report={"claims": ["name", "nationality"]})
    text = page_of(visit.get(f"/consent?t={name}"))

    assert boxes_in(text) == ["share.name", "receipt"]
    assert "<li>Nationality</li>" in text.split("What is not shared")[1]
    assert released(visit, told(visit.say(name, "yes"))["code"]).keys() == {"name"}


def test_the_page_says_who_asks_for_what_at_which_level_from_where_and_for_how_long(visit: Visit) -> None:
    text = page_of(visit.get(f"/consent?t={visit.logged_in()}"))

    for words in (
        "Share this with Bank of the Sample River?", "Thailand", "finance", "Opening an account",
        "To open your account", "In its own words, which nobody checked", "LionPass login", "Singapore",
        "Your ID number and your password", "Where else you log in", "You can answer for 5 more minutes.",
        f"at most {int(KEPT.total_seconds()) // 60} minutes",
    ):  # fmt: skip
        assert words in text, words
    assert re.search(r"How sure it is that it is you</span> <b>(low|substantial|high)</b>", text)


@pytest.mark.parametrize(
    ("case", "shown"),
    [
        ("sg-corporate-login-acts-for-company", "<b>SG-UEN 209900001K</b> (represent it)"),
        ("vn-organisation-logs-in-itself", "</bdi> · VN-MST 0000000501</b>"),
    ],
)
def test_for_which_company_somebody_acts_is_shown(visit: Visit, case: str, shown: str) -> None:
    name = visit.begin(purpose="company-representation", claims=json.dumps({"id_token": VERIFIED}))
    arrived = visit.bank.complete(
        name, visit.bank.report(case=case, purpose="company-representation", claims=["name", "address"])
    )
    assert arrived.headers["location"] == f"/consent?t={name}", arrived.headers["location"]
    text = page_of(visit.get(f"/consent?t={name}"))

    assert "You act for" in text
    assert shown in text


def test_until_when_somebody_may_act_is_shown(visit: Visit) -> None:
    mandate = {
        "entity": {"scheme": "SG-UEN", "value": "1"}, "name": "Quay", "scope": ["represent"],
        "valid_from": None, "valid_until": "2027-01-31T00:00:00Z",
    }  # fmt: skip

    assert _represents(mandate) == Representation("Quay", "SG-UEN 1", ("represent",), "2027-01-31")
    assert _represents(None) is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_english_stands_beside_every_sentence_that_a_machine_made(visit: Visit, lang: str) -> None:
    text = unescape(page_of(visit.get(f"/consent?t={visit.logged_in()}&lang={lang}")))
    words, english = catalogues()[lang].sentences, catalogues()["en"].sentences

    for key in ("lead", "shared", "choose", "number", "not_shared", "not_number", "once", "receipt", "yes", "no"):
        sentence = words[f"consent.{key}"]
        beside = f'{sentence} <span class="original" lang="en">{english[f"consent.{key}"]}</span>'
        assert (beside if lang != "en" else sentence) in text, key
    assert ("original" in text) is (lang != "en")


def test_nothing_of_the_person_is_in_an_address_or_a_cookie(visit: Visit) -> None:
    name = visit.logged_in()
    page = visit.get(f"/consent?t={name}")
    answer = visit.say(name, "yes")

    assert "Hui Ling" in page.text
    for header in (*page.headers.items(), *answer.headers.items()):
        assert re.search("Hui[ +%]", str(header)) is None
    assert answer.headers["location"].startswith(CALLBACK)


def test_markup_in_a_purpose_is_text(visit: Visit) -> None:
    name = visit.logged_in(purpose_text=HOSTILE, report={"purpose_text": HOSTILE})

    assert "<script>alert" not in page_of(visit.get(f"/consent?t={name}"))


def statement(visit: Visit, asked: dict[str, Any]) -> Statement:
    name = visit.logged_in(claims=json.dumps({"id_token": asked}), report={"claims": ["name", "birthdate"]})
    provider = visit.bank.provider
    turn = provider.turns.begin()

    async def found() -> HeldTransaction:
        return await provider.transactions.find(visit.browser.cookies[provider.cookies.name_of(name)])

    decision = asyncio.run(found()).transaction.decision
    assert decision is not None
    asked_for = parse_claims(json.dumps({"id_token": asked}))
    return statement_of(decision, asked_for, snapshot=turn.state.snapshot, at=turn.at)


def test_no_ticking_leaves_in_more_than_was_shown_or_less_than_is_necessary(shared_files: Path) -> None:
    shown = statement(visit_in(shared_files), NECESSARY)
    names = {claim.words.name for claim in shown.claims}
    assert names == {"name", "birthdate"}
    boxes = st.sampled_from(["share.name", "share.birthdate", "share.address", "share.sub", "answer", "x"])

    @settings(max_examples=200, deadline=None)
    @given(ticked=st.frozensets(boxes))
    def holds(ticked: frozenset[str]) -> None:
        left = shown.left_in(dict.fromkeys(ticked, "yes"))
        assert {"name"} <= left <= names
        assert ("birthdate" in left) is ("share.birthdate" in ticked)

    holds()
