"""Sign-in of a business: only the browser that was sent comes back, once, and only for a company that is registered."""

import asyncio
import html
import json
from urllib.parse import urlencode

import pytest

from idbridge.codec import base64url
from idbridge.crypto.sealing import seal, secret_from, unseal
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.oidc.client_assertion import ASSERTION_TYPE
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.ask.client import CLIENT_ID
from idbridge_gateway.oidc.completion import Consent
from idbridge_gateway.pages.catalogue import LANGUAGES, catalogues
from idbridge_gateway.registry.record import Company
from idbridge_gateway.stores.sealed import Kind
from tests.ask.kit import ITSELF, SESSION, SIGN_IN, Business, parameters
from tests.gateway.logging_in import page_of
from tests.gateway.paging import code_shown
from tests.gateway.providing import Browser

LABEL = "business-sign-in"


def nobody(business: Business, path: str, browser: Browser | None = None) -> None:
    """Coming back to ``path`` signs nobody in."""
    browser = browser or business.browser
    response = business.get(path, browser)
    text = page_of(response, 401)
    assert code_shown(response) == "policy.unauthenticated"
    assert "did not end in this browser as it began" in text
    assert "Begin the sign-in again" in text
    assert "did not say who it is" not in text
    assert SESSION not in browser.cookies


def test_whoever_is_not_signed_in_sees_the_door_and_nothing_else(business: Business) -> None:
    text = page_of(business.get("/ask"), 401)

    assert 'href="/ask/sign-in"' in text
    assert 'name="question"' not in text


def test_a_cookie_that_somebody_made_up_opens_nothing(business: Business) -> None:
    for made_up in ("", "x", "A" * 43):
        business.browser.cookies[SESSION] = made_up
        page_of(business.get("/ask"), 401)


def test_a_code_that_comes_back_in_another_browser_signs_nobody_in(business: Business) -> None:
    back = business.agreed()

    nobody(business, back, Browser())


def test_a_sign_in_that_does_not_fit_its_browser_has_words_of_its_own_in_every_language(business: Business) -> None:
    back = business.agreed()

    for code in LANGUAGES:
        text = html.unescape(page_of(business.get(f"{back}&lang={code}", Browser()), 401))
        assert catalogues()[code].sentences["refusal.begun_what"] in text


def test_a_stranger_cannot_be_signed_in_as_the_company_of_an_attacker(business: Business) -> None:
    """Login CSRF: the attacker's answer is put before a browser that began a sign-in of its own."""
    attackers = business.agreed()
    business.browser = Browser()
    business.begin_sign_in()

    nobody(business, attackers)


def test_an_answer_counts_once(business: Business) -> None:
    back = business.agreed()
    kept = dict(business.browser.cookies)
    assert business.get(back).status_code == 303
    again = Browser()
    again.cookies.update({SIGN_IN: kept[SIGN_IN]})

    nobody(business, back, again)


def test_clicks_without_end_leave_nothing_but_logins_which_have_a_bound_for_each_client(business: Business) -> None:
    store = business.node.app.state.parts.stores.sealed
    handles = []
    for _ in range(100):
        business.browser = Browser()
        name = business.begin_sign_in()
        handles.append(business.browser.cookies[f"__Host-idbridge-{name}"])

    async def begun() -> list[bytes | None]:
        return [await store.read(Kind.TRANSACTION, handle) for handle in handles]

    assert None not in asyncio.run(begun())
    assert len(store.held) == 100


def test_a_cookie_of_another_browser_does_not_fit_the_answer(business: Business) -> None:
    back = business.agreed()
    other = Browser()
    business.get("/ask/sign-in", other)

    nobody(business, back, other)


@pytest.mark.parametrize(
    "fault",
    ["none", "empty", "short", "a handle", "another letter", "cut", "longer", "of another node", "of operators"],
)
def test_a_sign_in_that_this_node_did_not_begin_here_is_none(business: Business, fault: str) -> None:
    back = business.agreed()
    good, key = business.browser.cookies[SIGN_IN], business.node.app.state.parts.turns.issuing.current().pairwise_key
    forged = {
        "none": None, "empty": "", "short": "AAAA", "a handle": "A" * 43, "cut": good[:-4], "longer": f"{good}AAAA",
        "another letter": f"{good[:40]}{'A' if good[40] != 'A' else 'B'}{good[41:]}",
        "of another node": resealed(good, was=key.octets, now=bytes(32)),
        "of operators": resealed(good, was=key.octets, now=key.octets, label="operator-sign-in"),
    }[fault]  # fmt: skip
    business.browser.cookies = {} if forged is None else {SIGN_IN: forged}

    nobody(business, back)


def resealed(cookie: str, *, was: bytes, now: bytes, label: str = LABEL) -> str:
    """What stands in ``cookie``, sealed as whoever has the key ``now`` seals it for ``label``."""
    value = unseal(secret_from(was, label=LABEL), base64url.decode(cookie), label=LABEL)
    assert value is not None
    return base64url.encode(seal(secret_from(now, label=label), value, label=label, randomness=SystemRandomness()))


def test_the_browser_keeps_a_sign_in_and_cannot_read_it(business: Business) -> None:
    kept = base64url.decode(business.browser.cookies[SIGN_IN]) if business.begin_sign_in() else b""

    assert len(kept) > 3 * 43
    assert b"/ask" not in kept
    assert b"state" not in kept


def test_a_sign_in_that_took_too_long_is_over_whatever_the_browser_still_brings(business: Business) -> None:
    told = {**parameters(business.agreed()), "error": "access_denied"}
    back = f"/ask/callback?{urlencode(told)}"
    kept = Browser(dict(business.browser.cookies))
    business.node.clock.turn(seconds=(LIMITS.login_transaction + LIMITS.code_lifetime).total_seconds() - 1)
    page_of(business.get(back), 403)
    business.node.clock.turn(seconds=1)

    nobody(business, back, kept)


def test_the_cookie_of_a_sign_in_is_for_this_host_alone_and_ends_with_the_login(business: Business) -> None:
    response = business.get("/ask/sign-in")
    [cookie] = [line for line in response.headers.get_list("set-cookie") if line.startswith(f"{SIGN_IN}=")]

    for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=960"):
        assert word in cookie


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "another"}, {"state": ""}, {"iss": "https://other.example"}, {"iss": ""}, {"code": ""},
        {"code": "A" * 43}, {"code": "x"},
    ],
)  # fmt: skip
def test_an_answer_that_is_not_the_one_that_was_asked_for_signs_nobody_in(
    business: Business, changes: dict[str, str]
) -> None:
    told = {**parameters(business.agreed()), **changes}

    nobody(business, f"/ask/callback?{urlencode(told)}")


def test_an_answer_without_issuer_or_with_a_parameter_twice_signs_nobody_in(business: Business) -> None:
    told = parameters(business.agreed())
    nobody(business, f"/ask/callback?{urlencode({name: one for name, one in told.items() if name != 'iss'})}")
    told = parameters(business.agreed())
    nobody(business, f"/ask/callback?{urlencode(told)}&state=another")


def test_a_code_of_another_sign_in_of_the_same_browser_signs_nobody_in(business: Business) -> None:
    """Code injection: state and issuer are right, the code is for another nonce and verifier."""
    first = parameters(business.agreed())
    second = parameters(business.agreed())

    nobody(business, f"/ask/callback?{urlencode({**second, 'code': first['code']})}")


def test_a_code_is_good_for_a_minute(business: Business) -> None:
    back = business.agreed()
    business.node.clock.turn(seconds=LIMITS.code_lifetime.total_seconds())

    nobody(business, back)


def test_a_login_that_its_provider_ended_meanwhile_signs_nobody_in(business: Business) -> None:
    back = business.agreed()
    codes = business.node.app.state.parts.stores.sealed

    async def ended() -> None:
        octets = await codes.read(Kind.CODE, parameters(back)["code"])
        assert octets is not None
        sessions, turn = business.provider.sessions, business.provider.turns.begin()
        await sessions.forbid(json.loads(octets)["session"], turn=turn)

    asyncio.run(ended())
    nobody(business, back)


@pytest.mark.parametrize("said", [Consent.NO, OAuthError("access_denied", "the person said no at the provider")])
def test_a_no_signs_nobody_in_and_says_so(business: Business, said: Consent | OAuthError) -> None:
    name = business.begin_sign_in()
    business.complete(name, business.company_report())
    response = business.get(business.sent_back(business.complete(name, said)))

    assert "You are not signed in" in page_of(response, 403)
    assert SESSION not in business.browser.cookies
    assert SIGN_IN not in business.browser.cookies


def test_a_company_that_nobody_registered_is_told_how_to_be(business: Business) -> None:
    response = business.get(business.agreed(case=ITSELF))
    text = page_of(response, 403)

    assert "Your company is not registered here" in text
    assert "VN-MST 0000000501" in text
    assert SESSION not in business.browser.cookies


def test_a_registration_that_is_switched_off_signs_nobody_in(business: Business) -> None:
    business.register(business.registered(party={"enabled": False}))

    assert "is not registered here" in page_of(business.get(business.agreed()), 403)


def test_two_registrations_of_one_company_sign_nobody_in(business: Business) -> None:
    business.register(business.registered(), business.registered(party={"id": "another"}))

    assert "is not registered here" in page_of(business.get(business.agreed()), 403)


def test_a_session_ends_with_the_registration_that_it_rests_on(business: Business) -> None:
    for narrowed in (
        business.registered(party={"enabled": False}),
        business.registered(signs_in_as=None),
        business.registered(signs_in_as=Company("TH-DBD", "0105599000011")),
        business.registered(party={"id": "successor"}),
    ):
        business.register(business.registered())
        business.browser = Browser()
        assert business.sign_in() == "/ask"
        page_of(business.get("/ask"))
        business.register(narrowed)
        page_of(business.get("/ask"), 401)


def test_a_session_lasts_a_working_day_and_no_longer(business: Business) -> None:
    business.sign_in()
    business.node.clock.turn(seconds=LIMITS.business_session.total_seconds() - 1)
    page_of(business.get("/ask"))
    business.node.clock.turn(seconds=1)

    page_of(business.get("/ask"), 401)


def test_nobody_speaks_as_the_own_client_at_the_endpoints(business: Business) -> None:
    """Its key was thrown away, so every assertion in its name is somebody else's."""
    name = business.begin_sign_in()
    business.complete(name, business.company_report())
    code = parameters(business.sent_back(business.complete(name, Consent.YES)))["code"]
    key = generate("ES256", kid="ours")
    proof = {
        "client_id": CLIENT_ID,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": business.assertion(CLIENT_ID, key),
    }
    redirect = business.provider.own.client.redirect_uris[0]
    pushed = business.post("/oauth/par", {**business.asked(CLIENT_ID, redirect_uri=redirect), **proof})
    redeemed = business.post(
        "/oauth/token", {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, **proof}
    )

    assert (pushed.status_code, pushed.json()["error"]) == (401, "invalid_client")
    assert (redeemed.status_code, redeemed.json()["error"]) == (401, "invalid_client")


def test_a_plain_request_in_the_name_of_the_own_client_begins_nothing(business: Business) -> None:
    response = business.authorize(None, **business.asked(CLIENT_ID))

    assert response.status_code == 400
    assert "location" not in response.headers


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/console", "x", "A" * 44, "../console"])
def test_a_sign_in_leads_to_a_page_of_ours_whatever_the_address_says(business: Business, to: str) -> None:
    assert business.sign_in(f"?{urlencode({'to': to})}") == "/ask"


def test_a_business_signs_in_and_out(business: Business) -> None:
    assert business.sign_in() == "/ask"
    text = page_of(business.get("/ask"))
    assert "Signed in for Sample Quay Trading" in text
    assert SIGN_IN not in business.browser.cookies
    handle = business.browser.cookies[SESSION]
    response = business.send("/ask/sign-out", {"token": business.form()["token"], "sign-out": "yes"})

    assert (response.status_code, response.headers["location"]) == (303, "/ask")
    assert SESSION not in business.browser.cookies
    business.browser.cookies[SESSION] = handle
    page_of(business.get("/ask"), 401)


def test_a_sign_in_leads_on_to_the_page_that_somebody_wanted_to_see(business: Business) -> None:
    assert business.sign_in(f"?to={'A' * 43}") == f"/ask/{'A' * 43}"
    assert business.sign_in("?to=try") == "/try"


def test_a_session_holds_nothing_of_the_person_and_its_cookie_is_for_this_host_alone(business: Business) -> None:
    response = business.get(business.agreed())
    [cookie] = [line for line in response.headers.get_list("set-cookie") if line.startswith(f"{SESSION}=")]
    for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=28800"):
        assert word in cookie
    store = business.node.app.state.parts.stores.sealed
    kept = asyncio.run(store.read(Kind.BUSINESS_SESSION, business.browser.cookies[SESSION]))

    assert kept is not None
    assert json.loads(kept).keys() == {"party", "company", "ends_at", "asks"}
    assert "Hui Ling" not in kept.decode()
