"""The authorization response: what goes back to a redirect URI that was found to be registered, and to no other.

Every response names its issuer, errors too, so that a client of several servers notices when one answers for another
(RFC 9207). Nothing but a code, or an error, stands in it: no token and nothing of a person. Clauses: RFC 6749 sections
4.1.2 and 4.1.2.1; OAuth 2.0 Form Post Response Mode; RFC 9700 section 4.4.
"""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlencode, urlsplit

from idbridge.oidc.authorization_request import AuthorizationRequest
from idbridge.oidc.errors import OAuthError, OAuthErrorCode

# What may be told through the browser; what is wrong with a client or its proof is told to the client alone.
_TOLD = frozenset({
    OAuthErrorCode.ACCESS_DENIED, OAuthErrorCode.CONSENT_REQUIRED, OAuthErrorCode.INTERACTION_REQUIRED,
    OAuthErrorCode.INVALID_REQUEST, OAuthErrorCode.INVALID_SCOPE, OAuthErrorCode.LOGIN_REQUIRED,
    OAuthErrorCode.REQUEST_NOT_SUPPORTED, OAuthErrorCode.REQUEST_URI_NOT_SUPPORTED, OAuthErrorCode.SERVER_ERROR,
    OAuthErrorCode.TEMPORARILY_UNAVAILABLE, OAuthErrorCode.UNAUTHORIZED_CLIENT,
    OAuthErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS, OAuthErrorCode.UNSUPPORTED_RESPONSE_TYPE,
})  # fmt: skip


def code_response(request: AuthorizationRequest, *, code: str, issuer: str) -> Mapping[str, str]:
    """Return the parameters of the answer to a ``request`` that was agreed to."""
    return _with_state({"code": code, "iss": issuer}, request.state)


def error_response(error: OAuthError, *, state: str | None, issuer: str) -> Mapping[str, str]:
    """Return the parameters of the answer to a request that was refused, by the person or by us.

    Raises:
        ValueError: An error that a browser never carries; a programming error.
    """
    if error.error not in _TOLD:
        raise ValueError(f"{error.error} is told to the client and to no browser")
    return _with_state({**error.document(), "iss": issuer}, state)


def response_location(redirect_uri: str, parameters: Mapping[str, str]) -> str:
    """Return where the browser is sent, by 303: ``redirect_uri`` is registered, and keeps the query that it has."""
    joint = "&" if urlsplit(redirect_uri).query else "" if redirect_uri.endswith("?") else "?"
    return f"{redirect_uri}{joint}{urlencode(parameters)}"


def _with_state(parameters: dict[str, str], state: str | None) -> Mapping[str, str]:
    return MappingProxyType(parameters if state is None else {**parameters, "state": state})
