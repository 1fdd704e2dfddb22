"""Public keys between JWK and SubjectPublicKeyInfo in PEM (RFC 5280 section 4.1.2.7, RFC 7468 section 13).

TUF writes ECDSA keys as PEM and Ed25519 keys as hexadecimal digits. One key has many spellings there; each function
here knows exactly one of them, so that two spellings of a key never count as two keys.
"""

from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from idbridge.codec import base64url
from idbridge.crypto import material
from idbridge.crypto.keys import jwk_of, parse_jwk
from idbridge.errors import JoseError


def pem_of(jwk: Mapping[str, Any]) -> str:
    """Return the PEM of an elliptic curve key, the one spelling that ``jwk_from_pem`` takes.

    Raises:
        JoseError: ``jose.alg_key_mismatch``: not a public key of a curve that is served.
    """
    members = parse_jwk(jwk).jwk
    if members["kty"] != "EC":
        raise JoseError("jose.alg_key_mismatch", "only elliptic curve keys are written as PEM here")
    point = b"\x04" + base64url.decode(members["x"]) + base64url.decode(members["y"])
    key = ec.EllipticCurvePublicKey.from_encoded_point(material.CURVES[members["crv"]], point)
    return _pem(key)


def jwk_from_pem(pem: str) -> dict[str, str]:
    """Return the JWK members of the elliptic curve key that ``pem`` spells.

    Raises:
        JoseError: ``jose.alg_key_mismatch``: no such key, another type of key, or a second spelling of one.
    """
    try:
        key = load_pem_public_key(pem.encode("ascii"))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise JoseError("jose.alg_key_mismatch", "not the PEM of a public key") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in material.CURVE_NAMES:
        raise JoseError("jose.alg_key_mismatch", "not an elliptic curve key of a curve that is served")
    if _pem(key) != pem:
        raise JoseError("jose.alg_key_mismatch", "a second spelling of a key")
    return jwk_of(key)


def jwk_of_public_pem(pem: str) -> dict[str, str]:
    """Return the JWK members of the public key of any type served that ``pem`` spells, however it spells it.

    For keys that somebody names; where two spellings must not count as two keys, ``jwk_from_pem`` reads.

    Raises:
        JoseError: ``jose.alg_key_mismatch``: no such key, or one of a type that is not served.
    """
    try:
        return jwk_of(load_pem_public_key(pem.encode("utf-8")))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise JoseError("jose.alg_key_mismatch", "not the PEM of a public key") from None


def _pem(key: ec.EllipticCurvePublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
