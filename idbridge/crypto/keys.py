"""Public keys from JWK (RFC 7517, RFC 7518 section 6, RFC 8037) or certificate, parsed and checked once.

Decides whether a key may verify signatures, and for which algorithms of the closed table. It does not know whose key
it is: that a key is trusted, a trust list says. Private members, symmetric keys and keys for another use are refused
where the key is built, so that no later code can meet one.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from idbridge.codec import base64url
from idbridge.crypto import material
from idbridge.crypto.algorithms import ALGORITHMS, KeyType, permitted
from idbridge.crypto.material import Verification
from idbridge.errors import InputError, IssuerError, JoseError
from idbridge.limits import LIMITS

PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_RSA_EXPONENT: Final = "AQAB"
_EC_ALGORITHMS: Final = MappingProxyType({
    algorithm.curve: name for name, algorithm in ALGORITHMS.items() if algorithm.key_type is KeyType.EC
})  # fmt: skip

# Required members, their RFC 7638 text (section 3.3), and by algorithm name the verifications of a known `kty`. No JSON
# escape can change what stands in the text: all of it is from the closed table, or was read as base64url.
_Reading = tuple[dict[str, str], str, dict[str, Verification]]
_Reader = Callable[[Mapping[str, Any]], _Reading]


@dataclass(frozen=True, slots=True)
class JwkPublicKey:
    """A public key that was parsed and checked once; implements ``model.keys.PublicKey``. Made by ``parse_jwk`` only.

    ``jwk`` holds the members that the RFC 7638 thumbprint covers and no others. Two keys are equal if thumbprint,
    ``kid`` and algorithms are.
    """

    thumbprint: str
    kid: str | None
    algorithms: frozenset[str]
    jwk: Mapping[str, str] = field(compare=False, repr=False)
    _verifications: Mapping[str, Verification] = field(compare=False, repr=False)

    @property
    def kty(self) -> str:
        """The key type: ``EC``, ``OKP`` or ``RSA``."""
        return self.jwk["kty"]

    def verify(self, algorithm: str, *, signature: bytes, signed: bytes) -> None:
        """Return if ``signature`` (JOSE form, ECDSA as r||s) over ``signed`` is valid.

        Raises:
            JoseError: ``jose.alg_key_mismatch`` or ``jose.signature_invalid``.
        """
        verification = self._verifications.get(algorithm)
        if verification is None:
            raise JoseError("jose.alg_key_mismatch")
        try:
            verification(signature, signed)
        except InvalidSignature:
            raise JoseError("jose.signature_invalid") from None


def parse_jwk(jwk: Mapping[str, Any], *, allowed: frozenset[str] | None = None) -> JwkPublicKey:
    """Return the key that ``jwk`` describes, for the algorithms that it fits and that ``allowed`` holds.

    An ``alg`` member narrows the key to that algorithm. Members that no rule here names are ignored (RFC 7517
    section 4); ``x5u`` and ``x5c`` are among them, because a key never says where trust in it comes from.

    Raises:
        JoseError: ``jose.alg_key_mismatch`` for a key that may not verify here or fits none of the algorithms.
    """
    if not PRIVATE_MEMBERS.isdisjoint(jwk):
        _refuse("a public key has no private members")
    _refuse_other_use(jwk)
    reader = _READERS.get(_text(jwk, "kty"))
    if reader is None:
        _refuse("the key type has no algorithm in the closed table")
    members, spelled, verifications = reader(jwk)
    algorithms = _fitting(tuple(verifications), _named_algorithm(jwk) if "alg" in jwk else None, allowed)
    if not algorithms:
        _refuse("the key fits none of the allowed algorithms")
    if len(algorithms) < len(verifications):
        verifications = {name: check for name, check in verifications.items() if name in algorithms}
    # Positional: lists hold thousands of keys, and arguments by name cost as much as a coordinate.
    return JwkPublicKey(
        _thumbprint(spelled), _kid(jwk), algorithms, MappingProxyType(members), verifications
    )  # fmt: skip


def _named_algorithm(jwk: Mapping[str, Any]) -> str:
    """Return the ``alg`` of a key; one that is not in the closed table fits no key."""
    name = _text(jwk, "alg")
    return name if name in ALGORITHMS else _refuse("the key fits none of the allowed algorithms")


@lru_cache(maxsize=256)
def _fitting(offered: tuple[str, ...], named: str | None, allowed: frozenset[str] | None) -> frozenset[str]:
    """Return those of the ``offered`` algorithms that the key names, if it names one, and that are allowed.

    Remembered, because it is the same few questions for every key; all three come from the closed table or from code.
    """
    narrowed = [frozenset({named})] if named is not None else []
    narrowed += [allowed] if allowed is not None else []
    return frozenset(name for name in offered if all(permitted(name, names) for names in narrowed))


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the RFC 7638 SHA-256 thumbprint of a public ``jwk``, base64url.

    Raises:
        JoseError: ``jose.alg_key_mismatch``, as for ``parse_jwk``.
    """
    return parse_jwk(jwk).thumbprint


def public_key_from_certificate(der: bytes) -> JwkPublicKey:
    """Return the subject key of the certificate in ``der``; nothing else of the certificate is judged.

    Raises:
        IssuerError: ``issuer.certificate_profile`` for no certificate, or for a key of a type or size not served.
    """
    return _certified(lambda: x509.load_der_x509_certificate(der).public_key())


def public_key_of(certificate: x509.Certificate) -> JwkPublicKey:
    """Return the subject key of a certificate that was read already, as ``public_key_from_certificate`` would.

    Raises:
        IssuerError: ``issuer.certificate_profile`` for a key of a type or size not served.
    """
    return _certified(certificate.public_key)


def _certified(read: Callable[[], object]) -> JwkPublicKey:
    try:
        key = read()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise IssuerError("issuer.certificate_profile", "not a certificate with a key served here") from None
    try:
        return parse_jwk(jwk_of(key))
    except JoseError as refusal:
        raise IssuerError("issuer.certificate_profile", refusal.detail) from refusal


def jwk_of(key: object) -> dict[str, str]:
    """Return the required JWK members of a public key object of the ``cryptography`` library.

    Raises:
        JoseError: ``jose.alg_key_mismatch`` for a key type, curve or exponent without algorithm in the closed table.
    """
    if isinstance(key, ec.EllipticCurvePublicKey):
        curve = material.CURVE_NAMES.get(key.curve.name)
        if curve is None:
            _refuse("the curve has no algorithm in the closed table")
        numbers, octets = key.public_numbers(), material.COORDINATE_OCTETS[curve]
        x, y = (base64url.encode(number.to_bytes(octets, "big")) for number in (numbers.x, numbers.y))
        return {"crv": curve, "kty": "EC", "x": x, "y": y}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"crv": "Ed25519", "kty": "OKP", "x": base64url.encode(key.public_bytes_raw())}
    if isinstance(key, rsa.RSAPublicKey):
        return {"e": _unsigned(key.public_numbers().e), "kty": "RSA", "n": _unsigned(key.public_numbers().n)}
    return _refuse("the key type has no algorithm in the closed table")


def _unsigned(number: int) -> str:
    return base64url.encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _refuse(why: str) -> NoReturn:
    raise JoseError("jose.alg_key_mismatch", why)


def _refuse_other_use(jwk: Mapping[str, Any]) -> None:
    """Refuse a key that says it is for anything but signatures (RFC 7517 sections 4.2 and 4.3)."""
    if jwk.get("use", "sig") != "sig":
        _refuse("the key is for another use")
    if "key_ops" in jwk:
        operations = jwk["key_ops"]
        if not isinstance(operations, list | tuple) or "verify" not in operations:
            _refuse("the key is not for verifying")


def _kid(jwk: Mapping[str, Any]) -> str | None:
    if "kid" not in jwk:
        return None
    kid = _text(jwk, "kid")
    if not 0 < len(kid) <= LIMITS.identifier_characters:
        _refuse("the key id is empty or too long")
    return kid


def _text(jwk: Mapping[str, Any], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        _refuse(f"the key has no text in `{name}`")
    return value


def _octets(jwk: Mapping[str, Any], name: str) -> tuple[str, bytes]:
    text = _text(jwk, name)
    try:
        return text, base64url.decode(text)
    except InputError:
        _refuse(f"`{name}` of the key is not base64url")


def _read_ec(jwk: Mapping[str, Any]) -> _Reading:
    curve = _text(jwk, "crv")
    algorithm = _EC_ALGORITHMS.get(curve)
    if algorithm is None:
        _refuse("the curve has no algorithm in the closed table")
    x, x_octets = _octets(jwk, "x")
    y, y_octets = _octets(jwk, "y")
    verification = material.ecdsa_verification(curve, x_octets, y_octets)
    spelled = f'{{"crv":"{curve}","kty":"EC","x":"{x}","y":"{y}"}}'
    return {"crv": curve, "kty": "EC", "x": x, "y": y}, spelled, {algorithm: verification}


def _read_okp(jwk: Mapping[str, Any]) -> _Reading:
    if _text(jwk, "crv") != "Ed25519":
        _refuse("the curve has no algorithm in the closed table")
    x, octets = _octets(jwk, "x")
    verification = material.ed25519_verification(octets)
    spelled = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return {"crv": "Ed25519", "kty": "OKP", "x": x}, spelled, {"Ed25519": verification, "EdDSA": verification}


def _read_rsa(jwk: Mapping[str, Any]) -> _Reading:
    if _text(jwk, "e") != _RSA_EXPONENT:
        _refuse("the RSA exponent is 65537")
    n, octets = _octets(jwk, "n")
    pss, pkcs1 = material.rsa_verifications(octets)
    spelled = f'{{"e":"{_RSA_EXPONENT}","kty":"RSA","n":"{n}"}}'
    return {"e": _RSA_EXPONENT, "kty": "RSA", "n": n}, spelled, {"PS256": pss, "RS256": pkcs1}


_READERS: Final[Mapping[str, _Reader]] = MappingProxyType({"EC": _read_ec, "OKP": _read_okp, "RSA": _read_rsa})


def _thumbprint(spelled: str) -> str:
    """Hash the text of a key's required members (RFC 7638)."""
    return base64url.encode(hashlib.sha256(spelled.encode()).digest())
