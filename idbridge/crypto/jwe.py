"""Compact JSON Web Encryption (RFC 7516 section 7.1): opened with a key of ours, and made for the key of another.

Decides whether a compact JWE is of our closed tables and opens under one of the keys handed in. What is inside it does
not know, and it proves nothing of the sender: anybody can encrypt to a public key. Everything that shows without a key
(sizes, header, algorithm, ephemeral key) is judged first and named; whatever goes wrong with a key in hand is one code
without detail, because to tell a wrong key from a wrong tag is an oracle (RFC 7516 section 11.5).

``joserfc`` does the cryptography. The header is read by our own parser before it sees a single octet; ``zip``, ``crit``
and every member that brings or fetches a key are refused, so that nothing inflates and nothing is looked up.
Clauses: RFC 7518 sections 4 and 5; RFC 8725 sections 2.4, 2.5, 3.1 and 3.6.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwe
from joserfc.errors import JoseError as JoserfcError
from joserfc.jwk import ECKey, RSAKey

from idbridge.codec import base64url, strict_json
from idbridge.crypto.keys import jwk_of, parse_jwk
from idbridge.crypto.material import PrivateKey
from idbridge.errors import ConfigurationError, IdBridgeError, InputError, JoseError
from idbridge.limits import LIMITS

PARTS: Final = 5
_WRAPPED: Final[Mapping[str, int | None]] = MappingProxyType(
    {"ECDH-ES": None, "ECDH-ES+A128KW": 8, "ECDH-ES+A256KW": 8}
)
_RSA: Final = "RSA-OAEP-256"
EC_ALGORITHMS: Final = frozenset(_WRAPPED)
RSA_ALGORITHMS: Final = frozenset({_RSA})
ALGORITHMS: Final = EC_ALGORITHMS | RSA_ALGORITHMS


@dataclass(frozen=True, slots=True)
class ContentEncryption:
    """One ``enc`` of the closed table: octets of its key, initialisation vector and tag (RFC 7518 section 5)."""

    key: int
    vector: int
    tag: int


CONTENT: Final[Mapping[str, ContentEncryption]] = MappingProxyType({
    "A128GCM": ContentEncryption(key=16, vector=12, tag=16),
    "A256GCM": ContentEncryption(key=32, vector=12, tag=16),
    "A128CBC-HS256": ContentEncryption(key=32, vector=16, tag=16),
    "A256CBC-HS512": ContentEncryption(key=64, vector=16, tag=32),
})  # fmt: skip

# What compresses, must be understood, brings or fetches a key, or belongs to algorithms that do not exist here.
_FORBIDDEN: Final = frozenset({
    "zip", "crit", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "p2c", "p2s", "iv", "tag", "b64", "skid",
})  # fmt: skip
_TEXTS: Final = frozenset({"kid", "typ", "cty", "apu", "apv"})
_POINT: Final = frozenset({"kty", "crv", "x", "y"})
_FAILURES: Final = (JoserfcError, InvalidTag, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AssertionError)


class _Bounds(jwe.JWERegistry):
    """The bounds of ``limits.py`` in place of joserfc's own."""

    max_protected_header_length = LIMITS.protected_header_bytes
    max_encrypted_key_length = LIMITS.encrypted_token_bytes
    max_ciphertext_length = LIMITS.encrypted_answer_bytes


_REGISTRY: Final = _Bounds(algorithms=sorted(ALGORITHMS | CONTENT.keys()), strict_check_header=False)


@dataclass(frozen=True, slots=True)
class DecryptionKey:
    """A private key that opens what was encrypted to it. Made by ``decryption_key`` only.

    ``algorithms`` and ``encodings`` are the ``alg`` and ``enc`` that it is for; a JWE of any other is refused.
    """

    kid: str
    algorithms: frozenset[str]
    encodings: frozenset[str]
    public_jwk: Mapping[str, Any] = field(compare=False)
    _private: ECKey | RSAKey = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Decrypted:
    """What a JWE held, and under which names it was encrypted."""

    plaintext: bytes = field(repr=False)
    algorithm: str
    encoding: str
    content_type: str | None
    kid: str


@dataclass(frozen=True, slots=True)
class _Parts:
    """A compact JWE taken apart, its header accounted for; nothing was opened yet."""

    algorithm: str
    encoding: str
    kid: str | None
    content_type: str | None
    curve: str | None
    encrypted_key: bytes


def decryption_key(
    private: PrivateKey,
    *,
    kid: str | None = None,
    algorithms: frozenset[str] | None = None,
    encodings: frozenset[str] | None = None,
) -> DecryptionKey:
    """Return ``private`` as a key to decrypt with, for all algorithms that it fits unless ``algorithms`` names fewer.

    Raises:
        ConfigurationError: The key is of a kind or length that nothing is encrypted to here, or would fit nothing.
    """
    octets = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    held: ECKey | RSAKey
    if isinstance(private, ec.EllipticCurvePrivateKey):
        fits, held = EC_ALGORITHMS, ECKey.import_key(octets)
    elif isinstance(private, rsa.RSAPrivateKey):
        fits, held = RSA_ALGORITHMS, RSAKey.import_key(octets)
    else:
        raise ConfigurationError("a decryption key is an EC key on P-256, P-384 or P-521, or an RSA key")
    try:
        public = parse_jwk(jwk_of(private.public_key()))
    except JoseError as refusal:
        raise ConfigurationError(f"a decryption key that does not fit: {refusal.detail}") from None
    named = fits if algorithms is None else fits & algorithms
    contents = frozenset(CONTENT) if encodings is None else encodings & CONTENT.keys()
    if not named or not contents:
        raise ConfigurationError("a decryption key fits none of the algorithms that it is to be for")
    name = kid or public.thumbprint
    jwk = MappingProxyType({**public.jwk, "kid": name, "use": "enc"})
    return DecryptionKey(name, named, contents, jwk, held)


def decrypt(
    compact: str,
    keys: Iterable[DecryptionKey],
    *,
    max_bytes: int = LIMITS.encrypted_token_bytes,
    has_to_name: bool = False,
) -> Decrypted:
    """Return what ``compact`` holds, opened with the one of ``keys`` that it names, or with the only one that fits.

    ``kid`` is optional (RFC 7516 section 4.1.6), unless several keys could be meant (OpenID Connect Core 1.0 section
    10.2), or a standard demands it of an answer whatever there is: ``has_to_name``.

    Raises:
        InputError: ``input.too_large`` or ``input.malformed``.
        JoseError: ``jose.alg_not_allowed``, ``jose.alg_key_mismatch``, ``jose.crit_unsupported`` or
            ``jose.header_forbidden`` for what shows without a key; ``jose.decryption_failed`` for all else.
    """
    parts = _taken_apart(compact, max_bytes=max_bytes)
    fitting = [key for key in keys if _fits(parts, key)]
    if parts.kid is not None or has_to_name or len(fitting) > 1:
        fitting = [key for key in fitting if key.kid == parts.kid]
    for key in fitting:
        plaintext = _opened(compact, key)
        if plaintext is not None:
            return Decrypted(plaintext, parts.algorithm, parts.encoding, parts.content_type, key.kid)
    raise JoseError("jose.decryption_failed")


def encrypt(
    plaintext: bytes, *, to: Mapping[str, Any], algorithm: str, encoding: str, header: Mapping[str, Any] | None = None
) -> str:
    """Return ``plaintext`` as a compact JWE that the private half of the JWK ``to`` opens.

    Raises:
        ValueError: The algorithms are not of the closed tables, or do not fit the key; a programming error.
    """
    if algorithm not in ALGORITHMS or encoding not in CONTENT:
        raise ValueError("an algorithm that is not in the closed table")
    bare = {name: value for name, value in to.items() if name in (*_POINT, "n", "e")}
    key = ECKey.import_key(bare) if algorithm in EC_ALGORITHMS else RSAKey.import_key(bare)
    members = {"alg": algorithm, "enc": encoding, **({"kid": to["kid"]} if "kid" in to else {}), **(header or {})}
    return jwe.encrypt_compact(members, plaintext, key, registry=_REGISTRY)


def _taken_apart(compact: str, *, max_bytes: int) -> _Parts:
    """Return the header accounted for and the sizes judged, of all five parts."""
    if len(compact) > max_bytes:
        raise InputError("input.too_large", f"a JWE longer than {max_bytes} octets")
    texts = compact.split(".", PARTS)
    if len(texts) != PARTS:
        raise InputError("input.malformed", "a compact JWE has five parts")
    header, *rest = texts
    encrypted_key, vector, ciphertext, tag = map(base64url.decode, rest)
    parts = _accounted(header, encrypted_key)
    content = CONTENT[parts.encoding]
    if (len(vector), len(tag)) != (content.vector, content.tag) or not ciphertext:
        raise InputError("input.malformed", "a part of the JWE has not the length that its algorithm gives it")
    _require_key_length(parts, content)
    return parts


def _accounted(header: str, encrypted_key: bytes) -> _Parts:
    members = strict_json.parse_object(base64url.decode(header), max_bytes=LIMITS.protected_header_bytes)
    algorithm, encoding = members.get("alg"), members.get("enc")
    if type(algorithm) is not str or type(encoding) is not str:
        raise JoseError("jose.alg_not_allowed", "an encrypted token names `alg` and `enc`")
    if algorithm not in ALGORITHMS or encoding not in CONTENT:
        raise JoseError("jose.alg_not_allowed", "the encryption is not in the closed table")
    if "crit" in members:
        raise JoseError("jose.crit_unsupported")
    if not _FORBIDDEN.isdisjoint(members):
        raise JoseError("jose.header_forbidden", f"the header has `{min(_FORBIDDEN.intersection(members))}`")
    for name in _TEXTS.intersection(members):
        if type(members[name]) is not str or not 0 < len(members[name]) <= LIMITS.identifier_characters:
            raise InputError("input.malformed", f"`{name}` of the header is no text of a length that it may have")
    for name in ("apu", "apv"):
        base64url.decode(members.get(name, ""))
    curve = _curve_of(members, algorithm)
    return _Parts(algorithm, encoding, members.get("kid"), members.get("cty"), curve, encrypted_key)


def _curve_of(members: Mapping[str, Any], algorithm: str) -> str | None:
    """Return the curve of the ephemeral key, a point on it and no private key; ``None`` where there is none.

    A point off the curve would let the sender read our private key out of the answers (RFC 8725 section 2.5).
    """
    if algorithm not in EC_ALGORITHMS:
        if "epk" in members:
            raise JoseError("jose.header_forbidden", "the header has `epk`")
        return None
    ephemeral = members.get("epk")
    if type(ephemeral) is not dict or ephemeral.get("kty") != "EC" or "d" in ephemeral:
        raise JoseError("jose.alg_key_mismatch", "the header has no ephemeral EC public key")
    try:
        point = parse_jwk({name: value for name, value in ephemeral.items() if name in _POINT})
    except IdBridgeError:
        point = None
    if point is None:
        raise JoseError("jose.alg_key_mismatch", "the ephemeral key is no point of a curve of the closed table")
    return point.jwk["crv"]


def _require_key_length(parts: _Parts, content: ContentEncryption) -> None:
    """Refuse an encrypted key of a length that its algorithm never gives: none, or as wrapped (RFC 3394)."""
    if parts.algorithm == _RSA:
        return  # as long as the modulus of the key, which is judged with the key
    surplus = _WRAPPED[parts.algorithm]
    if len(parts.encrypted_key) != (0 if surplus is None else content.key + surplus):
        raise InputError("input.malformed", "the encrypted key has not the length that its algorithm gives it")


def _fits(parts: _Parts, key: DecryptionKey) -> bool:
    if parts.algorithm not in key.algorithms or parts.encoding not in key.encodings:
        return False
    return parts.curve == key.public_jwk.get("crv")


def _opened(compact: str, key: DecryptionKey) -> bytes | None:
    """Return what ``key`` makes of ``compact``; ``None`` if nothing, and nobody hears why."""
    try:
        return jwe.decrypt_compact(compact, key._private, registry=_REGISTRY).plaintext  # noqa: SLF001 - made here
    except _FAILURES:
        return None
