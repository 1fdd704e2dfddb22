"""The token endpoint in the OpenAPI document, and what all endpoints of OAuth say alike (``contract_provider``).

FastAPI sees no form that it does not parse itself.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.oidc.client import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, TOKEN_EXCHANGE
from idbridge.oidc.errors import OAuthErrorCode
from idbridge.oidc.token_exchange import FORMATS, RequestedToken
from idbridge.verify.schema import RECEIPT
from idbridge_gateway.api.schemas import JSON_MEDIA

FORM_MEDIA: Final = "application/x-www-form-urlencoded"
EXCHANGE_WORDS: Final = (
    "The subject token has to be meant for this node or for a client of this relying party at its issuer, and is "
    "verified as at `/v1/verify`. What is issued is no wider, no higher and no longer-lived than what it rests on "
    "(RFC 8693). `subject_expected` and `dcql` are the members `expected` and `dcql` of a verification, as JSON text."
)
CODE_WORDS: Final = (
    "\n\nA code is redeemed with its PKCE verifier, once and within a minute. "
    "A client of FAPI 2.0 proves its key by DPoP."
)
CREDENTIALS_WORDS: Final = (
    "\n\nWith `client_credentials`, a client of FAPI 2.0 gets a token of five minutes for the API of this node, bound "
    "to its key by DPoP. It opens what the registration of the client opens."
)
STATUSES: Final[Mapping[int, str]] = MappingProxyType({
    400: "The request is refused.",
    401: "The client did not prove who it is.",
    413: "The body is longer than any request may be.",
    415: "The body is not a form.",
    429: "The relying party asks more often than it may; `Retry-After` says when it may again.",
    500: "Something went wrong inside this node; nothing was issued.",
    503: "This node cannot answer now; nothing was issued.",
})  # fmt: skip
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
        "receipt": RECEIPT,
    },
    "additionalProperties": False,
}
_CODE_GRANTED: Final = {
    "type": "object",
    "required": ["access_token", "token_type", "expires_in", "id_token", "scope"],
    "properties": {
        "access_token": _TEXT,
        "token_type": {"type": "string", "enum": ["Bearer", "DPoP"]},
        "expires_in": {"type": "integer", "minimum": 0, "maximum": 600},
        "id_token": _TEXT,
        "scope": _TEXT,
        "receipt": RECEIPT,
    },
    "additionalProperties": False,
}
_CREDENTIALS_GRANTED: Final = {
    "type": "object",
    "required": ["access_token", "token_type", "expires_in"],
    "properties": {
        "access_token": _TEXT,
        "token_type": {"const": "DPoP"},
        "expires_in": {"type": "integer", "minimum": 1, "maximum": 300},
    },
    "additionalProperties": False,
}
CLIENT: Final = {
    "client_id": _TEXT,
    "client_assertion_type": _TEXT,
    "client_assertion": _TEXT,
    "client_secret": _TEXT,
}
_CODE_FORM: Final = {
    "type": "object",
    "required": ["grant_type", "code", "redirect_uri", "code_verifier"],
    "properties": {
        "grant_type": {"const": AUTHORIZATION_CODE},
        "code": _TEXT,
        "redirect_uri": _TEXT,
        "code_verifier": _TEXT,
        **CLIENT,
    },
}
_CREDENTIALS_FORM: Final = {
    "type": "object",
    "required": ["grant_type", "client_assertion_type", "client_assertion"],
    "properties": {"grant_type": {"const": CLIENT_CREDENTIALS}, "resource": _TEXT, **CLIENT},
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
        **CLIENT,
    },
}


def refusals(statuses: Mapping[int, str]) -> dict[str, Any]:
    """Return the answers of an OAuth endpoint that refuses, by status."""
    return {
        str(status): {"description": words, "content": {JSON_MEDIA: {"schema": _ERROR}}}
        for status, words in statuses.items()
    }


def form_body(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what OpenAPI says of a request whose body is a form of ``schema``."""
    return {"required": True, "content": {FORM_MEDIA: {"schema": dict(schema)}}}


def token_operation() -> dict[str, Any]:
    """Return what OpenAPI says of the token endpoint beside its address."""
    granted = {
        "description": "What was issued.",
        "content": {JSON_MEDIA: {"schema": {"oneOf": [_GRANTED, _CODE_GRANTED, _CREDENTIALS_GRANTED]}}},
    }
    return {
        "description": EXCHANGE_WORDS + CODE_WORDS + CREDENTIALS_WORDS,
        "requestBody": form_body({"oneOf": [_FORM, _CODE_FORM, _CREDENTIALS_FORM]}),
        "responses": {"200": granted, **refusals(STATUSES)},
    }
