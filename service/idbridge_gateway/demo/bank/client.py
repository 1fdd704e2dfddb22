"""The bank as a client of its node: from the button to an assertion that it checked itself.

FAPI 2.0: the request is pushed, the bank proves itself by its key, and the tokens are bound to another key that lives
as long as one login. What is checked of an answer, the steps in ``idbridge.oidc`` say; here they stand in order.
Clauses: RFC 9126; RFC 9449; OpenID Connect Core 1.0 section 3.1.3.7; Back-Channel Logout 1.0 section 2.6.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from idbridge.codec import base64url
from idbridge.credential.login_hashes import half_hash
from idbridge.crypto.header import HeaderRules
from idbridge.crypto.signer import FileSigner, Signer, generate
from idbridge.errors import CredentialError, FetchError
from idbridge.limits import LIMITS
from idbridge.model.assertion import TRUST_FRAMEWORK
from idbridge.model.keys import PublicKey
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment, MemberState
from idbridge.net.calls import Answer, Call, Caller, Method
from idbridge.oidc.logout_token import LogoutToken, verify_logout_token
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.pkce import challenge_of
from idbridge.oidc.signed_jwt import read_unverified, text_claim, time_claim, verify_with_any
from idbridge.oidc.upstream import (
    PendingLogin,
    read_authorization_response,
    read_pushed_response,
    read_token_response,
    request_location,
    request_parameters,
)
from idbridge.oidc.upstream_discovery import ListedProvider, ProviderEndpoints, discovery_address, narrowed
from idbridge.oidc.upstream_proofs import client_assertion, dpop_proof
from idbridge.status.key_sets import read_key_set

_ID_TOKEN: Final = HeaderRules(types=frozenset({"", "jwt"}))
_OCTETS: Final = 32
_OK: Final = 200
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_NONCE: Final = "dpop-nonce"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the bank wants to know and why, as the person reads it at consent."""

    purpose: str
    text: str
    claims: tuple[str, ...]

    @property
    def claims_parameter(self) -> str:
        """The parameter ``claims`` (OpenID Connect for Identity Assurance 1.0 section 6)."""
        wanted = {"verification": {"trust_framework": {"value": TRUST_FRAMEWORK}}, "claims": dict.fromkeys(self.claims)}
        return json.dumps({"id_token": {"verified_claims": wanted}})


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A login that was begun: what its answer has to fit, and the key that its tokens will be bound to."""

    pending: PendingLogin
    dpop: FileSigner = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recognised:
    """What came of a login: the assertion as it was signed, and its claims, verified."""

    id_token: str = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)


class BankClient:
    """The bank's client at its node. ``node`` says where the node of ``state`` is, ``keys`` where its key set is."""

    def __init__(
        self,
        node: ListedProvider,
        *,
        state: MemberState,
        keys: str,
        signer: Signer,
        caller: Caller,
        randomness: Randomness,
    ) -> None:
        self._node = node
        self._state = state
        self._keys = keys
        self._signer = signer
        self._caller = caller
        self._randomness = randomness

    def begin(self, wish: Wish, *, at: datetime) -> tuple[str, UnderWay]:
        """Return where the browser goes for a login, and what to remember of it.

        Raises:
            FetchError, UpstreamError: The node cannot be reached, or takes no request.
        """
        endpoints = self._endpoints()
        state, nonce, verifier = (base64url.encode(self._randomness.octets(_OCTETS)) for _ in range(3))
        pending = PendingLogin(self._node.issuer, state, nonce, verifier, names_issuer=endpoints.names_issuer)
        under_way = UnderWay(pending, generate("ES256"))
        further = {"purpose": wish.purpose, "purpose_text": wish.text, "claims": wish.claims_parameter}
        form = request_parameters(self._node, pending, code_challenge=challenge_of(verifier), further=further)
        pushed = self._asked(endpoints.pushed or "", form, under_way, at=at)
        named = {
            "client_id": self._node.client_id,
            "request_uri": read_pushed_response(pushed.body, status=pushed.status),
        }
        return request_location(endpoints, named), under_way

    def finish(self, parameters: Parameters, under_way: UnderWay, *, at: datetime) -> Recognised:
        """Return what came of a login, once every check of it passed.

        Raises:
            FetchError, UpstreamError, Refusal: Nothing that the bank believes.
        """
        code = read_authorization_response(parameters, under_way.pending)
        endpoints = self._endpoints()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._node.redirect_uri,
            "code_verifier": under_way.pending.code_verifier,
        }
        answer = self._asked(endpoints.token, form, under_way, at=at)
        tokens = read_token_response(answer.body, status=answer.status, bound=True)
        claims, algorithm = self._verified(tokens.unverified_id_token, endpoints, at=at)
        if claims.get("nonce") != under_way.pending.nonce:
            raise CredentialError("oidc.nonce_mismatch", "the ID token answers another login")
        if claims.get("at_hash") != half_hash(tokens.access_token, algorithm=algorithm):
            raise CredentialError("oidc.hash_mismatch", "the access token came with another ID token")
        return Recognised(tokens.unverified_id_token, claims)

    def farewell(self, recognised: Recognised, *, back_to: str) -> str | None:
        """Return where the browser goes to log out at the node as well; ``None`` if the node has no such place.

        Raises:
            FetchError, UpstreamError: The node cannot be reached.
        """
        address = self._endpoints().logout
        if address is None:
            return None
        return f"{address}?{urlencode({'id_token_hint': recognised.id_token, 'post_logout_redirect_uri': back_to})}"

    def logout(self, token: str, *, at: datetime) -> LogoutToken:
        """Return which login is over, if the node says so.

        Raises:
            FetchError, UpstreamError: The node cannot be reached.
            OAuthError, StatusError: It is no logout token of the node for this bank.
        """
        endpoints = self._endpoints()
        return verify_logout_token(
            token,
            issuer=self._node.issuer,
            client_id=self._node.client_id,
            keys=self._signing_keys(endpoints, at=at),
            algorithms=endpoints.algorithms,
            at=at,
        )

    def _endpoints(self) -> ProviderEndpoints:
        return narrowed(self._fetched(discovery_address(self._node)), self._node)

    def _fetched(self, url: str) -> bytes:
        answer = self._caller.call(Call(Method.GET, url), max_bytes=LIMITS.upstream_response_bytes)
        if answer.status != _OK:
            raise FetchError(f"the node answered {answer.status}")
        return answer.body

    def _signing_keys(self, endpoints: ProviderEndpoints, *, at: datetime) -> tuple[PublicKey, ...]:
        """Return the keys that the node signs with now, read as strictly as a node reads those of a provider."""
        octets = self._fetched(self._keys)
        held = read_key_set(
            octets,
            (self._state, self._keys),
            algorithms=endpoints.algorithms,
            environment=Environment.SANDBOX,
            fetched_at=at,
        )
        return held.polled.keys

    def _asked(self, url: str, form: Mapping[str, str], under_way: UnderWay, *, at: datetime) -> Answer:
        """Return the answer to a request, made once more with the nonce if the node wants its own in the proof."""
        answer = self._once(url, form, under_way, nonce=None, at=at)
        nonce = answer.head.get(_NONCE)
        if answer.status == _OK or nonce is None or b"use_dpop_nonce" not in answer.body:
            return answer
        return self._once(url, form, under_way, nonce=nonce, at=at)

    def _once(
        self, url: str, form: Mapping[str, str], under_way: UnderWay, *, nonce: str | None, at: datetime
    ) -> Answer:
        jti, once = (base64url.encode(self._randomness.octets(_OCTETS)) for _ in range(2))
        proves = client_assertion(
            self._signer, client_id=self._node.client_id, issuer=self._node.issuer, jti=jti, at=at
        )
        proof = dpop_proof(under_way.dpop, method=Method.POST, url=url, jti=once, at=at, nonce=nonce)
        call = Call(Method.POST, url, {**_FORM, "DPoP": proof}, urlencode({**form, **proves}).encode())
        return self._caller.call(call, max_bytes=LIMITS.upstream_response_bytes)

    def _verified(self, token: str, endpoints: ProviderEndpoints, *, at: datetime) -> tuple[Mapping[str, Any], str]:
        """Return the claims of an ID token of the node for this bank that is good now, and how it is signed."""
        unverified, claims = read_unverified(token, _ID_TOKEN, max_bytes=LIMITS.token_bytes)
        keys = self._signing_keys(endpoints, at=at)
        signed = verify_with_any(unverified, claims, keys, algorithms=endpoints.algorithms).claims
        if text_claim(signed, "iss") != self._node.issuer:
            raise CredentialError("issuer.unknown", "the ID token is of another issuer")
        if signed.get("aud") != self._node.client_id:
            raise CredentialError("oidc.audience_mismatch", "the ID token is for somebody else")
        if at.timestamp() >= time_claim(signed, "exp") + LIMITS.clock_leeway.total_seconds():
            raise CredentialError("time.expired")
        return signed, unverified.header.algorithm
