"""Keys in a hardware token behind PKCS #11: named by an RFC 7512 reference, used through the ``Signer`` seam.

Decides whether a reference names one key of one token that can sign here. The private key stays in the token; its
public key is read from there, and one trial signature must verify with it before the key is used, so that two objects
that do not belong together never meet a signed list. The binding is an extra (``idbridge[hsm]``), imported only when a
token is opened. The module is named by ``module-path`` in the reference or by ``IDBRIDGE_PKCS11_MODULE``.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from types import MappingProxyType, ModuleType
from typing import Any, Final
from urllib.parse import unquote, unquote_to_bytes

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

from idbridge.codec import base64url
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.crypto.material import COORDINATE_OCTETS, ED25519_OCTETS
from idbridge.errors import ConfigurationError, JoseError

SCHEME: Final = "pkcs11:"
MODULE_VARIABLE: Final = "IDBRIDGE_PKCS11_MODULE"
_PATH_ATTRIBUTES: Final = frozenset({"token", "serial", "object", "id", "type"})
_QUERY_ATTRIBUTES: Final = frozenset({"module-path"})
_CURVES: Final = MappingProxyType({
    asn1.encode_der(ObjectIdentifier("1.2.840.10045.3.1.7")): "P-256",
    asn1.encode_der(ObjectIdentifier("1.3.132.0.34")): "P-384",
    asn1.encode_der(ObjectIdentifier("1.3.101.112")): "Ed25519",
    asn1.encode_der(asn1.PrintableString("edwards25519")): "Ed25519",  # PKCS #11 3.0 allows both
})  # fmt: skip
_HASHES: Final = MappingProxyType({"P-256": hashlib.sha256, "P-384": hashlib.sha384})
_UNCOMPRESSED: Final = b"\x04"
_TRIAL_OCTETS: Final = 32


@dataclass(frozen=True, slots=True)
class TokenReference:
    """Which key of which token. What is ``None`` is not asked for; at least the object or the id is there."""

    token: str | None
    serial: str | None
    object: str | None
    id: bytes | None
    module: str


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """A signer whose private key is in a token. Made by ``open_token``; one session, one signature at a time."""

    algorithm: str
    kid: str
    public_jwk: Mapping[str, Any]
    _sign: Callable[[bytes], bytes] = field(repr=False, compare=False)
    _turn: Lock = field(default_factory=Lock, repr=False, compare=False)

    def sign(self, message: bytes) -> bytes:
        """Return the signature over ``message`` in JOSE form (ECDSA as r||s).

        Raises:
            ConfigurationError: The token is gone, locked, or refuses.
        """
        with self._turn, _spoken("the token does not sign"):
            return self._sign(message)


def parse_reference(text: str) -> TokenReference:
    """Return what ``text`` names: ``pkcs11:token=LABEL;object=LABEL;id=%01?module-path=FILE``.

    Raises:
        ConfigurationError: It names no key or no module, repeats itself, or brings a PIN along, which others would see.
    """
    path, _, query = text.removeprefix(SCHEME).partition("?")
    asked = _attributes(path.split(";"), _PATH_ATTRIBUTES)
    extra = _attributes(query.split("&") if query else [], _QUERY_ATTRIBUTES)
    module = unquote(extra.get("module-path", "")) or os.environ.get(MODULE_VARIABLE, "")
    if not module:
        raise ConfigurationError(f"no PKCS #11 module: add `?module-path=FILE` or set {MODULE_VARIABLE}")
    if asked.get("type", "private") != "private":
        raise ConfigurationError("a signer is an object of the type `private`")
    if not asked.get("object") and not asked.get("id"):
        raise ConfigurationError("a PKCS #11 reference names its key by `object` or `id`")
    return TokenReference(
        token=unquote(asked["token"]) if "token" in asked else None,
        serial=unquote(asked["serial"]) if "serial" in asked else None,
        object=unquote(asked["object"]) if "object" in asked else None,
        id=unquote_to_bytes(asked["id"]) if "id" in asked else None,
        module=module,
    )


def _attributes(parts: list[str], known: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if name.startswith("pin-"):
            raise ConfigurationError("a PIN does not stand in a reference; it is asked for, or read from a file")
        if not equals or name not in known or name in found:
            raise ConfigurationError(f"a PKCS #11 reference has {', '.join(sorted(known))}, each once")
        found[name] = value
    return found


def open_token(reference: str, *, pin: Callable[[str], str]) -> TokenSigner:
    """Return the signer that ``reference`` names; ``pin`` is asked once, with the token's name.

    Raises:
        ConfigurationError: The binding, module, token or key is absent or ambiguous, the PIN is wrong, or the key is of
            a type that is not served or does not belong to its public key.
    """
    wanted = parse_reference(reference)
    binding = _binding()
    with _spoken("the PKCS #11 module cannot be used"):
        token = _token(binding, wanted)
        session = _login(binding, token, pin(f"token {token.label}"))
    try:
        with _spoken("the token does not show its keys"):
            return _signer(binding, session, wanted)
    except ConfigurationError:
        session.close()
        raise


def _login(binding: ModuleType, token: Any, pin: str) -> Any:
    """Open a session; a process logs in to a token once, for all its sessions, and further PINs are not looked at."""
    try:
        return token.open(user_pin=pin)
    except binding.UserAlreadyLoggedIn:
        return token.open()


def _signer(binding: ModuleType, session: Any, wanted: TokenReference) -> TokenSigner:
    private = _object(binding, session, wanted, binding.ObjectClass.PRIVATE_KEY, "private key")
    public = _object(binding, session, wanted, binding.ObjectClass.PUBLIC_KEY, "public key")
    curve, key = _public_key(binding, public)
    (algorithm,) = key.algorithms - {"EdDSA"}
    jwk = MappingProxyType({**key.jwk, "alg": algorithm, "kid": key.thumbprint, "use": "sig"})
    signer = TokenSigner(algorithm, key.thumbprint, jwk, _signing(binding, private, curve))
    _require_pair(signer, key)
    return signer


def _binding() -> ModuleType:
    try:
        import pkcs11  # an extra, which only who has a token installs
    except ImportError:
        hint = "install it with its extra: `pip install 'idbridge[hsm]'`"
        raise ConfigurationError(f"python-pkcs11 is not installed; {hint}") from None
    return pkcs11


def _token(binding: ModuleType, wanted: TokenReference) -> Any:
    try:
        library = binding.lib(wanted.module)
    except (RuntimeError, OSError):
        raise ConfigurationError(f"the PKCS #11 module {wanted.module} cannot be loaded") from None
    serial = wanted.serial.encode() if wanted.serial is not None else None
    return library.get_token(token_label=wanted.token, token_serial=serial)


def _object(binding: ModuleType, session: Any, wanted: TokenReference, kind: Any, name: str) -> Any:
    asked = {
        binding.Attribute.CLASS: kind, binding.Attribute.LABEL: wanted.object, binding.Attribute.ID: wanted.id,
    }  # fmt: skip
    found = list(session.get_objects({attribute: value for attribute, value in asked.items() if value is not None}))
    if not found:
        raise ConfigurationError(f"the token has no {name} of that name or id")
    if len(found) > 1:
        raise ConfigurationError(f"the token has more than one {name} of that name; add the id")
    return found[0]


def _public_key(binding: ModuleType, public: Any) -> tuple[str, JwkPublicKey]:
    """Return the curve and the key of a public key object."""
    try:
        curve = _CURVES.get(public[binding.Attribute.EC_PARAMS])
        point = public[binding.Attribute.EC_POINT]
    except (binding.AttributeTypeInvalid, KeyError):
        curve, point = None, b""
    if curve is None:
        raise ConfigurationError("the key of the token is of a type that is not served: P-256, P-384 or Ed25519")
    try:
        return curve, parse_jwk(_jwk(curve, asn1.decode_der(bytes, point)))
    except (ValueError, JoseError):
        raise ConfigurationError("the public key of the token cannot be read") from None


def _jwk(curve: str, point: bytes) -> dict[str, str]:
    if curve == "Ed25519":
        if len(point) != ED25519_OCTETS:
            raise ValueError("another length")
        return {"kty": "OKP", "crv": curve, "x": base64url.encode(point)}
    octets = COORDINATE_OCTETS[curve]
    if len(point) != 1 + 2 * octets or not point.startswith(_UNCOMPRESSED):
        raise ValueError("another form")
    x, y = point[1 : 1 + octets], point[1 + octets :]
    return {"kty": "EC", "crv": curve, "x": base64url.encode(x), "y": base64url.encode(y)}


def _signing(binding: ModuleType, private: Any, curve: str) -> Callable[[bytes], bytes]:
    mechanism = binding.Mechanism.EDDSA if curve == "Ed25519" else binding.Mechanism.ECDSA
    digest = _HASHES.get(curve)

    def sign(message: bytes) -> bytes:
        signed = message if digest is None else digest(message).digest()
        return bytes(private.sign(signed, mechanism=mechanism))

    return sign


def _require_pair(signer: TokenSigner, key: JwkPublicKey) -> None:
    trial = b"idbridge trial " + secrets.token_bytes(_TRIAL_OCTETS)
    try:
        key.verify(signer.algorithm, signature=signer.sign(trial), signed=trial)
    except JoseError:
        raise ConfigurationError("the private and the public key of that name do not belong together") from None


@contextmanager
def _spoken(otherwise: str) -> Iterator[None]:
    """Turn what the binding raises into words that say what to do; most of its errors have an empty text."""
    try:
        yield
    except ConfigurationError:
        raise
    except Exception as error:  # noqa: BLE001 - a module of a vendor raises what it likes; its kind is said
        message = _WORDS.get(type(error).__name__, f"{otherwise} ({type(error).__name__})")
    else:
        return
    raise ConfigurationError(message)


_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "NoSuchToken": "there is no token of that name or serial number",
    "MultipleTokensReturned": "more than one token fits; name it by `token` or `serial`",
    "PinIncorrect": "the PIN is wrong; a token locks itself after a few wrong ones",
    "PinLenRange": "the PIN is wrong: it is too short or too long",
    "PinLocked": "the token is locked after too many wrong PINs; its security officer can unlock it",
    "UserPinNotInitialized": "the token has no user PIN yet",
    "TokenNotPresent": "the token was taken out",
    "DeviceRemoved": "the token was taken out",
})  # fmt: skip
