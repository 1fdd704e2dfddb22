"""RP-initiated logout: whom a browser wants to log out, and whether it may be sent back afterwards.

Decides whether a logout request is in order, and to which registered address the browser goes. It is sent back only if
our own ID token shows which client asks: an address alone, registered or not, would make of us an open redirector, and
a link on any page could log a person out. Without that token the person is asked first, and stays with us. So they are
with another token that we signed for a client and that names no session of ours, as a userinfo response. The hint may
have expired long ago; every key that we ever signed ID tokens with may be handed in. Clause: OpenID Connect
RP-Initiated Logout 1.0, sections 2, 3 and 6.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.oidc.client import OidcClient
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.id_token_hint import read_id_token_hint
from idbridge.oidc.parameters import Parameters


@dataclass(frozen=True, slots=True)
class LogoutHint:
    """An ID token of ours, shown again: for which client it was made, and the ``session`` that began with it."""

    client_id: str
    session: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A logout that may be carried out, once the person agreed.

    ``hint`` is ``None`` where nobody showed who asks. Only in a browser that has the session of ``hint`` nobody needs
    to be asked. ``redirect_uri`` is registered, and ``None`` if the browser stays here.
    """

    hint: LogoutHint | None
    redirect_uri: str | None
    state: str | None = field(repr=False)


def read_logout_hint(
    parameters: Parameters, *, issuer: str, keys: Iterable[PublicKey], at: datetime
) -> LogoutHint | None:
    """Return the ID token that the request brings as ``id_token_hint``, ``None`` without one.

    A token that names no session began none here, and says no more than if nobody had shown it.

    Raises:
        OAuthError: ``invalid_request``: it is no ID token of ours, or was changed. The browser is sent nowhere.
    """
    claims = read_id_token_hint(parameters, issuer=issuer, keys=keys, at=at)
    if claims is None or "sid" not in claims:
        return None
    return LogoutHint(claims["aud"], claims["sid"])


def read_logout_request(parameters: Parameters, *, hint: LogoutHint | None, client: OidcClient | None) -> LogoutRequest:
    """Return the logout that is asked for; ``client`` is the registration that ``hint`` names, ``None`` without.

    Raises:
        OAuthError: ``invalid_request``: the address is not registered, or another client is named. Nowhere to go.
    """
    if hint is not None and (client is None or client.id != hint.client_id):
        raise OAuthError("invalid_request", "the client of id_token_hint is not registered any more")
    named = parameters.text("client_id")
    if hint is not None and named not in (None, hint.client_id):
        raise OAuthError("invalid_request", "client_id is not the client of id_token_hint")
    if hint is None or client is None:
        return LogoutRequest(None, None, None)
    address = parameters.text("post_logout_redirect_uri")
    if address is None:
        return LogoutRequest(hint, None, None)
    if address not in client.post_logout_redirect_uris:
        raise OAuthError("invalid_request", "post_logout_redirect_uri is none that is registered")
    return LogoutRequest(hint, address, _state(parameters))


def _state(parameters: Parameters) -> str | None:
    state = parameters.text("state")
    if state is not None and len(state) > LIMITS.opaque_characters:
        raise OAuthError("invalid_request", "state is too long")
    return state
