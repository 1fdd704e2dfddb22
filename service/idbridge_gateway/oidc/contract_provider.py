"""The endpoints of the OpenID provider in the OpenAPI document, all but the token endpoint (``contract``)."""

from typing import Any, Final

from idbridge.oidc.authorization_request import KEPT
from idbridge_gateway.api.schemas import JSON_MEDIA
from idbridge_gateway.oidc.contract import CLIENT, STATUSES, form_body, refusals

HTML_MEDIA: Final = "text/html"
_TEXT: Final = {"type": "string"}
_ASKED: Final = dict.fromkeys(sorted(KEPT), _TEXT)
_REQUIRED: Final = (
    "response_type", "redirect_uri", "scope", "code_challenge", "code_challenge_method", "purpose", "purpose_text",
)  # fmt: skip
_PUSHED: Final = {
    "type": "object",
    "required": ["request_uri", "expires_in"],
    "properties": {"request_uri": _TEXT, "expires_in": {"type": "integer", "minimum": 1, "maximum": 60}},
    "additionalProperties": False,
}
_PAGE: Final = {HTML_MEDIA: {"schema": _TEXT}}


def pushed_operation() -> dict[str, Any]:
    """Return what OpenAPI says of the endpoint for pushed requests."""
    form = {"type": "object", "required": list(_REQUIRED), "properties": {**_ASKED, **CLIENT}}
    created = {"description": "The request was pushed.", "content": {JSON_MEDIA: {"schema": _PUSHED}}}
    return {
        "description": "Every request of FAPI 2.0 is pushed (RFC 9126). Errors are JSON, never a redirect.",
        "requestBody": form_body(form),
        "responses": {"201": created, **refusals(STATUSES)},
    }


def authorize_operation(*, by_form: bool) -> dict[str, Any]:
    """Return what OpenAPI says of the authorization endpoint, asked by query or by form."""
    described: dict[str, Any] = {
        "description": (
            "Takes `client_id` and `request_uri`; plain parameters only of clients of the profile `oidc-code`. "
            "Redirects to nothing but a registered address or our own pages; otherwise the refusal is a page."
        ),
        "responses": browser_answers("On to the choice of a provider, or back to the client with an error."),
    }
    names = sorted({*KEPT, "request_uri"})
    if not by_form:
        return {**described, "parameters": [_parameter(name) for name in names]}
    of_bodies = {str(status): {"description": STATUSES[status], "content": _PAGE} for status in (413, 415)}
    form = {"type": "object", "properties": dict.fromkeys(names, _TEXT)}
    return {**described, "requestBody": form_body(form), "responses": {**described["responses"], **of_bodies}}


def browser_answers(words: str) -> dict[str, Any]:
    """Return the answers of an endpoint that browsers come to; ``words`` say where the redirect leads."""
    pages = {
        200: "A form that goes to the client.",
        400: "The request is refused.",
        **{n: STATUSES[n] for n in (500, 503)},
    }
    return {
        "303": {"description": words},
        **{str(status): {"description": text, "content": _PAGE} for status, text in pages.items()},
    }


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": name == "client_id", "schema": _TEXT}


def userinfo_operation() -> dict[str, Any]:
    """Return what OpenAPI says of the userinfo endpoint."""
    content = {JSON_MEDIA: {"schema": {"type": "object"}}, "application/jwt": {"schema": _TEXT}}
    return {"responses": {"200": {"description": "What was released.", "content": content}, **refusals(STATUSES)}}


def handle_operation(*, introspects: bool = False) -> dict[str, Any]:
    """Return what OpenAPI says of an endpoint that is asked about one token."""
    form = {"type": "object", "required": ["token"], "properties": {"token": _TEXT, **CLIENT}}
    content = {JSON_MEDIA: {"schema": {"type": "object"}}}
    if introspects:
        content["application/token-introspection+jwt"] = {"schema": _TEXT}
    granted = {"description": "The answer.", "content": content}
    return {"requestBody": form_body(form), "responses": {"200": granted, **refusals(STATUSES)}}
