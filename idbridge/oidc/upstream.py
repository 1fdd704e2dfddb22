"""A login at a national provider, seen from the client: what is sent, and what of the answers may be believed.

Decides whether an authorization response is the answer to the request of this very browser, from the provider that was
asked, and whether a token response has what a login needs. The ID token in it is judged by ``credential.id_token``
like every other; nothing here reads it. Values that nobody can guess are handed in. Clauses: OpenID Connect Core 1.0
sections 3.1.2 and 3.1.3; RFC 9207 section 2.4; RFC 9700 sections 2.1, 4.4 and 4.7; RFC 6749 section 5.1.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from idbridge.codec import strict_json
from idbridge.crypto.algorithms import permitted
from idbridge.crypto.keys import PRIVATE_MEMBERS, parse_jwk
from idbridge.errors import InputError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.oidc.errors import OAuthErrorCode
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.pkce import METHOD
from idbridge.oidc.signed_jwt import candidates
from idbridge.oidc.upstream_discovery import ListedProvider, ProviderEndpoints
from idbridge.oidc.upstream_errors import UpstreamError, UpstreamFault

_LEAST_CHARACTERS: Final = 22  # 128 bits in base64url
_OK: Final = 200
_CREATED: Final = 201  # RFC 9126 section 2.2
_SENDABLE: Final = re.compile(r"[!-~]+")  # what a header field carries as one word (RFC 6750 section 2.1)
_NEVER_ASKED_FOR: Final = ("response", "access_token", "id_token", "token_type")


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """What is remembered of a login that is under way, for the browser that began it (RFC 9700 section 4.7.1).

    ``names_issuer`` tells that the provider promised ``iss`` in its response.

    Raises:
        ValueError: ``state``, ``nonce`` or verifier could be guessed, or two of them are one.
    """

    issuer: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    names_issuer: bool

    def __post_init__(self) -> None:
        values = (self.state, self.nonce, self.code_verifier)
        if min(map(len, values)) < _LEAST_CHARACTERS or len(set(values)) != len(values):
            raise ValueError("state, nonce and verifier are three random values of 128 bits at least")


@dataclass(frozen=True, slots=True)
class UpstreamTokens:
    """What a token response has. Nothing in it was verified yet; ``expires_in`` is ``None`` where it is not said."""

    unverified_id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    token_type: str
    expires_in: int | None


def request_parameters(
    provider: ListedProvider,
    pending: PendingLogin,
    *,
    code_challenge: str,
    scope: str = "openid",
    acr_values: str | None = None,
    further: Mapping[str, str] = MappingProxyType({}),
) -> Mapping[str, str]:
    """Return the parameters of the authorization request; ``further`` are those that only this provider wants.

    Raises:
        ValueError: ``further`` would replace one of ours; a programming error.
    """
    own = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": provider.redirect_uri,
        "scope": scope,
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": code_challenge,
        "code_challenge_method": METHOD,
        **({} if acr_values is None else {"acr_values": acr_values}),
    }
    if not own.keys().isdisjoint(further):
        raise ValueError("a provider's own parameters replace none of the protocol's")
    return MappingProxyType({**own, **further})


def request_location(endpoints: ProviderEndpoints, parameters: Mapping[str, str]) -> str:
    """Return where the browser is sent: with all ``parameters``, or with ``client_id`` and a pushed ``request_uri``."""
    joint = "&" if urlsplit(endpoints.authorization).query else "?"
    return f"{endpoints.authorization}{joint}{urlencode(parameters)}"


def read_authorization_response(parameters: Parameters, pending: PendingLogin) -> str:
    """Return the code of the response to ``pending``.

    Raises:
        UpstreamError: ``state_missing`` or ``state_mismatch``: it is not for this browser's login; ``issuer_missing``
            or ``issuer_mismatch``: it is from another provider; ``provider_refused``; ``response_malformed``.
    """
    state, issuer = parameters.text("state"), parameters.text("iss")
    if any(parameters.text(name) is not None for name in _NEVER_ASKED_FOR):
        raise UpstreamError(UpstreamFault.RESPONSE_MALFORMED, "the response has what was never asked for")
    if state is None:
        raise UpstreamError(UpstreamFault.STATE_MISSING)
    if not hmac.compare_digest(state.encode(), pending.state.encode()):
        raise UpstreamError(UpstreamFault.STATE_MISMATCH)
    if issuer is None and pending.names_issuer:
        raise UpstreamError(UpstreamFault.ISSUER_MISSING)
    if issuer is not None and issuer != pending.issuer:
        raise UpstreamError(UpstreamFault.ISSUER_MISMATCH)
    code, error = parameters.text("code"), parameters.text("error")
    if (code is None) is (error is None):
        raise UpstreamError(UpstreamFault.RESPONSE_MALFORMED, "the response has either a code or an error")
    if code is None:
        raise UpstreamError(UpstreamFault.PROVIDER_REFUSED, error=_known(error))
    if len(code) > LIMITS.opaque_characters:
        raise UpstreamError(UpstreamFault.RESPONSE_MALFORMED, "the code is too long")
    return code


def read_pushed_response(octets: bytes, *, status: int) -> str:
    """Return the name under which a provider keeps the request that was pushed, with which HTTP ``status``.

    Raises:
        UpstreamError: ``provider_refused``, or ``token_response_malformed``.
    """
    document = _granted(octets, status=status, granted=_CREATED)
    name = _text(document, "request_uri")
    if len(name) > LIMITS.client_uri_characters or not name.isprintable() or not name.isascii():
        raise UpstreamError(UpstreamFault.TOKEN_RESPONSE_MALFORMED, "`request_uri` is no name that may be sent")
    return name


def read_exchanged_token(octets: bytes, *, status: int) -> str:
    """Return the ID token that a provider gave for the token of its redirect; nothing in it was verified yet.

    Raises:
        UpstreamError: ``provider_refused``, ``token_response_malformed``, or ``id_token_missing``.
    """
    document = _granted(octets, status=status, granted=_OK)
    if "id_token" not in document:
        raise UpstreamError(UpstreamFault.ID_TOKEN_MISSING)
    return _text(document, "id_token")


def read_redirect_response(parameters: Parameters, pending: PendingLogin) -> str:
    """Return the token that came along with the redirect of a provider that does not speak OpenID Connect.

    Raises:
        UpstreamError: As for ``read_authorization_response``.
    """
    own = {("code" if name == "authToken" else name): value for name, value in parameters.values.items()}
    if "code" in parameters.values:
        raise UpstreamError(UpstreamFault.RESPONSE_MALFORMED, "the response has what was never asked for")
    return read_authorization_response(Parameters(MappingProxyType(own)), pending)


def read_token_response(octets: bytes, *, status: int, bound: bool) -> UpstreamTokens:
    """Return the tokens of a response with HTTP ``status``; ``bound`` tells that they have to be bound to our key.

    Raises:
        UpstreamError: ``provider_refused``; ``token_response_malformed``; ``token_type``: a bearer token where one
            bound to our key was due, or the other way round; ``id_token_missing``.
    """
    document = _granted(octets, status=status, granted=_OK)
    access_token, token_type = (_text(document, name) for name in ("access_token", "token_type"))
    if token_type.lower() != ("dpop" if bound else "bearer"):  # RFC 6749 section 5.1: in any case
        raise UpstreamError(UpstreamFault.TOKEN_TYPE)
    if "id_token" not in document:
        raise UpstreamError(UpstreamFault.ID_TOKEN_MISSING)
    if len(access_token) > LIMITS.token_bytes or _SENDABLE.fullmatch(access_token) is None:
        raise UpstreamError(UpstreamFault.TOKEN_RESPONSE_MALFORMED, "`access_token` is none that may be sent")
    return UpstreamTokens(_text(document, "id_token"), access_token, token_type.lower(), _expires_in(document))


def keys_to_try(octets: bytes, *, kid: str | None, algorithm: str, allowed: frozenset[str]) -> tuple[PublicKey, ...]:
    """Return the keys of a JWK set that may have signed a token whose header has ``algorithm``, and ``kid`` if any.

    Where the token names no key, each that fits may be tried; keys for something else are passed over. ``allowed`` are
    the algorithms that are listed and offered.

    Raises:
        UpstreamError: ``key_set_malformed``: no set, too many keys, or a private one.
        JoseError: ``jose.kid_unknown``, ``jose.alg_key_mismatch``: none fits. ``jose.alg_not_allowed``.
    """
    if not permitted(algorithm, allowed):
        raise JoseError("jose.alg_not_allowed")
    try:
        entries = strict_json.parse_object(octets, max_bytes=LIMITS.key_set_bytes).get("keys")
    except InputError as refusal:
        raise UpstreamError(UpstreamFault.KEY_SET_MALFORMED, refusal.detail) from None
    if type(entries) is not list or len(entries) > LIMITS.key_set_keys:
        raise UpstreamError(UpstreamFault.KEY_SET_MALFORMED, "no keys, or too many")
    return candidates(_usable(entries, allowed), kid=kid, algorithm=algorithm)


def _usable(entries: list[Any], allowed: frozenset[str]) -> list[PublicKey]:
    found: list[PublicKey] = []
    for entry in entries:
        if type(entry) is not dict or not PRIVATE_MEMBERS.isdisjoint(entry):
            raise UpstreamError(UpstreamFault.KEY_SET_MALFORMED, "a key is none, or is private")
        try:
            found.append(parse_jwk(entry, allowed=allowed))
        except JoseError:
            continue
    return found


def _granted(octets: bytes, *, status: int, granted: int) -> Mapping[str, Any]:
    """Return what an answer says that grants something."""
    try:
        document = strict_json.parse_object(octets, max_bytes=LIMITS.upstream_response_bytes)
    except InputError as refusal:
        raise UpstreamError(UpstreamFault.TOKEN_RESPONSE_MALFORMED, refusal.detail) from None
    if status != granted or "error" in document:
        raise UpstreamError(UpstreamFault.PROVIDER_REFUSED, error=_known(document.get("error")))
    return document


def _known(error: object) -> OAuthErrorCode | None:
    """Return the provider's error if it is one that exists; its own words go nowhere."""
    return OAuthErrorCode(error) if isinstance(error, str) and error in set(OAuthErrorCode) else None


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if type(value) is not str or not value:
        raise UpstreamError(UpstreamFault.TOKEN_RESPONSE_MALFORMED, f"`{name}` is no text")
    return value


def _expires_in(document: Mapping[str, Any]) -> int | None:
    seconds = document.get("expires_in")
    if seconds is not None and (type(seconds) is not int or seconds < 0):
        raise UpstreamError(UpstreamFault.TOKEN_RESPONSE_MALFORMED, "`expires_in` is a number of seconds")
    return seconds
