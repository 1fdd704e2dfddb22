"""The endpoints of the verifier toward wallets in the OpenAPI document. FastAPI sees no body that it does not parse."""

from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.presentation.access_certificate import ClientIdPrefix
from idbridge.presentation.request_object import MEDIA, ResponseMode
from idbridge.presentation.response_parameters import WalletError
from idbridge.presentation.templates import templates
from idbridge.verify.schema import VERIFY_REQUEST
from idbridge_gateway.api.schemas import JSON_MEDIA, PROBLEM_MEDIA, RELYING_PARTY, reference
from idbridge_gateway.oidc.contract import form_body
from idbridge_gateway.wallet.records import Device, Outcome

EVENTS_MEDIA: Final = "text/event-stream"
ANOTHER_BROWSER: Final = "another_browser"  # why a report was never told: it came back where nobody had begun
_TEXT: Final = {"type": "string"}
_ID: Final = {"name": "id", "in": "path", "required": True, "schema": _TEXT}
_CODE: Final = {
    "name": "response_code",
    "in": "query",
    "required": False,
    "schema": _TEXT,
    "description": "What a browser brought back to `return_uri`; it opens the report once.",
}
_WORDS: Final = {
    400: "The request is broken.",
    401: "There is no valid API key, and no access token whose key is proved; `WWW-Authenticate` says what is wrong.",
    403: "The relying party is switched off.",
    404: "There is no presentation of yours under this id.",
    413: "The body is longer than any request may be.",
    415: "The body is not JSON.",
    429: "The relying party asked more often than it may; `Retry-After` says when it may again.",
    500: "Something went wrong inside this node; nothing was accepted.",
    503: "This node cannot take the request now; nothing was accepted.",
}
_REFUSED: Final = {
    "type": "object",
    "required": ["error", "error_description"],
    "properties": {"error": {"const": "invalid_request"}, "error_description": _TEXT},
    "additionalProperties": False,
}
_TAKEN: Final = {"type": "object", "properties": {"redirect_uri": _TEXT}, "additionalProperties": False}


def _or_null(schema: Any) -> Any:
    return {"oneOf": [schema, {"type": "null"}]}


def _order() -> dict[str, Any]:
    """Return the schema of an order: members of a verification request, and how to ask."""
    asked = VERIFY_REQUEST["properties"]
    expected = {name: asked["expected"]["properties"][name] for name in ("loa", "entity")}
    least, most = LIMITS.presentation_lifetime_min, LIMITS.presentation_lifetime_max
    kept = ("purpose", "purpose_text", "claims", "dcql", "transaction_data", "detail", "assertion")
    properties = {
        **{name: asked[name] for name in kept},
        "template": {"type": "string", "enum": list(templates())},
        "expected": {"type": "object", "properties": expected, "additionalProperties": False},
        "response_mode": {"type": "string", "enum": list(ResponseMode)},
        "client_id_prefix": {"type": "string", "enum": list(ClientIdPrefix)},
        "expires_in": {
            "type": "integer",
            "minimum": int(least.total_seconds()),
            "maximum": int(most.total_seconds()),
        },
        "return_uri": _TEXT,
    }
    by_template = {"required": ["template"], "not": {"anyOf": [{"required": ["dcql"]}, {"required": ["claims"]}]}}
    by_query = {"required": ["dcql", "purpose"], "not": {"required": ["template"]}}
    return {
        "type": "object",
        "required": ["purpose_text"],
        "properties": properties,
        "additionalProperties": False,
        "oneOf": [by_template, by_query],
    }


def _presentation(**more: Any) -> dict[str, Any]:
    properties = {
        "schema": {"const": "idbridge-presentation-1"},
        "id": _TEXT,
        "state": {"type": "string", "enum": list(Outcome)},
        "device": _or_null({"type": "string", "enum": list(Device)}),
        "wallet_error": _or_null({"type": "string", "enum": [*WalletError, ANOTHER_BROWSER]}),
        "report": _or_null(reference("Report")),
        "expires_at": {"type": "string", "format": "date-time"},
        **more,
    }
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


SCHEMAS: Final[dict[str, Any]] = {
    "PresentationOrder": _order(),
    "BegunPresentation": _presentation(page=_TEXT, wallet_link=_TEXT),
    "Presentation": _presentation(),
}


def _problems(*statuses: int) -> dict[str, Any]:
    content = {PROBLEM_MEDIA: {"schema": reference("Problem")}}
    return {str(status): {"description": _WORDS[status], "content": content} for status in statuses}


def _json(words: str, schema: Any) -> dict[str, Any]:
    return {"description": words, "content": {JSON_MEDIA: {"schema": schema}}}


def begin_operation() -> dict[str, Any]:
    """Return what OpenAPI says of beginning a presentation."""
    return {
        "description": (
            "Begins one request to a wallet, from a template or a DCQL query, for claims and a purpose of the "
            "registration. `page` is for people: it shows a QR code, and goes on with a wallet on the same device. "
            "`wallet_link` is the text of the QR code, for pages of your own."
        ),
        "security": RELYING_PARTY,
        "requestBody": {"required": True, "content": {JSON_MEDIA: {"schema": reference("PresentationOrder")}}},
        "responses": {
            "201": _json("It was begun.", reference("BegunPresentation")),
            **_problems(400, 401, 403, 413, 415, 429, 500, 503),
        },
    }


def look_operation() -> dict[str, Any]:
    """Return what OpenAPI says of looking at a presentation."""
    return {
        "description": (
            "`answered` says that a wallet answered and that there is a report; whether to accept it, the report says. "
            "Only the relying party that began it is told anything."
        ),
        "security": RELYING_PARTY,
        "parameters": [_ID, _CODE],
        "responses": {
            "200": _json("How it stands.", reference("Presentation")),
            **_problems(400, 401, 403, 404, 500, 503),
        },
    }


def cancel_operation() -> dict[str, Any]:
    """Return what OpenAPI says of cancelling a presentation."""
    return {
        "description": "Ends the request, and forgets what was answered.",
        "security": RELYING_PARTY,
        "parameters": [_ID],
        "responses": {"204": {"description": "It is over."}, **_problems(400, 401, 403, 404, 500, 503)},
    }


def events_operation() -> dict[str, Any]:
    """Return what OpenAPI says of following a presentation."""
    return {
        "description": "Server-sent events: `state`, once at the start and at every change, to the end of the request.",
        "security": RELYING_PARTY,
        "parameters": [_ID],
        "responses": {
            "200": {"description": "A stream.", "content": {EVENTS_MEDIA: {"schema": _TEXT}}},
            **_problems(400, 401, 403, 404, 500, 503),
        },
    }


def request_operation() -> dict[str, Any]:
    """Return what OpenAPI says of fetching a request object."""
    return {
        "description": "Answers one refusal for whatever is wrong.",
        "parameters": [_ID],
        "responses": {
            "200": {"description": "The request object.", "content": {MEDIA: {"schema": _TEXT}}},
            "400": _json("There is no request.", _REFUSED),
            **_problems(500, 503),
        },
    }


def response_operation() -> dict[str, Any]:
    """Return what OpenAPI says of answering a request."""
    names = ("response", "vp_token", "state", "error", "error_description")
    form = {"type": "object", "properties": dict.fromkeys(names, _TEXT)}
    return {
        "description": "Takes `response` (`direct_post.jwt`), or `vp_token` and `state`. One refusal for every fault.",
        "parameters": [_ID],
        "requestBody": form_body(form),
        "responses": {
            "200": _json("It was taken.", _TAKEN),
            "400": _json("It is no answer.", _REFUSED),
            **_problems(413, 500, 503),
        },
    }
