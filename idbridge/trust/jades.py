"""The signature of a trust list: a compact JAdES-B-B (ETSI TS 119 182-1) by a key that is pinned for its state.

Decides whether one of the given keys signed the octets. It does not know what the list says. The header has exactly
``alg``, ``typ``, ``kid`` and ``iat``, and may have ``x5t#S256``, which is not read: the key is pinned, and no
certificate speaks for it. Everything else in a header (``crit``, ``b64``, ``jwk``, ``x5c``, ``jku``) is refused.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from idbridge.codec import base64url, strict_json
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import Signer
from idbridge.errors import InputError, JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.trust import members
from idbridge.trust.errors import violation

TYPE: Final = "JAdES"
_HEADER: Final = frozenset({"alg", "typ", "kid", "iat"})
_HEADER_OPTIONAL: Final = frozenset({"x5t#S256"})
_PARTS: Final = 3
_SHA256_OCTETS: Final = 32
_LAST_SECOND: Final = 253402300799  # 9999-12-31T23:59:59Z, the last that a date can hold


@dataclass(frozen=True, slots=True)
class SignedList:
    """A payload that a pinned key signed. Made in this module only.

    ``digest`` is the SHA-256 (hex) of the compact JWS as received; ``content`` that of the payload, which stays the
    same when the same list is signed again. ``signer`` is the thumbprint of the key.
    """

    payload: bytes
    digest: str
    content: str
    signer: str
    signed_at: datetime


def open_list(offered: bytes, *, keys: tuple[PublicKey, ...]) -> SignedList:
    """Return the payload of a signed list; ``keys`` are those pinned for the state whose list it is to be.

    Raises:
        TrustError: ``trust.signer_unknown`` for a key that is not pinned, ``trust.signature_invalid`` for a signature
            that does not verify with it, ``trust.profile_violation`` for another form or header.
    """
    if len(offered) > LIMITS.trust_list_bytes:
        raise violation(f"a list of more than {LIMITS.trust_list_bytes} octets")
    parts = offered.split(b".", _PARTS)
    if len(parts) != _PARTS:
        raise violation("a list is one compact JWS with one signature")
    try:
        protected, payload, signature = (base64url.decode(part.decode("ascii")) for part in parts)
        header = strict_json.parse_object(protected, max_bytes=LIMITS.protected_header_bytes)
    except (InputError, UnicodeDecodeError):
        raise violation("the list is not a compact JWS") from None
    key = _pinned(_accounted(header), keys)
    _verify(key, header["alg"], signature=signature, signed=offered[: -1 - len(parts[2])])
    return SignedList(
        payload=payload,
        digest=hashlib.sha256(offered).hexdigest(),
        content=hashlib.sha256(payload).hexdigest(),
        signer=key.thumbprint,
        signed_at=datetime.fromtimestamp(header["iat"], UTC),
    )


def _accounted(value: dict[str, Any]) -> Mapping[str, Any]:
    """Return the header if every member is one that the profile knows."""
    header = members.table(value, required=_HEADER, optional=_HEADER_OPTIONAL, where="the header of the list")
    if header["typ"] != TYPE:
        raise violation("the list is signed as another type of document")
    members.text(header["alg"], where="alg")
    members.count(header["iat"], where="iat", least=1, most=_LAST_SECOND)
    if "x5t#S256" in header:
        _refuse_other_digest(header["x5t#S256"])
    return header


def _refuse_other_digest(value: Any) -> None:
    try:
        octets = base64url.decode(members.text(value, where="x5t#S256"))
    except InputError:
        raise violation("x5t#S256 is not a digest") from None
    if len(octets) != _SHA256_OCTETS:
        raise violation("x5t#S256 is not a digest")


def _pinned(header: Mapping[str, Any], keys: tuple[PublicKey, ...]) -> PublicKey:
    """Return the pinned key that ``kid`` names by its thumbprint."""
    for key in keys:
        if key.thumbprint == header["kid"]:
            return key
    raise TrustError("trust.signer_unknown")


def _verify(key: PublicKey, algorithm: str, *, signature: bytes, signed: bytes) -> None:
    try:
        key.verify(algorithm, signature=signature, signed=signed)
    except JoseError:
        raise TrustError("trust.signature_invalid") from None


def sign(payload: bytes, signer: Signer, *, at: datetime) -> str:
    """Return ``payload`` signed at ``at``, in the form that ``open_list`` reads."""
    header = {"typ": TYPE, "kid": thumbprint(signer.public_jwk), "iat": int(at.timestamp())}
    return sign_compact(header, payload, signer)
