"""``POST /witness/add-checkpoint``: a log of another state asks this one to confirm that it goes on as it was.

Statuses are those of C2SP tlog-witness: 400 no request, 403 not signed by the log, 404 an unknown log, 409 another old
size (the body says which), 422 a proof that does not lead there.
"""

import asyncio
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.api.body import bound_of, read_body
from idbridge_gateway.api.head import read_head
from idbridge_gateway.api.schemas import answers
from idbridge_gateway.evidence.witness import SIZE_MEDIA, TEXT_MEDIA, UNUSABLE, WitnessDesk, witness_of
from idbridge_gateway.evidence.witness_refusals import WitnessRefusals
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.node import TrustInForce
from idbridge_gateway.parts import Parts

PATH: Final = "/witness/add-checkpoint"
_TEXT: Final = {TEXT_MEDIA: {"schema": {"type": "string"}}}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    **answers("Problem", 413, 503),
    200: {"description": "Lines of signatures, to be added to the checkpoint.", "content": _TEXT},
    400: {"description": "The body is no request to cosign.", "content": _TEXT},
    403: {"description": "No key of the log signed the checkpoint.", "content": _TEXT},
    404: {"description": "This node is no witness, or none of this log.", "content": _TEXT},
    409: {
        "description": "Another tree was cosigned last: of this size.",
        "content": {SIZE_MEDIA: {"schema": {"type": "string"}}},
    },
    422: {"description": "The proof does not lead from the old tree to the new one.", "content": _TEXT},
}
_BODY: Final = {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}}


def install_witness(app: FastAPI, parts: Parts) -> None:
    """Let the node of ``app`` be a witness, if its settings name a key for that."""
    desk, refusals = witness_of(parts.settings, clock=parts.turns.clock), WitnessRefusals(parts.evidence.line)
    app.include_router(witness_router(parts.turns.trust, desk, refusals))


def witness_router(trust: TrustInForce, desk: WitnessDesk | None, refusals: WitnessRefusals) -> APIRouter:
    """Return the route of the witness, of a node or of one that is nothing else; ``refusals`` are written down."""
    router = APIRouter(tags=["log"])

    @router.post(
        PATH,
        summary="Cosign a checkpoint of another state's log",
        response_class=Response,
        responses=_ANSWERS,
        openapi_extra={"requestBody": _BODY},
    )
    async def add_checkpoint(request: Request) -> Response:
        head = read_head(request.scope["headers"], correlation_id=request.state.correlation_id)
        most = LIMITS.receipt_bytes
        body = await read_body(request.receive, max_bytes=bound_of(head, max_bytes=most))
        if desk is None:
            return Response("this node is no witness\n", 404, media_type=TEXT_MEDIA)
        snapshot = trust.current().snapshot
        try:
            answer = await asyncio.to_thread(desk.answer, body, snapshot)
        except UNUSABLE as broken:
            JOURNAL.error("nothing is cosigned: %s", broken)
            raise RequestError("system.not_ready", "what was cosigned last cannot be told") from None
        if answer.refusal is not None:
            await refusals.note(answer.refusal)
        return Response(answer.text, answer.status, media_type=answer.media)

    return router
