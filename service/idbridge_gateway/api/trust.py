"""``GET /v1/trust[/{state}]``: which lists and services this node relies on, by edition.

The answer depends on the trust snapshot alone, so that the snapshot's id is its entity tag (RFC 9110 section 8.8.3):
history and ``next_update`` are given as dates, and the reader's own clock says what is in force.
"""

import hashlib
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Response

from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.model.trust import ListProvenance, StatusPeriod, TrustService
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
    """Return all eleven states, listed or not, as JSON values."""
    rows = [{**_list(snapshot, state), "services": len(_services(snapshot, state))} for state in sorted(MemberState)]
    return {**_head(SCHEMA, snapshot), "states": rows}


def state_document(snapshot: TrustSnapshot, state: MemberState) -> dict[str, Any]:
    """Return one state's list with its services, as JSON values."""
    services = [_service(service) for service in _services(snapshot, state)]
    return {**_head(STATE_SCHEMA, snapshot), **_list(snapshot, state), "services": services}


def _tagged(name: str, *problems: int) -> dict[int | str, dict[str, Any]]:
    return {**answers(name, *problems), 304: {"description": "The copy that the caller holds is current."}}


def _tag(snapshot: TrustSnapshot) -> str:
    return f'"{snapshot.id}"'


def _held(tags: str | None, snapshot: TrustSnapshot) -> bool:
    offered = {tag.strip().removeprefix("W/") for tag in (tags or "").split(",")}
    return bool(offered & {_tag(snapshot), "*"})


def _not_modified(snapshot: TrustSnapshot) -> Response:
    return Response(status_code=304, headers=_headers(snapshot))


def _answer(snapshot: TrustSnapshot, document: dict[str, Any]) -> Response:
    return Response(json_octets(document), media_type="application/json", headers=_headers(snapshot))


def _headers(snapshot: TrustSnapshot) -> dict[str, str]:
    return {"etag": _tag(snapshot), "cache-control": "public, no-cache"}


def _head(schema: str, snapshot: TrustSnapshot) -> dict[str, Any]:
    return {"schema": schema, "environment": snapshot.environment.value, "trust_snapshot": snapshot.id}


def _services(snapshot: TrustSnapshot, state: MemberState) -> tuple[TrustService, ...]:
    return snapshot.services_of(state) if state in snapshot.lists else ()


def _list(snapshot: TrustSnapshot, state: MemberState) -> dict[str, Any]:
    if state not in snapshot.lists:
        code = snapshot.states_without_list.get(state, "trust.not_configured")
        return {"state": state.value, "listed": False, "code": code, **dict.fromkeys(_EDITION)}
    provenance = snapshot.provenance(state)
    return {"state": state.value, "listed": True, "code": None, **_edition(provenance)}


_EDITION: Final = ("tier", "sequence", "digest", "issued_at", "next_update", "signer", "distribution")


def _edition(provenance: ListProvenance) -> dict[str, Any]:
    return {
        "tier": provenance.tier.value,
        "sequence": provenance.sequence,
        "digest": provenance.digest,
        "issued_at": instant_text(provenance.issued_at),
        "next_update": instant_text(provenance.next_update),
        "signer": provenance.signer,
        "distribution": provenance.distribution,
    }


def _service(service: TrustService) -> dict[str, Any]:
    profile = service.profile
    return {
        "service_id": service.service_id,
        "provider": service.provider,
        "name": service.name,
        "type": service.service_type.value,
        "issuer": service.issuer,
        "formats": sorted(form.value for form in profile.formats),
        "algorithms": sorted(profile.algorithms),
        "credential_types": sorted(profile.credential_types),
        "holder_binding": profile.holder_binding.value,
        "leeway_s": int(profile.leeway.total_seconds()),
        "keys": [{"kid": key.kid, "thumbprint": key.thumbprint} for key in service.keys],
        "anchors": [hashlib.sha256(anchor).hexdigest() for anchor in service.anchors],
        "levels": [
            {"national": rung.national, "identity": str(rung.identity), "authentication": str(rung.authentication)}
            for rung in profile.ladder
        ],
        "history": [_period(period) for period in service.history],
    }


def _period(period: StatusPeriod) -> dict[str, Any]:
    until = period.validity.end
    return {
        "status": period.status.value,
        "from": instant_text(period.validity.start),
        "until": instant_text(until) if until is not None else None,
    }
