"""Keys that a DID spells out: ``did:jwk`` and ``did:key``, read and never trusted for standing there.

Such a DID is a name that contains a key. That the key is in the name says nothing of who holds it: an issuer's is held
against the keys of the trust lists, and a holder's counts only where a listed issuer signed the DID as its subject's
(``vc_holder``). Four kinds of key are read from
``did:key``: P-256, P-384 and P-521 as compressed points, and Ed25519. Clauses: did:jwk section 2; the did:key method
sections 2 and 3; Multicodec table. Every other method needs a look-up somewhere, which nothing here ever makes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from idbridge.codec import base64url, strict_json
from idbridge.crypto.keys import JwkPublicKey, jwk_of, parse_jwk
from idbridge.crypto.material import COORDINATE_OCTETS, CURVES, ED25519_OCTETS
from idbridge.errors import InputError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey

DID: Final = "did:"
_JWK: Final = "did:jwk:"
_KEY: Final = "did:key:"
_BASE58: Final = "z"  # the one multibase prefix that did:key has
_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS: Final[Mapping[str, int]] = MappingProxyType({character: place for place, character in enumerate(_ALPHABET)})
_ED25519: Final = b"\xed\x01"
_POINTS: Final[Mapping[bytes, str]] = MappingProxyType({
    b"\x80\x24": "P-256", b"\x81\x24": "P-384", b"\x82\x24": "P-521",
})  # fmt: skip
_CODEC_OCTETS: Final = 2
_LONGEST_KEY: Final = 128  # characters of base58, of which a P-521 point takes 95
_DID_JWK_FRAGMENT: Final = "0"


def is_did(name: str) -> bool:
    """Tell whether ``name`` is a DID, of whatever method."""
    return name.startswith(DID)


def key_of(did: str) -> JwkPublicKey:
    """Return the key that ``did`` spells out; whose it is, and whether it counts, others decide.

    Nothing is remembered: the DID may be a holder's, and a process keeps no list of who came by.

    Raises:
        InputError: ``input.format_unsupported`` for another method or kind of key, ``input.malformed`` for a DID that
            is not the one spelling of its key, ``input.too_large``.
    """
    if len(did) > LIMITS.identifier_characters:
        raise InputError("input.too_large", "a DID longer than any identifier")
    if did.startswith(_JWK):
        return _parsed(strict_json.parse_object(base64url.decode(did[len(_JWK) :]), max_bytes=LIMITS.token_bytes))
    if did.startswith(_KEY):
        return _parsed(_multikey(did[len(_KEY) :]))
    raise InputError("input.format_unsupported", "a DID method that needs a look-up")


def url_names(did_url: str) -> JwkPublicKey:
    """Return the key that a DID URL names: the DID alone, or with the one fragment that its method gives the key.

    Raises:
        InputError: As for ``key_of``; ``input.malformed`` for another fragment.
    """
    did, hash_, fragment = did_url.partition("#")
    key = key_of(did)
    expected = _DID_JWK_FRAGMENT if did.startswith(_JWK) else did[len(_KEY) :]
    if hash_ and fragment != expected:
        raise InputError("input.malformed", "a DID URL with a fragment that its method does not make")
    return key


def is_called(key: PublicKey, kid: str) -> bool:
    """Tell whether ``kid`` is what a list calls ``key``, or a DID URL that spells it out."""
    if kid == (key.kid or key.thumbprint):
        return True
    try:
        return is_did(kid) and url_names(kid).thumbprint == key.thumbprint
    except InputError:
        return False


def _parsed(jwk: Mapping[str, Any]) -> JwkPublicKey:
    try:
        return parse_jwk(jwk)
    except JoseError as refusal:
        raise InputError("input.malformed", f"the key of a DID: {refusal.detail}") from refusal


def _multikey(text: str) -> dict[str, str]:
    """Return the JWK of a key in multibase and multicodec."""
    octets = _base58(text)
    codec, point = octets[:_CODEC_OCTETS], octets[_CODEC_OCTETS:]
    if codec == _ED25519 and len(point) == ED25519_OCTETS:
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(point)}
    curve = _POINTS.get(codec)
    if curve is None:
        raise InputError("input.format_unsupported", "a DID with a kind of key that is not served here")
    if len(point) != COORDINATE_OCTETS[curve] + 1:
        raise InputError("input.malformed", "a DID with a point that is not compressed")
    try:
        return jwk_of(ec.EllipticCurvePublicKey.from_encoded_point(CURVES[curve], point))
    except (ValueError, UnsupportedAlgorithm):
        raise InputError("input.malformed", "a DID with a point that is not on its curve") from None


def _base58(text: str) -> bytes:
    """Return the octets of multibase base58btc, one text for each; a key never begins with a zero octet."""
    digits = text[1:]
    if text[:1] != _BASE58 or not 0 < len(digits) <= _LONGEST_KEY or digits[0] == _ALPHABET[0]:
        raise InputError("input.malformed", "a did:key is a key in base58btc")
    number = 0
    for character in digits:
        digit = _DIGITS.get(character)
        if digit is None:
            raise InputError("input.malformed", "a did:key is a key in base58btc")
        number = number * len(_ALPHABET) + digit
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def did_key(key: JwkPublicKey) -> str:
    """Return ``key`` as a ``did:key``; for what the sandbox issues.

    Raises:
        JoseError: ``jose.alg_key_mismatch`` for a kind of key that has no codec here.
    """
    x = base64url.decode(key.jwk["x"]) if "x" in key.jwk else b""
    if key.kty == "OKP":
        return f"{_KEY}{_BASE58}{_digits_of(_ED25519 + x)}"
    codec = next((codec for codec, curve in _POINTS.items() if curve == key.jwk.get("crv")), None)
    if codec is None:
        raise JoseError("jose.alg_key_mismatch", "the key has no codec")
    sign = 2 + (base64url.decode(key.jwk["y"])[-1] & 1)
    return f"{_KEY}{_BASE58}{_digits_of(codec + bytes([sign]) + x)}"


def did_jwk(key: JwkPublicKey) -> str:
    """Return ``key`` as a ``did:jwk``, its required members in the order of their names."""
    members = ",".join(f'"{name}":"{value}"' for name, value in sorted(key.jwk.items()))
    return f"{_JWK}{base64url.encode(f'{{{members}}}'.encode())}"


def _digits_of(octets: bytes) -> str:
    number, digits = int.from_bytes(octets, "big"), ""
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
