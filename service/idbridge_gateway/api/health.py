"""``/healthz``, ``/readyz`` and ``/.well-known/jwks.json``: is this node alive, can it decide, which keys has it."""

from typing import Any, Final

from fastapi import APIRouter, Response

from idbridge.clock import Clock
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.schemas import answers
from idbridge_gateway.node import TrustInForce
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.signing import IssuingInForce
from idbridge_gateway.standing import Standing

_FRESH: Final = {"cache-control": "no-store"}
# A copy lives as long as an assertion: it knows a new key a day before that signs (the publication lead), and a key
# that was taken back no longer than what that signed last.
_CACHED: Final = {"cache-control": f"public, max-age={int(LIMITS.assertion_lifetime.total_seconds())}, must-revalidate"}


def health_router(
    *,
    trust: TrustInForce,
    issuing: IssuingInForce,
    clock: Clock,
    registry: RegistryInForce,
    standing: Standing,
    encryption: tuple[dict[str, Any], ...] = (),
) -> APIRouter:
    """Return the routes that say how this node is; ``encryption`` are the public keys that others encrypt to."""
    router = APIRouter(tags=["node"])
    _add_alive(router)

    @router.get("/readyz", summary="Can it decide", response_class=Response, responses=answers("Readiness", 503))
    async def ready() -> Response:
        """One usable list is enough: a state whose list is missing or stale holds up nobody else's.

        A registry that is out of reach holds up nobody either: whoever was registered last is served.
        """
        document = _readiness(trust, standing, clock)
        document["registrations"] = {"current": not registry.trouble, "as_of": instant_text(registry.as_of)}
        return Response(json_octets(document), media_type="application/json", headers=_FRESH)

    @router.get(
        "/.well-known/jwks.json",
        summary="The keys under which this node signs assertions, and those that tokens are encrypted to",
        response_class=Response,
        responses=answers("Jwks"),
    )
    async def jwks() -> Response:
        keys = issuing.current().key_set(trust.in_force.snapshot, at=clock.now())
        keys["keys"].extend(encryption)
        return Response(json_octets(keys), media_type="application/json", headers=_CACHED)

    return router


def witness_health_router(*, trust: TrustInForce, clock: Clock, standing: Standing) -> APIRouter:
    """Return the routes that say how a witness without a node is: it has neither registrations nor assertion keys."""
    router = APIRouter(tags=["witness"])
    _add_alive(router)

    @router.get("/readyz", response_class=Response)
    async def ready() -> Response:
        document = _readiness(trust, standing, clock)
        return Response(json_octets(document), media_type="application/json", headers=_FRESH)

    return router


def _add_alive(router: APIRouter) -> None:
    @router.get("/healthz", summary="Is it alive", response_class=Response, responses=answers("Health"))
    async def alive() -> Response:
        return Response(json_octets({"status": "up"}), media_type="application/json", headers=_FRESH)


def _readiness(trust: TrustInForce, standing: Standing, clock: Clock) -> dict[str, Any]:
    """Return what a node or witness that is ready says of the lists that it goes by.

    Raises:
        RequestError: ``system.not_ready``.
    """
    if standing.against:
        raise RequestError("system.not_ready", "; ".join(standing.against))
    state = trust.current()
    usable = state.usable_states(clock.now())
    if not usable:
        raise RequestError("system.not_ready")
    return {"status": "ready", "trust_snapshot": state.snapshot.id, "usable_states": usable}
