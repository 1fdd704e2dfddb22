"""``/oauth/authorize``: a browser brings the name of a request, and a login begins (RFC 6749 section 3.1).

It brings it by query or by form, under the same rules (OpenID Connect Core 1.0 section 3.1.2.1).

Until the redirect URI was found to be registered, a refusal is a page: nothing is ever sent to an address that nobody
checked. The name of a pushed request may come again, as when a person reloads, until the person has answered.
"""

from dataclasses import dataclass, field
from typing import Final

from fastapi import APIRouter, Request, Response

from idbridge.oidc.authorization_request import (
    AuthorizationRequest,
    read_kept_request,
    read_plain_request,
    require_redirect_uri,
)
from idbridge.oidc.client import Profile
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.request_uri import invalid_request_uri, read_named_request, require_bound
from idbridge_gateway.oidc import addresses
from idbridge_gateway.oidc.browser import TransactionCookies, browsed, public_name, see_other
from idbridge_gateway.oidc.clients import Clients, RegisteredClient
from idbridge_gateway.oidc.completion import Completion
from idbridge_gateway.oidc.contract_provider import authorize_operation
from idbridge_gateway.oidc.forms import read_form, read_query
from idbridge_gateway.oidc.pushed import read_pushed, require_answerable, with_subject_of_hint
from idbridge_gateway.oidc.transaction import Transactions, unknown_client
from idbridge_gateway.oidc.turns import Turn, Turns
from idbridge_gateway.stores.sealed import Kind, SealedStore

PATH: Final = "/oauth/authorize"


@dataclass(frozen=True, slots=True)
class _Brought:
    """What a browser brought, of a client that is registered: its parameters, and the handle of what was pushed."""

    registered: RegisteredClient
    parameters: Parameters = field(repr=False)
    pushed: str | None = field(repr=False)

    def read(self, turn: Turn) -> AuthorizationRequest:
        client, purposes = self.registered.client, self.registered.relying_party.purposes
        if self.pushed is None:
            asked = read_plain_request(with_subject_of_hint(self.parameters, turn), client=client, purposes=purposes)
        else:
            asked = read_kept_request(self.parameters.values, client=client, purposes=purposes)
        require_answerable(self.registered)
        if "none" in asked.prompt:
            raise OAuthError("login_required", "nobody is logged in here beforehand: every login is of its own")
        return asked


class AuthorizationEndpoint:
    """What the authorization endpoint of one node does."""

    def __init__(
        self,
        *,
        clients: Clients,
        store: SealedStore,
        transactions: Transactions,
        completion: Completion,
        cookies: TransactionCookies,
        turns: Turns,
    ) -> None:
        self._clients = clients
        self._store = store
        self._transactions = transactions
        self._completion = completion
        self._cookies = cookies
        self._turns = turns

    async def answer(self, request: Request) -> Response:
        """Answer one browser: on to the choice of a provider, back to the client with an error, or an error page."""
        return await browsed(request, self._begun)

    async def _begun(self, request: Request) -> Response:
        parameters = await read_form(request) if request.method == "POST" else read_query(request)
        turn = self._turns.begin()
        brought = await self._brought(parameters)
        try:
            asked = brought.read(turn)
        except OAuthError as error:
            require_redirect_uri(brought.parameters, brought.registered.client)
            return await self._completion.refuse(error, brought.parameters, pushed=brought.pushed, at=turn.at)
        held = await self._transactions.begin(
            asked, brought.registered.relying_party, pushed=brought.pushed, at=turn.at
        )
        response = see_other(addresses.selector(public_name(held.handle)))
        self._cookies.set(response, held.handle)
        return response

    async def _brought(self, parameters: Parameters) -> _Brought:
        """Return what the browser brought.

        Raises:
            OAuthError: No client that is registered, or no request; there is nowhere to send the browser.
        """
        registered = self._clients.find(parameters.text("client_id") or "")
        plain = parameters.text("request_uri") is None
        if plain and registered is not None and registered.client.profile is Profile.OIDC_CODE:
            if not registered.enabled:
                raise unknown_client()
            require_redirect_uri(parameters, registered.client)
            return _Brought(registered, parameters, None)
        named = read_named_request(parameters)
        pushed = read_pushed(await self._store.read(Kind.PUSHED_REQUEST, named.handle))
        if pushed is None:
            raise invalid_request_uri()
        require_bound(named, pushed_by=pushed.client_id)
        if registered is None or not registered.enabled:
            raise unknown_client()
        return _Brought(registered, Parameters(pushed.parameters), named.handle)


def authorization_router(endpoint: AuthorizationEndpoint) -> APIRouter:
    """Return the route of the endpoint."""
    router = APIRouter()

    operation = authorize_operation(by_form=False)

    @router.get(PATH, summary="Begin a login", tags=["oauth"], response_class=Response, openapi_extra=operation)
    async def authorize(request: Request) -> Response:
        return await endpoint.answer(request)

    operation = authorize_operation(by_form=True)

    @router.post(PATH, summary="Begin a login", tags=["oauth"], response_class=Response, openapi_extra=operation)
    async def authorize_by_post(request: Request) -> Response:
        return await endpoint.answer(request)

    return router
