"""``POST /oauth/token``: a client proves who it is, and one grant answers it (RFC 6749 section 3.2)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.oidc.client_authentication import authenticate, read_presented_client, unknown_client
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters, parse_form
from idbridge_gateway.api.body import read_body
from idbridge_gateway.journal import note_unexpected
from idbridge_gateway.oidc.answers import error_answer, oauth_error, token_answer
from idbridge_gateway.oidc.clients import Clients, RegisteredClient
from idbridge_gateway.oidc.contract import FORM_MEDIA, token_operation
from idbridge_gateway.oidc.exchange import Turn, Turns
from idbridge_gateway.stores.one_time import OneTime

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - an address, not a secret
_SINGLE: Final = ("authorization", "content-type", "dpop")

Grant = Callable[..., Awaitable[Mapping[str, Any]]]


class TokenEndpoint:
    """What the token endpoint of one node does. ``grants`` maps each ``grant_type`` to what answers it."""

    def __init__(
        self,
        *,
        clients: Clients,
        grants: Mapping[str, Grant],
        one_time: OneTime,
        turns: Turns,
        issuer: str,
    ) -> None:
        self._clients = clients
        self._grants = grants
        self._one_time = one_time
        self._turns = turns
        self._issuer = issuer

    async def answer(self, request: Request) -> Response:
        """Answer one request: a token response, or an error in the form of RFC 6749."""
        correlation_id: str = request.state.correlation_id
        try:
            return token_answer(await self._granted(request))
        except OAuthError as error:
            return error_answer(error, correlation_id=correlation_id)
        except RequestError as broken:
            return error_answer(oauth_error(broken), correlation_id=correlation_id)
        except Exception as error:  # noqa: BLE001 - the edge: whatever happened, a client gets an error it can read
            note_unexpected(error, correlation_id=correlation_id)
            return error_answer(oauth_error(RequestError("system.internal")), correlation_id=correlation_id)

    async def _granted(self, request: Request) -> Mapping[str, Any]:
        parameters = await self._form(request)
        turn = self._turns.begin()
        registered = await self._authenticated(parameters, request, turn)
        kind = parameters.text("grant_type")
        if kind is None:
            raise OAuthError("invalid_request", "grant_type is missing")
        grant = self._grants.get(kind)
        if grant is None:
            raise OAuthError("unsupported_grant_type", "grant_type is none that is served here")
        return await grant(parameters, registered=registered, turn=turn)

    async def _form(self, request: Request) -> Parameters:
        for name in _SINGLE:
            if len(request.headers.getlist(name)) > 1:
                raise OAuthError("invalid_request", "a header field stands twice")
        if request.url.query:
            raise OAuthError("invalid_request", "this address takes no query")
        essence = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if essence != FORM_MEDIA or "content-encoding" in request.headers:
            raise OAuthError("invalid_request", "the body is a form", cause="input.media_type", status=415)
        return parse_form(await read_body(request.receive, max_bytes=LIMITS.body_bytes))

    async def _authenticated(self, parameters: Parameters, request: Request, turn: Turn) -> RegisteredClient:
        presented = read_presented_client(parameters, authorization=request.headers.get("authorization"))
        registered = self._clients.find(presented.client_id)
        client = registered.client if registered is not None and registered.enabled else None
        once = authenticate(presented, client, issuer=self._issuer, at=turn.at)
        if registered is None or client is None:
            raise unknown_client()
        if once is not None and not await self._one_time.claim(once.key, until=once.until):
            raise OAuthError("invalid_client", "the client assertion was used before", cause="holder.replayed")
        return registered


def token_router(endpoint: TokenEndpoint) -> APIRouter:
    """Return the route of the token endpoint."""
    router = APIRouter()

    @router.post(
        TOKEN_PATH,
        summary="Exchange a token or credential for a recognised assertion",
        tags=["oauth"],
        openapi_extra=token_operation(),
    )
    async def token(request: Request) -> Response:
        return await endpoint.answer(request)

    return router
