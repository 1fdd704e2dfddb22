"""Client authentication: which client a request says that it is from, and in which one way it proves it.

Decides that a request authenticates in exactly one way (RFC 6749 section 2.3), and whether a secret is the registered
one. Assertions are judged by ``client_assertion``, which tells a client's developer what is wrong with one. Of a secret
nobody learns why it did not do: unknown client, switched off or wrong get one answer. Client ids themselves are public.
Clauses: RFC 6749 section 2.3.1; RFC 7521 section 4.2.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import unquote_plus

from idbridge.limits import LIMITS
from idbridge.model.credential import OneTimeValue
from idbridge.oidc.client import OidcClient
from idbridge.oidc.client_assertion import ASSERTION_TYPE, unverified_client_id, verify_client_assertion
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters

_BASIC: Final = "basic "
_NOBODY: Final = "0" * 64
_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="idbridge"'}


@dataclass(frozen=True, slots=True)
class PresentedClient:
    """Which client a request says that it is from, and its one proof: an assertion or a secret. Not yet believed."""

    client_id: str
    assertion: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)


def unknown_client() -> OAuthError:
    """Return the one answer to a client that is not registered, switched off, or proves itself by what is not its."""
    return OAuthError("invalid_client", "the client is not known, or did not prove who it is", headers=_CHALLENGE)


def read_presented_client(parameters: Parameters, *, authorization: str | None = None) -> PresentedClient:
    """Return the client that the form ``parameters``, or the header field ``authorization``, present.

    Raises:
        OAuthError: ``invalid_client`` without proof or with two; ``invalid_request`` if two client ids are named.
    """
    named = parameters.text("client_id")
    assertion = parameters.text("client_assertion")
    secret = parameters.text("client_secret")
    basic = _basic(authorization) if authorization is not None else None
    if [assertion, secret, basic].count(None) != 2:
        raise OAuthError("invalid_client", "a client authenticates in exactly one way", headers=_CHALLENGE)
    if (parameters.text("client_assertion_type") is not None) is not (assertion is not None):
        raise OAuthError("invalid_client", "client_assertion and client_assertion_type go together")
    if assertion is not None:
        if parameters.text("client_assertion_type") != ASSERTION_TYPE:
            raise OAuthError("invalid_client", "the type of the client assertion is not served")
        presented = PresentedClient(unverified_client_id(assertion), assertion=assertion)
    elif basic is not None:
        presented = PresentedClient(basic[0], secret=basic[1])
    elif named is not None:
        presented = PresentedClient(named, secret=secret)
    else:
        raise OAuthError("invalid_client", "a secret comes with client_id")
    if named not in (None, presented.client_id):
        raise OAuthError("invalid_request", "two clients are named")
    return presented


def authenticate(
    presented: PresentedClient, client: OidcClient | None, *, issuer: str, at: datetime
) -> OneTimeValue | None:
    """Return what has to be spent before ``client`` counts as authenticated: of a secret, nothing.

    ``client`` is what is registered under the presented id, ``None`` if nothing is.

    Raises:
        OAuthError: ``invalid_client``.
    """
    if client is not None and client.id != presented.client_id:
        raise unknown_client()
    if presented.assertion is not None and client is not None and client.authenticates_by_key:
        return verify_client_assertion(presented.assertion, client=client, issuer=issuer, at=at)
    digest = hashlib.sha256((presented.secret or "").encode()).hexdigest()
    registered = client.secret_digests(at) if client is not None else ()
    right = [hmac.compare_digest(digest, one) for one in registered or (_NOBODY,)]  # all of them, whichever it is
    if not any(right) or not registered or presented.secret is None or client is None or not client.enabled:
        raise unknown_client()
    return None


def _basic(authorization: str) -> tuple[str, str]:
    """Return client id and secret of a header field, each decoded as a form value (RFC 6749 section 2.3.1)."""
    if authorization[: len(_BASIC)].lower() != _BASIC or len(authorization) > LIMITS.request_head_bytes:
        raise unknown_client()
    try:
        text = base64.b64decode(authorization[len(_BASIC) :].strip(" "), validate=True).decode("ascii")
        client_id, colon, secret = text.partition(":")
        parts = [unquote_plus(part, errors="strict") for part in (client_id, secret)]
    except (binascii.Error, UnicodeError, ValueError):
        raise unknown_client() from None
    if not colon or not all(parts):
        raise unknown_client()
    return parts[0], parts[1]
