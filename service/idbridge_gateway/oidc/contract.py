"""The OAuth endpoints in the OpenAPI document: FastAPI sees no form that it does not parse itself."""

from typing import Any, Final

from idbridge.oidc.client import TOKEN_EXCHANGE
from idbridge.oidc.errors import OAuthErrorCode
from idbridge.oidc.token_exchange import FORMATS, RequestedToken
from idbridge_gateway.api.schemas import JSON_MEDIA

FORM_MEDIA: Final = "application/x-www-form-urlencoded"
EXCHANGE_WORDS: Final = (
    "The subject token has to be meant for this node or for a client of this relying party at its issuer, and is "
    "verified as at `/v1/verify`. What is issued is no wider, no higher and no longer-lived than what it rests on "
    "(RFC 8693). `subject_expected` and `dcql` are the members `expected` and `dcql` of a verification, as JSON text."
)
_STATUSES: Final = {
    400: "The exchange is refused.",
    401: "The client did not prove who it is.",
    413: "The body is longer than any request may be.",
    415: "The body is not a form.",
    500: "Something went wrong inside this node; nothing was issued.",
    503: "This node cannot answer now; nothing was issued.",
}
_TEXT: Final = {"type": "string"}
_ERROR: Final = {
    "type": "object",
    "required": ["error", "error_description", "code", "retryable", "correlation_id"],
    "properties": {
        "error": {"type": "string", "enum": [code.value for code in OAuthErrorCode]},
        "error_description": _TEXT,
        "code": _TEXT,
        "retryable": {"type": "boolean"},
        "correlation_id": _TEXT,
    },
    "additionalProperties": False,
}
_GRANTED: Final = {
    "type": "object",
    "required": ["access_token", "issued_token_type", "token_type", "expires_in"],
    "properties": {
        "access_token": _TEXT,
        "issued_token_type": {"type": "string", "enum": [kind.value for kind in RequestedToken]},
        "token_type": {"const": "N_A"},
        "expires_in": {"type": "integer", "minimum": 0, "maximum": 300},
    },
    "additionalProperties": False,
}
_FORM: Final = {
    "type": "object",
    "required": ["grant_type", "subject_token", "subject_token_type", "audience", "purpose", "purpose_text"],
    "properties": {
        "grant_type": {"const": TOKEN_EXCHANGE},
        "subject_token": _TEXT,
        "subject_token_type": {"type": "string", "enum": list(FORMATS)},
        "subject_expected": _TEXT,
        "dcql": _TEXT,
        "requested_token_type": {"type": "string", "enum": [kind.value for kind in RequestedToken]},
        "audience": _TEXT,
        "purpose": _TEXT,
        "purpose_text": {"type": "string", "minLength": 3, "maxLength": 300},
        "released_claims": _TEXT,
        "client_id": _TEXT,
        "client_assertion_type": _TEXT,
        "client_assertion": _TEXT,
        "client_secret": _TEXT,
    },
}


def token_operation() -> dict[str, Any]:
    """Return what OpenAPI says of the token endpoint beside its address."""
    refused = {
        str(status): {"description": words, "content": {JSON_MEDIA: {"schema": _ERROR}}}
        for status, words in _STATUSES.items()
    }
    granted = {"description": "What was issued.", "content": {JSON_MEDIA: {"schema": _GRANTED}}}
    return {
        "description": EXCHANGE_WORDS,
        "requestBody": {"required": True, "content": {FORM_MEDIA: {"schema": _FORM}}},
        "responses": {"200": granted, **refused},
    }
