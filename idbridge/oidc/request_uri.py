"""The name of a pushed request: what the browser carries in place of the request itself (RFC 9126 section 2.2).

Decides whether an authorization request of the browser names one, and nothing beside it that counts. The handle within
is random and is the key to what was pushed, so nothing here logs or compares it.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters

PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
_HANDLE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits in base64url


@dataclass(frozen=True, slots=True)
class NamedRequest:
    """Which pushed request a browser brings, and of which client it says that it is. Not yet believed."""

    client_id: str
    handle: str = field(repr=False)


def request_uri_of(handle: str) -> str:
    """Return the ``request_uri`` of what was stored under ``handle``.

    Raises:
        ValueError: The handle is not 256 bits in base64url; a programming error.
    """
    if _HANDLE.fullmatch(handle) is None:
        raise ValueError("a handle is of 256 bits in base64url")
    return PREFIX + handle


def read_named_request(parameters: Parameters) -> NamedRequest:
    """Return the request that the parameters of the authorization endpoint name; all others of them are ignored.

    Raises:
        OAuthError: ``invalid_request`` if none is named, or no client; ``invalid_request_uri`` for one of another form.
    """
    client_id, request_uri = parameters.text("client_id"), parameters.text("request_uri")
    if client_id is None or request_uri is None:
        raise OAuthError("invalid_request", "client_id and request_uri are needed, as the request has to be pushed")
    handle = request_uri.removeprefix(PREFIX)
    if not request_uri.startswith(PREFIX) or _HANDLE.fullmatch(handle) is None:
        raise invalid_request_uri()
    return NamedRequest(client_id, handle)


def require_bound(named: NamedRequest, *, pushed_by: str) -> None:
    """Return if the client that the browser names is the one that pushed the request.

    Raises:
        OAuthError: ``invalid_request_uri``, as for one that is unknown, used or expired.
    """
    if named.client_id != pushed_by:
        raise invalid_request_uri()


def invalid_request_uri() -> OAuthError:
    """Return the one answer to a ``request_uri`` that is unknown, expired, used, or of another client."""
    return OAuthError("invalid_request_uri", "request_uri is unknown, used or expired: push the request again")
