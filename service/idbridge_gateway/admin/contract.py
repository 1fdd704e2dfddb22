"""What OpenAPI says of the admin API: its documents, and who may ask for them."""

from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.entities import SCHEMES
from idbridge.model.region import AssuranceLevel, Environment, MemberState
from idbridge.oidc.client import GRANTS, SIGNATURE_ALGORITHMS, Profile
from idbridge_gateway.admin.relying_parties import HELD
from idbridge_gateway.api.schemas import JSON_MEDIA, PROBLEM_MEDIA, reference

SCHEME: Final = "operator"
SECURITY_SCHEME: Final[dict[str, Any]] = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An ID or access token of the operators' issuer, made for this node, with the role of an operator.",
}
_TAG: Final = {"description": "The version; a change names it.", "schema": {"type": "string"}}
_WORDS: Final = {
    400: "The document is no registration, or the change makes it none.",
    401: "There is no token of an operator.",
    403: "The role of an operator is missing.",
    404: "Nobody is registered under this id.",
    409: "The id, or that of a client, is taken.",
    412: "It was changed since it was read.",
    413: "The document is longer than any registration may be.",
    415: "The body is not JSON.",
    428: "The change does not say which version it is of.",
    500: "Something went wrong inside this node.",
    503: "The registry, or the operators' issuer, does not answer.",
}


def _text(most: int = LIMITS.identifier_characters) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"oneOf": [schema, {"type": "null"}]}


def _object(required: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


_TEXTS: Final = {"type": "array", "items": _text(), "maxItems": LIMITS.registered_entries, "uniqueItems": True}
_INSTANT: Final = _or_null({"type": "string", "format": "date-time"})
_URIS: Final = {"type": "array", "items": _text(LIMITS.client_uri_characters), "maxItems": LIMITS.client_uris}
_NUMBER: Final = {"type": "integer", "minimum": 1, "maximum": LIMITS.registered_rate}
_ALGORITHM: Final = {"enum": sorted(SIGNATURE_ALGORITHMS)}
_ENCRYPTION: Final = _or_null(_object(["alg", "enc"], {"alg": _text(), "enc": _text()}))
_CLIENT: Final = {
    "id": _text(128),
    "profile": {"enum": [profile.value for profile in Profile]},
    "redirect_uris": _URIS,
    "post_logout_redirect_uris": _URIS,
    "backchannel_logout_uri": _or_null(_text(LIMITS.client_uri_characters)),
    "jwks": _object(["keys"], {"keys": {"type": "array", "items": {"type": "object"}}}),
    "sector": _or_null(_text()),
    "id_token_signed_response_alg": _ALGORITHM,
    "id_token_encryption": _ENCRYPTION,
    "userinfo_signed_response_alg": _or_null(_ALGORITHM),
    "userinfo_encryption": _ENCRYPTION,
    "introspection_signed_response_alg": _or_null(_ALGORITHM),
    "introspection_encryption": _ENCRYPTION,
    "grant_types": {"type": "array", "items": {"enum": sorted(GRANTS)}, "minItems": 1, "uniqueItems": True},
    "enabled": {"type": "boolean"},
}
_MEMBERS: Final = {
    "id": {"type": "string", "pattern": "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"},
    "name": _text(),
    "state": {"enum": [state.value for state in sorted(MemberState)]},
    "sector": _text(),
    "purposes": {**_TEXTS, "minItems": 1},
    "claims": _TEXTS,
    "audiences": _TEXTS,
    "clients": {"type": "object", "additionalProperties": _TEXTS},
    "minimum_level": {"enum": [level.name for level in AssuranceLevel]},
    "enabled": {"type": "boolean"},
    "policy_version": {"type": "integer", "minimum": 1},
    "limits": _or_null(_object(["per_minute", "burst"], {"per_minute": _NUMBER, "burst": _NUMBER})),
    "webhook": _or_null(_text()),
    "contact": _or_null(_text()),
    "withdrawal": _or_null(_text()),
    "signs_in_as": _or_null(_object(["scheme", "value"], {"scheme": {"enum": sorted(SCHEMES)}, "value": _text()})),
}
_CLIENTS: Final = {"type": "array", "items": _object(list(_CLIENT), _CLIENT), "maxItems": LIMITS.oidc_clients}
_ASKED: Final = {**_CLIENTS, "items": _object(["id", "profile"], _CLIENT)}
_KEY: Final = _object(
    ["last_four", "created_at", "expires_at"],
    {"last_four": _or_null(_text(4)), "created_at": _INSTANT, "expires_at": _INSTANT},
)
_ENDING: Final = _object(["client", "until"], {"client": _text(), "until": _INSTANT})
_SHOWN: Final = {
    **_MEMBERS,
    "oidc_clients": _CLIENTS,
    "environment": {"enum": [environment.value for environment in Environment]},
    "api_keys": {"type": "array", "items": _KEY},
    "ending_secrets": {"type": "array", "items": _ENDING},
    "version": {"type": "integer", "minimum": 1},
    "created_at": _INSTANT,
    "changed_at": _INSTANT,
}
_ONCE: Final = {
    "schema": _text(),
    "api_key": {**_text(), "description": "Told once, and kept nowhere."},
    "client_secrets": {"type": "object", "additionalProperties": _text(), "description": "By client; told once."},
}
_ROTATE: Final = _object(
    ["overlap_days"],
    {"overlap_days": {"type": "integer", "minimum": 0, "maximum": LIMITS.api_key_overlap.days}},
)
_PATCH: Final = {
    name: schema if name in HELD or "oneOf" in schema else _or_null(schema)
    for name, schema in {**_MEMBERS, "oidc_clients": _ASKED, "rotate_api_key": _ROTATE}.items()
    if name not in ("id", "policy_version")
}

SCHEMAS: Final[dict[str, Any]] = {
    "RegistrationRequest": _object(
        ["id", "name", "state", "sector", "purposes"], {**_MEMBERS, "oidc_clients": _ASKED}
    ),
    "RegistrationPatch": {"type": "object", "properties": _PATCH, "additionalProperties": False},
    "Registration": _object(["schema", *_SHOWN], {**_SHOWN, **_ONCE}),
    "Registrations": _object(
        ["schema", "relying_parties"],
        {"schema": _text(), "relying_parties": {"type": "array", "items": _object(list(_SHOWN), _SHOWN)}},
    ),
}  # fmt: skip


def operation(answered: str, *problems: int, status: int = 200, tagged: bool = True) -> dict[str, Any]:
    """Return what OpenAPI says of an operation beside its summary."""
    done: dict[str, Any] = {"description": "Done.", "content": {JSON_MEDIA: {"schema": reference(answered)}}}
    if tagged:
        done["headers"] = {"ETag": _TAG}
    refusals = {
        str(code): {"description": _WORDS[code], "content": {PROBLEM_MEDIA: {"schema": reference("Problem")}}}
        for code in sorted({401, 403, 500, 503, *problems})
    }
    return {"security": [{SCHEME: []}], "responses": {str(status): done, **refusals}}


def body(asked: str) -> dict[str, Any]:
    """Return what OpenAPI says of a body."""
    return {"requestBody": {"required": True, "content": {JSON_MEDIA: {"schema": reference(asked)}}}}


def if_match() -> dict[str, Any]:
    """Return what OpenAPI says of the version that a change names."""
    words = "The `ETag` of the version that was read."
    return {
        "name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}, "description": words
    }  # fmt: skip
