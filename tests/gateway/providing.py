"""What the tests of the OpenID provider share: clients of a bank, a browser, and a login that a provider reported."""

import asyncio
import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

from idbridge.codec import base64url
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import FileSigner, generate
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
from idbridge.model.request import RelyingParty
from idbridge.oidc.client import AUTHORIZATION_CODE, OidcClient, Profile
from idbridge.oidc.client_assertion import ASSERTION_TYPE
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.pkce import challenge_of
from idbridge.sandbox.region import Region
from idbridge.verify.report import Report
from idbridge_gateway.api.faults import Faults
from idbridge_gateway.api.request import read_request
from idbridge_gateway.app import create_app
from idbridge_gateway.oidc.clients import ClientDirectory, Clients
from idbridge_gateway.oidc.completion import Consent
from idbridge_gateway.oidc.provider import Provider
from tests.gateway.asking import LOGIN, Node, node_in, the_region

KEY: Final = generate("ES256", kid="bank-1")
OTHER_KEY: Final = generate("ES256", kid="bank-1")
DPOP_KEY: Final = generate("ES256")
OTHER_DPOP_KEY: Final = generate("ES256")
CALLBACK: Final = "https://bank.th.example/callback"
LOGGED_OUT: Final = "https://bank.th.example/bye"
VERIFIER: Final = "v" * 43
SECRET: Final = "s" * 43
SECRET_DIGEST: Final = hashlib.sha256(SECRET.encode()).hexdigest()
FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
PURPOSE_TEXT: Final = "To open your account"
A3: Final = "urn:idbridge:loa:A3"


def nonce_like() -> str:
    return base64url.encode(SystemRandomness().octets(16))


@dataclass
class Browser:
    """A browser: it keeps cookies, and follows nothing by itself."""

    cookies: dict[str, str] = field(default_factory=dict)

    def take(self, response: httpx2.Response) -> None:
        for line in response.headers.get_list("set-cookie"):
            pair = line.partition(";")[0]
            name, _, value = pair.partition("=")
            if value.strip('"'):
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)

    def head(self) -> dict[str, str]:
        return {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}


@dataclass(repr=False)
class Bank:
    """A node of Thailand at which a bank has clients, and what each side of a login does there."""

    node: Node
    party: RelyingParty
    browser: Browser = field(default_factory=Browser)

    @property
    def issuer(self) -> str:
        return self.node.settings.node_url

    @property
    def provider(self) -> Provider:
        found: Provider = self.node.app.state.provider
        return found

    def now(self) -> int:
        return int(self.node.clock.now().timestamp())

    def assertion(self, client: str, key: FileSigner = KEY, **changes: Any) -> str:
        claims = {
            "iss": client, "sub": client, "aud": self.issuer, "iat": self.now(), "exp": self.now() + 60,
            "jti": nonce_like(),
        }  # fmt: skip
        claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        head = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT"}
        return sign_compact(head, json.dumps(claims).encode(), key)

    def proof(self, path: str, method: str = "POST", key: FileSigner = DPOP_KEY, **changes: Any) -> str:
        """A good proof with a nonce of the node; ``changes`` are to its claims, and what is None is left out."""
        nonce = self.provider.proofs.nonces.issue(at=self.node.clock.now())
        claims = {"jti": nonce_like(), "htm": method, "htu": f"{self.issuer}{path}", "iat": self.now(), "nonce": nonce}
        claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        header = {"alg": key.algorithm, "typ": "dpop+jwt", "jwk": dict(key.public_jwk)}
        header["jwk"] = {
            name: header["jwk"][name] for name in ("kty", "crv", "x", "y", "n", "e") if name in header["jwk"]
        }
        return sign_compact(header, json.dumps(claims).encode(), key)

    def proves(self, client: str) -> dict[str, str]:
        """The members of a form by which a client authenticates."""
        if client == "shop":
            return {"client_id": client, "client_secret": SECRET}
        named = {"client_id": client, "client_assertion_type": ASSERTION_TYPE}
        return {**named, "client_assertion": self.assertion(client)}

    def asked(self, client: str = "bank", **changes: Any) -> dict[str, str]:
        """The parameters of a good authorization request; what is None is left out."""
        good = {
            "client_id": client, "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid",
            "state": "state-1", "nonce": "nonce-1", "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256", "purpose": "account-opening", "purpose_text": PURPOSE_TEXT,
            "claims": json.dumps({"userinfo": VERIFIED, "id_token": VERIFIED}),
        }  # fmt: skip
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def post(self, path: str, form: dict[str, str] | bytes, **headers: str) -> httpx2.Response:
        body = form if isinstance(form, bytes) else urlencode(form).encode()
        return self.node.send("POST", path, body=body, headers={**FORM, **headers})

    def push(self, client: str = "bank", headers: Any = None, **changes: Any) -> httpx2.Response:
        return self.post("/oauth/par", {**self.proves(client), **self.asked(client, **changes)}, **(headers or {}))

    def pushed(self, client: str = "bank", headers: Any = None, **changes: Any) -> str:
        response = self.push(client, headers, **changes)
        assert response.status_code == 201, response.text
        return str(response.json()["request_uri"])

    def authorize(self, browser: Browser | None = None, **parameters: str) -> httpx2.Response:
        browser = browser or self.browser
        response = self.node.send("GET", f"/oauth/authorize?{urlencode(parameters)}", headers=browser.head())
        browser.take(response)
        return response

    def begin(self, client: str = "bank", *, uri: str | None = None, **changes: Any) -> str:
        """Begin a login; the public name of its transaction."""
        uri = uri or self.pushed(client, **changes)
        response = self.authorize(client_id=client, request_uri=uri)
        assert response.status_code == 303, response.text
        return name_of(response)

    def report(self, *, case: str = LOGIN, **changes: Any) -> Report:
        """What the upstream leg would hand over: the report on a login that a sandbox provider made."""
        asked = json.loads(self.node.case(case).body)
        question = {
            "credential": asked["credential"], "expected": asked["expected"], "purpose": asked["purpose"],
            "purpose_text": PURPOSE_TEXT, "claims": asked["claims"], **changes,
        }  # fmt: skip
        request = read_request(
            question, relying_party=self.party, node_audiences=frozenset({self.issuer}), decryption_keys=()
        )
        state = self.node.app.state.trust.current()
        return state.verifier.verify(request, at=self.node.clock.now())

    def complete(
        self, name: str, outcome: Report | Consent | OAuthError, browser: Browser | None = None
    ) -> httpx2.Response:
        """What a page, or the upstream leg, does with what the browser brought."""
        browser = browser or self.browser

        async def completed() -> Any:
            provider = self.provider
            handle = browser.cookies.get(provider.cookies.name_of(name))
            held = await provider.transactions.find(handle)
            return await provider.completion.complete(held, outcome, turn=provider.turns.begin())

        answer = asyncio.run(completed())
        response = httpx2.Response(answer.status_code, headers=answer.raw_headers, content=answer.body)
        browser.take(response)
        return response

    def code(self, client: str = "bank", headers: Any = None, report: Any = None, **changes: Any) -> str:
        """A code for a login that a person agreed to."""
        name = self.begin(client, uri=self.pushed(client, headers, **changes))
        at_consent = self.complete(name, self.report(**(report or {})))
        assert at_consent.headers["location"] == f"/consent?t={name}", at_consent.headers["location"]
        return told(self.complete(name, Consent.YES))["code"]

    def redeem(self, code: str, client: str = "bank", *, proof: str | None = "own", **changes: Any) -> httpx2.Response:
        form = {
            "grant_type": AUTHORIZATION_CODE, "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
            **self.proves(client), **changes,
        }  # fmt: skip
        form = {name: value for name, value in form.items() if value is not None}
        proof = self.proof("/oauth/token") if proof == "own" else proof
        return self.post("/oauth/token", form, **({"dpop": proof} if proof is not None else {}))


VERIFIED: Final = {
    "verified_claims": {
        "verification": {"trust_framework": None},
        "claims": {"name": None, "birthdate": None, "nationality": None, "address": None},
    }
}


def name_of(response: httpx2.Response) -> str:
    """The public name of the transaction that a redirect to the selector names."""
    parts = urlsplit(response.headers["location"])
    assert parts.path == "/login", response.headers["location"]
    return dict(parse_qsl(parts.query))["t"]


def told(response: httpx2.Response) -> dict[str, str]:
    """The parameters of an authorization response, after a look at how it travels."""
    assert response.status_code == 303, response.text
    address, _, query = response.headers["location"].partition("?")
    assert address == CALLBACK
    assert response.headers["cache-control"] == "no-store"
    return dict(parse_qsl(query))


def error_of(response: httpx2.Response, status: int = 400) -> tuple[str, str]:
    """Error and reason code of a refusal in JSON, after a look at everything else in it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert "location" not in response.headers
    document = response.json()
    assert document.keys() == {"error", "error_description", "code", "retryable", "correlation_id"}
    return document["error"], document["code"]


def page_of(response: httpx2.Response, status: int = 400) -> str:
    """The text of an error page: it leads nowhere."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("text/html")
    assert "location" not in response.headers
    assert "set-cookie" not in response.headers
    return response.text


def bank_in(directory: Path, *, faults: Faults | None = None, directory_of: Clients | None = None, **more: Any) -> Bank:
    """A node of Thailand at which the bank has clients of both profiles, and somebody else has one too.

    ``more`` changes the registration of the client ``bank``; ``directory_of`` are other clients in place of all.
    """

    party, clients = _registered(the_region(), **more)
    return Bank(node_in(directory, faults=faults, clients=directory_of or clients), party)


def bank_at(node: Node, *, directory_of: Clients | None = None, **more: Any) -> Bank:
    """The same at a node of Thailand that is there already."""
    party, clients = _registered(node.region, **more)
    node.app = create_app(node.settings, clock=node.clock, faults=node.faults, clients=directory_of or clients)
    return Bank(node, party)


def _registered(region: Region, **more: Any) -> tuple[RelyingParty, ClientDirectory]:
    registered = region.registration("th-bank").relying_party
    names = {"bank", "bank-2", "shop", "bank-off"}
    party = replace(registered, audiences=registered.audiences | names)

    def client(name: str, **changes: Any) -> OidcClient:
        return OidcClient(**{
            "id": name, "relying_party": party.id, "profile": Profile.FAPI2, "sector": party.sector,
            "redirect_uris": (CALLBACK,), "post_logout_redirect_uris": (LOGGED_OUT,), "jwks": (KEY.public_jwk,),
            "environment": Environment.SANDBOX, "grants": frozenset({AUTHORIZATION_CODE}), **changes,
        })  # fmt: skip

    clients = (
        client("bank", **more),
        client("bank-2"),
        client("bank-off", enabled=False),
        client("bank-deaf"),
        client("shop", profile=Profile.OIDC_CODE, jwks=(), secret_digest=SECRET_DIGEST),
    )
    return party, ClientDirectory.of(clients, {party.id: party})
