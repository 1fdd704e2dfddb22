"""What a browser gets that is no page of anybody's choosing: redirects, cookies of a transaction, and error pages.

Each transaction has a cookie of its own, so that two tabs do not take each other's place. The name of the cookie can be
told from the public name of the transaction, which stands in addresses; its value is the handle, which stands nowhere
else. ``__Host-`` keeps other hosts of the domain from planting one; a sandbox over plain http cannot have that prefix.
Clauses: RFC 6265bis section 4.1.3; RFC 9700 section 4.12 (303).
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

from fastapi import Request, Response

from idbridge.codec import base64url
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.oidc.authorization_response import response_location
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.api.body import ClientGone
from idbridge_gateway.journal import note_unexpected
from idbridge_gateway.oidc.answers import NO_STORE, oauth_error
from idbridge_gateway.oidc.form_post import FORM_POST, FormPost

SEE_OTHER: Final = 303
_NAME_OCTETS: Final = 16


def public_name(handle: str) -> str:
    """Return what may stand in an address for the transaction that ``handle`` opens."""
    return base64url.encode(hashlib.sha256(handle.encode("ascii")).digest()[:_NAME_OCTETS])


class TransactionCookies:
    """The cookies of one node's transactions; ``secure`` is false for a sandbox over plain http only."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure

    def name_of(self, name: str) -> str:
        """Return the name of the cookie of the transaction that is publicly called ``name``."""
        return f"{'__Host-' if self._secure else ''}idbridge-{name}"

    def set(self, response: Response, handle: str, *, lifetime: timedelta = LIMITS.login_transaction) -> None:
        """Let the browser bring ``handle`` from now on, for ``lifetime``."""
        response.set_cookie(
            self.name_of(public_name(handle)),
            handle,
            max_age=int(lifetime.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def drop(self, response: Response, handle: str) -> None:
        """Let the browser forget ``handle``."""
        response.delete_cookie(
            self.name_of(public_name(handle)), path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def handle(self, request: Request, name: str) -> str | None:
        """Return the handle that the browser brings for the transaction ``name``; ``None`` if it has none for it."""
        found = request.cookies.get(self.name_of(name))
        return found if found is not None and found.isascii() and public_name(found) == name else None


def see_other(address: str) -> Response:
    """Return a redirect that a browser follows by GET, whatever it sent."""
    return Response(status_code=SEE_OTHER, headers={**NO_STORE, "location": address})


def to_client(redirect_uri: str, parameters: Mapping[str, str], *, mode: str, wished: tuple[str, ...] = ()) -> Response:
    """Return the authorization response on its way to a ``redirect_uri`` that is registered.

    ``wished`` are the languages that the client named.
    """
    if mode != FORM_POST:
        return see_other(response_location(redirect_uri, parameters))
    return FormPost(redirect_uri, parameters, wished=wished)


async def browsed(request: Request, act: Callable[[Request], Awaitable[Response]]) -> Response:
    """Return what ``act`` answers, or an error page, whatever happened.

    A page is all that can be told: a redirect would go to an address that nobody checked.
    """
    correlation_id: str = request.state.correlation_id
    try:
        return await act(request)
    except OAuthError as error:
        refusal = error
    except RequestError as broken:
        refusal = oauth_error(broken)
    except ClientGone:
        raise  # nobody is there to be answered
    except Exception as error:  # noqa: BLE001 - the edge: whatever happened, a person gets a page
        note_unexpected(error, correlation_id=correlation_id)
        refusal = oauth_error(RequestError("system.internal"))
    page: Response = request.app.state.site.refused(request, refusal)
    return page
