"""``POST /oauth/par``: a client hands in its authorization request before any browser is sent (RFC 9126).

Every refusal is JSON for the client; nothing here redirects. What is pushed is kept for a minute under a random name.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter, Request, Response

from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.oidc.authorization_request import read_pushed_request
from idbridge.oidc.client import Profile
from idbridge.oidc.dpop import DpopProof
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.id_token_hint import with_hinted_subject
from idbridge.oidc.metadata import Endpoints
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.request_uri import request_uri_of
from idbridge_gateway.oidc.answers import answered, token_answer
from idbridge_gateway.oidc.authentication import ClientAuthentication
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.contract_provider import pushed_operation
from idbridge_gateway.oidc.dpop_proofs import DpopProofs
from idbridge_gateway.oidc.forms import dpop_proofs, read_form
from idbridge_gateway.oidc.turns import Turn, Turns
from idbridge_gateway.stores.documents import Document, read_document
from idbridge_gateway.stores.sealed import Kind, SealedStore, new_handle

PATH: Final = "/oauth/par"
_CREATED: Final = 201


@dataclass(frozen=True, slots=True)
class PushedRequest:
    """What was pushed, and by whom; its parameters are read again when a browser brings its name."""

    client_id: str
    parameters: Mapping[str, str] = field(repr=False)
    until: datetime

    def octets(self) -> bytes:
        """Return it as it is sealed."""
        document = {"client_id": self.client_id, "parameters": dict(self.parameters), "until": self.until.timestamp()}
        return json.dumps(document).encode()


def read_pushed(octets: bytes | None) -> PushedRequest | None:
    """Return what ``PushedRequest.octets`` made ``octets`` of; ``None`` for anything else."""
    return read_document(octets, _pushed)


def _pushed(kept: Document) -> PushedRequest:
    parameters = MappingProxyType(kept.texts_by_name("parameters"))
    return PushedRequest(kept.text("client_id"), parameters, kept.instant("until"))


def require_answerable(registered: RegisteredClient) -> None:
    """Return if an ID token could be made for this client at all: its id has to be an audience of its party.

    Raises:
        OAuthError: ``unauthorized_client``.
    """
    if registered.client.id not in registered.relying_party.audiences:
        raise OAuthError(
            "unauthorized_client", "the client id is no audience of its party", cause="policy.audience_not_registered"
        )


def with_subject_of_hint(parameters: Parameters, turn: Turn) -> Parameters:
    """Return ``parameters`` with the subject of an ID token of this node in place of the ``id_token_hint`` that it is.

    Raises:
        OAuthError: ``invalid_request``: it is none.
    """
    issuing = turn.issuing
    return with_hinted_subject(parameters, issuer=issuing.node.issuer, keys=issuing.ever_signed_with(), at=turn.at)


class PushedRequestEndpoint:
    """What the endpoint of one node does."""

    def __init__(
        self,
        *,
        authentication: ClientAuthentication,
        store: SealedStore,
        proofs: DpopProofs,
        turns: Turns,
        randomness: Randomness,
        endpoints: Endpoints,
    ) -> None:
        self._authentication = authentication
        self._store = store
        self._proofs = proofs
        self._turns = turns
        self._randomness = randomness
        self._endpoints = endpoints

    async def answer(self, request: Request) -> Response:
        """Answer one request: the name of what was pushed, or an error in the form of RFC 6749."""
        return await answered(request, self._pushed)

    async def _pushed(self, request: Request) -> Response:
        parameters = await read_form(request)
        turn = self._turns.begin(proofs=dpop_proofs(request))
        registered = await self._authentication.authenticated(parameters, request, at=turn.at)
        asked = read_pushed_request(
            with_subject_of_hint(parameters, turn),
            client=registered.client,
            purposes=registered.relying_party.purposes,
            proof=await self._proof(turn, registered.client.profile),
        )
        require_answerable(registered)
        until = turn.at + LIMITS.pushed_request_lifetime
        handle = new_handle(self._randomness)
        pushed = PushedRequest(asked.client_id, asked.parameters, until)
        await self._store.put(Kind.PUSHED_REQUEST, handle, pushed.octets(), until=until)
        lifetime = int(LIMITS.pushed_request_lifetime.total_seconds())
        response = token_answer({"request_uri": request_uri_of(handle), "expires_in": lifetime}, status=_CREATED)
        if turn.proofs:
            response.headers.update(self._proofs.fresh(at=turn.at))
        return response

    async def _proof(self, turn: Turn, profile: Profile) -> DpopProof | None:
        """Return the DPoP proof of the request, if it has one (RFC 9449 section 10.1)."""
        if not turn.proofs:
            return None
        return await self._proofs.proved(
            turn.proofs, method="POST", url=self._endpoints.pushed, profile=profile, at=turn.at
        )


def pushed_router(endpoint: PushedRequestEndpoint) -> APIRouter:
    """Return the route of the endpoint."""
    router = APIRouter()

    @router.post(
        PATH,
        summary="Hand in an authorization request",
        tags=["oauth"],
        status_code=_CREATED,
        openapi_extra=pushed_operation(),
    )
    async def push(request: Request) -> Response:
        return await endpoint.answer(request)

    return router
