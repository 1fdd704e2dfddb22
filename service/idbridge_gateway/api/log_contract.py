"""What OpenAPI says of the log and of receipts."""

from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.tlog.leaf import LeafType
from idbridge.verify.schema import RECEIPT
from idbridge_gateway.admin.contract import SCHEME
from idbridge_gateway.api.schemas import JSON_MEDIA, RELYING_PARTY, answers, reference

TEXT_MEDIA: Final = "text/plain; charset=utf-8"
OCTETS_MEDIA: Final = "application/octet-stream"
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_DIGEST: Final = {"type": "string", "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"}
_STATE: Final = {"enum": [state.value for state in sorted(MemberState)]}
_INSTANT: Final = {"type": "string", "format": "date-time"}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **optional},
        "additionalProperties": False,
    }


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"oneOf": [schema, {"type": "null"}]}


SCHEMAS: Final[dict[str, Any]] = {
    "Receipt": _object({
        "schema": {"const": "idbridge-receipt-1"},
        "environment": {"enum": [one.value for one in Environment]},
        "report_id": _TEXT,
        "receipt": {
            **RECEIPT,
            "properties": {**RECEIPT["properties"], "opening": _or_null(RECEIPT["properties"]["opening"])},
        },
    }),
    "AttestationRequest": _object({"digest": _DIGEST}),
    "AttestationReceipt": _object({
        "schema": {"const": "idbridge-attestation-receipt-1"},
        "environment": {"enum": [one.value for one in Environment]},
        "digest": _DIGEST,
        "receipt": {**RECEIPT, "properties": {**RECEIPT["properties"], "opening": {"type": "null"}}},
    }),
    "ReceiptCheckRequest": _object(
        {"receipt": {"type": "string", "minLength": 1, "maxLength": LIMITS.receipt_bytes}},
        credential={"type": "string", "minLength": 1, "maxLength": LIMITS.body_bytes},
        assertion={"type": "string", "minLength": 1, "maxLength": LIMITS.token_bytes},
    ),
    "ReceiptCheck": _object({
        "schema": {"const": "idbridge-receipt-check-1"},
        "environment": {"enum": [one.value for one in Environment]},
        "evaluated_at": _INSTANT,
        "proven": {"type": "boolean"},
        "reason": _or_null(
            _object({"code": _TEXT, "clause": _TEXT, "remedy": _TEXT, "retryable": {"type": "boolean"}})
        ),
        "log": _or_null(_object({"origin": _TEXT, "state": _STATE, "index": _COUNT, "size": _COUNT})),
        "leaf": _or_null(
            _object({
                "type": {"enum": [kind.value for kind in LeafType]},
                "at_ms": _COUNT,
                "members": {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
            })
        ),
        "witnesses": {"type": "array", "items": _object({"state": _STATE, "at": _INSTANT})},
    }),
}  # fmt: skip


def octets_answers(media: str, *problems: int) -> dict[int | str, dict[str, Any]]:
    """Return the answers of an operation that gives a file of the log."""
    content = {media: {"schema": {"type": "string"} if media == TEXT_MEDIA else {"type": "string", "format": "binary"}}}
    return {**answers("Problem", *problems), 200: {"description": "The octets.", "content": content}}


def tile_operation() -> dict[str, Any]:
    """Return what OpenAPI says of a tile beside its address."""
    return {"security": [{}, {SCHEME: []}]}


def receipt_operation() -> dict[str, Any]:
    """Return what OpenAPI says of a receipt that is made again."""
    return {"security": RELYING_PARTY}


def attestation_operation() -> dict[str, Any]:
    """Return what OpenAPI says of the digest of an attestation that is written down."""
    body = {"required": True, "content": {JSON_MEDIA: {"schema": reference("AttestationRequest")}}}
    return {"requestBody": body, "security": RELYING_PARTY}


def check_operation() -> dict[str, Any]:
    """Return what OpenAPI says of the check of a receipt."""
    body = {"required": True, "content": {JSON_MEDIA: {"schema": reference("ReceiptCheckRequest")}}}
    return {"requestBody": body}
