"""What a client proves to a national provider: who it is, and that it holds the key that its tokens are bound to.

Decides what stands in these proofs and nothing of the answer. A client assertion is made for the issuer as one text, so
that no other server can pass it on; a DPoP proof is made for one request. Each is good for a minute and counts once,
because its ``jti``, which is handed in, is random. Clauses: RFC 7523 section 3; FAPI 2.0 Security Profile section
5.3.3.1; RFC 9449 sections 4.2, 7.1 and 8; RFC 6749 section 2.3.1.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus

from idbridge.codec import base64url
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import Signer
from idbridge.limits import LIMITS
from idbridge.oidc.client_assertion import ASSERTION_TYPE
from idbridge.oidc.htu import normalised

_POINT: Final = ("kty", "crv", "x", "y")
_TYPE: Final = "JWT"  # the one that every provider takes; RFC 7523 names none


def client_assertion(signer: Signer, *, client_id: str, issuer: str, jti: str, at: datetime) -> Mapping[str, str]:
    """Return the parameters by which the client ``client_id`` authenticates at ``issuer`` with its key."""
    issued = int(at.timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "iat": issued,
        "exp": issued + int(LIMITS.client_assertion_lifetime.total_seconds() // 2),
        "jti": jti,
    }
    return {
        "client_id": client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": sign_compact({"typ": _TYPE}, _spelled(claims), signer),
    }


def basic_authorization(client_id: str, secret: str) -> str:
    """Return the header field ``Authorization`` of a client with a secret: both are coded as in a form before."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode('ascii')).decode('ascii')}"


def dpop_proof(
    signer: Signer,
    *,
    method: str,
    url: str,
    jti: str,
    at: datetime,
    nonce: str | None = None,
    access_token: str | None = None,
) -> str:
    """Return the proof for one request to ``url``; ``nonce`` is the server's, if it gave us one.

    Raises:
        ValueError: ``url`` is none that can be called; a programming error.
    """
    htu = normalised(url)
    if htu is None:
        raise ValueError("a DPoP proof is made for an address that can be called")
    claims: dict[str, Any] = {"jti": jti, "htm": method, "htu": htu, "iat": int(at.timestamp())}
    if nonce is not None:
        claims["nonce"] = nonce
    if access_token is not None:
        claims["ath"] = base64url.encode(hashlib.sha256(access_token.encode()).digest())
    public = {name: signer.public_jwk[name] for name in _POINT}
    return sign_compact({"typ": "dpop+jwt", "jwk": public}, _spelled(claims), signer)


def _spelled(claims: Mapping[str, Any]) -> bytes:
    return json.dumps(claims, separators=(",", ":")).encode()
