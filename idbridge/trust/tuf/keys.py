"""Keys in TUF metadata: one spelling and one name for each key, and the state that it belongs to.

TUF takes a keyid for a free label, so that one key under two labels would count twice towards a threshold. Here the
keyid is the RFC 7638 thumbprint, and the key has the one spelling that our own writer gives it. Key types are those
that every client reads: one unknown type would make a whole file unreadable for older clients.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from securesystemslib.signer import Key, SecretsHandler, Signature, SSlibKey
from securesystemslib.signer import Signer as TufSigner

from idbridge.codec import base64url
from idbridge.crypto import ecdsa, spki
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, JoseError
from idbridge.model.region import MemberState
from idbridge.trust.tuf.errors import broken

STATE: Final = "x-idbridge-state"  # a signed member of a key: whose it is
_ED25519: Final = ("ed25519", "ed25519")
_SCHEMES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({
    "ES256": ("ecdsa", "ecdsa-sha2-nistp256"),
    "ES384": ("ecdsa", "ecdsa-sha2-nistp384"),
    "Ed25519": _ED25519,
})  # fmt: skip
_ALGORITHMS: Final[Mapping[tuple[str, str], str]] = MappingProxyType({kind: name for name, kind in _SCHEMES.items()})
_REMEMBERED: Final = 512  # role keys: every file of a region names its keys again, and each look reads every file
_SIGNATURE_OCTETS: Final[Mapping[str, int]] = MappingProxyType({"ES256": 64, "ES384": 96})


@dataclass(frozen=True, slots=True)
class RoleKey:
    """A key of a role: the state whose it is (``None`` for the online key), and the key itself."""

    state: MemberState | None
    key: JwkPublicKey

    @property
    def thumbprint(self) -> str:
        """The RFC 7638 thumbprint, which is the keyid too."""
        return self.key.thumbprint


def written(jwk: Mapping[str, Any], *, state: MemberState | None) -> SSlibKey:
    """Return a public JWK as metadata names it; ``state`` is whose key it is.

    Raises:
        ConfigurationError: The key is of a type that not every client reads.
    """
    try:
        key = parse_jwk(jwk)
    except JoseError as refusal:
        raise ConfigurationError(f"a role key: {refusal.detail}") from refusal
    algorithm = next((name for name in _SCHEMES if name in key.algorithms), None)
    if algorithm is None:
        raise ConfigurationError("a role key is ES256, ES384 or Ed25519")
    keytype, scheme = _SCHEMES[algorithm]
    own = {STATE: state.value} if state is not None else {}
    return SSlibKey(key.thumbprint, keytype, scheme, {"public": _spelling(key)}, own)


def _spelling(key: JwkPublicKey) -> str:
    return base64url.decode(key.jwk["x"]).hex() if key.kty == "OKP" else spki.pem_of(key.jwk)


def read(key: Key) -> RoleKey:
    """Return the key that metadata names, if it is written in the one way.

    Raises:
        TrustError: ``trust.metadata_invalid``: another type, another spelling, another keyid than the thumbprint, or
            a state that is none.
    """
    kind = (key.keytype, key.scheme)
    if kind not in _ALGORITHMS or set(key.keyval) != {"public"}:
        raise broken(f"key {key.keyid[:16]} is of a type that not every client reads")
    text = key.keyval["public"]
    try:
        public, spelled = _spelled(kind, text)
    except (JoseError, ValueError, TypeError):
        raise broken(f"key {key.keyid[:16]} cannot be read") from None
    if public.thumbprint != key.keyid or spelled != text:
        raise broken(f"key {key.keyid[:16]} is not under its own thumbprint, or in a second spelling")
    return RoleKey(_state(key), public)


@lru_cache(maxsize=_REMEMBERED)
def _spelled(kind: tuple[str, str], public: str) -> tuple[JwkPublicKey, str]:
    """Return the key of this kind that ``public`` spells, and the one way to spell it."""
    key = parse_jwk({**_members(kind, public), "alg": _ALGORITHMS[kind]})
    return key, _spelling(key)


def _members(kind: tuple[str, str], public: str) -> dict[str, str]:
    if kind == _ED25519:
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(bytes.fromhex(public))}
    return spki.jwk_from_pem(public)


def _state(key: Key) -> MemberState | None:
    if not set(key.unrecognized_fields) <= {STATE}:
        raise broken("a key has members that nobody knows")
    if STATE not in key.unrecognized_fields:
        return None
    try:
        return MemberState(key.unrecognized_fields[STATE])
    except ValueError:
        raise broken("a key belongs to no member state") from None


class MetadataSigner(TufSigner):
    """One of our signers as TUF wants it: DER signatures in hexadecimal digits under the key's thumbprint."""

    def __init__(self, signer: Signer, *, state: MemberState | None) -> None:
        self._signer = signer
        self._key = written(signer.public_jwk, state=state)

    @property
    def public_key(self) -> Key:
        """The key as metadata names it."""
        return self._key

    def sign(self, payload: bytes) -> Signature:
        """Return the signature over ``payload``."""
        octets = self._signer.sign(payload)
        if self._key.keytype == "ecdsa":
            octets = ecdsa.to_der(octets, octets=_SIGNATURE_OCTETS[self._signer.algorithm])
        return Signature(self._key.keyid, octets.hex())

    @classmethod
    def from_priv_key_uri(
        cls, priv_key_uri: str, public_key: Key, secrets_handler: SecretsHandler | None = None
    ) -> "MetadataSigner":
        """Refuse: keys are opened by this product's own functions, which never take them from an address.

        Raises:
            ConfigurationError: Always.
        """
        del priv_key_uri, public_key, secrets_handler
        raise ConfigurationError("a signer is made from a key that was opened, not from an address")
