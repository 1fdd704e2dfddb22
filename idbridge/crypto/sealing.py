"""Sealing: a value kept under a secret so that only who has the secret can find or read it (architecture D9).

Decides nothing about what is kept. From one random secret come the name under which a value is stored and the key that
it is encrypted with, each for one label, so that neither tells the other nor serves another label. AES-256-GCM with a
random nonce (NIST SP 800-38D), keys and names by HKDF-SHA-256 (RFC 5869).
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from idbridge.model.randomness import Randomness

SECRET_OCTETS: Final = 32
_NONCE_OCTETS: Final = 12
_DERIVED_OCTETS: Final = 32


def name_of(secret: bytes, *, label: str) -> bytes:
    """Return the name under which what ``secret`` seals is stored, 32 octets.

    Raises:
        ValueError: The secret has not 32 octets.
    """
    return _derived(secret, f"idbridge-sealed-name:{label}")


def seal(secret: bytes, value: bytes, *, label: str, randomness: Randomness) -> bytes:
    """Return ``value`` as it may be stored.

    Raises:
        ValueError: The secret has not 32 octets.
    """
    nonce = randomness.octets(_NONCE_OCTETS)
    return nonce + AESGCM(_derived(secret, f"idbridge-sealed-key:{label}")).encrypt(nonce, value, label.encode())


def unseal(secret: bytes, sealed: bytes, *, label: str) -> bytes | None:
    """Return the value that was sealed; ``None`` if this secret does not open it, or it was changed.

    Raises:
        ValueError: The secret has not 32 octets.
    """
    key = AESGCM(_derived(secret, f"idbridge-sealed-key:{label}"))
    try:
        return key.decrypt(sealed[:_NONCE_OCTETS], sealed[_NONCE_OCTETS:], label.encode())
    except (InvalidTag, ValueError):
        return None


def secret_from(key: bytes, *, label: str) -> bytes:
    """Return the secret for one use that everybody has who has ``key``; it tells nothing of ``key`` or of other uses.

    Raises:
        ValueError: The key has fewer than 32 octets.
    """
    if len(key) < SECRET_OCTETS:
        raise ValueError(f"a key has at least {SECRET_OCTETS} octets")
    return HKDF(hashes.SHA256(), length=_DERIVED_OCTETS, salt=None, info=f"idbridge-secret:{label}".encode()).derive(
        key
    )


def _derived(secret: bytes, info: str) -> bytes:
    if len(secret) != SECRET_OCTETS:
        raise ValueError(f"a secret has {SECRET_OCTETS} octets")
    return HKDF(hashes.SHA256(), length=_DERIVED_OCTETS, salt=None, info=info.encode()).derive(secret)
