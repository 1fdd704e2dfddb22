"""``GET /v1/trust[/{state}]``: which lists and services this node relies on, by edition.

The answer depends on the trust snapshot alone, so that the snapshot's id is its entity tag (RFC 9110 section 8.8.3):
history and ``next_update`` are given as dates, and the reader's own clock says what is in force.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Response

from idbridge.model.region import MemberState
from idbridge.trust import document
from idbridge.trust.snapshot import TrustSnapshot
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.schemas import answers
from idbridge_gateway.node import TrustInForce

SCHEMA: Final = "idbridge-trust-1"
STATE_SCHEMA: Final = "idbridge-state-trust-1"
IfNoneMatch = Annotated[str | None, Header(description="The entity tag of the copy that the caller holds.")]


def trust_router(trust: TrustInForce) -> APIRouter:
    """Return the routes of the trust material."""
    router = APIRouter(tags=["trust"])

    @router.get(
        "/v1/trust",
        summary="Every member state's list: edition, freshness, number of services",
        response_class=Response,
        responses=_tagged("Trust"),
    )
    async def all_states(if_none_match: IfNoneMatch = None) -> Response:
        snapshot = trust.current().snapshot
        if _held(if_none_match, snapshot):
            return _not_modified(snapshot)
        return _answer(snapshot, overview(snapshot))

    @router.get(
        "/v1/trust/{state}",
        summary="One member state's list with its services and their history",
        response_class=Response,
        responses=_tagged("StateTrust", 400),
    )
    async def one_state(state: MemberState, if_none_match: IfNoneMatch = None) -> Response:
        snapshot = trust.current().snapshot
        if _held(if_none_match, snapshot):
            return _not_modified(snapshot)
        return _answer(snapshot, state_document(snapshot, state))

    return router


def overview(snapshot: TrustSnapshot) -> dict[str, Any]:
    """Return how this node gets its lists, and all eleven states, listed or not, as JSON values."""
    return {
        **_head(SCHEMA, snapshot),
        "distribution": document.distribution(snapshot),
        "states": document.state_rows(snapshot),
    }


def state_document(snapshot: TrustSnapshot, state: MemberState) -> dict[str, Any]:
    """Return one state's list with its services, as JSON values."""
    services = document.service_rows(snapshot, state)
    return {**_head(STATE_SCHEMA, snapshot), **document.list_row(snapshot, state), "services": services}


def _tagged(name: str, *problems: int) -> dict[int | str, dict[str, Any]]:
    return {**answers(name, *problems), 304: {"description": "The copy that the caller holds is current."}}


def _tag(snapshot: TrustSnapshot) -> str:
    return f'"{snapshot.id}"'


def tags_in(tags: str | None) -> set[str]:
    """Return the entity tags of an ``If-None-Match``, compared weakly (RFC 9110 section 13.1.2)."""
    return {tag.strip().removeprefix("W/") for tag in (tags or "").split(",")}


def _held(tags: str | None, snapshot: TrustSnapshot) -> bool:
    return bool(tags_in(tags) & {_tag(snapshot), "*"})


def _not_modified(snapshot: TrustSnapshot) -> Response:
    return Response(status_code=304, headers=_headers(snapshot))


def _answer(snapshot: TrustSnapshot, document: dict[str, Any]) -> Response:
    return Response(json_octets(document), media_type="application/json", headers=_headers(snapshot))


def _headers(snapshot: TrustSnapshot) -> dict[str, str]:
    return {"etag": _tag(snapshot), "cache-control": "public, no-cache"}


def _head(schema: str, snapshot: TrustSnapshot) -> dict[str, Any]:
    return {"schema": schema, "environment": snapshot.environment.value, "trust_snapshot": snapshot.id}
