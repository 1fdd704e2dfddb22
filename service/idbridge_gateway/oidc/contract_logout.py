"""The logout endpoint in the OpenAPI document."""

from typing import Any, Final

from idbridge_gateway.oidc.contract import STATUSES, form_body
from idbridge_gateway.oidc.contract_provider import HTML_MEDIA

_TEXT: Final = {"type": "string"}
_ASKED: Final = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint", "ui_locales")
_ANSWERED: Final = ("question", "answer")
_WORDS: Final = (
    "Ends a login. With the ID token of that login, shown in the browser that made it, at once; otherwise the person "
    "is asked first. The browser goes back only to a registered address, and only with that ID token."
)


def logout_operation(*, by_form: bool) -> dict[str, Any]:
    """Return what OpenAPI says of the endpoint, asked by query or by form."""
    page = {HTML_MEDIA: {"schema": _TEXT}}
    words = {200: "A question, or how it ended.", 400: "The request is refused.", **_faults(by_form=by_form)}
    responses = {"303": {"description": "Back to the client."}} | {
        str(status): {"description": text, "content": page} for status, text in words.items()
    }
    if by_form:
        form = {"type": "object", "properties": dict.fromkeys((*_ASKED, *_ANSWERED), _TEXT)}
        return {"description": _WORDS, "requestBody": form_body(form), "responses": responses}
    parameters = [{"name": name, "in": "query", "required": False, "schema": _TEXT} for name in _ASKED]
    return {"description": _WORDS, "parameters": parameters, "responses": responses}


def _faults(*, by_form: bool) -> dict[int, str]:
    return {status: STATUSES[status] for status in ((413, 415, 500, 503) if by_form else (500, 503))}
