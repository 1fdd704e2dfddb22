"""``GET /v1/recognition?for=&purpose=``: whose credentials a state recognises for a purpose, and why not the others'.

The table asks the same standings that step V7 of the pipeline asks, so that the two cannot disagree.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from idbridge.clock import Clock
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.recognition.table import recognition_table
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.schemas import answers
from idbridge_gateway.node import NodeState, TrustInForce

SCHEMA: Final = "idbridge-recognition-1"
ForState = Annotated[MemberState, Query(alias="for", description="The state that would recognise.")]
PurposeCode = Annotated[
    str,
    Query(
        description="A code of the purpose register.",
        min_length=1,
        max_length=LIMITS.identifier_characters,
        examples=["account-opening"],
    ),
]


def recognition_router(*, trust: TrustInForce, clock: Clock) -> APIRouter:
    """Return the route of the recognition table."""
    router = APIRouter(tags=["recognition"])

    @router.get(
        "/v1/recognition",
        summary="Each member state: recognised or why not, at which level, in which formats, by which arrangement",
        response_class=Response,
        responses=answers("Recognition", 400),
    )
    async def table(request: Request, by: ForState, purpose: PurposeCode) -> Response:
        _refuse_ambiguity(request)
        document = recognition_document(trust.current(), by=by, purpose=purpose, clock=clock)
        return Response(json_octets(document), media_type="application/json", headers={"cache-control": "no-cache"})

    return router


def recognition_document(state: NodeState, *, by: MemberState, purpose: str, clock: Clock) -> dict[str, Any]:
    """Return the table as JSON values; the purpose is repeated only if the register knows it.

    Raises:
        RequestError: The register does not know the purpose.
    """
    snapshot, at = state.snapshot, clock.now()
    if snapshot.purposes.find(purpose) is None:
        raise RequestError("input.request_malformed", "`purpose` is not in the purpose register")
    rows = recognition_table(
        snapshot.listed_states(), standings=state.verifier.standings, by=by, purpose=purpose, at=at
    )
    return {
        "schema": SCHEMA,
        "environment": snapshot.environment.value,
        "trust_snapshot": snapshot.id,
        "for": by.value,
        "purpose": purpose,
        "evaluated_at": instant_text(at),
        "states": [row.render() for row in rows],
    }


def _refuse_ambiguity(request: Request) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    if sorted(names) != ["for", "purpose"]:
        raise RequestError("input.request_malformed", "the query is `for` and `purpose`, each once")
