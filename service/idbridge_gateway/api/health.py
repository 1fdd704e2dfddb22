"""``/healthz``, ``/readyz`` and ``/.well-known/jwks.json``: is this node alive, can it decide, which keys has it."""

from typing import Any

from fastapi import APIRouter, Response

from idbridge.clock import Clock
from idbridge.crypto.signer import Signer
from idbridge.errors import RequestError
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.schemas import answers
from idbridge_gateway.node import TrustInForce

_FRESH = {"cache-control": "no-store"}
_CACHED = {"cache-control": "public, max-age=300"}


def health_router(*, trust: TrustInForce, clock: Clock, signer: Signer) -> APIRouter:
    """Return the routes that say how this node is."""
    router = APIRouter(tags=["node"])
    keys = json_octets({"keys": [public_key_document(signer)]})

    @router.get("/healthz", summary="Is it alive", response_class=Response, responses=answers("Health"))
    async def alive() -> Response:
        return Response(json_octets({"status": "up"}), media_type="application/json", headers=_FRESH)

    @router.get("/readyz", summary="Can it decide", response_class=Response, responses=answers("Readiness", 503))
    async def ready() -> Response:
        """One usable list is enough: a state whose list is missing or stale holds up nobody else's."""
        state = trust.current()
        usable = state.usable_states(clock.now())
        if not usable:
            raise RequestError("system.not_ready")
        document = {"status": "ready", "trust_snapshot": state.snapshot.id, "usable_states": usable}
        return Response(json_octets(document), media_type="application/json", headers=_FRESH)

    @router.get(
        "/.well-known/jwks.json",
        summary="The keys under which this node signs assertions",
        response_class=Response,
        responses=answers("Jwks"),
    )
    async def jwks() -> Response:
        return Response(keys, media_type="application/json", headers=_CACHED)

    return router


def public_key_document(signer: Signer) -> dict[str, Any]:
    """Return the public half of a signing key as a member of a JWKS (RFC 7517 section 5)."""
    return {**signer.public_jwk, "kid": signer.kid, "alg": signer.algorithm, "use": "sig"}
