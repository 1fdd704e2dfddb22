"""The mathematics of a public key: octets to something that verifies, for three key types, and back for signing.

Decides whether the numbers make a key that is safe to verify with: a point on the curve (NIST SP 800-186 appendix
D.1), not of small order for Ed25519 (RFC 8032 section 5.1.7 leaves that open), an RSA modulus of 2048 to 4096 bits
with the exponent 65537. It does not know JSON, names or trust.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from idbridge.crypto import ecdsa
from idbridge.crypto.algorithms import Algorithm, KeyType
from idbridge.errors import JoseError
from idbridge.limits import LIMITS

# Takes a signature in JOSE form and what was signed; returns if it is valid, raises `InvalidSignature` or `JoseError`.
Verification = Callable[[bytes, bytes], None]

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

CURVES: Final[Mapping[str, ec.EllipticCurve]] = MappingProxyType({
    "P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1(),
})  # fmt: skip
ECDSA_HASHES: Final[Mapping[str, ec.ECDSA]] = MappingProxyType({
    "P-256": ec.ECDSA(hashes.SHA256()), "P-384": ec.ECDSA(hashes.SHA384()), "P-521": ec.ECDSA(hashes.SHA512()),
})  # fmt: skip
# As those, and the number that a signature needs comes from key and message (RFC 6979); see ``sign``.
_WITHOUT_RANDOMNESS: Final[Mapping[str, ec.ECDSA]] = MappingProxyType({
    curve: ec.ECDSA(held.algorithm, deterministic_signing=True) for curve, held in ECDSA_HASHES.items()
})  # fmt: skip
COORDINATE_OCTETS: Final[Mapping[str, int]] = MappingProxyType({"P-256": 32, "P-384": 48, "P-521": 66})
# The prime of the field and the coefficient b of each curve y^2 = x^3 - 3x + b (NIST SP 800-186 section 3.2.1).
_FIELDS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType({
    "P-256": (
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    ),
    "P-384": (
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    ),
    "P-521": (
        2**521 - 1,
        0x51953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
    ),
})  # fmt: skip

CURVE_NAMES: Final = MappingProxyType({curve.name: name for name, curve in CURVES.items()})

SHA256: Final = hashes.SHA256()
PSS: Final = padding.PSS(mgf=padding.MGF1(SHA256), salt_length=32)  # RFC 7518 section 3.5: as long as the hash
PKCS1: Final = padding.PKCS1v15()
RSA_EXPONENT: Final = 65537

ED25519_OCTETS: Final = 32
_ED25519_PRIME: Final = 2**255 - 19
_ED25519_SIGN_BIT: Final = 2**255
# The y coordinates of the eight points of small order. With such a key, one signature would fit many messages.
ED25519_SMALL_ORDER: Final = frozenset(
    {
        0,
        1,
        _ED25519_PRIME - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)


def ecdsa_verification(curve: str, x: bytes, y: bytes) -> Verification:
    """Return the ECDSA verification with the point ``(x, y)`` on ``curve``, both as long as the field (SEC 1).

    The point is checked here and now. The library's key, which costs five times as much to make, is made when the first
    signature is verified: of the keys that a list names, most never verify one.

    Raises:
        JoseError: ``jose.alg_key_mismatch``: the point is not on the curve.
    """
    octets = COORDINATE_OCTETS[curve]
    if len(x) != octets or len(y) != octets:
        raise JoseError("jose.alg_key_mismatch", "a coordinate is as long as the curve's field")
    if not _on_curve(curve, int.from_bytes(x, "big"), int.from_bytes(y, "big")):
        raise JoseError("jose.alg_key_mismatch", "the point is not on the curve")
    algorithm = ECDSA_HASHES[curve]
    signature_octets = 2 * octets
    made: list[ec.EllipticCurvePublicKey] = []

    def verify(signature: bytes, signed: bytes) -> None:
        if not made:
            made.append(ec.EllipticCurvePublicKey.from_encoded_point(CURVES[curve], b"\x04" + x + y))
        made[0].verify(ecdsa.to_der(signature, octets=signature_octets), signed, algorithm)

    return verify


def _on_curve(curve: str, x: int, y: int) -> bool:
    """Tell whether ``(x, y)`` is a point of ``curve``. All of these curves have cofactor 1: no point is of small order.

    This is the whole public key validation of NIST SP 800-186 appendix D.1.1; zero and zero is no point of any of them.
    """
    prime, b = _FIELDS[curve]
    return x < prime and y < prime and (y * y - (x * x - 3) * x - b) % prime == 0


def ed25519_verification(x: bytes) -> Verification:
    """Return the Ed25519 verification with the point that ``x`` encodes.

    Raises:
        JoseError: ``jose.alg_key_mismatch``: another length, no canonical encoding, or a point of small order.
    """
    if len(x) != ED25519_OCTETS:
        raise JoseError("jose.alg_key_mismatch", "an Ed25519 key has 32 octets")
    y = int.from_bytes(x, "little") % _ED25519_SIGN_BIT
    if y >= _ED25519_PRIME or y in ED25519_SMALL_ORDER:
        raise JoseError("jose.alg_key_mismatch", "an Ed25519 key of small order or in a second spelling")
    return ed25519.Ed25519PublicKey.from_public_bytes(x).verify


def rsa_verifications(n: bytes) -> tuple[Verification, Verification]:
    """Return the PS256 and the RS256 verification with the modulus ``n`` (big-endian) and the exponent 65537.

    Raises:
        JoseError: ``jose.alg_key_mismatch``: another size than the limits allow, a leading zero, or no RSA modulus.
    """
    modulus = int.from_bytes(n, "big")
    if not n or n[0] == 0 or not LIMITS.rsa_min_bits <= modulus.bit_length() <= LIMITS.rsa_max_bits or not modulus & 1:
        raise JoseError("jose.alg_key_mismatch", "an RSA key has an odd modulus of 2048 to 4096 bits")
    key = rsa.RSAPublicNumbers(RSA_EXPONENT, modulus).public_key()  # All that could fail here was asked above.

    def verify_pss(signature: bytes, signed: bytes) -> None:
        key.verify(signature, signed, PSS, SHA256)

    def verify_pkcs1(signature: bytes, signed: bytes) -> None:
        key.verify(signature, signed, PKCS1, SHA256)

    return verify_pss, verify_pkcs1


def generate_key(algorithm: Algorithm) -> PrivateKey:
    """Return a new private key for ``algorithm``, of the smallest size that is allowed."""
    if algorithm.key_type is KeyType.RSA:
        return rsa.generate_private_key(RSA_EXPONENT, LIMITS.rsa_min_bits)
    if algorithm.key_type is KeyType.OKP:
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(CURVES[str(algorithm.curve)])


def sign(key: PrivateKey, algorithm: str, message: bytes, *, deterministic: bool = False) -> bytes:
    """Return the signature of ``key`` over ``message`` in JOSE form; the caller knows that ``algorithm`` fits.

    ``deterministic`` takes the randomness out of ECDSA (RFC 6979): the same message has the same signature.
    """
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, PSS if algorithm == "PS256" else PKCS1, SHA256)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    curve = CURVE_NAMES[key.curve.name]
    signature = key.sign(message, (_WITHOUT_RANDOMNESS if deterministic else ECDSA_HASHES)[curve])
    return ecdsa.from_der(signature, octets=2 * COORDINATE_OCTETS[curve])
