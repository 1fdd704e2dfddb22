"""COSE_Sign1 messages (RFC 9052 section 4.2): taken apart and verified, as VICALs, mdocs and health codes carry them.

Decides whether octets are one well-formed COSE_Sign1, tagged with 18 or not, and whether its signature verifies with a
key that the caller took from a trust list. It does not know where keys come from, nor what the payload says. The
external data is empty. ``crit`` is refused, because no extension is understood here; ``x5u`` is, because it fetches;
a header parameter stands in one of the two buckets and never in both (section 3); the algorithm is protected.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NoReturn

from idbridge.codec import cbor
from idbridge.codec.cbor import Tagged
from idbridge.crypto.algorithms import permitted
from idbridge.errors import InputError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey

# The IANA registry of COSE algorithms, as far as the closed table goes. RFC 9864 gave the last four their own numbers.
ALGORITHMS: Final[Mapping[int, str]] = MappingProxyType({
    -7: "ES256", -35: "ES384", -36: "ES512", -8: "EdDSA", -37: "PS256", -257: "RS256",
    -9: "ES256", -51: "ES384", -52: "ES512", -19: "Ed25519",
})  # fmt: skip
SIGN1: Final = 18
_PARTS: Final = 4
# Labels of the IANA registry of COSE header parameters.
_ALG: Final = 1
_CRIT: Final = 2
_KID: Final = 4
_X5CHAIN: Final = 33
_X5U: Final = 35
_NOWHERE: Final = (_CRIT, _X5U)


@dataclass(frozen=True, slots=True)
class UnverifiedSign1:
    """A COSE_Sign1 taken apart; nothing in it may be believed. Made by ``parse_unverified`` only.

    ``algorithm`` is a JOSE name, ``certificates`` are those of ``x5chain`` in DER, leaf first: they lead to a key only
    by a path to one that is listed. ``protected`` are the octets that were signed as the header.
    """

    algorithm: str
    kid: bytes | None
    certificates: tuple[bytes, ...]
    protected: bytes
    payload: bytes
    signature: bytes


def parse_unverified(
    octets: bytes, *, max_bytes: int = LIMITS.token_bytes, detached: bytes | None = None
) -> UnverifiedSign1:
    """Take a COSE_Sign1 apart and account for its headers; ``detached`` is the payload of one that carries none.

    Raises:
        InputError: ``input.too_large`` or ``input.malformed``.
        JoseError: ``jose.alg_not_allowed``, ``jose.crit_unsupported`` or ``jose.header_forbidden``.
    """
    value = cbor.decode(octets, max_bytes=max_bytes, tags=frozenset({SIGN1}))
    protected, unprotected, inside, signature = _parts(value)
    headers = _headers(protected, unprotected)
    payload = detached if inside is None else inside
    if payload is None or (inside is not None and detached is not None):
        raise InputError("input.malformed", "a COSE_Sign1 has its payload inside or beside it")
    return UnverifiedSign1(
        algorithm=headers.algorithm,
        kid=_kid(headers.members),
        certificates=_certificates(headers.members),
        protected=protected,
        payload=payload,
        signature=signature,
    )


def verify(unverified: UnverifiedSign1, *, key: PublicKey, algorithms: frozenset[str]) -> bytes:
    """Return the payload as signed, if the signature verifies with ``key`` and an algorithm of ``algorithms``.

    Raises:
        JoseError: ``jose.alg_not_allowed``, ``jose.alg_key_mismatch`` or ``jose.signature_invalid``.
    """
    if not permitted(unverified.algorithm, algorithms):
        raise JoseError("jose.alg_not_allowed", "the algorithm is not listed for this key")
    signed = signature_octets(protected=unverified.protected, payload=unverified.payload)
    key.verify(unverified.algorithm, signature=unverified.signature, signed=signed)
    return unverified.payload


def signature_octets(*, protected: bytes, payload: bytes) -> bytes:
    """Return what a signature is made over: the Sig_structure of RFC 9052 section 4.4, without external data."""
    return cbor.encode(["Signature1", protected, b"", payload])


@dataclass(frozen=True, slots=True)
class _Headers:
    """Both buckets as one, and the algorithm, which the protected one names."""

    algorithm: str
    members: Mapping[Any, Any]


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


def _headers(protected: bytes, unprotected: dict[Any, Any]) -> _Headers:
    signed = cbor.decode(protected, max_bytes=LIMITS.protected_header_bytes) if protected else {}
    if type(signed) is not dict:
        _malformed("the protected header is no map")
    if not signed.keys().isdisjoint(unprotected):
        _malformed("a header parameter stands in both buckets")
    members = {**unprotected, **signed}
    for label in _NOWHERE:
        if label in members:
            raise JoseError("jose.crit_unsupported" if label == _CRIT else "jose.header_forbidden")
    name = ALGORITHMS.get(signed[_ALG]) if type(signed.get(_ALG)) is int else None
    if name is None:
        raise JoseError("jose.alg_not_allowed", "the protected header names no algorithm of the closed table")
    return _Headers(name, members)


def _kid(members: Mapping[Any, Any]) -> bytes | None:
    if _KID not in members:
        return None
    kid = members[_KID]
    if type(kid) is not bytes or not 0 < len(kid) <= LIMITS.identifier_characters:
        _malformed("`kid` is no key id")
    return kid


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
