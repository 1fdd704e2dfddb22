"""``/v1/presentations``: a relying party begins a request to a wallet, looks how it stands, and cancels it.

Who asks is settled before anything else is read. An id is worth nothing without the key of the relying party that it
was given to. Everything that came of an answer is told here and nowhere else.
"""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from idbridge.codec import strict_json
from idbridge.errors import InputError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text
from idbridge.presentation.request_object import wallet_link
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.body import bound_of, read_body, refuse_media
from idbridge_gateway.api.callers import Caller, Callers
from idbridge_gateway.api.head import RequestHead, read_head
from idbridge_gateway.oidc.turns import Turns
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.rates import SharedRates, Told
from idbridge_gateway.wallet.asker import Asker
from idbridge_gateway.wallet.contract import begin_operation, cancel_operation, look_operation
from idbridge_gateway.wallet.held import HeldAnswers
from idbridge_gateway.wallet.order import read_order
from idbridge_gateway.wallet.presentations import Presentations, document_of
from idbridge_gateway.wallet.records import Presentation

PATH: Final = "/v1/presentations"
SCHEMA: Final = "idbridge-presentation-1"
_CODE: Final = "response_code"


class RelyingPartySide:
    """Answers relying parties."""

    def __init__(
        self,
        *,
        callers: Callers,
        asker: Asker,
        presentations: Presentations,
        held: HeldAnswers,
        registry: RegistryInForce,
        rates: SharedRates,
        turns: Turns,
    ) -> None:
        self._callers = callers
        self._asker = asker
        self._presentations = presentations
        self._held = held
        self._registry = registry
        self._rates = rates
        self._turns = turns

    async def caller(self, request: Request) -> tuple[Caller, RequestHead]:
        """Return who sends ``request``.

        Raises:
            RequestError: ``policy.*``, ``system.*``, or a header field stands twice.
        """
        head = read_head(request.scope["headers"], correlation_id=request.state.correlation_id)
        return await self._callers.identified(head, method=request.method, path=request.scope["path"]), head

    async def begin(self, request: Request) -> Response:
        """Begin a request to a wallet.

        Raises:
            RequestError: The order is not in order, or this node cannot take it now.
        """
        caller, head = await self.caller(request)
        party = caller.relying_party
        _refuse_query(request)
        members = await _members(request, head)
        self._asker.require_certificate(at=self._turns.clock.now())
        told = await self._rates.take(party.id)
        turn = self._turns.begin()
        clients = self._registry.registration(party.id).clients
        return_uris = frozenset(uri for client in clients if client.enabled for uri in client.redirect_uris)
        order = read_order(members, party=party, return_uris=return_uris, state=turn.state, at=turn.at)
        client_id = self._asker.client_id(order.prefix, at=turn.at)
        begun = await self._presentations.begin(order, party=party, client_id=client_id, at=turn.at)
        kept = Presentation(party.id, begun.ends_at, begun.link)
        link = wallet_link(client_id=client_id, request_uri=self._asker.request_uri(begun.link))
        document = {**self._document(begun.id, kept), "page": self._asker.page_uri(begun.link), "wallet_link": link}
        return _answer(document, caller, status=201, rates=told)

    async def look(self, request: Request, handle: str) -> Response:
        """Return how a presentation stands; with ``response_code``, what a browser brought back, once.

        Raises:
            RequestError: ``input.not_found``, ``policy.*``, or the query has anything else.
        """
        caller, _ = await self.caller(request)
        code, owner = _response_code(request), caller.relying_party.id
        found = await self._presentations.find(handle, owner=owner)
        if code is not None:
            await self._held.fetch(code, handle)
            found = await self._presentations.find(handle, owner=owner)
        return _answer(self._document(handle, found), caller)

    async def cancel(self, request: Request, handle: str) -> Response:
        """End a presentation, and forget what was answered.

        Raises:
            RequestError: ``input.not_found`` or ``policy.*``.
        """
        caller, _ = await self.caller(request)
        _refuse_query(request)
        await self._presentations.cancel(handle, owner=caller.relying_party.id)
        return Response(status_code=204, headers={**caller.told, "cache-control": "no-store"})

    def _document(self, handle: str, found: Presentation) -> Mapping[str, Any]:
        at = self._turns.clock.now()
        document = document_of(handle, found, at=at)
        return {"schema": SCHEMA, **document, "expires_at": instant_text(found.ends_at)}


async def _members(request: Request, head: RequestHead) -> Any:
    refuse_media(head)
    most = LIMITS.presentation_order_bytes
    octets = await read_body(request.receive, max_bytes=bound_of(head, max_bytes=most))
    try:
        return strict_json.parse(octets, max_bytes=most)
    except InputError as error:
        raise RequestError("input.request_malformed", f"the body is not strict JSON: {error.detail}") from None


def _refuse_query(request: Request) -> None:
    if request.scope["query_string"]:
        raise RequestError("input.request_malformed", "this address takes no query")


def _response_code(request: Request) -> str | None:
    pairs = request.query_params.multi_items()
    if not request.scope["query_string"]:
        return None
    if len(pairs) != 1 or pairs[0][0] != _CODE:
        raise RequestError("input.request_malformed", "the query is `response_code`, once, or nothing")
    return pairs[0][1]


def _answer(document: Mapping[str, Any], caller: Caller, *, status: int = 200, rates: Told = ()) -> Response:
    limits = {name.decode(): text.decode() for name, text in rates}
    headers = {**limits, **caller.told, "cache-control": "no-store"}
    return Response(json_octets(document), status, media_type="application/json", headers=headers)


def relying_party_router(side: RelyingPartySide) -> APIRouter:
    """Return the routes for relying parties."""
    router = APIRouter(tags=["presentations"])
    one = PATH + "/{id}"

    @router.post(
        PATH, summary="Ask a wallet", status_code=201, response_class=Response, openapi_extra=begin_operation()
    )
    async def begin(request: Request) -> Response:
        return await side.begin(request)

    @router.get(one, summary="How it stands", response_class=Response, openapi_extra=look_operation())
    async def look(request: Request) -> Response:
        return await side.look(request, request.path_params["id"])

    @router.delete(one, summary="Cancel", status_code=204, response_class=Response, openapi_extra=cancel_operation())
    async def cancel(request: Request) -> Response:
        return await side.cancel(request, request.path_params["id"])

    return router
