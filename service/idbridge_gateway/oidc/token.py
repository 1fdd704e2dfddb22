"""``POST /oauth/token``: a client proves who it is, and one grant answers it (RFC 6749 section 3.2)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from idbridge.oidc.errors import OAuthError
from idbridge_gateway.oidc.answers import answered, token_answer
from idbridge_gateway.oidc.authentication import ClientAuthentication
from idbridge_gateway.oidc.contract import token_operation
from idbridge_gateway.oidc.dpop_proofs import DpopProofs
from idbridge_gateway.oidc.forms import dpop_proofs, read_form
from idbridge_gateway.oidc.turns import Turns

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - an address, not a secret

Grant = Callable[..., Awaitable[Mapping[str, Any]]]


class TokenEndpoint:
    """What the token endpoint of one node does. ``grants`` maps each ``grant_type`` to what answers it."""

    def __init__(
        self, *, authentication: ClientAuthentication, grants: Mapping[str, Grant], proofs: DpopProofs, turns: Turns
    ) -> None:
        self._authentication = authentication
        self._grants = grants
        self._proofs = proofs
        self._turns = turns

    async def answer(self, request: Request) -> Response:
        """Answer one request: a token response, or an error in the form of RFC 6749."""
        return await answered(request, self._granted)

    async def _granted(self, request: Request) -> Response:
        parameters = await read_form(request)
        turn = self._turns.begin(proofs=dpop_proofs(request))
        registered = await self._authentication.authenticated(parameters, request, at=turn.at)
        kind = parameters.text("grant_type")
        if kind is None:
            raise OAuthError("invalid_request", "grant_type is missing")
        grant = self._grants.get(kind)
        if grant is None:
            raise OAuthError("unsupported_grant_type", "grant_type is none that is served here")
        response = token_answer(await grant(parameters, registered=registered, turn=turn))
        if turn.proofs:
            response.headers.update(self._proofs.fresh(at=turn.at))
        return response


def token_router(endpoint: TokenEndpoint) -> APIRouter:
    """Return the route of the token endpoint."""
    router = APIRouter()

    @router.post(
        TOKEN_PATH,
        summary="Redeem a code, exchange a token or credential, or get a token for the API",
        tags=["oauth"],
        openapi_extra=token_operation(),
    )
    async def token(request: Request) -> Response:
        return await endpoint.answer(request)

    return router
