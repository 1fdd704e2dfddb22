"""What access tokens are good for: userinfo, introspection and revocation (OpenID Connect Core 5.3, RFC 7662, 7009).

Userinfo says what of the decision was asked for there, under the subject of the ID token. About a token only the client
hears that it was issued to, which is its audience; everybody else hears that it is not active, and takes nothing back.
How the answer is written, ``introspection`` decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from idbridge.assertion.decision import Decision
from idbridge.assertion.login import VERIFIED_CLAIMS, userinfo_claims
from idbridge.errors import Refusal
from idbridge.model.randomness import Randomness
from idbridge.oidc.claims_release import for_userinfo
from idbridge.oidc.claims_request import parse_claims
from idbridge.oidc.client import OidcClient
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.metadata import Endpoints
from idbridge.oidc.parameters import Parameters
from idbridge_gateway.evidence.records import LaterAssertion, Records
from idbridge_gateway.oidc.access_tokens import AccessToken, AccessTokens
from idbridge_gateway.oidc.answers import NO_STORE, answered, token_answer
from idbridge_gateway.oidc.api_tokens import ApiTokens
from idbridge_gateway.oidc.authentication import ClientAuthentication
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.contract_provider import handle_operation, userinfo_operation
from idbridge_gateway.oidc.dpop_proofs import DpopProofs
from idbridge_gateway.oidc.forms import read_form, require_single_fields
from idbridge_gateway.oidc.grounds import require_registered, require_stands
from idbridge_gateway.oidc.introspection import introspection_answer
from idbridge_gateway.oidc.signed_responses import encrypted, signed
from idbridge_gateway.oidc.turns import Turn, Turns
from idbridge_gateway.verdict import REPORT_ID_OCTETS

USERINFO: Final = "/oauth/userinfo"
INTROSPECT: Final = "/oauth/introspect"
REVOKE: Final = "/oauth/revoke"


@dataclass(frozen=True, slots=True)
class _Own:
    """The token that a client asks about, ``None`` if it is none of its own."""

    handle: str = field(repr=False)
    token: AccessToken | None
    registered: RegisteredClient
    turn: Turn


class Resources:
    """The three endpoints of one node."""

    def __init__(
        self,
        *,
        authentication: ClientAuthentication,
        proofs: DpopProofs,
        tokens: AccessTokens,
        api_tokens: ApiTokens,
        turns: Turns,
        endpoints: Endpoints,
        records: Records,
        randomness: Randomness,
    ) -> None:
        self._authentication = authentication
        self._proofs = proofs
        self._tokens = tokens
        self._api_tokens = api_tokens
        self._turns = turns
        self._endpoints = endpoints
        self._records = records
        self._randomness = randomness

    async def userinfo(self, request: Request) -> Response:
        """Answer a client that shows its access token in the header; a token anywhere else is not looked for."""
        return await answered(request, self._userinfo)

    async def introspect(self, request: Request) -> Response:
        """Answer whether a token is active."""
        return await answered(request, self._introspected)

    async def revoke(self, request: Request) -> Response:
        """Take a token back; whoever asks about one that is not theirs gets the same answer."""
        return await answered(request, self._revoked)

    async def _userinfo(self, request: Request) -> Response:
        require_single_fields(request)
        turn = self._turns.begin()
        token, registered = await self._tokens.presented(request, url=self._endpoints.userinfo, at=turn.at)
        require_stands(token.ground, turn, error="invalid_token")
        require_registered(token.decision, token.ground, registered.relying_party, error="invalid_token")
        try:
            decision = registered.bounded(token.decision)
            claims = self._claims(token, decision, turn)
            response = _written(claims, decision, registered.client, turn)
        except Refusal as refusal:
            raise OAuthError("invalid_token", "nothing is released to this token", cause=refusal.code) from None
        await self._recorded(response, claims, decision, registered)
        if token.jkt is not None:
            response.headers.update(self._proofs.fresh(at=turn.at))
        return response

    def _claims(self, token: AccessToken, decision: Decision, turn: Turn) -> Mapping[str, Any]:
        released = for_userinfo(parse_claims(token.claims), decision.core["verified_claims"], at=turn.at)
        return userinfo_claims(decision, verified_claims=released, at=turn.at)

    async def _recorded(
        self, response: Response, claims: Mapping[str, Any], decision: Decision, registered: RegisteredClient
    ) -> None:
        """Write down what is about to be released, under an id of its own; a subject alone is in the token's leaf.

        Raises:
            RequestError: ``system.*``: nothing may be released.
        """
        names = _names(claims)
        if names:
            made = LaterAssertion(
                text=bytes(response.body).decode(),
                report_id=f"rep_{self._randomness.octets(REPORT_ID_OCTETS).hex()}",
                relying_party=registered.relying_party.id,
                subject=decision.subject,
                claims=names,
            )
            await self._records.asserted(made)

    async def _introspected(self, request: Request) -> Response:
        own = await self._own(request)
        try:
            return introspection_answer(own.token, own.registered.client, request, own.turn)
        except Refusal as refusal:
            raise OAuthError("temporarily_unavailable", "nothing is signed now", cause=refusal.code) from None

    async def _revoked(self, request: Request) -> Response:
        own = await self._own(request)
        if own.token is not None:
            await self._tokens.revoke(own.handle)
        elif self._api_tokens.is_genuine(own.handle):  # a yes would be a lie: nobody keeps a list of them
            raise OAuthError("unsupported_token_type", "a token for the API is not taken back: it ends by itself")
        return token_answer({})

    async def _own(self, request: Request) -> _Own:
        """Return the token that the form names, if it was issued to the client that asks."""
        parameters: Parameters = await read_form(request)
        turn = self._turns.begin()
        registered = await self._authentication.authenticated(parameters, request, at=turn.at)
        handle = parameters.text("token")
        if handle is None:
            raise OAuthError("invalid_request", "token is missing")
        token = await self._tokens.find(handle, at=turn.at)
        mine = token is not None and token.is_of(registered)
        return _Own(handle, token if mine else None, registered, turn)


def _written(claims: Mapping[str, Any], decision: Decision, client: OidcClient, turn: Turn) -> Response:
    """Return ``claims`` as the client wants them: as they are, signed, or encrypted around a signature."""
    algorithm = client.userinfo_signed_response_alg
    if algorithm is None and client.userinfo_encryption is not None:
        algorithm = client.id_token_signed_response_alg  # nobody encrypts here what is not signed
    if algorithm is None:
        return token_answer(claims)
    named = {**claims, "iss": decision.issuer, "aud": client.id}
    text = encrypted(signed(named, algorithm=algorithm, turn=turn), client.userinfo_encryption, client)
    return Response(text, media_type="application/jwt", headers=dict(NO_STORE))


def _names(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the claims about a person that ``claims`` release."""
    told = claims.get(VERIFIED_CLAIMS, [])
    several = [told] if isinstance(told, Mapping) else told
    return frozenset(name for one in several for name in one["claims"])


def resources_router(resources: Resources) -> APIRouter:
    """Return the routes of the three endpoints."""
    router = APIRouter(tags=["oauth"])

    @router.get(USERINFO, summary="What was released of the person", openapi_extra=userinfo_operation())
    async def userinfo(request: Request) -> Response:
        return await resources.userinfo(request)

    @router.post(USERINFO, summary="What was released of the person", openapi_extra=userinfo_operation())
    async def userinfo_by_post(request: Request) -> Response:
        return await resources.userinfo(request)

    @router.post(INTROSPECT, summary="Is an access token active", openapi_extra=handle_operation(introspects=True))
    async def introspect(request: Request) -> Response:
        return await resources.introspect(request)

    @router.post(REVOKE, summary="Give an access token up", openapi_extra=handle_operation())
    async def revoke(request: Request) -> Response:
        return await resources.revoke(request)

    return router
