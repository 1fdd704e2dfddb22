"""Requests of ours to a provider: the pushed request, the code redeemed, the userinfo asked for.

Each proves what the provider's tier demands: by key or secret who we are, and by DPoP that we hold the key that the
tokens are bound to. A server that wants its own nonce in the proof says so once, and is asked once more with it
(RFC 9449 sections 8 and 9). What the answers are worth, ``idbridge.oidc.upstream`` says. Clauses: RFC 9126 section 2;
RFC 6749 section 4.1.3; OpenID Connect Core 1.0 section 5.3.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from idbridge.codec import base64url, strict_json
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.net.calls import Answer, Call, Method
from idbridge.oidc.upstream import UpstreamTokens, read_exchanged_token, read_pushed_response, read_token_response
from idbridge.oidc.upstream_errors import UpstreamError, UpstreamFault
from idbridge.oidc.upstream_proofs import basic_authorization, client_assertion, dpop_proof
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.oidc.upstream.lines import Lines
from idbridge_gateway.oidc.upstream.pending import UnderWay
from idbridge_gateway.oidc.upstream.providers import UsableProvider
from idbridge_gateway.oidc.upstream.registrations import Authentication

_JTI_OCTETS: Final = 16
_OK: Final = 200
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"
_JWT: Final = "application/jwt"
_REFUSED: Final = frozenset({400, 401})
_WANTS_NONCE: Final = "use_dpop_nonce"
_NONCE_FIELD: Final = "dpop-nonce"
_Made = tuple[Mapping[str, str], bytes]  # head and body, new for each attempt: no proof is sent twice


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one request asks; ``access_token`` is the one that opens it, if it is for a resource."""

    method: Method
    url: str
    access_token: str | None = None


@dataclass(frozen=True, slots=True)
class Requests:
    """How this node asks providers."""

    lines: Lines
    randomness: Randomness

    async def push(
        self, provider: UsableProvider, under_way: UnderWay, url: str, form: Mapping[str, str], *, turn: Turn
    ) -> tuple[str, UnderWay]:
        """Return the name of the request that was pushed, and the login with the nonce that the provider gave.

        Raises:
            FetchError, OAuthError, UpstreamError: It was not.
        """
        answer, under_way = await self._posted(provider, under_way, url, form, turn=turn)
        return read_pushed_response(answer.body, status=answer.status), under_way

    async def redeem(
        self, provider: UsableProvider, under_way: UnderWay, url: str, code: str, *, turn: Turn
    ) -> tuple[UpstreamTokens, UnderWay]:
        """Return the tokens that ``code`` gives, and the login with the nonce that the provider gave.

        Raises:
            FetchError, OAuthError, UpstreamError: It gives none.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": provider.listed.redirect_uri,
            "code_verifier": under_way.login.code_verifier,
        }
        answer, under_way = await self._posted(provider, under_way, url, form, turn=turn)
        bound = under_way.dpop is not None
        return read_token_response(answer.body, status=answer.status, bound=bound), under_way

    async def userinfo(
        self, provider: UsableProvider, under_way: UnderWay, url: str, tokens: UpstreamTokens, *, turn: Turn
    ) -> str:
        """Return the signed userinfo response as text; nothing in it was verified yet.

        Raises:
            FetchError, OAuthError: There is none.
            UpstreamError: ``token_response_malformed``: it is refused, or not signed.
        """
        scheme = "Bearer" if under_way.dpop is None else "DPoP"
        head = {"Authorization": f"{scheme} {tokens.access_token}", "Accept": _JWT}

        def made() -> _Made:
            return head, b""

        asked = _Asked(Method.GET, url, tokens.access_token)
        answer, _ = await self._answered(provider, under_way, asked, made, turn=turn)
        essence = answer.head.get("content-type", "").partition(";")[0].strip().lower()
        if answer.status != _OK or essence != _JWT or len(answer.body) > LIMITS.upstream_response_bytes:
            raise UpstreamError(UpstreamFault.TOKEN_RESPONSE_MALFORMED, "the userinfo response is no signed one")
        try:
            return answer.body.decode("ascii").strip()
        except UnicodeDecodeError:
            raise UpstreamError(UpstreamFault.TOKEN_RESPONSE_MALFORMED, "the userinfo response is no JWT") from None

    async def exchange(self, provider: UsableProvider, under_way: UnderWay, url: str, token: str, *, turn: Turn) -> str:
        """Return the ID token that a provider gives for a ``token`` of its redirect; it was not verified yet.

        Raises:
            FetchError, OAuthError, UpstreamError: It gives none.
        """
        head = {"Content-Type": _JSON, "Accept": _JSON, **self._basic(provider)}
        body = json.dumps({"auth_token": token}).encode()

        def made() -> _Made:
            return head, body

        answer, _ = await self._answered(provider, under_way, _Asked(Method.POST, url), made, turn=turn)
        return read_exchanged_token(answer.body, status=answer.status)

    async def _posted(
        self, provider: UsableProvider, under_way: UnderWay, url: str, form: Mapping[str, str], *, turn: Turn
    ) -> tuple[Answer, UnderWay]:
        def made() -> _Made:
            proves, head = self._authenticated(provider, turn)
            return {"Content-Type": _FORM, "Accept": _JSON, **head}, urlencode({**form, **proves}).encode()

        return await self._answered(provider, under_way, _Asked(Method.POST, url), made, turn=turn)

    async def _answered(
        self, provider: UsableProvider, under_way: UnderWay, asked: _Asked, made: Callable[[], _Made], *, turn: Turn
    ) -> tuple[Answer, UnderWay]:
        """Return the answer to what is ``asked``; who wants a nonce of their own in the proof is asked once more."""
        answer, told = await self._once(provider, under_way, asked, made(), turn=turn)
        if under_way.dpop is not None and told.dpop_nonce != under_way.dpop_nonce and _wants_nonce(answer):
            answer, told = await self._once(provider, told, asked, made(), turn=turn)
        return answer, told

    async def _once(
        self, provider: UsableProvider, under_way: UnderWay, asked: _Asked, made: _Made, *, turn: Turn
    ) -> tuple[Answer, UnderWay]:
        head, body = made
        call = Call(asked.method, asked.url, {**head, **self._proof(under_way, asked, turn)}, body)
        answer = await self.lines.call(provider.line, call, at=turn.at)
        nonce = answer.head.get(_NONCE_FIELD, "")
        if under_way.dpop is None or not 0 < len(nonce) <= LIMITS.opaque_characters:
            return answer, under_way
        return answer, replace(under_way, dpop_nonce=nonce)

    def _proof(self, under_way: UnderWay, asked: _Asked, turn: Turn) -> Mapping[str, str]:
        if under_way.dpop is None:
            return {}
        proof = dpop_proof(
            under_way.dpop,
            method=asked.method,
            url=asked.url,
            jti=self._jti(),
            at=turn.at,
            nonce=under_way.dpop_nonce,
            access_token=asked.access_token,
        )
        return {"DPoP": proof}

    def _authenticated(self, provider: UsableProvider, turn: Turn) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return the parameters and header fields by which this node proves who it is."""
        client = provider.client
        if client.signer is not None:
            jti = self._jti()
            form = client_assertion(
                client.signer, client_id=client.client_id, issuer=client.issuer, jti=jti, at=turn.at
            )
            return form, {}
        if client.authentication is Authentication.CLIENT_SECRET_BASIC:
            return {}, self._basic(provider)
        return {"client_id": client.client_id, "client_secret": client.secret or ""}, {}

    def _basic(self, provider: UsableProvider) -> Mapping[str, str]:
        client = provider.client
        return {"Authorization": basic_authorization(client.client_id, client.secret or "")}

    def _jti(self) -> str:
        return base64url.encode(self.randomness.octets(_JTI_OCTETS))


def _wants_nonce(answer: Answer) -> bool:
    """Tell whether a server refuses a request for want of its own nonce: as JSON, or in a challenge of a resource."""
    if answer.status not in _REFUSED:
        return False
    if _WANTS_NONCE in answer.head.get("www-authenticate", ""):
        return True
    try:
        said = strict_json.parse_object(answer.body, max_bytes=LIMITS.upstream_response_bytes).get("error")
    except InputError:
        return False
    return bool(said == _WANTS_NONCE)
