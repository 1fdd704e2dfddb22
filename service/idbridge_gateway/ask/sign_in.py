"""Sign-in of a business: somebody logs in with their national ID, as whoever acts for a company.

The node is a client of itself, by the same rules as any other: state and nonce bound to the browser, PKCE, its own
issuer in the answer, a code that counts once. Decides whether the browser that comes back is the one that was sent, and
for which company the person may act. Of the person nothing is kept, and of a sign-in that was begun nothing but the
login itself, which has a bound for each client (``begun``). Clauses: OpenID Connect Core 1.0 section 3.1; RFC 7636;
RFC 9207; RFC 9700 sections 2.1 and 4.7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fastapi import Request, Response

from idbridge.limits import LIMITS
from idbridge.oidc.authorization_request import OPENID, read_pushed_request
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.pkce import challenge_of, require_verifier
from idbridge_gateway.ask.client import CLIENT_ID, PURPOSE
from idbridge_gateway.oidc import addresses
from idbridge_gateway.oidc.begun_sign_ins import BegunSignIn, BegunSignIns, not_as_begun
from idbridge_gateway.oidc.browser import public_name, see_other
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.codes import Code, Codes
from idbridge_gateway.oidc.grounds import require_stands
from idbridge_gateway.oidc.provider import Provider
from idbridge_gateway.parts import Parts
from idbridge_gateway.registry.record import Company

_LABEL: Final = "business-sign-in"
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
        self._codes = Codes(store=parts.stores.sealed, one_time=parts.one_time, randomness=parts.randomness)
        self._provider = provider
        self._own = own
        self._issuer = parts.settings.node_url
        self._begun = BegunSignIns(
            label=_LABEL,
            key=parts.turns.issuing.current().pairwise_key.octets,
            randomness=parts.randomness,
            clock=parts.turns.clock,
            lifetime=_LIFETIME,
            secure=parts.settings.public_url.startswith("https://"),
        )

    async def begin(self, *, onward: str, why: str, language: str) -> Response:
        """Send the browser to the choice of a provider. ``why`` is what the person reads; ``onward`` is a path of ours.

        Raises:
            RequestError: ``system.*``.
        """
        turn = self._provider.turns.begin()
        begun = self._begun.new(onward=onward)
        asked = read_pushed_request(
            Parameters(self._asked(begun, why=why, language=language)),
            client=self._own.client,
            purposes=self._own.relying_party.purposes,
        )
        held = await self._provider.transactions.begin(asked, self._own.relying_party, pushed=None, at=turn.at)
        response = see_other(addresses.selector(public_name(held.handle)))
        self._provider.cookies.set(response, held.handle)
        self._begun.set(response, begun)
        return response

    async def finish(self, request: Request) -> SignedIn:
        """Take the browser back.

        Raises:
            NoCompanyError: The person said no, or no company was told.
            OAuthError: The login no longer stands by the lists in force, or nothing can be said of it now.
            RequestError: ``policy.unauthenticated``: it is not the browser that was sent, or its code is not good;
                ``system.*``.
        """
        begun, query = self._begun.require(request), request.query_params
        if query.get("iss") != self._issuer:  # the answer of another issuer (mix-up)
            raise not_as_begun()
        if "error" in query:
            raise NoCompanyError
        code = await self._redeemed(query.get("code", ""), begun)
        return SignedIn(_company(code.decision.core["represents"]), begun.onward)

    def drop(self, response: Response) -> None:
        """Let the browser forget that it was sent."""
        self._begun.drop(response)

    def _asked(self, begun: BegunSignIn, *, why: str, language: str) -> Mapping[str, str]:
        return MappingProxyType({
            "client_id": CLIENT_ID,
            "response_type": "code",
            "redirect_uri": self._own.client.redirect_uris[0],
            "scope": OPENID,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": challenge_of(begun.verifier),
            "code_challenge_method": "S256",
            "purpose": PURPOSE,
            "purpose_text": why,
            "ui_locales": language,
        })  # fmt: skip

    async def _redeemed(self, handle: str, begun: BegunSignIn) -> Code:
        """Return what the code stands for: everything is compared before it is spent, as at the token endpoint."""
        turn = self._provider.turns.begin()
        code = await self._codes.find(handle)
        if code is None:
            raise not_as_begun()
        try:
            require_verifier(begun.verifier, challenge=code.code_challenge)
        except OAuthError:
            raise not_as_begun() from None
        ours = (CLIENT_ID, self._own.client.redirect_uris[0], begun.nonce)
        if (code.client_id, code.redirect_uri, code.nonce) != ours:
            raise not_as_begun()
        if not await self._codes.spend(handle, at=turn.at) or turn.at >= code.expires_at:
            raise not_as_begun()
        if turn.at >= code.decision.expires_at or not await self._provider.sessions.may_begin(code.session):
            raise not_as_begun()  # the provider ended the login meanwhile
        require_stands(code.ground, turn, error="access_denied")
        return code


def _company(represents: Mapping[str, Any] | None) -> Company:
    if represents is None:
        raise NoCompanyError
    return Company(represents["entity"]["scheme"], represents["entity"]["value"])
