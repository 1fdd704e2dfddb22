"""Which registered client a request is from: proved, and the proof spent (RFC 6749 section 2.3; RFC 7523 section 3)."""

from datetime import datetime

from fastapi import Request

from idbridge.oidc.client_authentication import authenticate, read_presented_client, unknown_client
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge_gateway.oidc.clients import Clients, RegisteredClient
from idbridge_gateway.registry.rates import SharedRates
from idbridge_gateway.stores.one_time import OneTime


class ClientAuthentication:
    """How the clients of one node prove who they are; ``issuer`` is what their assertions are made for."""

    def __init__(self, *, clients: Clients, one_time: OneTime, rates: SharedRates, issuer: str) -> None:
        self._clients = clients
        self._one_time = one_time
        self._rates = rates
        self._issuer = issuer

    async def authenticated(self, parameters: Parameters, request: Request, *, at: datetime) -> RegisteredClient:
        """Return the client that ``request`` is from.

        Raises:
            OAuthError: ``invalid_client``, or ``invalid_request`` for two clients named.
            RequestError: ``system.*``, the proof could not be spent; ``policy.rate_exceeded``.
        """
        presented = read_presented_client(parameters, authorization=request.headers.get("authorization"))
        registered = self._clients.find(presented.client_id)
        client = registered.client if registered is not None and registered.enabled else None
        once = authenticate(presented, client, issuer=self._issuer, at=at)
        if registered is None or client is None:
            raise unknown_client()
        if once is not None and not await self._one_time.claim(once.key, until=once.until):
            raise OAuthError("invalid_client", "the client assertion was used before", cause="holder.replayed")
        await self._rates.take(registered.relying_party.id)
        return registered
