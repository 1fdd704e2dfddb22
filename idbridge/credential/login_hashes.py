"""The hashes by which an ID token names what came with it: ``at_hash``, ``c_hash`` and ``s_hash``.

Decides whether the access token, code or state that the relying party received is the one that the provider issued
with this token. The hash is that of the signature's algorithm, its left half in base64url. A value that the relying
party sends along demands its hash: in the code flow a provider may leave ``at_hash`` out (OpenID Connect Core 1.0,
3.1.3.6), and who has such a provider sends no access token, rather than hear that a comparison passed that was never
made. Clauses: OpenID Connect Core 1.0, sections 3.1.3.6, 3.1.3.8, 3.2.2.9 and 3.3.2.11; FAPI 1.0 Part 2, 5.1.
"""

import hashlib
import hmac
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.model.check import Check, CheckPoint
from idbridge.model.login import LoginExpectations

CLAIMS: Final = ("at_hash", "c_hash", "s_hash")
_HASHES: Final[Mapping[str, str]] = MappingProxyType({
    "ES256": "sha256", "PS256": "sha256", "RS256": "sha256", "ES384": "sha384", "ES512": "sha512",
    "Ed25519": "sha512", "EdDSA": "sha512",  # as the algorithm itself hashes (RFC 8032)
})  # fmt: skip


def nothing_received(point: CheckPoint) -> Check:
    """Return the check as not made, because the relying party sent nothing along."""
    return point.skipped("no access token, code or state was supplied")


def hash_check(
    point: CheckPoint, claims: Mapping[str, Any], *, algorithm: str, expected: LoginExpectations | None, nothing: Check
) -> Check:
    """Judge the hash claims of a token that was signed by ``algorithm``, under the number of ``point``.

    ``nothing`` is what ``nothing_received`` returned, made once, because few relying parties send anything along.
    """
    for name in CLAIMS:
        if name in claims and type(claims[name]) is not str:
            return point.refused("oidc.claim_malformed", f"`{name}` is a text")
    received = _received(expected) if expected is not None else None
    if not received:
        return nothing
    for name, value in received.items():
        if name not in claims:
            return point.refused("oidc.hash_mismatch", f"the token has no `{name}`")
        if not hmac.compare_digest(claims[name].encode(), half_hash(value, algorithm=algorithm).encode()):
            return point.refused("oidc.hash_mismatch", f"`{name}` is of another value")
    return point.passed


def _received(expected: LoginExpectations) -> dict[str, str]:
    values = zip(CLAIMS, (expected.access_token, expected.code, expected.state), strict=True)
    return {name: value for name, value in values if value is not None}


def half_hash(value: str, *, algorithm: str) -> str:
    """Return the left half of the hash of ``value`` that belongs to a signature ``algorithm`` of the closed table."""
    digest = hashlib.new(_HASHES[algorithm], value.encode()).digest()
    return base64url.encode(digest[: len(digest) // 2])
