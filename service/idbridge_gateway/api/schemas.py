"""Schemas of the documents that the gateway itself makes; those of request and report are the library's."""

from typing import Any, Final

from idbridge.model.denial import DenialReason, TargetKind
from idbridge.model.region import AssuranceLevel, CommitmentTier, Environment, Format, MemberState
from idbridge.reasons import Indication
from idbridge_gateway.retention.row import About, Form, Place

JSON_MEDIA: Final = "application/json"
PROBLEM_MEDIA: Final = "application/problem+json"
_API_KEY: Final = "relyingParty"
_TOKEN: Final = "relyingPartyToken"  # noqa: S105 - a name in the document
RELYING_PARTY: Final[list[dict[str, list[str]]]] = [{_API_KEY: []}, {_TOKEN: []}]  # one of the two
SECURITY_SCHEMES: Final[dict[str, Any]] = {
    _API_KEY: {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, `idb_test_...` in the sandbox and `idb_live_...` in live; never in the query.",
    },
    _TOKEN: {
        "type": "http",
        "scheme": "DPoP",
        "description": (
            "An access token of `POST /oauth/token` by the grant `client_credentials`, with a proof of its key in the "
            "header field `DPoP` (RFC 9449): made for this address and token, with the nonce of the last answer "
            "(`DPoP-Nonce`), and once."
        ),
    },
}
_WORDS: Final = {
    400: "The request is broken.",
    401: "There is no valid API key, and no access token whose key is proved; `WWW-Authenticate` says what is wrong.",
    403: "The relying party is switched off.",
    404: "There is nothing at this address.",
    405: "The address does not take this method.",
    409: "The idempotency key was used with another body.",
    413: "The body is longer than any request may be.",
    415: "The body is not JSON.",
    429: "The relying party asked more often than it may; `Retry-After` says when it may again.",
    500: "Something went wrong inside this node; nothing was accepted.",
    503: "This node cannot take the request now; nothing was accepted.",
}


def reference(name: str) -> dict[str, Any]:
    """Return a reference to the component schema ``name``."""
    return {"$ref": f"#/components/schemas/{name}"}


def answers(name: str, *problems: int) -> dict[int | str, dict[str, Any]]:
    """Return the answers of an operation: the document ``name``, or problems with these statuses."""
    found: dict[int | str, dict[str, Any]] = {
        200: {"description": "The document.", "content": {JSON_MEDIA: {"schema": reference(name)}}}
    }
    for status in problems:
        content = {PROBLEM_MEDIA: {"schema": reference("Problem")}}
        found[status] = {"description": _WORDS[status], "content": content}
    return found


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **optional},
        "additionalProperties": False,
    }


def _list(of: Any) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"oneOf": [schema, {"type": "null"}]}


_TEXT: Final = {"type": "string"}
_INTEGER: Final = {"type": "integer"}
_FLAG: Final = {"type": "boolean"}
_INSTANT: Final = {"type": "string", "format": "date-time"}
_DIGEST: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_CODE: Final = {"type": "string", "pattern": "^[a-z][a-z_0-9]*[.][a-z_0-9]+$"}
_STATE: Final = {"enum": [state.value for state in sorted(MemberState)]}
_LEVEL: Final = {"enum": [level.name for level in AssuranceLevel]}
_FORMAT: Final = {"enum": [form.value for form in Format]}
_ENVIRONMENT: Final = {"enum": [environment.value for environment in Environment]}

_PROBLEM: Final = _object(
    {
        "type": {"type": "string", "format": "uri-reference"},
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": _TEXT,
        "code": _CODE,
        "clause": _TEXT,
        "remedy": _TEXT,
        "retryable": _FLAG,
        "correlation_id": _TEXT,
    },
    retry_after_s=_INTEGER,
)
_REASON: Final = _object({
    "code": _CODE,
    "indication": {"enum": [Indication.FAILED.value, Indication.INDETERMINATE.value]},
    "clause": _TEXT,
    "sub_indication": _TEXT,
    "retryable": _FLAG,
    "retry_after_s": _or_null(_INTEGER),
    "http_status": _or_null(_INTEGER),
    "remedy": _TEXT,
    "person": _TEXT,
    "business": _TEXT,
    "developer": _TEXT,
})  # fmt: skip
_DENIAL: Final = _object({
    "id": _DIGEST,
    "state": _STATE,
    "target": {"enum": [kind.value for kind in TargetKind]},
    "thumbprint": _or_null(_TEXT),
    "issuer": _or_null(_TEXT),
    "type": _or_null(_TEXT),
    "reason": {"enum": [why.value for why in DenialReason]},
    "since": _INSTANT,
    "issued_at": _INSTANT,
    "by": _list(_STATE),
    "lapses_at": _or_null(_INSTANT),
})  # fmt: skip
_LIST: Final = {
    "state": _STATE,
    "listed": _FLAG,
    "code": _or_null(_CODE),
    "tier": _or_null({"enum": [tier.value for tier in CommitmentTier]}),
    "sequence": _or_null(_INTEGER),
    "digest": _or_null(_DIGEST),
    "issued_at": _or_null(_INSTANT),
    "next_update": _or_null(_INSTANT),
    "signer": _or_null(_TEXT),
    "distribution": _or_null(_TEXT),
    "denials": _list(_DENIAL),
}
_DISTRIBUTION: Final = _object({
    "mode": {"enum": ["plain", "tuf"]},
    "root_version": _or_null(_INTEGER),
    "timestamp": _or_null(_object({"version": _INTEGER, "signed_at": _INSTANT, "expires": _INSTANT})),
    "snapshot": _or_null(_object({"version": _INTEGER, "digest": _DIGEST})),
    "denials": _list(_object({"id": _DIGEST, "lapses_at": _or_null(_INSTANT)})),
})  # fmt: skip
_SERVICE: Final = _object({
    "service_id": _DIGEST,
    "provider": _TEXT,
    "name": _TEXT,
    "type": _TEXT,
    "issuer": {"type": "string", "format": "uri"},
    "formats": _list(_FORMAT),
    "algorithms": _list(_TEXT),
    "credential_types": _list(_TEXT),
    "holder_binding": {"enum": ["required", "optional", "none"]},
    "leeway_s": _INTEGER,
    "keys": _list(_object({"kid": _or_null(_TEXT), "thumbprint": _TEXT})),
    "anchors": _list(_DIGEST),
    "levels": _list(_object({"national": _TEXT, "identity": _LEVEL, "authentication": _LEVEL})),
    "history": _list(_object({"status": _TEXT, "from": _INSTANT, "until": _or_null(_INSTANT)})),
})  # fmt: skip
_TRUST_HEAD: Final = {"schema": _TEXT, "environment": _ENVIRONMENT, "trust_snapshot": _DIGEST}
_RECOGNITION_ROW: Final = _object({
    "state": _STATE,
    "recognised": _FLAG,
    "code": _or_null(_CODE),
    "level": _or_null(_LEVEL),
    "formats": _list(_FORMAT),
    "binding": _or_null({"enum": ["required", "optional"]}),
    "arrangement": _or_null(_TEXT),
    "version": _or_null(_INTEGER),
    "from": _or_null(_INSTANT),
    "until": _or_null(_INSTANT),
    "services": _list(_object({
        "service_id": _DIGEST,
        "name": _TEXT,
        "type": _TEXT,
        "format": _FORMAT,
        "recognised": _FLAG,
        "code": _or_null(_CODE),
        "level": _or_null(_LEVEL),
        "binding": _or_null({"enum": ["required", "optional"]}),
    })),
})  # fmt: skip

_TRUSTMARK: Final = _object({
    "iss": {"type": "string", "format": "uri"},
    "iat": _INTEGER,
    "state": _STATE,
    "environment": _ENVIRONMENT,
    "trust_snapshot": _DIGEST,
    "lists": _list(_object({"state": _STATE, "sequence": _INTEGER, "digest": _DIGEST})),
    "conformance": _list(_object({"profile": _TEXT, "digest": _DIGEST})),
    "log": _or_null(_object({"origin": _TEXT, "checkpoint": {"type": "string", "format": "uri"}})),
    "stores": _object({"shared": {"enum": ["memory", "redis"]}, "registry": {"enum": ["database", "file"]}}),
    "exp": _INTEGER,
    "data_handling_digest": _DIGEST,
})  # fmt: skip
_HANDLED: Final = _object({
    "name": _TEXT,
    "what": _TEXT,
    "about": {"enum": [about.value for about in About]},
    "form": {"enum": [form.value for form in Form]},
    "places": _list({"enum": [place.value for place in Place]}),
    "kept_seconds": _or_null(_INTEGER),
    "setting": _or_null(_TEXT),
    "ends": _or_null(_TEXT),
    "readers": _TEXT,
})  # fmt: skip

SCHEMAS: Final[dict[str, Any]] = {
    "Problem": _PROBLEM,
    "Reason": _REASON,
    "Reasons": _object({"schema": _TEXT, "reasons": _list(reference("Reason"))}),
    "Trust": _object({
        **_TRUST_HEAD,
        "distribution": _DISTRIBUTION,
        "states": _list(_object({**_LIST, "services": _INTEGER})),
    }),
    "TufMetadata": {
        "type": "object",
        "required": ["signatures", "signed"],
        "properties": {"signatures": _list({"type": "object"}), "signed": {"type": "object"}},
    },
    "StateTrust": _object({**_TRUST_HEAD, **_LIST, "services": _list(_SERVICE)}),
    "Recognition": _object({
        "schema": _TEXT,
        "environment": _ENVIRONMENT,
        "trust_snapshot": _DIGEST,
        "for": _STATE,
        "purpose": _TEXT,
        "evaluated_at": _INSTANT,
        "states": _list(_RECOGNITION_ROW),
    }),
    "Trustmark": _object({
        "schema": {"const": "idbridge-trustmark-1"},
        "trustmark": _TRUSTMARK,
        "data_handling": _list(_HANDLED),
        "signature": _or_null(_TEXT),
    }),
    "Jwks": _object({"keys": _list({"type": "object"})}),
    "Health": _object({"status": {"const": "up"}}),
    "Readiness": _object({
        "status": {"const": "ready"},
        "trust_snapshot": _DIGEST,
        "usable_states": _list(_STATE),
        "registrations": _object({"current": _FLAG, "as_of": _INSTANT}),
    }),
    "Faults": _object({"faults": _list(_object({"name": _TEXT, "title": _TEXT, "on": _FLAG}))}),
}  # fmt: skip
