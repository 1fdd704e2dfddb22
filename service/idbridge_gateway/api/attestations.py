"""``POST /v1/attestations``: a relying party has the digest of an attestation written into the log of this node.

What is attested is not looked at, and nothing but the digest is kept: the leaf says who had it written down and when,
so that an attestation can be shown later to have been there, unchanged. Clauses: C2SP tlog-proof; architecture D8.
"""

from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response

from idbridge.codec import strict_json
from idbridge.errors import InputError, RequestError
from idbridge.limits import LIMITS
from idbridge.tlog.leaf import LeafType, is_digest
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.body import bound_of, read_body, refuse_media
from idbridge_gateway.api.callers import Callers
from idbridge_gateway.api.head import read_head
from idbridge_gateway.api.log_contract import attestation_operation
from idbridge_gateway.api.schemas import answers
from idbridge_gateway.evidence.leaves import short
from idbridge_gateway.evidence.records import Receipt
from idbridge_gateway.parts import Parts

PATH: Final = "/v1/attestations"
SCHEMA: Final = "idbridge-attestation-receipt-1"
_MEMBERS: Final = frozenset({"digest"})
_PRIVATE: Final = {"cache-control": "no-store"}


class AttestationsDesk:
    """Where digests of attestations are handed in."""

    def __init__(self, parts: Parts, callers: Callers) -> None:
        self._parts = parts
        self._callers = callers

    async def write(self, request: Request) -> Response:
        """Write a digest down, and return the receipt of its leaf.

        Raises:
            RequestError: ``policy.*``; ``input.*``: it is no digest; ``input.not_found``: this node has no log;
                ``system.*``: it could not be written down.
        """
        head = read_head(request.scope["headers"], correlation_id=request.state.correlation_id)
        caller = await self._callers.identified(head, method="POST", path=request.scope["path"])
        await self._parts.shared_rates.take(caller.relying_party.id)
        refuse_media(head)
        digest = _digest(await read_body(request.receive, max_bytes=bound_of(head, max_bytes=LIMITS.leaf_bytes)))
        line, origin = self._parts.evidence.line, self._parts.evidence.records.origin
        if line is None or origin is None:
            raise RequestError("input.not_found", "this node has no log")
        written = await line.append(LeafType.ATTEST, {"rp": short(caller.relying_party.id), "dig": digest})
        receipt = Receipt(origin, written.index, written.receipt.decode("utf-8"), None)
        document = {
            "schema": SCHEMA,
            "environment": self._parts.settings.environment.value,
            "digest": digest,
            "receipt": receipt.document(),
        }
        headers = {**caller.told, **_PRIVATE}
        return Response(json_octets(document), media_type="application/json", headers=headers)


def _digest(octets: bytes) -> str:
    try:
        members = strict_json.parse_object(octets, max_bytes=LIMITS.leaf_bytes)
    except InputError as error:
        raise RequestError("input.request_malformed", f"the body is not strict JSON: {error.detail}") from None
    if members.keys() != _MEMBERS or not is_digest(members["digest"]):
        raise RequestError("input.request_malformed", "the body is an object with `digest`, a SHA-256 in base64url")
    return str(members["digest"])


def install_attestations(app: FastAPI, parts: Parts, callers: Callers) -> None:
    """Take digests of attestations at ``app``."""
    app.include_router(attestations_router(AttestationsDesk(parts, callers)))


def attestations_router(desk: AttestationsDesk) -> APIRouter:
    """Return the route of attestations."""
    router = APIRouter(tags=["log"])

    @router.post(
        PATH,
        summary="Write the digest of an attestation into the log of this node",
        response_class=Response,
        responses=answers("AttestationReceipt", 400, 401, 403, 404, 413, 415, 429, 503),
        openapi_extra=attestation_operation(),
    )
    async def attestation(request: Request) -> Response:
        return await desk.write(request)

    return router
