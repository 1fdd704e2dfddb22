"""A pretend provider, in process, that can be told to misbehave in one detail.

The provider judges what a real one would judge of its client: the assertion, the proof, the verifier, the pushed
request. What it answers is honest unless a test changes it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from idbridge.codec import base64url
from idbridge.credential.login_hashes import half_hash
from idbridge.crypto.jwe import encrypt
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import FetchError
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
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
from tests.gateway.clocks import HandClock

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
    par: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)
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
    before: Callable[[Call], None] = lambda _: None  # what happens before each answer
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
        self.before(call)
        path = call.url.removeprefix(self.issuer)
        if path in self.down:
            raise FetchError("down")
        if path in self.raw:
            return Answer(200, JSON_HEAD, self.raw[path])
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
        return self._answer(self._edited({"request_uri": name, "expires_in": 60}, self.par), status=201)

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
