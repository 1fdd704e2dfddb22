"""Ephemeral keys: one for each answer that is to come encrypted, so that no key opens what was meant for another.

Decides the one kind that is made: P-256 for ``ECDH-ES``, with the two content encryptions that every verifier of the
profile offers. Clauses: OpenID4VP 1.0 section 8.3; HAIP 1.0 section 5; RFC 7518 section 4.6.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from idbridge.crypto.jwe import DecryptionKey, decryption_key
from idbridge.crypto.signer import file_signer, generate

ALGORITHM: Final = "ECDH-ES"
ENCODINGS: Final = ("A128GCM", "A256GCM")


@dataclass(frozen=True, slots=True)
class EphemeralKey:
    """A key that one answer is encrypted to. ``pem`` is its private half, to be kept sealed and nowhere else."""

    pem: str = field(repr=False)
    decryption: DecryptionKey = field(repr=False)

    @property
    def public_jwk(self) -> Mapping[str, Any]:
        """The public half as a wallet is told it: for this algorithm, and under a name that the answer repeats."""
        return {**self.decryption.public_jwk, "alg": ALGORITHM}

    @property
    def thumbprint(self) -> str:
        """The name by which an mdoc binds its answer to this key (RFC 7638)."""
        return self.decryption.kid


def new_ephemeral_key() -> EphemeralKey:
    """Return a key that nobody had before."""
    return kept_ephemeral_key(generate("ES256").pem())


def kept_ephemeral_key(pem: str) -> EphemeralKey:
    """Return the key whose ``pem`` was kept."""
    private = file_signer(load_pem_private_key(pem.encode("ascii"), password=None)).private_key
    key = decryption_key(private, algorithms=frozenset({ALGORITHM}), encodings=frozenset(ENCODINGS))
    return EphemeralKey(pem, key)
