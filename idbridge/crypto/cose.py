"""COSE_Sign1 messages (RFC 9052 section 4.2): taken apart and verified, as VICALs, mdocs and health codes carry them.

Decides whether octets are one well-formed COSE_Sign1, tagged with 18 or not, and whether its signature verifies with a
key that the caller took from a trust list. It does not know where keys come from, nor what the payload says. The
external data is empty. ``crit`` is refused, because no extension is understood here; ``x5u`` is, because it fetches;
a header parameter stands in one of the two buckets and never in both (section 3); the algorithm is protected.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn

from idbridge.codec import base64url, cbor
from idbridge.codec.cbor import Tagged
from idbridge.crypto.algorithms import permitted
from idbridge.errors import InputError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.credential import ProtectedHeader, UnverifiedSign1
from idbridge.model.keys import PublicKey

# The IANA registry of COSE algorithms, as far as the closed table goes. RFC 9864 gave the last four their own numbers.
ALGORITHMS: Final[Mapping[int, str]] = MappingProxyType({
    -7: "ES256", -35: "ES384", -36: "ES512", -8: "EdDSA", -37: "PS256", -257: "RS256",
    -9: "ES256", -51: "ES384", -52: "ES512", -19: "Ed25519",
})  # fmt: skip
# Protected headers that name an algorithm and nothing else, as they are spelled: nearly all there are.
_BARE: Final[Mapping[bytes, int]] = MappingProxyType({cbor.encode({1: number}): number for number in ALGORITHMS})
SIGN1: Final = 18
_PARTS: Final = 4
# Labels of the IANA registry of COSE header parameters.
_ALG: Final = 1
_CRIT: Final = 2
_KID: Final = 4
_X5CHAIN: Final = 33
_X5U: Final = 35
_NOWHERE: Final = (_CRIT, _X5U)


def parse_unverified(
    octets: bytes, *, max_bytes: int = LIMITS.token_bytes, detached: bytes | None = None
) -> UnverifiedSign1:
    """Take a COSE_Sign1 apart and account for its headers; ``detached`` is the payload of one that carries none.

    Raises:
        InputError: ``input.too_large`` or ``input.malformed``.
        JoseError: ``jose.alg_not_allowed``, ``jose.crit_unsupported`` or ``jose.header_forbidden``.
    """
    return take_apart(cbor.decode(octets, max_bytes=max_bytes, tags=frozenset({SIGN1})), detached=detached)


def take_apart(value: Any, *, detached: bytes | None = None) -> UnverifiedSign1:
    """Take a COSE_Sign1 apart that ``cbor.decode`` read already, as part of something else; else as above.

    Raises:
        InputError: ``input.too_large`` or ``input.malformed``.
        JoseError: As for ``parse_unverified``.
    """
    protected, unprotected, inside, signature = _parts(value)
    header = _header(protected, unprotected)
    payload = detached if inside is None else inside
    if payload is None or (inside is not None and detached is not None):
        raise InputError("input.malformed", "a COSE_Sign1 has its payload inside or beside it")
    return UnverifiedSign1(
        header, protected, payload, signature_octets(protected=protected, payload=payload), signature
    )


def verify(unverified: UnverifiedSign1, *, key: PublicKey, algorithms: frozenset[str]) -> bytes:
    """Return the payload as signed, if the signature verifies with ``key`` and an algorithm of ``algorithms``.

    Raises:
        JoseError: ``jose.alg_not_allowed``, ``jose.alg_key_mismatch`` or ``jose.signature_invalid``.
    """
    algorithm = unverified.header.algorithm
    if not permitted(algorithm, algorithms):
        raise JoseError("jose.alg_not_allowed", "the algorithm is not listed for this key")
    key.verify(algorithm, signature=unverified.signature, signed=unverified.signed)
    return unverified.payload


def signature_octets(*, protected: bytes, payload: bytes) -> bytes:
    """Return what a signature is made over: the Sig_structure of RFC 9052 section 4.4, without external data."""
    return cbor.encode(["Signature1", protected, b"", payload])


def _parts(value: Any) -> tuple[bytes, dict[Any, Any], bytes | None, bytes]:
    """Return protected header, unprotected header, payload and signature."""
    parts = value.value if isinstance(value, Tagged) else value
    if type(parts) is not list or len(parts) != _PARTS:
        _malformed("a COSE_Sign1 is an array of four")
    protected, unprotected, payload, signature = parts
    if type(protected) is not bytes or type(unprotected) is not dict or type(signature) is not bytes:
        _malformed("a part of the COSE_Sign1 has the wrong type")
    if payload is not None and type(payload) is not bytes:
        _malformed("the payload of a COSE_Sign1 is octets")
    return protected, unprotected, payload, signature


def protected_members(protected: bytes) -> dict[Any, Any]:
    """Return what a protected header says.

    Raises:
        InputError: ``input.too_large`` or ``input.malformed``.
    """
    bare = _BARE.get(protected)
    if bare is not None:
        return {_ALG: bare}
    signed = cbor.decode(protected, max_bytes=LIMITS.protected_header_bytes) if protected else {}
    if type(signed) is not dict:
        _malformed("the protected header is no map")
    members: dict[Any, Any] = signed
    return members


def _header(protected: bytes, unprotected: dict[Any, Any]) -> ProtectedHeader:
    """Return both buckets as one; the algorithm is the one that the protected bucket names."""
    signed = protected_members(protected)
    if not signed.keys().isdisjoint(unprotected):
        _malformed("a header parameter stands in both buckets")
    members = {**unprotected, **signed}
    for label in _NOWHERE:
        if label in members:
            raise JoseError("jose.crit_unsupported" if label == _CRIT else "jose.header_forbidden")
    name = ALGORITHMS.get(signed[_ALG]) if type(signed.get(_ALG)) is int else None
    if name is None:
        raise JoseError("jose.alg_not_allowed", "the protected header names no algorithm of the closed table")
    return ProtectedHeader(name, None, _kid(members), _certificates(members), MappingProxyType(members))


def _kid(members: Mapping[Any, Any]) -> str | None:
    if _KID not in members:
        return None
    kid = members[_KID]
    if type(kid) is not bytes or not 0 < len(kid) <= LIMITS.identifier_characters:
        _malformed("`kid` is no key id")
    return kid_text(kid)


def kid_text(kid: bytes) -> str:
    """Return a key id as lists spell it: as it is where it is visible ASCII, else in base64url.

    Two key ids may share a text. That costs nothing, because a key id only chooses among keys that are listed.
    """
    text = kid.decode("latin-1")
    return text if text.isascii() and text.isprintable() else base64url.encode(kid)


def _certificates(members: Mapping[Any, Any]) -> tuple[bytes, ...]:
    """Return the certificates of ``x5chain``: one as octets, several as an array, leaf first (RFC 9360 section 2)."""
    if _X5CHAIN not in members:
        return ()
    chain = members[_X5CHAIN]
    ders = [chain] if type(chain) is bytes else chain
    if type(ders) is not list or not ders or not all(type(der) is bytes for der in ders):
        _malformed("`x5chain` holds no certificates")
    if len(ders) > LIMITS.path_candidates:
        raise InputError("input.too_large", f"`x5chain` has more than {LIMITS.path_candidates} certificates")
    return tuple(ders)


def _malformed(why: str) -> NoReturn:
    raise InputError("input.malformed", why)
