"""What a request of OAuth says: its form or its query, each parameter once and every field of its head once."""

from typing import Final

from fastapi import Request

from idbridge.limits import LIMITS
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters, parse_form
from idbridge_gateway.api.body import read_body
from idbridge_gateway.oidc.contract import FORM_MEDIA

_SINGLE: Final = ("authorization", "content-type", "dpop")


async def read_form(request: Request) -> Parameters:
    """Return the parameters that the body of ``request`` spells.

    Raises:
        OAuthError: ``invalid_request``: it is no form, has a query beside it, or says something twice.
        RequestError: ``input.body_too_large``.
    """
    require_single_fields(request)
    if request.scope["query_string"]:
        raise OAuthError("invalid_request", "this address takes no query")
    essence = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if essence != FORM_MEDIA or "content-encoding" in request.headers:
        raise OAuthError("invalid_request", "the body is a form", cause="input.media_type", status=415)
    return parse_form(await read_body(request.receive, max_bytes=LIMITS.body_bytes))


def read_query(request: Request) -> Parameters:
    """Return the parameters of the query.

    Raises:
        OAuthError: ``invalid_request``.
    """
    octets: bytes = request.scope["query_string"]
    return parse_form(octets)


def require_single_fields(request: Request) -> None:
    """Return if no field of the head that decides anything stands twice.

    Raises:
        OAuthError: ``invalid_request``.
    """
    for name in _SINGLE:
        if len(request.headers.getlist(name)) > 1:
            raise OAuthError("invalid_request", "a header field stands twice")


def dpop_proofs(request: Request) -> tuple[str, ...]:
    """Return the ``DPoP`` header fields of ``request``."""
    return tuple(request.headers.getlist("dpop"))
