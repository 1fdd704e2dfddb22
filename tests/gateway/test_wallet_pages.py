"""The page of a request: a way for a wallet on any device, and an answer that counts in the browser that began."""

import re
from collections.abc import Iterable
from dataclasses import replace
from html import unescape
from typing import Any

import httpx2
import pytest

from idbridge.limits import LIMITS
from idbridge.oidc.client import OidcClient, Profile
from idbridge_gateway.pages.catalogue import FULL
from idbridge_gateway.pages.forgery import origin_of
from tests.gateway.asking import Node, problem_of
from tests.gateway.paging import POLICY
from tests.gateway.providing import Browser
from tests.gateway.wallets import PID, PURPOSE_TEXT, Wallets, opaque

CALLBACK = "https://bank.th.example/callback"


@pytest.fixture
def wallets(node: Node) -> Wallets:
    return Wallets(node)


def path_of(ordered: dict[str, Any]) -> str:
    return f"/wallet/{ordered['page'].rpartition('/')[2]}"


def opened(wallets: Wallets, path: str, browser: Browser | None = None, **headers: str) -> httpx2.Response:
    browser = browser or wallets.browser
    response = wallets.node.send("GET", path, headers={**browser.head(), **headers})
    browser.take(response)
    return response


def page_text(response: httpx2.Response, status: int = 200) -> str:
    """The text of a page, after a look at the head that every page has and at what none contains."""
    assert response.status_code == status, response.text[:500]
    assert response.headers["content-security-policy"] == POLICY
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == ("same-origin" if status == 200 else "no-referrer")
    assert not re.search(r"<script(?! src=)|<style|<[^>]*\s(?:style|on[a-z]+)=|javascript:", response.text)
    assert not re.search(r'(?:src|action)="(?![/#])', response.text)
    return response.text


def go_on(wallets: Wallets, path: str, browser: Browser | None = None, **headers: str) -> httpx2.Response:
    """Press the button for a wallet on the same device."""
    browser = browser or wallets.browser
    form = {"content-type": "application/x-www-form-urlencoded"}
    response = wallets.node.send("POST", path, headers={**form, **browser.head(), **headers})
    browser.take(response)
    return response


def link_here(text: str) -> str | None:
    found = re.search(r'href="(openid4vp:[^"]+)"', text)
    return unescape(found[1]) if found else None


def answered_here(wallets: Wallets, ordered: dict[str, Any], browser: Browser | None = None) -> str:
    """Answer with a wallet on the device of ``browser``; where it sends that browser, as a path."""
    assert go_on(wallets, path_of(ordered), browser).status_code == 303
    link = link_here(page_text(opened(wallets, path_of(ordered), browser)))
    assert link is not None
    response = wallets.answer(wallets.asked(link))
    assert response.status_code == 200, response.text
    uri = str(response.json()["redirect_uri"])
    assert uri.startswith(f"{ordered['page']}?response_code=")
    return uri.removeprefix(wallets.node.settings.public_url)


def test_an_unknown_link_is_a_page_that_says_so(wallets: Wallets) -> None:
    for path in ("/wallet/unknown", f"/wallet/{'A' * 43}"):
        text = page_text(opened(wallets, path), 404)
        assert "input.not_found" in text
        assert "wallet" not in text.partition("<main")[2].replace("/wallet/", "")
        page_text(go_on(wallets, path), 404)


def test_another_site_begins_nothing_in_somebodys_browser(wallets: Wallets) -> None:
    ordered = wallets.ordered()

    for site in ("cross-site", "same-site"):
        response = go_on(wallets, path_of(ordered), **{"sec-fetch-site": site})
        page_text(response, 400)
        assert "set-cookie" not in response.headers
    assert link_here(page_text(opened(wallets, path_of(ordered)))) is None


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://["])
def test_a_form_of_another_origin_begins_nothing_without_fetch_metadata(wallets: Wallets, origin: str) -> None:
    ordered = wallets.ordered()

    response = go_on(wallets, path_of(ordered), origin=origin)
    page_text(response, 400)
    assert "set-cookie" not in response.headers


def test_a_form_of_the_origin_of_the_node_begins(wallets: Wallets) -> None:
    ordered = wallets.ordered()

    response = go_on(wallets, path_of(ordered), origin=origin_of(wallets.node.settings.public_url))
    assert response.headers["set-cookie"]


@pytest.mark.parametrize(
    ("method", "headers"), [("HEAD", {}), ("GET", {"sec-purpose": "prefetch"}), ("GET", {"purpose": "prefetch"})]
)
@pytest.mark.parametrize("whose", ["own", "another"])
def test_nothing_but_a_person_who_goes_there_spends_a_code(
    wallets: Wallets, method: str, headers: dict[str, str], whose: str
) -> None:
    ordered = wallets.ordered()
    back = answered_here(wallets, ordered)
    browser = wallets.browser if whose == "own" else Browser()

    looked = wallets.node.send(method, back, headers={**browser.head(), **headers})
    assert looked.status_code == (200 if method == "HEAD" else 503)
    assert wallets.state(ordered) == "pending"
    opened(wallets, back)
    assert wallets.state(ordered) == "answered"


@pytest.mark.parametrize("language", FULL)
def test_the_page_warns_of_codes_that_somebody_passed_on(wallets: Wallets, language: str) -> None:
    text = page_text(opened(wallets, f"{path_of(wallets.ordered())}?lang={language}"))

    warning = text.partition('id="scan-only"')[2].partition("</p>")[0]
    assert "Bank of the Sample River" in warning


def test_looking_at_a_link_begins_nothing(wallets: Wallets) -> None:
    ordered = wallets.ordered()

    for _ in range(3):
        response = opened(wallets, path_of(ordered), Browser())
        assert "set-cookie" not in response.headers
        assert link_here(page_text(response)) is None
    assert go_on(wallets, path_of(ordered)).headers["set-cookie"]


def test_a_second_browser_is_offered_the_code_and_no_way_on_its_own_device(wallets: Wallets) -> None:
    ordered, second = wallets.ordered(), Browser()
    go_on(wallets, path_of(ordered))

    response = go_on(wallets, path_of(ordered), second)
    assert (response.status_code, "set-cookie" in response.headers) == (303, False)
    text = page_text(opened(wallets, path_of(ordered), second))
    assert link_here(text) is None
    assert '<form method="post"' not in text
    assert "<svg" in text


def test_an_answer_on_the_same_device_does_not_count_before_its_browser_is_back(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    back = answered_here(wallets, ordered)

    assert wallets.seen(ordered) == {**wallets.seen(ordered), "state": "pending", "device": None, "report": None}
    response = opened(wallets, back)
    assert (response.status_code, response.headers["location"]) == (303, path_of(ordered))
    seen = wallets.seen(ordered)
    assert (seen["state"], seen["device"], seen["report"]["accepted"]) == ("answered", "same", True)
    assert 'data-outcome="answered"' in page_text(opened(wallets, path_of(ordered)))


def test_an_answer_that_comes_back_in_another_browser_is_never_told(wallets: Wallets) -> None:
    """An attacker began, and had a stranger answer: the stranger's browser comes back, and nobody gets anything."""
    ordered, strangers = wallets.ordered(), Browser()
    back = answered_here(wallets, ordered)

    assert opened(wallets, back, strangers).status_code == 303
    seen = wallets.seen(ordered)
    assert (seen["state"], seen["wallet_error"], seen["report"]) == ("refused", "another_browser", None)
    opened(wallets, back)
    assert wallets.seen(ordered) == seen
    assert 'data-outcome="refused"' in page_text(opened(wallets, path_of(ordered)))


def test_a_code_does_not_count_at_the_page_of_another_request(wallets: Wallets) -> None:
    """An attacker has a browser that began a request of its own, and the code of a stranger's."""
    ordered, attackers, strangers = wallets.ordered(), Browser(), Browser()
    own = wallets.ordered()
    go_on(wallets, path_of(own), attackers)
    code = answered_here(wallets, ordered, strangers).partition("?")[2]

    opened(wallets, f"{path_of(own)}?{code}", attackers)
    assert wallets.state(own) == "pending"
    assert wallets.seen(ordered)["report"] is None


@pytest.mark.parametrize("code", ["", "unknown", "A" * 43])
def test_a_code_that_opens_nothing_leads_back_to_the_page(wallets: Wallets, code: str) -> None:
    ordered = wallets.ordered()
    go_on(wallets, path_of(ordered))

    response = opened(wallets, f"{path_of(ordered)}?response_code={code}&lang=th")
    assert (response.status_code, response.headers["location"]) == (303, f"{path_of(ordered)}?lang=th")
    assert wallets.state(ordered) == "pending"


def test_a_code_counts_once_and_not_for_long(wallets: Wallets) -> None:
    ordered = wallets.ordered(expires_in=3600)
    back = answered_here(wallets, ordered)
    wallets.node.clock.turn(seconds=LIMITS.response_code_lifetime.total_seconds())

    opened(wallets, back)
    assert wallets.seen(ordered)["report"] is None


def test_the_browser_that_began_is_known_for_as_long_as_the_request_is_open(wallets: Wallets) -> None:
    ordered = wallets.ordered(expires_in=86_400)

    cookie = go_on(wallets, path_of(ordered)).headers["set-cookie"]
    seconds = 86_400 + int(LIMITS.presentation_kept.total_seconds())
    assert f"Max-Age={seconds}" in cookie
    assert cookie.startswith("__Host-idbridge-")
    for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert word in cookie
    wallets.node.clock.turn(hours=23)
    assert link_here(page_text(opened(wallets, path_of(ordered)))) is not None


def test_the_two_ways_ask_under_secrets_of_their_own_and_one_answer_closes_both(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    go_on(wallets, path_of(ordered))
    elsewhere = wallets.asked(ordered)
    here = wallets.asked(link_here(page_text(opened(wallets, path_of(ordered)))) or "")

    for name in ("nonce", "state", "response_uri", "client_metadata"):
        assert elsewhere.claims[name] != here.claims[name]
    opaque(
        wallets.post(
            here,
            wallets.form(here, {"vp_token": wallets.vp_token(here), "state": here.claims["state"]}),
            path=elsewhere.response_path,
        )
    )
    assert wallets.answer(elsewhere).json() == {}
    opaque(wallets.answer(here))
    assert wallets.seen(ordered)["device"] == "cross"


def test_an_answer_on_the_same_device_that_is_not_accepted_sends_nobody_anywhere(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    go_on(wallets, path_of(ordered))
    here = wallets.asked(link_here(page_text(opened(wallets, path_of(ordered)))) or "")

    opaque(wallets.answer(here, wallets.vp_token(here, replace(PID, bound_by="th-kitti"))))
    seen = wallets.seen(ordered)
    assert (seen["device"], seen["report"]["reason"]["code"]) == ("same", "holder.signature_invalid")


def test_a_wallet_on_the_same_device_that_refuses_leads_back_to_the_page(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    go_on(wallets, path_of(ordered))
    here = wallets.asked(link_here(page_text(opened(wallets, path_of(ordered)))) or "")

    response = wallets.post(here, {"error": "access_denied", "state": here.claims["state"]})
    assert response.json() == {"redirect_uri": ordered["page"]}
    assert 'data-outcome="refused"' in page_text(opened(wallets, path_of(ordered)))


def registered(wallets: Wallets, uris: Iterable[str]) -> None:
    """Register a client of OpenID Connect for the bank, whose browsers may come back to ``uris``."""
    registry = wallets.node.app.state.parts.registry
    client = OidcClient(
        id="bank",
        relying_party="th-bank",
        environment=wallets.node.settings.environment,
        sector="finance",
        profile=Profile.OIDC_CODE,
        redirect_uris=tuple(uris),
        secret_digest="0" * 64,
    )
    registry.exchange(replace(one, clients=(client,)) if one.id == "th-bank" else one for one in registry.registrations)


def test_with_an_address_to_come_back_to_only_who_has_key_and_code_is_told(wallets: Wallets) -> None:
    registered(wallets, [CALLBACK])
    ordered = wallets.ordered(return_uri=CALLBACK)
    first = answered_here(wallets, ordered).partition("response_code=")[2]

    assert problem_of(wallets.look(ordered, code=first), 404) == "input.not_found"
    location = opened(wallets, f"{path_of(ordered)}?response_code={first}").headers["location"]
    assert location.startswith(f"{CALLBACK}?response_code=")
    code = location.partition("response_code=")[2]
    assert wallets.seen(ordered)["report"] is None
    other = wallets.ordered()
    assert problem_of(wallets.look(other, code=code), 404) == "input.not_found"
    assert problem_of(wallets.look(ordered, code=code, party="th-hospital"), 404) == "input.not_found"
    opened(wallets, f"{path_of(ordered)}?response_code={code}", Browser())
    assert wallets.seen(ordered)["report"] is None

    seen = wallets.seen(ordered, code=code)
    assert (seen["state"], seen["device"], seen["report"]["accepted"]) == ("answered", "same", True)
    assert problem_of(wallets.look(ordered, code=code), 404) == "input.not_found"
    assert wallets.seen(ordered) == seen


def test_an_address_of_another_party_is_none_to_come_back_to(wallets: Wallets) -> None:
    registered(wallets, [CALLBACK])

    for uri in (f"{CALLBACK}/", f"{CALLBACK}?x=1", CALLBACK.upper()):
        assert problem_of(wallets.order(return_uri=uri), 400) == "input.request_malformed"
    assert problem_of(wallets.order(party="vn-trade", return_uri=CALLBACK), 400) == "input.request_malformed"


@pytest.mark.parametrize("language", FULL)
def test_the_page_says_who_asks_and_for_what_in_every_full_language(wallets: Wallets, language: str) -> None:
    ordered = wallets.ordered(claims=["name", "birthdate", "age_over_20"])
    text = page_text(opened(wallets, f"{path_of(ordered)}?lang={language}"))

    assert "Bank of the Sample River" in text
    assert PURPOSE_TEXT in text
    assert ("data-machine-made" in text) is (language != "en")
    assert "20" in text.partition("<main")[2]
    assert '<meta http-equiv="refresh"' in text.partition("<noscript>")[2].partition("</noscript>")[0]


def test_the_page_tells_time_in_minutes_and_long_times_in_hours(wallets: Wallets) -> None:
    short, long = wallets.ordered(), wallets.ordered(expires_in=86_400)

    assert "Minutes left at most: 15" in page_text(opened(wallets, path_of(short)))
    assert "Hours left at most: 24" in page_text(opened(wallets, path_of(long)))
    wallets.node.clock.turn(minutes=14, seconds=59)
    assert "Minutes left at most: 1." in page_text(opened(wallets, path_of(short)))
    wallets.node.clock.turn(seconds=1)
    assert 'data-outcome="expired"' in page_text(opened(wallets, path_of(short)))


def test_a_request_that_was_cancelled_is_over_and_the_page_says_nothing_of_anybody(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    wallets.cancel(ordered)

    text = page_text(opened(wallets, path_of(ordered)))
    assert 'data-outcome="cancelled"' in text
    assert "<svg" not in text


def test_the_page_of_an_answer_shows_nothing_of_it(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    wallets.answer(wallets.asked(ordered))
    told = wallets.seen(ordered)["report"]["claims"]

    text = page_text(opened(wallets, path_of(ordered), Browser()))
    assert told["name"]["display"] not in text
    assert told["birthdate"] not in text
