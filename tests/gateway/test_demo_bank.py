"""The demo's bank as a client of a node: what it believes, what it shows, and that nothing else logs anybody in."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from idbridge.codec import base64url
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import generate
from idbridge.errors import FetchError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
from idbridge.net.calls import Answer, Call, head_of
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.logout_token import make_logout_token
from idbridge.oidc.upstream_discovery import ListedProvider
from idbridge_gateway.demo.bank import words
from idbridge_gateway.demo.bank.client import BankClient
from idbridge_gateway.demo.bank.site import Bank as Site
from idbridge_gateway.demo.bank.site import Shop, bank_app
from idbridge_gateway.oidc.completion import Consent
from tests.gateway.providing import CALLBACK, KEY, LOGGED_OUT, Bank, Browser, bank_in

HERE = "https://bank.th.example"
Spoil = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class NodeCaller:
    """Calls of the bank to a node in process; ``spoil`` changes the JSON that comes from an address."""

    at: Bank
    spoil: dict[str, Spoil] = field(default_factory=dict)
    down: bool = False

    def call(self, call: Call, *, max_bytes: int) -> Answer:
        if self.down:
            raise FetchError("the node is down")
        path = call.url.removeprefix(self.at.issuer)
        response = self.at.node.send(call.method, path, body=call.body, headers=dict(call.head))
        body = response.content
        if path in self.spoil and response.status_code == 200:
            body = json.dumps(self.spoil[path](response.json())).encode()
        assert len(body) <= max_bytes
        return Answer(response.status_code, head_of(response.headers.raw), body)


@dataclass
class Visit:
    """Somebody with a browser at the bank."""

    node: Bank
    site: Site
    caller: NodeCaller
    browser: Browser = field(default_factory=Browser)

    def send(self, method: str, path: str, **more: Any) -> httpx2.Response:
        async def sent() -> httpx2.Response:
            transport = httpx2.ASGITransport(app=bank_app(self.site))
            async with httpx2.AsyncClient(transport=transport, base_url=HERE) as client:
                return await client.request(method, path, headers=self.browser.head(), **more)

        response = asyncio.run(sent())
        self.browser.take(response)
        return response

    def begin(self, wish: str = "person") -> str:
        """The name of the transaction at the node, once the bank sent the browser there."""
        response = self.send("POST", "/login", data={"wish": wish})
        assert response.status_code == 303, response.text
        asked = dict(parse_qsl(urlsplit(response.headers["location"]).query))
        assert asked.keys() == {"client_id", "request_uri"}
        at_node = self.node.authorize(**asked)
        return dict(parse_qsl(urlsplit(at_node.headers["location"]).query))["t"]

    def agree(self, name: str, **report: Any) -> str:
        """Where the node sends the browser after a login and a yes."""
        passed = self.node.report(purpose_text="To open your account with us.", **report)
        self.node.complete(name, passed)
        return str(self.node.complete(name, Consent.YES).headers["location"])

    def back(self, location: str) -> httpx2.Response:
        assert location.startswith(f"{CALLBACK}?")
        return self.send("GET", location.removeprefix(HERE))

    def log_in(self) -> httpx2.Response:
        return self.back(self.agree(self.begin()))


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    node = bank_in(tmp_path)
    caller = NodeCaller(node)
    listed = ListedProvider(
        issuer=node.issuer,
        client_id="bank",
        redirect_uri=CALLBACK,
        algorithms=frozenset({"ES256"}),
        hosts=frozenset({urlsplit(node.issuer).netloc}),
        fapi=True,
        environment=Environment.SANDBOX,
    )
    keys = f"{node.issuer}/.well-known/jwks.json"
    state = node.node.settings.state
    client = BankClient(listed, state=state, keys=keys, signer=KEY, caller=caller, randomness=SystemRandomness())
    site = Site("Sample Bank", HERE, node.issuer, client, node.node.clock, Shop(SystemRandomness()))
    return Visit(node, site, caller)


def refused(response: httpx2.Response, status: int = 200) -> str:
    assert response.status_code == status, response.text
    assert "You are not logged in." in response.text
    assert "bank--account" not in response.headers.get("set-cookie", "")
    return response.text


def test_an_answer_counts_in_the_browser_that_asked_and_once(visit: Visit) -> None:
    location = visit.agree(visit.begin())
    mine, visit.browser = visit.browser, Browser()

    assert "begun elsewhere" in refused(visit.back(location), 400)
    visit.browser = mine
    assert visit.back(location).headers["location"] == "/account"
    assert "begun elsewhere" in refused(visit.back(location), 400)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": "s" * 43}, "oidc.nonce_mismatch"),
        ({"state": ""}, "oidc.nonce_mismatch"),
        ({"iss": "https://sandbox.node.sg.example"}, "issuer.unknown"),
        ({"iss": ""}, "issuer.missing"),
        ({"code": ""}, "input.request_malformed"),
        ({"id_token": "x"}, "input.request_malformed"),
    ],
)
def test_an_answer_that_does_not_fit_is_not_believed(visit: Visit, change: dict[str, str], code: str) -> None:
    location = visit.agree(visit.begin())
    answer = dict(parse_qsl(urlsplit(location).query)) | change

    assert code in refused(visit.back(f"{CALLBACK}?{urlencode(answer)}"), 502)


@pytest.mark.parametrize(
    ("error", "words_of_it"),
    [
        ("access_denied", "You said no"),
        ("login_required", "too long"),
        ("unmet_authentication_requirements", "not sure enough"),
        ("temporarily_unavailable", "cannot answer now"),
        ("invalid_scope", "not in order"),
    ],
)
def test_a_no_of_whoever_says_it_is_told_in_plain_words(visit: Visit, error: str, words_of_it: str) -> None:
    answer = visit.node.complete(visit.begin(), OAuthError(error, "a sentence of the node"))

    text = refused(visit.back(answer.headers["location"]))
    assert words_of_it in text
    assert "a sentence of the node" not in text
    assert "If you ask for help" not in text


def resigned(visit: Visit, **changes: Any) -> Spoil:
    """What makes the node answer with an ID token that says something else, signed by somebody else's key."""
    signer = generate("ES256")

    def spoil(answer: dict[str, Any]) -> dict[str, Any]:
        claims = json.loads(base64url.decode(answer["id_token"].split(".")[1])) | changes
        return {**answer, "id_token": sign_compact({"kid": signer.kid}, json.dumps(claims).encode(), signer)}

    visit.caller.spoil["/.well-known/jwks.json"] = lambda keys: {"keys": [*keys["keys"], dict(signer.public_jwk)]}
    return spoil


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://sandbox.node.sg.example"}, "issuer.unknown"),
        ({"aud": "shop"}, "oidc.audience_mismatch"),
        ({"aud": ["bank"]}, "oidc.audience_mismatch"),
        ({"nonce": "another"}, "oidc.nonce_mismatch"),
        ({"exp": 1}, "time.expired"),
        ({"exp": None}, "time.claim_malformed"),
        ({"at_hash": "another"}, "oidc.hash_mismatch"),
    ],
)
def test_a_token_that_says_something_else_logs_nobody_in(visit: Visit, changes: dict[str, Any], code: str) -> None:
    visit.caller.spoil["/oauth/token"] = resigned(visit, **changes)

    assert code in refused(visit.log_in(), 502)


def test_a_token_of_a_key_that_the_node_does_not_have_logs_nobody_in(visit: Visit) -> None:
    visit.caller.spoil["/oauth/token"] = resigned(visit)
    del visit.caller.spoil["/.well-known/jwks.json"]

    assert "jose.kid_unknown" in refused(visit.log_in(), 502)


def test_a_node_that_is_down_is_told_as_such(visit: Visit) -> None:
    location = visit.agree(visit.begin())
    visit.caller.down = True

    assert "cannot answer now" in refused(visit.back(location))
    assert "cannot answer now" in refused(visit.send("POST", "/login", data={"wish": "person"}))


def test_nobody_asks_the_node_for_what_the_bank_does_not_offer(visit: Visit) -> None:
    refused(visit.send("POST", "/login", data={"wish": "everything"}), 400)
    assert visit.send("POST", "/login", data={}).status_code == 422


def test_a_login_ends_at_an_account_that_says_in_plain_words_what_was_told(visit: Visit) -> None:
    assert visit.log_in().headers["location"] == "/account"
    page = visit.send("GET", "/account")

    for said in ("Tan Hui Ling", "1991-04-17", "Singapore", "A3, high", "Thailand", "To open your account with us."):
        assert said in page.text
    assert "urn:example:sg:loa:3" in page.text
    assert "&#34;verified_claims&#34;" in page.text
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert visit.send("GET", "/").headers["location"] == "/account"


def test_who_is_not_logged_in_has_no_account(visit: Visit) -> None:
    assert visit.send("GET", "/account").headers["location"] == "/"
    assert "Log in with another ASEAN ID" in visit.send("GET", "/").text


def test_an_account_is_left_here_and_at_the_node(visit: Visit) -> None:
    visit.log_in()

    answer = visit.send("POST", "/logout")

    address, _, query = answer.headers["location"].partition("?")
    assert address == f"{visit.node.issuer}/oauth/logout"
    assert dict(parse_qsl(query))["post_logout_redirect_uri"] == LOGGED_OUT
    assert visit.send("GET", "/account").headers["location"] == "/"
    assert visit.send("POST", "/logout").headers["location"] == "/bye"
    assert "You are logged out." in visit.send("GET", "/bye").text


def test_an_account_is_left_here_though_the_node_is_down(visit: Visit) -> None:
    visit.log_in()
    visit.caller.down = True

    assert visit.send("POST", "/logout").headers["location"] == "/bye"
    assert visit.send("GET", "/account").headers["location"] == "/"


def test_an_account_is_over_when_the_node_says_so_and_only_then(visit: Visit) -> None:
    visit.log_in()
    account = visit.site.shop.accounts.read(visit.browser.cookies["bank--account"], at=visit.site.clock.now())
    assert account is not None
    node = visit.node.node

    def told(issuer: str = visit.node.issuer, client: str = "bank") -> int:
        signer = node.region.node_service(node.settings.state).signer
        token = make_logout_token(
            signer,
            issuer=issuer,
            client_id=client,
            jti="j-1",
            at=node.clock.now(),
            subject=None,
            session=account.claims["sid"],
        )
        return visit.send("POST", "/backchannel", data={"logout_token": token}).status_code

    assert told(issuer="https://sandbox.node.sg.example") == told(client="shop") == 400
    assert visit.send("POST", "/backchannel", data={"logout_token": account.id_token}).status_code == 400
    assert visit.send("GET", "/account").status_code == 200
    assert told() == 200
    assert visit.send("GET", "/account").headers["location"] == "/"


def test_an_account_is_open_for_an_hour(visit: Visit) -> None:
    visit.log_in()
    visit.node.node.clock.turn(hours=1)

    assert visit.send("GET", "/account").headers["location"] == "/"


def test_a_login_that_takes_longer_than_the_node_allows_is_over(visit: Visit) -> None:
    location = visit.agree(visit.begin())
    visit.node.node.clock.turn(seconds=LIMITS.login_transaction.total_seconds())

    assert "begun elsewhere" in refused(visit.back(location), 400)


def test_a_company_is_greeted_by_its_name_and_a_stranger_without_one() -> None:
    company = {"entity": {"scheme": "VN-MST", "value": "0000000501"}, "name": None}

    assert words.greeting({"represents": {**company, "name": "Hoa Sen"}}) == "Hoa Sen"
    assert words.greeting({"represents": company}) == "0000000501"
    assert words.greeting({"verified_claims": None}) == "you"
    assert [line.said for line in words.about_person({"represents": company})] == ["VN-MST 0000000501"]


def test_what_a_person_is_called_is_text_and_no_markup(visit: Visit) -> None:
    visit.log_in()
    handle = visit.browser.cookies["bank--account"]
    held = visit.site.shop.accounts.read(handle, at=visit.site.clock.now())
    assert held is not None
    name = {"display": "<b>Tan</b>", "latin": None}
    claims = {**held.claims, "verified_claims": {"claims": {"name": name}}}
    visit.site.shop.accounts.put(
        handle, type(held)(held.id_token, claims), until=visit.site.clock.now() + LIMITS.login_transaction
    )

    page = visit.send("GET", "/account").text

    assert "<b>" not in page
    assert "&lt;b&gt;Tan" in page
