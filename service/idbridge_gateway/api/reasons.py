"""``GET /v1/reasons[/{code}]``: the reason catalogue, which every problem's ``type`` points into."""

from typing import Final

from fastapi import APIRouter, Response

from idbridge.errors import RequestError
from idbridge.reasons import REASONS
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.schemas import answers

SCHEMA: Final = "idbridge-reasons-1"
_CACHED: Final = {"cache-control": "public, max-age=300"}


def reasons_router() -> APIRouter:
    """Return the routes of the catalogue."""
    router = APIRouter(tags=["reasons"])

    @router.get(
        "/v1/reasons",
        summary="Every reason code, what it means and what to do about it",
        response_class=Response,
        responses=answers("Reasons"),
    )
    async def list_reasons() -> Response:
        document = {"schema": SCHEMA, "reasons": [entry.document() for entry in REASONS.values()]}
        return Response(json_octets(document), media_type="application/json", headers=_CACHED)

    @router.get(
        "/v1/reasons/{code}",
        summary="One reason code",
        response_class=Response,
        responses=answers("Reason", 404),
    )
    async def show_reason(code: str) -> Response:
        if code not in REASONS:
            raise RequestError("input.not_found", "there is no such reason code")
        return Response(json_octets(REASONS[code].document()), media_type="application/json", headers=_CACHED)

    return router
