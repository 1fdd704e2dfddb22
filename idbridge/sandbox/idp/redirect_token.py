"""The protocol of the one state that is not standard: a token comes with the redirect and is exchanged for the login.

The browser is sent to ``/connect`` with ``client_id``, ``redirect_url``, ``state`` and ``nonce``, and comes back with
``authToken`` and ``state``; the client posts that token as JSON under its id and secret. There is no discovery, no PKCE
and no ``iss``; what is handed out is a signed ID token that repeats the nonce.
"""

from datetime import datetime
from types import MappingProxyType
from typing import Final

from idbridge.codec import strict_json
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.oidc.client import OidcClient
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from idbridge.sandbox.idp.asking import Asked, opaque
from idbridge.sandbox.idp.desk import Access, Desk
from idbridge.sandbox.idp.tokens import id_token, login_claims
from idbridge.sandbox.idp.web import Answer, WebRequest, json_answer

AUTH_TOKEN: Final = "authToken"  # noqa: S105 - the name of a parameter
_NOTHING: Final = Parameters(MappingProxyType({}))


def require_redirect_url(parameters: Parameters, client: OidcClient) -> str:
    """Return the redirect URL of a request: one that is registered.

    Raises:
        OAuthError: ``invalid_request``: nobody is sent there.
    """
    address = parameters.text("redirect_url")
    if address is None or address not in client.redirect_uris:
        raise OAuthError("invalid_request", "redirect_url is none that is registered")
    return address


def read_connecting(parameters: Parameters, client: OidcClient) -> Asked:
    """Return what ``client`` asks.

    Raises:
        OAuthError: ``invalid_request``.
    """
    state, nonce = opaque(parameters, "state"), opaque(parameters, "nonce")
    if state is None:
        raise OAuthError("invalid_request", "state is missing")
    return Asked(client.id, require_redirect_url(parameters, client), state, nonce, None, None, None)


def exchange(desk: Desk, request: WebRequest, *, at: datetime) -> Answer:
    """Return the login for the token of a redirect, which counts once and for the client that it was made for.

    Raises:
        OAuthError: ``invalid_client``, ``invalid_request`` or ``invalid_grant``.
    """
    client = desk.authenticated(request, _NOTHING, at=at)
    granted = desk.codes.take(_auth_token(request.body), at=at)
    if granted is None or granted.asked.client_id != client.id:
        raise OAuthError("invalid_grant", "auth_token is unknown, used, over, or of another client")
    service, made = desk.keys.service, desk.minting(at=at)
    claims = login_claims(service, granted.login, client=client, nonce=granted.asked.nonce, made=made)
    until = at + LIMITS.bearer_token_lifetime
    access_token = desk.tokens.keep(Access(client.id, claims, None), until=until)
    desk.tell(granted.session, client, claims, at=at)
    token = id_token(service, claims, client=client, access_token=access_token, made=made)
    return json_answer({"access_token": access_token, "id_token": token, "status": "ok"})


def _auth_token(body: bytes) -> str:
    try:
        token = strict_json.parse_object(body, max_bytes=LIMITS.body_bytes).get("auth_token")
    except InputError:
        token = None
    if type(token) is not str:
        raise OAuthError("invalid_request", "auth_token is a text in a JSON object")
    return token
