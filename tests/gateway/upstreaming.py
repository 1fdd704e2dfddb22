"""A node whose people log in at a pretend provider, in process, that can be told to misbehave in one detail.

The provider judges what a real one would judge of its client: the assertion, the proof, the verifier, the pushed
request. What it answers is honest unless a test changes it.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from idbridge.codec import base64url
from idbridge.credential.login_hashes import half_hash
from idbridge.crypto.jwe import encrypt
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import FetchError
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment, MemberState
from idbridge.net.calls import Answer, Call
from idbridge.oidc.client import AUTHORIZATION_CODE, OidcClient, Profile
from idbridge.oidc.client_authentication import authenticate, read_presented_client
from idbridge.oidc.dpop import verify_proof
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import parse_form
from idbridge.oidc.pkce import require_verifier
from idbridge.sandbox.edits import ABSENT, Edits, edited
from idbridge.sandbox.people import population
from idbridge.sandbox.providers import id_token_claims
from idbridge.sandbox.region import Region
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.oidc.clients import ClientDirectory
from idbridge_gateway.oidc.upstream.lines import Line
from idbridge_gateway.oidc.upstream.upstream import Upstream
from idbridge_gateway.settings import Settings
from tests.gateway.asking import Node, the_region
from tests.gateway.clocks import HandClock
from tests.gateway.providing import CALLBACK, KEY, LOGGED_OUT, Bank, Browser

SG: Final = "sg-login"  # of a state that speaks FAPI 2.0
KH: Final = "kh-login"  # of one that has the plain code flow
CLIENT_ID: Final = "idbridge-th"
CLIENT_KEY: Final = generate("ES256", kid="node-1")
CLIENT_SECRET: Final = "provider-secret-of-the-node"
JSON_HEAD: Final[Mapping[str, str]] = MappingProxyType({"content-type": "application/json"})
PUBLIC: Final = "https://sandbox.node.th.example"


@dataclass(repr=False)
class PretendProvider:
    """One provider. What a test sets here, the provider does wrong from then on; ``seen`` are the calls to it."""

    region: Region
    service: str
    clock: HandClock
    secret: bool = False
    discovery: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    signer: FileSigner | None = None
    tokens: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    userinfo_signer: FileSigner | None = None
    userinfo_type: str = "application/jwt"
    response: dict[str, Any] = field(default_factory=dict)
    sealed_to: Mapping[str, Any] | None = None
    at_hash: bool = True
    nonce: str | None = None
    down: set[str] = field(default_factory=set)
    key_set: list[Mapping[str, Any]] | None = None
    level: str | None = None
    seen: list[Call] = field(default_factory=list)
    pushed: dict[str, dict[str, str]] = field(default_factory=dict)
    granted: dict[str, dict[str, str]] = field(default_factory=dict)
    issued: dict[str, dict[str, Any]] = field(default_factory=dict)
    person: int = 0
    number: int = 0

    @property
    def issuer(self) -> str:
        return self.region.service(self.service).issuer

    @property
    def fapi(self) -> bool:
        return self.service.startswith("sg-")

    @property
    def paths(self) -> list[str]:
        """What was asked of the provider, in order."""
        return [call.url.removeprefix(self.issuer) for call in self.seen]

    @staticmethod
    def parameters(location: str) -> list[tuple[str, str]]:
        """The parameters of an answer on its way through the browser."""
        return parse_qsl(location.partition("?")[2], keep_blank_values=True)

    def with_state(self, location: str, state: Any) -> str:
        """The answer at ``location`` with another state, or without."""
        others = [(name, value) for name, value in self.parameters(location) if name != "state"]
        named = others if state is ABSENT else [*others, ("state", state)]
        return f"{location.partition('?')[0]}?{urlencode(named)}"

    @property
    def client(self) -> OidcClient:
        """This node's client, as the provider registered it."""
        by_secret = hashlib.sha256(CLIENT_SECRET.encode()).hexdigest()
        proof: dict[str, Any] = {"secret_digest": by_secret} if self.secret else {"jwks": (CLIENT_KEY.public_jwk,)}
        return OidcClient(
            id=CLIENT_ID,
            relying_party="node",
            sector="node",
            profile=Profile.OIDC_CODE if self.secret else Profile.FAPI2,
            redirect_uris=(f"{PUBLIC}/login/callback/{self.service}",),
            environment=Environment.SANDBOX,
            grants=frozenset({AUTHORIZATION_CODE}),
            **proof,
        )

    def call(self, call: Call, *, max_bytes: int) -> Answer:
        """Answer a server; what the provider refuses, it refuses as OAuth does."""
        self.seen.append(call)
        path = call.url.removeprefix(self.issuer)
        if path in self.down:
            raise FetchError("down")
        try:
            answer = self._routes()[path](call)
        except OAuthError as error:
            answer = self._answer(error.document(), status=error.status, head=error.headers)
        assert len(answer.body) <= max_bytes
        return answer

    def _routes(self) -> Mapping[str, Callable[[Call], Answer]]:
        return {
            "/.well-known/openid-configuration": self._discovery,
            "/par": self._par,
            "/token": self._token,
            "/userinfo": self._userinfo,
            "/jwks": lambda _: self._answer({"keys": [dict(key) for key in self.key_set or []]}),
            "/exchange": self._exchange,
        }

    def _answer(self, document: Any, *, status: int = 200, head: Mapping[str, str] = JSON_HEAD) -> Answer:
        return Answer(status, {**JSON_HEAD, **{name.lower(): value for name, value in head.items()}}, _json(document))

    def _discovery(self, _: Call) -> Answer:
        honest: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["ES256", "ES384", "RS256", "none"],
            "authorization_response_iss_parameter_supported": self.fapi,
        }
        if self.fapi:
            honest["pushed_authorization_request_endpoint"] = f"{self.issuer}/par"
        return self._answer(self._edited(honest, self.discovery))

    def _edited(self, honest: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
        return edited(honest, edits, at=self.clock.now())

    def _authenticated(self, call: Call) -> dict[str, str]:
        form = parse_form(call.body)
        presented = read_presented_client(form, authorization=call.head.get("Authorization"))
        authenticate(presented, self.client, issuer=self.issuer, at=self.clock.now())
        return dict(form.values)

    def _proved(self, call: Call, *, access_token: str | None = None, bound_to: str | None = None) -> str | None:
        """The thumbprint of the key that the request proves; with a nonce of ours where one is wanted."""
        if not self.fapi:
            assert "DPoP" not in call.head
            return None
        proofs = (call.head["DPoP"],)
        proof = verify_proof(
            proofs,
            method=call.method,
            url=call.url,
            at=self.clock.now(),
            access_token=access_token,
            bound_to=bound_to,
        )
        stated = json.loads(base64url.decode(proofs[0].split(".")[1])).get("nonce")
        if self.nonce is not None and stated != self.nonce:
            raise OAuthError("use_dpop_nonce", "our nonce is wanted", headers={"DPoP-Nonce": self.nonce})
        return proof.thumbprint

    def _par(self, call: Call) -> Answer:
        form = self._authenticated(call)
        jkt = self._proved(call)
        self.number += 1
        name = f"urn:ietf:params:oauth:request_uri:{self.number}"
        self.pushed[name] = {**form, **({"jkt": jkt} if jkt is not None else {})}
        return self._answer({"request_uri": name, "expires_in": 60}, status=201)

    def authorize(self, location: str, **changes: Any) -> str:
        """Where the browser goes once somebody logged in; ``changes`` are to the parameters of the answer."""
        address, _, query = location.partition("?")
        assert address == f"{self.issuer}/authorize"
        asked = dict(parse_qsl(query))
        if self.fapi:
            assert asked.keys() == {"client_id", "request_uri"}
            asked = self.pushed.pop(asked["request_uri"])
        assert asked["redirect_uri"] in self.client.redirect_uris
        self.number += 1
        code = f"code-{self.number}"
        self.granted[code] = asked
        honest = {"code": code, "state": asked["state"], **({"iss": self.issuer} if self.fapi else {})}
        said = self._edited(honest, {**self.response, **changes})
        return f"{asked['redirect_uri']}?{urlencode(said)}"

    def connect(self, location: str) -> str:
        """Where the browser goes at a provider that sends a token along."""
        address, _, query = location.partition("?")
        assert address == f"{self.issuer}/connect"
        asked = dict(parse_qsl(query))
        self.number += 1
        self.granted[f"token-{self.number}"] = asked
        said = self._edited({"authToken": f"token-{self.number}", "state": asked["state"]}, self.response)
        return f"{asked['redirect_url']}?{urlencode(said)}"

    def _exchange(self, call: Call) -> Answer:
        presented = read_presented_client(parse_form(b""), authorization=call.head.get("Authorization"))
        authenticate(presented, self.client, issuer=self.issuer, at=self.clock.now())
        asked = self.granted.pop(json.loads(call.body)["auth_token"])
        honest = {"access_token": "t", "id_token": self.id_token(asked, access_token=None)}
        return self._answer(self._edited(honest, self.tokens))

    def _token(self, call: Call) -> Answer:
        form = self._authenticated(call)
        asked = self.granted.get(form.get("code", ""))
        if asked is None:
            raise OAuthError("invalid_grant", "the code is unknown")
        assert form["redirect_uri"] == asked["redirect_uri"]
        require_verifier(form.get("code_verifier"), challenge=asked["code_challenge"])
        self._proved(call, bound_to=asked.get("jkt"))
        del self.granted[form["code"]]
        self.number += 1
        access_token = f"access-{self.number}"
        honest = {
            "access_token": access_token,
            "token_type": "DPoP" if self.fapi else "Bearer",
            "expires_in": 300,
            "id_token": self.id_token(asked, access_token=access_token if self.at_hash else None),
        }
        self.issued[access_token] = {"jkt": asked.get("jkt"), "asked": asked}
        return self._answer(self._edited(honest, self.tokens))

    def said(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """What the provider says of a login, before anything goes wrong."""
        service = self.region.service(self.service)
        return id_token_claims(
            service,
            population().of(service.state)[self.person],
            level=self.level or service.top_level,
            client=CLIENT_ID,
            nonce=asked["nonce"],
            at=self.clock.now(),
            randomness=SystemRandomness(),
        )

    def id_token(self, asked: Mapping[str, str], *, access_token: str | None) -> str:
        signer = self.signer or self.region.signer(self.service)
        claims = self.said(asked)
        if access_token is not None:
            claims["at_hash"] = half_hash(access_token, algorithm="ES256")
        token = signed(self._edited(claims, self.claims), signer, self.header, at=self.clock)
        if self.sealed_to is None:
            return token
        header = {"cty": "JWT", "iss": self.issuer, "aud": CLIENT_ID}  # as npm oidc-provider writes them
        return encrypt(token.encode(), to=self.sealed_to, algorithm="ECDH-ES+A256KW", encoding="A256GCM", header=header)

    def _userinfo(self, call: Call) -> Answer:
        scheme, _, access_token = call.head["Authorization"].partition(" ")
        issued = self.issued[access_token]
        assert scheme == ("DPoP" if self.fapi else "Bearer")
        self._proved(call, access_token=access_token, bound_to=issued["jkt"])
        own = {"exp", "auth_time", "nonce", "acr"}
        honest = {name: value for name, value in self.said(issued["asked"]).items() if name not in own}
        token = signed(
            self._edited(honest, self.userinfo),
            self.userinfo_signer or self.region.signer(self.service),
            {},
            at=self.clock,
        )
        return Answer(200, {"content-type": self.userinfo_type}, token.encode())


def signed(claims: Mapping[str, Any], signer: FileSigner, header: Edits, *, at: HandClock) -> str:
    """A compact JWS, with changes to its header; ``alg: none`` leaves it without a signature."""
    honest = {"alg": signer.algorithm, "kid": signer.kid, "typ": "JWT"}
    head = edited(honest, header, at=at.now())
    if head == honest:
        return sign_compact(head, json.dumps(claims).encode(), signer)
    message = ".".join(base64url.encode(_json(part)) for part in (head, claims))
    signature = b"" if head.get("alg") == "none" else signer.sign(message.encode())
    return f"{message}.{base64url.encode(signature)}"


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()


@dataclass(repr=False)
class Abroad(Bank):
    """A bank at a Thai node, and providers abroad at which its customers log in."""

    pretend: dict[str, PretendProvider] = field(default_factory=dict)

    @property
    def upstream(self) -> Upstream:
        found: Upstream = self.node.app.state.upstream
        return found

    @property
    def sg(self) -> PretendProvider:
        return self.pretend[SG]

    @property
    def kh(self) -> PretendProvider:
        return self.pretend[KH]

    def anew(self) -> "Abroad":
        """The same node, with another browser and with providers that are in order."""
        self.browser = Browser()
        for name, old in tuple(self.pretend.items()):
            self.pretend[name] = PretendProvider(old.region, name, old.clock)
        return self

    def leave(self, name: str, provider: str = SG, browser: Browser | None = None) -> str:
        """Send the browser of transaction ``name`` to ``provider``, as the page does; where it goes."""
        browser = browser or self.browser

        async def begun() -> Any:
            side = self.provider
            held = await side.transactions.find(browser.cookies.get(side.cookies.name_of(name)))
            return await self.upstream.begin(held, provider, turn=side.turns.begin())

        answer = asyncio.run(begun())
        assert answer.status_code == 303
        assert "set-cookie" not in answer.headers
        return str(answer.headers["location"])

    def refused(self, name: str, provider: str = SG) -> OAuthError:
        """Why nobody is sent to ``provider`` now."""
        with pytest.raises(OAuthError) as caught:
            self.leave(name, provider)
        return caught.value

    def decided(self) -> dict[str, Any]:
        """The claims that were decided of the login that the browser's last transaction is about."""

        async def found() -> Any:
            (handle,) = self.browser.cookies.values()
            return await self.provider.transactions.find(handle)

        decision = asyncio.run(found()).transaction.decision
        claims: dict[str, Any] = decision.core["verified_claims"]["claims"]
        return claims

    def region_claim(self, provider: str, name: str) -> str:
        """How ``provider`` calls the regional claim ``name``."""
        return str(self.node.region.service(provider).claim_map["map"][name])

    def come_back(self, location: str, browser: Browser | None = None) -> httpx2.Response:
        """Let the browser follow the provider's redirect."""
        browser = browser or self.browser
        address, _, query = location.partition("?")
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}" == PUBLIC
        response = self.node.send("GET", f"{parts.path}?{query}", headers=browser.head())
        browser.take(response)
        return response

    def log_in(self, provider: str = SG, **asked: Any) -> httpx2.Response:
        """Go all the way to a provider and back; what the node answers then."""
        name = self.begin(**asked)
        location = self.leave(name, provider)
        return self.come_back(self.pretend[provider].authorize(location))


def write_clients(settings: Settings, **entries: Mapping[str, Any]) -> Path:
    """Write the file of this node's clients, and the keys and secrets beside it; edits by the id of the provider."""
    folder = settings.state_dir.parent / "upstream"
    folder.mkdir(exist_ok=True, mode=0o700)
    for name, text in (("node.pem", CLIENT_KEY.pem()), ("secret", CLIENT_SECRET)):
        path = folder / name
        path.write_text(text, encoding="ascii")
        path.chmod(0o600)
    document = {
        "schema": "idbridge-upstream-clients-1",
        "environment": settings.environment.value,
        "providers": {name.replace("_", "-"): dict(entry) for name, entry in entries.items()},
    }
    path = folder / "clients.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    path.chmod(0o600)
    return path


def by_key(issuer: str, **changes: Any) -> dict[str, Any]:
    """The entry of a client that authenticates by key."""
    good = {
        "issuer": issuer,
        "client_id": CLIENT_ID,
        "authentication": "private_key_jwt",
        "key_file": "node.pem",
        "kid": "node-1",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ABSENT}


def by_secret(issuer: str, method: str = "client_secret_basic", **changes: Any) -> dict[str, Any]:
    """The entry of a client that authenticates by a secret."""
    return {
        "issuer": issuer, "client_id": CLIENT_ID, "authentication": method, "secret_file": "secret", **changes,
    }  # fmt: skip


def abroad_in(directory: Path, *, region: Region | None = None, **entries: Mapping[str, Any]) -> Abroad:
    """A Thai node with clients at providers abroad; ``entries`` take the place of those that are usual."""
    region = region or the_region()
    clock = HandClock()
    settings = lay_out(region, directory)[MemberState.TH]
    issuers = {name: region.service(name).issuer for name in (SG, KH)}
    usual = {"sg_login": by_key(issuers[SG]), "kh_login": by_key(issuers[KH])}
    path = write_clients(settings, **{**usual, **entries})
    settings = settings.model_copy(update={"upstream_clients_file": path})
    pretend = {name: PretendProvider(region, name, clock) for name in (SG, KH)}

    def caller(line: Line) -> PretendProvider:
        found = pretend[line.client.provider]
        assert urlsplit(found.issuer).netloc in line.hosts
        return found

    registered = region.registration("th-bank").relying_party
    party = replace(registered, audiences=registered.audiences | {"bank"})
    client = OidcClient(
        id="bank",
        relying_party=party.id,
        profile=Profile.FAPI2,
        sector=party.sector,
        redirect_uris=(CALLBACK,),
        post_logout_redirect_uris=(LOGGED_OUT,),
        jwks=(KEY.public_jwk,),
        environment=Environment.SANDBOX,
        grants=frozenset({AUTHORIZATION_CODE}),
    )
    directory_of = ClientDirectory.of((client,), {party.id: party})
    app = create_app(settings, clock=clock, clients=directory_of, upstream_callers=caller)
    return Abroad(Node(app, settings, clock, None, directory, region), party, Browser(), pretend)
