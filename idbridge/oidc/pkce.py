"""PKCE: the code is redeemed by whoever began the login, because only they know what its challenge was made of.

S256 and nothing else: ``plain`` hands the verifier to everybody who sees the request. Required of every client, whether
it authenticates or not (FAPI 2.0 section 5.3.2.2; RFC 9700 section 2.1.1). Clauses: RFC 7636 sections 4.1 to 4.6.
"""

import hashlib
import hmac
import re
from typing import Final

from idbridge.codec import base64url
from idbridge.errors import InputError
from idbridge.oidc.errors import OAuthError

METHOD: Final = "S256"
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_DIGEST_OCTETS: Final = 32


def require_challenge(challenge: str | None, method: str | None) -> str:
    """Return the ``code_challenge`` of an authorization request, if it is one of S256.

    Raises:
        OAuthError: ``invalid_request``: there is none, its method is another (``plain`` is the default where none is
            named), or it is no SHA-256 in base64url.
    """
    if challenge is None:
        raise OAuthError("invalid_request", "PKCE is required: code_challenge is missing")
    if method != METHOD:
        raise OAuthError("invalid_request", "code_challenge_method is S256 and is named")
    try:
        octets = base64url.decode(challenge)
    except InputError:
        octets = b""
    if len(octets) != _DIGEST_OCTETS:
        raise OAuthError("invalid_request", "code_challenge is no SHA-256 in base64url")
    return challenge


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a ``verifier`` that is of the right form already."""
    return base64url.encode(hashlib.sha256(verifier.encode("ascii")).digest())


def require_verifier(verifier: str | None, *, challenge: str) -> None:
    """Return if ``verifier`` is what ``challenge`` was made of.

    Raises:
        OAuthError: ``invalid_grant``: there is none, it is of another form, or another one.
    """
    if verifier is None:
        raise OAuthError("invalid_grant", "code_verifier is missing")
    if _VERIFIER.fullmatch(verifier) is None:
        raise OAuthError("invalid_grant", "code_verifier is of 43 to 128 unreserved characters")
    if not hmac.compare_digest(challenge_of(verifier), challenge):
        raise OAuthError("invalid_grant", "code_verifier is another than the one of the challenge")
