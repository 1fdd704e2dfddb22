"""Sign-in of a business: somebody logs in with their national ID, as whoever acts for a company.

The node is a client of itself, by the same rules as any other: state and nonce bound to the browser, PKCE, its own
issuer in the answer, a code that counts once. Decides whether the browser that comes back is the one that was sent, and
whether the company for which the person may act is one that signs in for a relying party. Of the person nothing is
kept. Clauses: OpenID Connect Core 1.0 section 3.1; RFC 7636; RFC 9207; RFC 9700 sections 2.1 and 4.7.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fastapi import Request, Response

from idbridge.codec import base64url
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.oidc.authorization_request import OPENID, read_pushed_request
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.pkce import challenge_of, require_verifier
from idbridge_gateway.ask.client import CLIENT_ID, PURPOSE
from idbridge_gateway.oidc import addresses
from idbridge_gateway.oidc.browser import public_name, see_other
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.codes import Code, Codes
from idbridge_gateway.oidc.provider import Provider
from idbridge_gateway.parts import Parts
from idbridge_gateway.registry.record import Company
from idbridge_gateway.stores.sealed import Kind, new_handle

_COOKIE: Final = "idbridge-business-sign-in"
_OCTETS: Final = 32
_LIFETIME: Final = LIMITS.login_transaction + LIMITS.code_lifetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The company for which somebody signed in, and where their browser wanted to go."""

    company: Company
    onward: str


class NoCompanyError(Exception):
    """Nobody signed in: the person said no, or what they logged in with names no company."""


class SignIn:
    """Begins and ends the sign-ins at one node."""

    def __init__(self, parts: Parts, *, provider: Provider, own: RegisteredClient) -> None:
        self._store = parts.stores.sealed
        self._randomness: Randomness = parts.randomness
        self._codes = Codes(store=self._store, one_time=parts.one_time, randomness=parts.randomness)
        self._provider = provider
        self._own = own
        self._issuer = parts.settings.node_url
        self._secure = parts.settings.public_url.startswith("https://")
        self._name = f"{'__Host-' if self._secure else ''}{_COOKIE}"

    async def begin(self, *, onward: str, why: str, language: str) -> Response:
        """Send the browser to the choice of a provider. ``why`` is what the person reads; ``onward`` is a path of ours.

        Raises:
            RequestError: ``system.*``.
        """
        turn = self._provider.turns.begin()
        state, nonce, verifier = (base64url.encode(self._randomness.octets(_OCTETS)) for _ in range(3))
        asked = read_pushed_request(
            Parameters(self._asked(state, nonce, verifier, why=why, language=language)),
            client=self._own.client,
            purposes=self._own.relying_party.purposes,
        )
        handle = new_handle(self._randomness)
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "onward": onward}
        await self._store.put(Kind.BUSINESS_SIGN_IN, handle, json.dumps(kept).encode(), until=turn.at + _LIFETIME)
        held = await self._provider.transactions.begin(asked, pushed=None, at=turn.at)
        response = see_other(addresses.selector(public_name(held.handle)))
        self._provider.cookies.set(response, held.handle)
        response.set_cookie(
            self._name,
            handle,
            max_age=int(_LIFETIME.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return response

    async def finish(self, request: Request) -> SignedIn:
        """Take the browser back.

        Raises:
            NoCompanyError: The person said no, or no company was told.
            RequestError: ``policy.unauthenticated``: it is not the browser that was sent, or its code is not good;
                ``system.*``.
        """
        begun = await self._taken(request)
        query = request.query_params
        if len(query.multi_items()) != len(query):
            raise _nobody()
        if not hmac.compare_digest(query.get("state", "").encode(), begun["state"].encode()):
            raise _nobody()
        if query.get("iss") != self._issuer:  # the answer of another issuer (mix-up)
            raise _nobody()
        if "error" in query:
            raise NoCompanyError
        code = await self._redeemed(query.get("code", ""), begun)
        return SignedIn(_company(code.decision.core["represents"]), begun["onward"])

    def drop(self, response: Response) -> None:
        """Let the browser forget that it was sent."""
        response.delete_cookie(self._name, path="/", secure=self._secure, httponly=True, samesite="lax")

    def _asked(self, state: str, nonce: str, verifier: str, *, why: str, language: str) -> Mapping[str, str]:
        return MappingProxyType({
            "client_id": CLIENT_ID,
            "response_type": "code",
            "redirect_uri": self._own.client.redirect_uris[0],
            "scope": OPENID,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "purpose": PURPOSE,
            "purpose_text": why,
            "ui_locales": language,
        })  # fmt: skip

    async def _taken(self, request: Request) -> Mapping[str, str]:
        handle = request.cookies.get(self._name)
        octets = await self._store.take(Kind.BUSINESS_SIGN_IN, handle) if handle is not None else None
        if octets is None:
            raise _nobody()
        kept: dict[str, str] = json.loads(octets)
        return kept

    async def _redeemed(self, handle: str, begun: Mapping[str, str]) -> Code:
        """Return what the code stands for: everything is compared before it is spent, as at the token endpoint."""
        turn = self._provider.turns.begin()
        code = await self._codes.find(handle)
        if code is None:
            raise _nobody()
        try:
            require_verifier(begun["verifier"], challenge=code.code_challenge)
        except OAuthError:
            raise _nobody() from None
        ours = (CLIENT_ID, self._own.client.redirect_uris[0], begun["nonce"])
        if (code.client_id, code.redirect_uri, code.nonce) != ours:
            raise _nobody()
        if not await self._codes.spend(handle, at=turn.at) or turn.at >= code.expires_at:
            raise _nobody()
        if turn.at >= code.decision.expires_at or not await self._provider.sessions.may_begin(code.session):
            raise _nobody()  # the provider ended the login meanwhile
        return code


def _company(represents: Mapping[str, Any] | None) -> Company:
    if represents is None:
        raise NoCompanyError
    return Company(represents["entity"]["scheme"], represents["entity"]["value"])


def _nobody() -> RequestError:
    return RequestError("policy.unauthenticated", "the sign-in did not end in this browser as it began; begin again")
