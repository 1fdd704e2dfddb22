"""Schemas: what a verification takes and gives, as JSON Schema (draft 2020-12).

Data and nothing else: the OpenAPI document, the pages of ``docs/reference`` and the tests take it from here. Every
member of a report is always there; what there is nothing to say about is ``null``. Clause: the interface page, Verify.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.check import Result, Step
from idbridge.model.credential import HolderMethod
from idbridge.model.region import AssuranceLevel, CommitmentTier, Environment, Format, MemberState, ServiceType
from idbridge.model.request import THUMBPRINT, Detail
from idbridge.model.trust import EntitySubject, ServiceStatus
from idbridge.reasons import Indication
from idbridge.verify.minimise import Withheld
from idbridge.verify.report import SCHEMA

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_INSTANT: Final[dict[str, Any]] = {"type": "string", "format": "date-time", "pattern": "Z$"}
_DIGEST: Final[dict[str, Any]] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_CODE: Final[dict[str, Any]] = {"type": "string", "pattern": "^[a-z][a-z_0-9]*\\.[a-z_0-9]+$"}
_IDENTIFIER: Final[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": LIMITS.identifier_characters}


def _object(required: Mapping[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **optional},
        "additionalProperties": False,
    }


def _list(of: Mapping[str, Any], **bounds: int) -> dict[str, Any]:
    return {"type": "array", "items": of, **bounds}


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _words(vocabulary: Any) -> dict[str, Any]:
    return {"enum": [word.value for word in vocabulary]}


_STATE: Final = {"enum": sorted(state.value for state in MemberState)}
_LEVEL: Final = {"enum": [level.name for level in AssuranceLevel]}
_ENTITY: Final = _object({"scheme": _IDENTIFIER, "value": _IDENTIFIER})
_SESSION: Final = _object(
    {},
    client_id=_IDENTIFIER,
    response_uri=_IDENTIFIER,
    origin=_IDENTIFIER,
    encryption_jwk_thumbprint={"type": "string", "pattern": f"^{THUMBPRINT}$", "maxLength": 43},
) | {
    "description": "How the wallet was asked: over the Digital Credentials API (`origin`), or by redirect.",
    "oneOf": [{"required": ["origin"]}, {"required": ["client_id", "response_uri"]}],
    "dependentSchemas": {"origin": {"properties": {"response_uri": False}}},
}

_HASHED: Final = {"type": "string", "minLength": 1, "maxLength": LIMITS.token_bytes}
_LOGIN: Final = {
    "max_age": {
        "type": "integer",
        "minimum": 0,
        "maximum": int(LIMITS.login_age.total_seconds()),
        "description": "Seconds since the person logged in, at most; the token then has to say when that was.",
    },
    "access_token": {**_HASHED, "description": "That of the same login; the token then has to hold its `at_hash`."},
    "code": {**_HASHED, "description": "That of the same login; the token then has to hold its `c_hash`."},
    "state": {**_HASHED, "description": "That of the same login; the token then has to hold its `s_hash`."},
}

_REQUEST: Final = _object(
    {
        "credential": {
            "type": "string",
            "description": "One credential or token of any format, as received; a vp_token as its JSON text.",
        },
        "purpose": {**_IDENTIFIER, "description": "A code of the purpose register."},
    },
    format={**_words(Format), "description": "Refused if the credential turns out to be of another format."},
    purpose_text={
        "type": "string",
        "minLength": LIMITS.purpose_text_min_characters,
        "maxLength": LIMITS.purpose_text_max_characters,
        "description": "What the person read.",
    },
    expected=_object(
        {}, nonce=_IDENTIFIER, audience=_IDENTIFIER, loa=_LEVEL, entity=_ENTITY, session=_SESSION, **_LOGIN
    ),
    userinfo={
        "type": "string",
        "minLength": 1,
        "maxLength": LIMITS.body_bytes,
        "description": "A signed userinfo response of the same login, whose claims then count beside the ID token's.",
    },
    claims=_list(_IDENTIFIER, maxItems=LIMITS.requested_claims) | {"uniqueItems": True},
    dcql={"type": "object", "description": "The query that went to the wallet (OpenID4VP 1.0, section 6)."},
    transaction_data={
        **_list({"type": "string", "minLength": 1}, minItems=1, maxItems=LIMITS.transactions),
        "description": "What went to the wallet to be authorised (OpenID4VP 1.0, section 8.4).",
    },
    time_evidence=_object(
        {"receipt": {"type": "string", "minLength": 1, "maxLength": LIMITS.receipt_bytes}},
        shown={
            "type": "string",
            "minLength": 1,
            "maxLength": LIMITS.body_bytes,
            "description": "The text that was verified when the receipt was made, if it was not this very one.",
        },
    )
    | {"description": "A receipt with its opening. It counts if the service that issued the credential has ended."},
    assertion=_object({"audience": _IDENTIFIER}),
    detail=_words(Detail),
)

RECEIPT: Final = _object(
    {
        "origin": _TEXT,
        "index": {"type": "integer", "minimum": 0},
        "proof": {"type": "string", "minLength": 1, "maxLength": LIMITS.receipt_bytes},
        "opening": _object({"key": _TEXT, "assertion": _TEXT}),
    }
) | {
    "description": "What proves this answer, offline: its place in the log `origin`, a tlog-proof, and what opens its "
    "commitment. The same opening is in the extra line of the proof."
}

_REASON: Final = _object(
    {"code": _CODE, "step": _words(Step), "clause": _TEXT, "remedy": _TEXT, "retryable": _FLAG},
    retry_after_s={"type": "integer", "minimum": 1},
    note={**_TEXT, "description": "For a mismatch of an expectation: what would have been accepted."},
)
_CHECK: Final = _object(
    {"id": _TEXT, "step": _words(Step), "result": _words(Result), "clause": _TEXT}, code=_CODE, note=_TEXT
)
_REPRESENTS: Final = _object({
    "entity": _object({"scheme": _TEXT, "value": _TEXT}),
    "power": _or_null(_list(_TEXT)),
    "until": _or_null(_INSTANT),
    "acting": _words(EntitySubject),
    "name": _or_null(_TEXT),
    "scope": _list(_TEXT),
    "valid_from": _or_null(_INSTANT),
    "valid_until": _or_null(_INSTANT),
})  # fmt: skip

_SIMPLE: Final[dict[str, Any]] = {
    "schema": {"const": SCHEMA},
    "report_id": _TEXT,
    "environment": _words(Environment),
    "indication": _words(Indication),
    "accepted": _FLAG,
    "reason": _or_null(_REASON),
    "summary": _TEXT,
    "format": _or_null(_words(Format)),
    "issuer": _or_null(_object({"state": _STATE, "id": _TEXT, "name": _TEXT})),
    "assurance": _or_null(
        _object({
            "loa": _LEVEL,
            "identity": _LEVEL,
            "authentication": _LEVEL,
            "national": _or_null(_TEXT),
            "mapping": _TEXT,
        })
    ),
    "recognition": _object({
        "by": _STATE,
        "purpose": _or_null(_TEXT),
        "arrangement": _or_null(_TEXT),
        "version": _or_null({"type": "integer", "minimum": 1}),
        "limits": _list(_TEXT),
    }),
    "holder": _or_null(_object({"bound": _FLAG, "method": _words(HolderMethod)})),
    "status": _or_null(_object({"state": _TEXT, "as_of": _or_null(_INSTANT)})),
    "represents": _or_null(_REPRESENTS),
    "claims": {"type": "object", "description": "Regional claim names; empty unless the report counts."},
    "not_released": _list(_object({"claim": _TEXT, "why": _words(Withheld)})),
    "trust_snapshot": _DIGEST,
    "status_snapshot": _DIGEST,
    "policy": _object({"id": _TEXT, "version": {"type": "integer"}}),
    "evaluated_at": _INSTANT,
    "historical": _FLAG,
    "verifier_version": _TEXT,
    "assertion": _or_null(_TEXT),
    "receipt": _or_null(RECEIPT),
}  # fmt: skip

_TIME_EVIDENCE: Final = _object({
    "proven_by": _INSTANT,
    "log": _object({
        "origin": _TEXT,
        "state": _STATE,
        "index": {"type": "integer", "minimum": 0},
        "size": {"type": "integer", "minimum": 1},
    }),
    "witnesses": _list(_object({"state": _STATE, "at": _INSTANT}), minItems=1),
})  # fmt: skip

_TRUST: Final = _object({
    "list": _object({
        "state": _STATE,
        "sequence": {"type": "integer", "minimum": 1},
        "digest": _DIGEST,
        "issued_at": _INSTANT,
        "next_update": _INSTANT,
        "freshness": {"enum": ["fresh", "stale"]},
        "signer": _TEXT,
        "tier": _words(CommitmentTier),
        "distribution": _TEXT,
    }),
    "service": _object({
        "id": _DIGEST,
        "type": _words(ServiceType),
        "status": _or_null(_words(ServiceStatus)),
        "since": _or_null(_INSTANT),
    }),
    "key": _object({"thumbprint": _TEXT, "through": {"enum": ["list", "chain"]}}),
    "time_evidence": _or_null(_TIME_EVIDENCE),
})  # fmt: skip

_DETAILED: Final[dict[str, Any]] = {
    **_SIMPLE,
    "reasons": _list(_REASON),
    "checks": _list(_CHECK, minItems=1),
    "trust": _or_null(_TRUST),
    "dcql": _or_null(
        _object(
            {
                "satisfied": _FLAG,
                "missing": _list(_TEXT),
                "unsatisfied_sets": _list({"type": "integer", "minimum": 0}),
            }
        )
    ),
}
_EVIDENCE: Final[dict[str, Any]] = {
    **_DETAILED,
    "digests": _object({"arrangement": _or_null(_DIGEST), "purposes": _or_null(_DIGEST)}),
    "chain": _list(_object({"sha256": _DIGEST})),
    "sub_indication": _or_null(_TEXT),
}

VERIFY_REQUEST: Final[Mapping[str, Any]] = MappingProxyType({
    "title": "VerifyRequest",
    **_REQUEST,
    "description": "The caller can only narrow what its registration allows; any other member is refused.",
})  # fmt: skip
BATCH_REQUEST: Final[Mapping[str, Any]] = MappingProxyType({
    "title": "VerifyBatch",
    # Each item is judged by itself, so that one that is broken cannot fail the others.
    **_object({"items": {"type": "array", "minItems": 1, "maxItems": LIMITS.batch_items}}),
    "description": "Items are verify requests; one that is none is answered by a problem in its place.",
})  # fmt: skip
REPORTS: Final[Mapping[Detail, Mapping[str, Any]]] = MappingProxyType({
    Detail.SIMPLE: MappingProxyType({"title": "SimpleReport", **_object(_SIMPLE)}),
    Detail.DETAILED: MappingProxyType({"title": "DetailedReport", **_object(_DETAILED)}),
    Detail.EVIDENCE: MappingProxyType({"title": "EvidenceReport", **_object(_EVIDENCE)}),
})  # fmt: skip


def documents() -> dict[str, dict[str, Any]]:
    """Return every schema as a document of its own, by the name of its file in ``docs/reference``."""
    named = {
        "verify-request.json": VERIFY_REQUEST,
        "verify-batch.json": BATCH_REQUEST,
        **{f"report-{detail.value}.json": schema for detail, schema in REPORTS.items()},
    }
    return {name: {"$schema": DIALECT, **schema} for name, schema in named.items()}
