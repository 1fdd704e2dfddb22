"""Logout: first whoever may not log a person out, or send a browser anywhere. Names are the conformance suite's."""

import html
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import jwt
import pytest
from fastapi import Response

from idbridge.crypto.jws import sign_compact
from idbridge.limits import LIMITS
from idbridge.oidc.pkce import challenge_of
from idbridge_gateway.oidc.completion import Consent
from idbridge_gateway.oidc.login_cookies import LoginCookies
from idbridge_gateway.pages.catalogue import FULL, catalogues
from tests.gateway.providing import FORM, LOGGED_OUT, OTHER_KEY, Bank, Browser, bank_in, page_of

PATH = "/oauth/logout"
WAYS = ("GET", "POST")


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


def logged_in(bank: Bank, client: str = "bank") -> dict[str, Any]:
    """What a client got for a login in the bank's browser."""
    proof = None if client == "shop" else "own"
    found: dict[str, Any] = bank.redeem(bank.code(client), client, proof=proof).json()
    return found


def asked(bank: Bank, way: str = "GET", browser: Browser | None = None, **parameters: str) -> httpx2.Response:
    browser = bank.browser if browser is None else browser
    query = urlencode(parameters)
    if way == "GET":
        response = bank.node.send("GET", f"{PATH}?{query}" if query else PATH, headers=browser.head())
    else:
        response = bank.node.send("POST", PATH, body=query.encode(), headers={**FORM, **browser.head()})
    browser.take(response)
    return response


def out(token: str, **more: str) -> dict[str, str]:
    return {"id_token_hint": token, "post_logout_redirect_uri": LOGGED_OUT, "state": "state-1", **more}


def userinfo_of(bank: Bank, login: dict[str, Any]) -> httpx2.Response:
    """What the access token of a login opens."""
    token = login["access_token"]
    scheme = login["token_type"]
    headers = {"authorization": f"{scheme} {token}"}
    if scheme == "DPoP":
        headers["dpop"] = bank.proof("/oauth/userinfo", "GET", ath=challenge_of(token))
    return bank.node.send("GET", "/oauth/userinfo", headers=headers)


def stands(bank: Bank, login: dict[str, Any]) -> bool:
    """Whether the access token of a login still opens something."""
    return userinfo_of(bank, login).status_code == 200


def question_in(response: httpx2.Response) -> str:
    """The question that a page asks, after a look at the page."""
    assert response.status_code == 200, response.text
    assert "location" not in response.headers
    assert response.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    found = re.search(r'name="question" value="([^"]+)"', response.text)
    assert found is not None, response.text
    return found[1]


def said(response: httpx2.Response, key: str) -> bool:
    return f"<h1>{html.escape(catalogues()['en'].sentences[f'logout.{key}'])}</h1>" in response.text


def changed(token: str) -> str:
    head, _, signature = token.split(".")
    claims = {**jwt.decode(token, options={"verify_signature": False}), "sub": "somebody-else"}
    return f"{head}.{jwt.utils.base64url_encode(json.dumps(claims).encode()).decode()}.{signature}"


def by_another_key(token: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    return sign_compact({"typ": "JWT"}, json.dumps(claims).encode(), OTHER_KEY)


REFUSED: dict[str, Any] = {
    "OIDCCRpInitiatedLogoutBadIdTokenHint": lambda _: out("no-token"),
    "OIDCCRpInitiatedLogoutModifiedIdTokenHint": lambda token: out(changed(token)),
    "ID token of another issuer": lambda token: out(by_another_key(token)),
    "OIDCCRpInitiatedLogoutBadPostLogoutRedirectUri": lambda token: out(
        token, post_logout_redirect_uri="https://evil.example/bye"
    ),
    "OIDCCRpInitiatedLogoutQueryAddedToPostLogoutRedirectUri": lambda token: out(
        token, post_logout_redirect_uri=f"{LOGGED_OUT}?foo=bar"
    ),
    "a redirect URI that is none for logouts": lambda token: out(
        token, post_logout_redirect_uri="https://bank.th.example/callback"
    ),
    "another client than that of the token": lambda token: out(token, client_id="bank-2"),
    "a state that is too long": lambda token: out(token, state="s" * 1025),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REFUSED)
def test_a_logout_that_is_not_in_order_ends_nothing_and_leads_nowhere(bank: Bank, name: str, way: str) -> None:
    login = logged_in(bank)

    page_of(asked(bank, way, **REFUSED[name](login["id_token"])))
    assert stands(bank, login)


@pytest.mark.parametrize(
    "parameters",
    [{}, {"state": "state-1"}, {"post_logout_redirect_uri": LOGGED_OUT, "state": "state-1", "client_id": "bank"}],
    ids=["OIDCCRpInitiatedLogoutNoParams", "OIDCCRpInitiatedLogoutOnlyState", "OIDCCRpInitiatedLogoutNoIdTokenHint"],
)
@pytest.mark.parametrize("way", WAYS)
def test_without_an_id_token_the_person_is_asked_and_stays_here(
    bank: Bank, parameters: dict[str, str], way: str
) -> None:
    login = logged_in(bank)
    page = asked(bank, way, **parameters)
    question = question_in(page)

    assert "th-bank" not in page.text
    assert bank.party.name in html.unescape(page.text)
    assert stands(bank, login)
    ended = asked(bank, "POST", question=question, answer="yes")
    assert (ended.status_code, said(ended, "done"), "location" in ended.headers) == (200, True, False)
    assert not stands(bank, login)


@pytest.mark.parametrize("answer", ["no", "", "YES"])
def test_a_person_who_does_not_say_yes_stays_logged_in_and_is_not_asked_twice(bank: Bank, answer: str) -> None:
    login = logged_in(bank)
    question = question_in(asked(bank))
    kept = asked(bank, "POST", question=question, answer=answer)

    assert said(kept, "kept")
    assert stands(bank, login)
    page_of(asked(bank, "POST", question=question, answer="yes"))
    assert stands(bank, login)


def test_a_question_is_open_for_as_long_as_a_login(bank: Bank) -> None:
    logged_in(bank)
    question = question_in(asked(bank))
    bank.node.clock.turn(seconds=LIMITS.login_transaction.total_seconds())

    page_of(asked(bank, "POST", question=question, answer="yes"))


@pytest.mark.parametrize("question", ["x", "A" * 43])
def test_nobody_answers_a_question_that_was_not_asked(bank: Bank, question: str) -> None:
    """Logout CSRF: another site does not know the question, and a yes without one ends nothing."""
    login = logged_in(bank)

    page_of(asked(bank, "POST", question=question, answer="yes"))
    assert "location" not in asked(bank, "POST", answer="yes").headers
    page_of(bank.node.send("POST", PATH, body=b"{}", headers={"content-type": "application/json"}), 415)
    assert stands(bank, login)


def test_an_answer_by_link_is_no_answer(bank: Bank) -> None:
    login = logged_in(bank)
    question = question_in(asked(bank))

    question_in(asked(bank, "GET", question=question, answer="yes"))
    assert stands(bank, login)


@pytest.mark.parametrize("way", WAYS)
def test_in_another_browser_the_person_is_asked_before_an_id_token_ends_a_login(bank: Bank, way: str) -> None:
    """Section 2: who shows the token may be another person than who sits before this browser."""
    login = logged_in(bank)
    stranger = Browser()
    page = asked(bank, way, browser=stranger, **out(login["id_token"]))
    question = question_in(page)

    assert "form-action 'self' https://bank.th.example;" in page.headers["content-security-policy"]
    assert stands(bank, login)
    ended = asked(bank, "POST", browser=stranger, question=question, answer="yes")
    assert (ended.status_code, ended.headers["location"]) == (303, f"{LOGGED_OUT}?state=state-1")
    assert not stands(bank, login)


@pytest.mark.parametrize("way", WAYS)
def test_a_signed_userinfo_response_shows_nobody_and_sends_no_browser_anywhere(shared_files: Path, way: str) -> None:
    bank = bank_in(shared_files, userinfo_signed_response_alg="ES256")
    login = logged_in(bank)
    userinfo = userinfo_of(bank, login).text

    assert said(asked(bank, way, browser=Browser(), **out(userinfo)), "none")
    assert stands(bank, login)
    question = question_in(asked(bank, way, **out(userinfo)))
    assert said(asked(bank, "POST", question=question, answer="yes"), "done")
    assert not stands(bank, login)


def test_an_address_that_was_taken_back_meanwhile_is_not_gone_to(bank: Bank, shared_files: Path) -> None:
    login = logged_in(bank)
    question = question_in(asked(bank, browser=Browser(), **out(login["id_token"])))
    by_id = bank.provider.clients.by_id  # type: ignore[attr-defined]  # the directory of this test
    other = bank_in(shared_files, post_logout_redirect_uris=()).provider.clients.find("bank")
    object.__setattr__(bank.provider.clients, "by_id", {**by_id, "bank": other})
    ended = asked(bank, "POST", question=question, answer="yes")

    assert said(ended, "done")
    assert "location" not in ended.headers
    assert not stands(bank, login)


def test_an_id_token_of_a_client_that_was_switched_off_sends_nobody_anywhere(bank: Bank, shared_files: Path) -> None:
    token = logged_in(bank)["id_token"]
    off = bank_in(shared_files, enabled=False)

    page_of(asked(off, **out(token)))


@pytest.mark.parametrize("way", WAYS)
def test_OIDCCRpInitiatedLogout(bank: Bank, way: str) -> None:  # noqa: N802
    login = logged_in(bank)
    assert stands(bank, login)
    response = asked(bank, way, **out(login["id_token"]))

    assert (response.status_code, response.headers["location"]) == (303, f"{LOGGED_OUT}?state=state-1")
    assert not stands(bank, login)
    assert bank.browser.cookies == {}


def test_OIDCCRpInitiatedLogoutNoState(bank: Bank) -> None:  # noqa: N802
    parameters = out(logged_in(bank)["id_token"])
    parameters.pop("state")

    assert asked(bank, **parameters).headers["location"] == LOGGED_OUT


def test_OIDCCRpInitiatedLogoutNoPostLogoutRedirectUri(bank: Bank) -> None:  # noqa: N802
    login = logged_in(bank)
    response = asked(bank, id_token_hint=login["id_token"], state="state-1")

    assert (response.status_code, said(response, "done"), "location" in response.headers) == (200, True, False)
    assert not stands(bank, login)


def test_OIDCCRpInitiatedLogoutDiscoveryEndpointVerification(bank: Bank) -> None:  # noqa: N802
    document = bank.node.send("GET", "/.well-known/openid-configuration").json()

    assert document["end_session_endpoint"] == f"{bank.issuer}{PATH}"
    assert bank.node.send("GET", PATH).status_code == 200


def test_one_login_ends_and_the_others_of_the_browser_do_not(bank: Bank) -> None:
    first, second, third = logged_in(bank), logged_in(bank, "shop"), logged_in(bank)
    asked(bank, **out(first["id_token"]))

    assert [stands(bank, login) for login in (first, second, third)] == [False, True, True]
    asked(bank, "POST", question=question_in(asked(bank)), answer="yes")
    assert not stands(bank, second)
    assert not stands(bank, third)


def test_who_is_logged_in_nowhere_has_nothing_to_log_out_of(bank: Bank) -> None:
    token = logged_in(bank)["id_token"]
    asked(bank, **out(token))

    assert said(asked(bank), "none")
    assert said(asked(bank, browser=Browser()), "none")
    assert asked(bank, **out(token)).headers["location"] == f"{LOGGED_OUT}?state=state-1"


def test_the_browser_forgets_what_ended_elsewhere_and_keeps_what_stands(bank: Bank) -> None:
    first = logged_in(bank)
    (ended,) = bank.browser.cookies
    logged_in(bank)
    asked(bank, browser=Browser(dict(bank.browser.cookies)), **out(first["id_token"]))
    question_in(asked(bank))

    assert len(bank.browser.cookies) == 1
    assert ended not in bank.browser.cookies


def test_an_id_token_that_expired_still_says_who_asks(bank: Bank) -> None:
    login = logged_in(bank)
    bank.node.clock.turn(hours=12)

    assert asked(bank, **out(login["id_token"])).headers["location"] == f"{LOGGED_OUT}?state=state-1"


def test_a_cookie_that_no_login_gave_is_not_looked_at_and_of_the_others_no_more_than_a_browser_has(bank: Bank) -> None:
    login = logged_in(bank)
    ((name, sid),) = bank.browser.cookies.items()
    planted = {f"{name[: name.index('-login-')]}-login-{number}": "x" * 43 for number in range(LIMITS.browser_logins)}
    question_in(asked(bank, browser=Browser({**planted, name: sid})))
    twin = {name: "A" * 43}

    assert said(asked(bank, browser=Browser(twin)), "none")
    assert stands(bank, login)
    logins = [logged_in(bank) for _ in range(LIMITS.browser_logins)]
    asked(bank, "POST", question=question_in(asked(bank)), answer="yes")
    assert [stands(bank, one) for one in (login, *logins)] == [True, *[False] * LIMITS.browser_logins]


def test_the_cookie_of_a_login_is_for_this_host_alone_and_tells_no_page(shared_files: Path) -> None:
    bank = bank_in(shared_files)
    name = bank.begin()
    bank.complete(name, bank.report())
    line = [line for line in bank.complete(name, Consent.YES).headers.get_list("set-cookie") if "-login-" in line]

    assert len(line) == 1
    assert "HttpOnly" in line[0]
    assert "SameSite=lax" in line[0]
    assert line[0].startswith("__Host-idbridge-login-")
    assert "Secure" in line[0]
    assert f"Max-Age={int(LIMITS.session_lifetime.total_seconds())}" in line[0]


@pytest.mark.parametrize("code", FULL)
def test_the_page_speaks_the_languages_of_the_full_set(bank: Bank, code: str) -> None:
    logged_in(bank)
    page = asked(bank, lang=code)
    words = catalogues()[code]

    question_in(page)
    assert html.escape(words.sentences["logout.ask"]) in page.text
    assert ("data-machine-made" in page.text) is (code != "en")


def test_a_form_that_says_something_twice_is_refused(bank: Bank) -> None:
    page_of(bank.node.send("POST", PATH, body=b"state=1&state=2", headers=FORM))


def test_on_plain_http_of_this_machine_the_cookie_of_a_login_has_no_prefix() -> None:
    sid, response = "s" * 43, Response()
    LoginCookies(secure=False).set(response, sid)
    LoginCookies(secure=True).set(response, sid)
    plain, secure = response.headers.getlist("set-cookie")

    assert plain.startswith("idbridge-login-")
    assert "Secure" not in plain
    assert secure.startswith("__Host-idbridge-login-")
    assert "Secure" in secure
