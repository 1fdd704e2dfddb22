"""The authorization endpoint and the end of a login: first everything that leads nowhere, then where it leads."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idbridge.limits import LIMITS
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.api.faults import LISTS_UNREACHABLE, ONE_TIME_FULL, Faults
from idbridge_gateway.oidc.clients import ClientDirectory
from idbridge_gateway.oidc.completion import Consent
from tests.gateway.asking import REFUSED
from tests.gateway.providing import A3, CALLBACK, Bank, Browser, bank_in, name_of, page_of, told

A2 = "urn:idbridge:loa:A2"
UNKNOWN = "urn:ietf:params:oauth:request_uri:" + "A" * 43


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


def essential(*levels: str) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, "values": list(levels)}}})


def changed(bank: Bank, **changes: Any) -> None:
    """Register the bank's client anew, otherwise, at the same node with what it remembers."""
    client = bank.provider.clients.find("bank")
    assert client is not None
    altered = replace(client.client, **changes)
    held = ClientDirectory.of((altered,), {bank.party.id: bank.party}).by_id
    for one in (bank.provider.clients,):
        object.__setattr__(one, "by_id", {**one.by_id, **held})


NOWHERE: dict[str, tuple[dict[str, str], str]] = {
    "EnsureUnsignedAuthorizationRequestWithoutUsingParFails": ({"client_id": "bank"}, "input.request_malformed"),
    "no parameters": ({}, "input.request_malformed"),
    "unknown request_uri": ({"client_id": "bank", "request_uri": UNKNOWN}, "input.request_malformed"),
    "request_uri of another form": (
        {"client_id": "bank", "request_uri": "https://evil.example/r"},
        "input.request_malformed",
    ),
    "request_uri without client": ({"request_uri": UNKNOWN}, "input.request_malformed"),
}


@pytest.mark.parametrize("name", NOWHERE)
def test_without_a_request_that_was_pushed_there_is_a_page_and_no_redirect(bank: Bank, name: str) -> None:
    parameters, code = NOWHERE[name]
    if name.startswith("Ensure"):
        parameters = bank.asked()

    assert code in page_of(bank.authorize(**parameters))


def test_PAREnsureRequestUriIsBoundToClient(bank: Bank) -> None:  # noqa: N802
    uri = bank.pushed("bank")

    assert "invalid_request_uri" in page_of(bank.authorize(client_id="bank-2", request_uri=uri))


def test_PARAttemptToUseExpiredRequestUri(bank: Bank) -> None:  # noqa: N802
    uri = bank.pushed()
    bank.node.clock.turn(seconds=LIMITS.pushed_request_lifetime.total_seconds())

    assert "invalid_request_uri" in page_of(bank.authorize(client_id="bank", request_uri=uri))


@pytest.mark.parametrize("outcome", ["yes", "no", "error"])
def test_PARAttemptReuseRequestUri(bank: Bank, outcome: str) -> None:  # noqa: N802
    uri = bank.pushed()
    name = bank.begin(uri=uri)
    bank.complete(name, bank.report())
    error = OAuthError("temporarily_unavailable", "the provider does not answer")
    bank.complete(name, error if outcome == "error" else Consent(outcome))

    assert "invalid_request_uri" in page_of(bank.authorize(client_id="bank", request_uri=uri))


def test_a_request_in_two_tabs_is_answered_once(bank: Bank) -> None:
    uri = bank.pushed()
    tabs = [bank.begin(uri=uri) for _ in range(2)]
    for tab in tabs:
        bank.complete(tab, bank.report())
    assert "code" in told(bank.complete(tabs[0], Consent.YES))

    with pytest.raises(OAuthError, match="invalid_request_uri"):
        bank.complete(tabs[1], Consent.YES)


@pytest.mark.parametrize("name", ["parameter twice", "not UTF-8", "too many"])
def test_a_query_that_is_ambiguous_leads_nowhere(bank: Bank, name: str) -> None:
    uri = bank.pushed()
    query = {
        "parameter twice": f"client_id=bank&request_uri={uri}&client_id=bank-2",
        "not UTF-8": f"client_id=bank&request_uri={uri}&state=%ff",
        "too many": "&".join(f"p{n}=1" for n in range(80)),
    }[name]

    assert "invalid_request" in page_of(bank.node.send("GET", f"/oauth/authorize?{query}"))


PLAIN_NOWHERE = {
    "open redirect": {"redirect_uri": "https://evil.example/"},
    "redirect URI with a query added": {"redirect_uri": f"{CALLBACK}?next=x"},
    "redirect URI left out": {"redirect_uri": None},
    "redirect URI in capitals": {"redirect_uri": CALLBACK.replace("https", "HTTPS")},
    "client of nobody": {"client_id": "nobody"},
}


@pytest.mark.parametrize("name", PLAIN_NOWHERE)
def test_an_address_that_is_not_registered_is_never_redirected_to(bank: Bank, name: str) -> None:
    page = page_of(bank.authorize(**bank.asked("shop", **PLAIN_NOWHERE[name])))

    assert "evil.example" not in page


PLAIN: dict[str, tuple[dict[str, Any], str]] = {
    "ResponseTypeTokenFails": ({"response_type": "token"}, "unsupported_response_type"),
    "ResponseTypeCodeIdTokenFails": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "PKCE missing": ({"code_challenge": None}, "invalid_request"),
    "PKCE plain": ({"code_challenge_method": "plain"}, "invalid_request"),
    "scope without openid": ({"scope": "email"}, "invalid_scope"),
    "request object": ({"request": "e30.e30."}, "request_not_supported"),
    "prompt none": ({"prompt": "none"}, "login_required"),
    "purpose": ({"purpose": None}, "invalid_request"),
    "level that is out of reach": ({"claims": essential(A3)}, "unmet_authentication_requirements"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_once_the_address_is_known_the_client_is_told_and_by_whom(bank: Bank, name: str) -> None:
    changes, error = PLAIN[name]
    parameters = told(bank.authorize(**bank.asked("shop", **changes)))

    assert parameters["error"] == error
    assert parameters["iss"] == bank.issuer
    assert parameters["state"] == "state-1"
    assert "code" not in parameters


def test_a_state_that_may_not_be_is_not_repeated(bank: Bank) -> None:
    parameters = told(bank.authorize(**bank.asked("shop", state="s" * 1025)))

    assert parameters.keys() == {"error", "error_description", "iss"}


def test_prompt_none_finds_nobody_logged_in(bank: Bank) -> None:
    uri = bank.pushed(prompt="none")

    assert told(bank.authorize(client_id="bank", request_uri=uri))["error"] == "login_required"
    assert "invalid_request_uri" in page_of(bank.authorize(client_id="bank", request_uri=uri))


def test_what_the_browser_adds_to_a_pushed_request_counts_for_nothing(bank: Bank) -> None:
    """Code injection by a changed redirect URI, response type or challenge."""
    uri = bank.pushed()
    response = bank.authorize(
        client_id="bank", request_uri=uri, redirect_uri="https://evil.example/", state="evil", code_challenge="x"
    )
    name = name_of(response)
    bank.complete(name, bank.report())

    assert told(bank.complete(name, Consent.YES))["state"] == "state-1"


# The seam: no code but upon a PASSED report on the same question, and a yes.


def test_a_yes_before_the_login_gets_no_code(bank: Bank) -> None:
    name = bank.begin()

    with pytest.raises(OAuthError, match="this log-in is over"):
        bank.complete(name, Consent.YES)


@pytest.mark.parametrize("thief", ["without cookie", "with the cookie of another tab", "a handle of its own making"])
def test_another_browser_cannot_answer(bank: Bank, thief: str) -> None:
    """Login CSRF: the transaction is the browser's that began it."""
    name = bank.begin()
    bank.complete(name, bank.report())
    cookie = bank.provider.cookies.name_of(name)
    other = Browser()
    if thief == "with the cookie of another tab":
        begun = name_of(bank.authorize(other, client_id="bank", request_uri=bank.pushed()))
        other.cookies = {cookie: "A" * 43, **{k: v for k, v in other.cookies.items() if begun not in k}}
    elif thief == "a handle of its own making":
        other.cookies = {cookie: "B" * 43}

    with pytest.raises(OAuthError, match="this log-in is over"):
        bank.complete(name, Consent.YES, other)
    assert "code" in told(bank.complete(name, Consent.YES))


def test_tabs_do_not_take_each_others_place(bank: Bank) -> None:
    first, second = bank.begin(state="first"), bank.begin(state="second")
    assert len(bank.browser.cookies) == 2
    for name in (first, second):
        bank.complete(name, bank.report())

    assert told(bank.complete(first, Consent.YES))["state"] == "first"
    assert told(bank.complete(second, Consent.YES))["state"] == "second"
    left = bank.browser.cookies
    assert [name for name in left if "idbridge-login-" not in name] == []
    assert len(left) == 2  # one for each login, so that it can be ended


def test_a_login_is_answered_once(bank: Bank) -> None:
    name = bank.begin()
    kept = dict(bank.browser.cookies)
    bank.complete(name, bank.report())
    bank.complete(name, Consent.YES)

    with pytest.raises(OAuthError, match="this log-in is over"):
        bank.complete(name, Consent.YES, Browser(kept))


def test_a_login_is_over_after_fifteen_minutes(bank: Bank) -> None:
    name = bank.begin()
    report = bank.report()
    bank.node.clock.turn(seconds=LIMITS.login_transaction.total_seconds())

    with pytest.raises(OAuthError, match="this log-in is over"):
        bank.complete(name, report)


def test_a_person_who_thinks_longer_than_the_login_counts_logs_in_again(bank: Bank) -> None:
    name = bank.begin()
    bank.complete(name, bank.report())
    bank.node.clock.turn(minutes=6)

    assert told(bank.complete(name, Consent.YES))["error"] == "login_required"


@pytest.mark.parametrize("case", ["signature-changed", "oidc-audience"])
def test_a_login_that_does_not_pass_gets_no_code(bank: Bank, case: str) -> None:
    name = bank.begin()
    report = bank.report(case=REFUSED if case == "signature-changed" else "sg-login-opens-account")
    if case == "oidc-audience":
        bank.node.clock.turn(seconds=1)
        report = bank.report(expected={"nonce": "another"})
    assert not report.accepted
    answer = told(bank.complete(name, report))

    assert answer["error"] == "access_denied"
    assert answer["iss"] == bank.issuer


OTHERS: dict[str, dict[str, Any]] = {
    "another purpose": {"purpose": "building-visit", "claims": ["name"]},
    "another purpose text": {"purpose_text": "To sell your data"},
    "claims that were not asked for": {"claims": ["name", "sex"]},
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_report_on_another_question_is_no_answer(bank: Bank, name: str) -> None:
    begun = bank.begin()

    with pytest.raises(ValueError, match="another question"):
        bank.complete(begun, bank.report(**OTHERS[name]))


def test_a_report_for_another_party_is_no_answer(bank: Bank) -> None:
    begun = bank.begin()
    report = bank.report()
    other = replace(bank.party, id="somebody-else")

    with pytest.raises(ValueError, match="another question"):
        bank.complete(begun, replace(report, request=replace(report.request, relying_party=other)))


def test_a_login_counts_once(bank: Bank) -> None:
    first, second = bank.begin(), bank.begin()
    report = bank.report()
    assert report.one_time
    bank.complete(first, report)

    assert told(bank.complete(second, report))["error"] == "access_denied"


def test_an_old_report_is_no_login_of_this_moment(bank: Bank) -> None:
    name = bank.begin()
    report = bank.report()
    bank.node.clock.turn(minutes=3)

    assert told(bank.complete(name, report))["error"] == "access_denied"


def test_TestEssentialAcrScaClaim(bank: Bank) -> None:  # noqa: N802
    """A demand that the login does not meet is an error, never a lower level."""
    verified = {"verification": {"trust_framework": None}, "claims": {"name": None}}
    demanded = {"id_token": {"acr": {"essential": True, "value": A3}, "verified_claims": verified}}
    name = bank.begin(claims=json.dumps(demanded))
    report = bank.report(case="id-login-opens-account", claims=["name"])
    assert report.passed_identity is not None
    assert report.passed_identity.level < 3

    assert told(bank.complete(name, report))["error"] == "unmet_authentication_requirements"


def test_max_age_that_the_login_exceeds(bank: Bank) -> None:
    report = bank.report()
    bank.node.clock.turn(seconds=LIMITS.clock_leeway.total_seconds())
    name = bank.begin(max_age="0")

    assert told(bank.complete(name, report))["error"] == "login_required"


def test_max_age_of_zero_is_met_by_a_login_that_was_made_after_it_was_asked_for(bank: Bank) -> None:
    name = bank.begin(max_age="0")
    bank.node.clock.turn(seconds=120)
    report = bank.report()  # of a login twenty seconds ago

    assert bank.complete(name, report).headers["location"] == f"/consent?t={name}"


def test_UserRejectsAuthentication(bank: Bank) -> None:  # noqa: N802
    name = bank.begin()
    bank.complete(name, bank.report())
    answer = told(bank.complete(name, Consent.NO))

    assert answer == {
        "error": "access_denied", "error_description": "the person said no", "iss": bank.issuer, "state": "state-1",
    }  # fmt: skip


def test_a_client_that_was_switched_off_meanwhile_gets_nothing(bank: Bank) -> None:
    name = bank.begin()
    bank.complete(name, bank.report())
    changed(bank, enabled=False)

    with pytest.raises(OAuthError, match="the client is not registered"):
        bank.complete(name, Consent.YES)


def test_an_address_that_was_taken_back_meanwhile_is_not_redirected_to(bank: Bank) -> None:
    name = bank.begin()
    bank.complete(name, bank.report())
    changed(bank, redirect_uris=("https://bank.th.example/other",))

    with pytest.raises(OAuthError, match="redirect_uri"):
        bank.complete(name, Consent.NO)


def test_a_node_that_cannot_decide_begins_nothing(shared_files: Path) -> None:
    faults = Faults()
    bank = bank_in(shared_files, faults=faults)
    uri = bank.pushed()
    faults.switch(LISTS_UNREACHABLE, on=True)
    response = bank.authorize(client_id="bank", request_uri=uri)

    assert "system.not_ready" in page_of(response, 503)
    assert int(response.headers["retry-after"]) > 0


def test_a_store_that_takes_nothing_issues_no_code(shared_files: Path) -> None:
    faults = Faults()
    bank = bank_in(shared_files, faults=faults)
    name = bank.begin()
    bank.complete(name, bank.report())
    faults.switch(ONE_TIME_FULL, on=True)

    with pytest.raises(Exception, match=r"overloaded|remembered"):
        bank.complete(name, Consent.YES)
