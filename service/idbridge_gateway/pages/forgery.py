"""Was a form sent by the page that shows it? Each page that acts for somebody has a token that only it could have.

A token is made of the handle of the login, which only the browser has that began it, of the page, and of what the page
showed: so it counts in one browser, for one login and for nothing that the person did not see. It is kept nowhere.
Beside it, a browser says itself where a form came from: ``Sec-Fetch-Site`` and ``Origin`` must not name another site.
Clauses: RFC 6749 section 10.12; RFC 9700 section 4.7; W3C Fetch Metadata Request Headers section 2.4.
"""

import hashlib
import hmac
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request

from idbridge.codec import base64url, length_prefixed
from idbridge.errors import RequestError
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.api.head import read_head
from idbridge_gateway.pages.forms import FIELDS, read_form

FIELD: Final = "token"
_LABEL: Final = "page-form"
_USUAL_PORTS: Final = {"https": ":443", "http": ":80"}
_SAME_SITE: Final = ["same-origin"]


def origin_of(address: str) -> str:
    """Return the origin of ``address`` as browsers write it: without a port where it is the one of the scheme."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(_USUAL_PORTS[parts.scheme])}"


class ForgedFormError(OAuthError):
    """A form that our page did not send, or that shows something that is no longer so. Nothing was done."""

    def __init__(self) -> None:
        super().__init__("invalid_request", "the form was not sent by the page of this log-in, or the page is too old")


def form_token(handle: str, page: str, *, shown: tuple[str, ...] = ()) -> str:
    """Return the token of ``page`` in the login that ``handle`` opens; ``shown`` is, or names, what the page shows."""
    message = length_prefixed.encode(_LABEL, page, *shown)
    return base64url.encode(hmac.new(handle.encode("ascii"), message, hashlib.sha256).digest())


async def own_form(
    request: Request, *, texts: frozenset[str], origin: str, expected: str, most: int = FIELDS
) -> dict[str, str]:
    """Return the fields of a form that a page of ``origin`` with the token ``expected`` sent; of no other form.

    Raises:
        ForgedFormError: It is another's, or has another shape than the page's own.
        ClientGone: Nobody is left to answer.
    """
    try:
        head = read_head(request.scope["headers"], correlation_id=request.state.correlation_id)
        fields, _ = await read_form(head, request.receive, texts=texts | {FIELD}, most=most)
    except RequestError:  # no page of ours sends that
        raise ForgedFormError from None
    require_own(request, origin=origin, token=fields.get(FIELD, ""), expected=expected)
    return {name: value for name, value in fields.items() if name != FIELD}


def require_own(request: Request, *, origin: str, token: str, expected: str) -> None:
    """Return if a page of ``origin`` sent the form that had ``token``, and the page with ``expected`` did.

    Raises:
        ForgedFormError: It is another's.
    """
    sites, origins = request.headers.getlist("sec-fetch-site"), request.headers.getlist("origin")
    if (sites and sites != _SAME_SITE) or (origins and origins != [origin]):
        raise ForgedFormError
    if not hmac.compare_digest(token.encode(), expected.encode()):
        raise ForgedFormError
