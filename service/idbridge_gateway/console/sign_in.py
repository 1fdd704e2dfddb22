"""Sign-in of operators by browser: the code flow with PKCE at the issuer that the settings name, and no password here.

Decides whether a browser brings a session that an operator began in it. What the issuer answers counts as at the admin
API (``admin.desk``), and must repeat the nonce of this very browser. A session ends after half an hour. What was begun
and is not ended stands in the browser alone, sealed: whoever begins without end fills nothing at this node.
Clauses: OpenID Connect Core 1.0 section 3.1; RFC 7636; RFC 9207; RFC 9700 section 2.1.
"""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from fastapi import Request, Response

from idbridge.codec import base64url, length_prefixed, strict_json
from idbridge.errors import FetchError, InputError, RequestError
from idbridge.limits import LIMITS
from idbridge.net.calls import Call, Caller, Method
from idbridge.net.guarded import GuardedClient
from idbridge.oidc.pkce import challenge_of
from idbridge_gateway.admin.desk import OperatorsDesk
from idbridge_gateway.console.overview import PATH
from idbridge_gateway.oidc.begun_sign_ins import BegunSignIns, not_as_begun
from idbridge_gateway.oidc.browser import see_other
from idbridge_gateway.parts import Parts
from idbridge_gateway.settings import Settings
from idbridge_gateway.stores.sealed import Kind, new_handle

CALLBACK: Final = f"{PATH}/callback"
_LABEL: Final = "operator-sign-in"
_SESSION: Final = "idbridge-operator"
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Issuer:
    """Where operators sign in, and as which client of theirs this node asks."""

    identifier: str
    client_id: str
    authorization: str
    token: str


def issuer_of(settings: Settings) -> Issuer | None:
    """Return where operators sign in by browser; ``None`` if the settings name no such place."""
    named = (
        settings.operator_issuer,
        settings.operator_client_id,
        settings.operator_authorization_endpoint,
        settings.operator_token_endpoint,
    )
    issuer, client_id, authorization, token = named
    if issuer is None or client_id is None or authorization is None or token is None:
        return None
    return Issuer(issuer, client_id, authorization, token)


class SignIn:
    """Begins and ends the sessions of operators at one node."""

    def __init__(self, parts: Parts, *, desk: OperatorsDesk, issuer: Issuer) -> None:
        self._issuer = issuer
        self._desk = desk
        self._store = parts.stores.sealed
        self._one_time = parts.one_time
        self._randomness = parts.randomness
        self._clock = parts.turns.clock
        self._redirect_uri = f"{parts.settings.public_url}{CALLBACK}"
        self._secure = parts.settings.public_url.startswith("https://")
        self._session = f"{'__Host-' if self._secure else ''}{_SESSION}"
        self._begun = BegunSignIns(
            label=_LABEL,
            key=parts.turns.issuing.current().pairwise_key.octets,
            randomness=parts.randomness,
            clock=parts.turns.clock,
            lifetime=LIMITS.operator_sign_in,
            secure=self._secure,
        )
        self._caller = _caller(issuer, parts.settings)

    async def is_operator(self, request: Request) -> bool:
        """Tell whether the browser brings a session that has not ended.

        Raises:
            RequestError: ``system.overloaded``: sessions cannot be looked at.
        """
        handle = request.cookies.get(self._session)
        return handle is not None and await self._store.read(Kind.OPERATOR_SESSION, handle) is not None

    def begin(self) -> Response:
        """Send the browser to the issuer."""
        begun = self._begun.new(onward=PATH)
        asked = urlencode({
            "response_type": "code",
            "client_id": self._issuer.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid",
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": challenge_of(begun.verifier),
            "code_challenge_method": "S256",
        })  # fmt: skip
        mark = "&" if urlsplit(self._issuer.authorization).query else "?"
        response = see_other(f"{self._issuer.authorization}{mark}{asked}")
        self._begun.set(response, begun)
        return response

    async def finish(self, request: Request) -> Response:
        """Take the browser back from the issuer, as an operator.

        Raises:
            RequestError: ``policy.unauthenticated``: it is not the browser that was sent, or the issuer says no;
                ``policy.operator_required``: whoever it is, is no operator; ``system.overloaded``.
        """
        begun, query = self._begun.require(request), request.query_params
        if query.get("iss", self._issuer.identifier) != self._issuer.identifier:
            raise not_as_begun()  # the answer of another issuer (mix-up)
        code = query.get("code", "")
        if not 0 < len(code) <= LIMITS.opaque_characters:
            raise not_as_begun()
        token = await self._redeemed(code, verifier=begun.verifier)
        operator = await self._desk.authenticate(b"Bearer " + token.encode())
        if not hmac.compare_digest(_nonce(token).encode(), begun.nonce.encode()):
            raise not_as_begun()
        await self._spend(begun.state)
        handle, until = new_handle(self._randomness), self._clock.now() + LIMITS.operator_session
        await self._store.put(Kind.OPERATOR_SESSION, handle, operator.pseudonym.encode(), until=until)
        response = see_other(begun.onward)
        self._begun.drop(response)
        response.set_cookie(
            self._session,
            handle,
            max_age=int(LIMITS.operator_session.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return response

    async def end(self, request: Request) -> Response:
        """End the session of the browser, if it brings one.

        Raises:
            RequestError: ``system.overloaded``.
        """
        handle = request.cookies.get(self._session)
        if handle is not None:
            await self._store.take(Kind.OPERATOR_SESSION, handle)
        response = see_other(PATH)
        response.delete_cookie(self._session, path="/", secure=self._secure, httponly=True, samesite="lax")
        return response

    async def _spend(self, state: str) -> None:
        """Let the sign-in count, if it did not before. Only an operator gets here, so that nobody else fills the store.

        Raises:
            RequestError: ``policy.unauthenticated``: it counted before; ``system.overloaded``.
        """
        key = hashlib.sha256(length_prefixed.encode(_LABEL, state)).digest()
        if not await self._one_time.claim(key, until=self._clock.now() + LIMITS.operator_sign_in):
            raise not_as_begun()

    async def _redeemed(self, code: str, *, verifier: str) -> str:
        """Return the ID token that the issuer gives for ``code``."""
        body = urlencode({
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self._issuer.client_id,
            "code_verifier": verifier,
        })  # fmt: skip
        head = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        call = Call(Method.POST, self._issuer.token, head, body.encode())
        try:
            answer = await asyncio.to_thread(self._caller.call, call, max_bytes=LIMITS.body_bytes)
        except FetchError:
            raise RequestError("system.overloaded", "the operators' issuer does not answer") from None
        if answer.status != _OK:
            raise not_as_begun()
        try:
            token = strict_json.parse_object(answer.body, max_bytes=LIMITS.body_bytes).get("id_token")
        except InputError:
            raise not_as_begun() from None
        if not isinstance(token, str) or not token.isascii():
            raise not_as_begun()
        return token


def _caller(issuer: Issuer, settings: Settings) -> Caller:
    """Return who calls the issuer, and nobody else."""
    address = urlsplit(issuer.token)
    loopback = address.scheme == "http"
    return GuardedClient(frozenset({address.netloc}), settings.environment, allow_loopback=loopback)


def _nonce(token: str) -> str:
    """Return the nonce of a token that was verified; empty if it has none."""
    payload = base64url.decode(token.split(".")[1])
    nonce = strict_json.parse_object(payload, max_bytes=LIMITS.token_bytes).get("nonce")
    return nonce if isinstance(nonce, str) else ""
