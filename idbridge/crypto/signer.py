"""Signers: who holds a private key and makes JWS signatures with it.

The seam has one method, so that a key in an HSM fits behind it later. A file key is for the sandbox, for tests and for
small deployments; a file that others can read is refused, never repaired.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from idbridge.crypto import material
from idbridge.crypto.algorithms import find
from idbridge.crypto.keys import jwk_of, parse_jwk
from idbridge.crypto.material import PrivateKey
from idbridge.errors import ConfigurationError, JoseError
from idbridge.limits import LIMITS

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class Signer(Protocol):
    """Who signs. ``algorithm`` is a name of the closed table, ``public_jwk`` what goes into a key set."""

    @property
    def algorithm(self) -> str:
        """The JOSE name of the one algorithm that this signer uses."""
        ...

    @property
    def kid(self) -> str:
        """The key id that headers and key sets carry."""
        ...

    @property
    def public_jwk(self) -> Mapping[str, Any]:
        """The public key as a JWK with ``alg``, ``kid`` and ``use``."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature over ``message`` in JOSE form (ECDSA as r||s)."""
        ...


@dataclass(frozen=True, slots=True)
class FileSigner:
    """A signer whose private key is in the memory of this process. Made by ``generate`` and ``load_signer``.

    ``deterministic``: it signs ECDSA without randomness (RFC 6979), for test material that must come out the same.
    """

    algorithm: str
    kid: str
    public_jwk: Mapping[str, Any]
    private_key: PrivateKey = field(repr=False, compare=False)
    deterministic: bool = False

    def sign(self, message: bytes) -> bytes:
        """Return the signature over ``message`` in JOSE form (ECDSA as r||s)."""
        return material.sign(self.private_key, self.algorithm, message, deterministic=self.deterministic)

    def pem(self) -> str:
        """Return the private key as unencrypted PKCS #8 PEM. Whoever writes it to a file gives the file mode 0600."""
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def generate(algorithm: str, kid: str | None = None) -> FileSigner:
    """Return a signer with a new key for ``algorithm``; ``kid`` is the RFC 7638 thumbprint unless given.

    Raises:
        JoseError: ``jose.alg_none`` or ``jose.alg_not_allowed``: no such algorithm in the closed table.
    """
    return file_signer(material.generate_key(find(algorithm)), algorithm=algorithm, kid=kid)


def load_signer(path: Path, *, algorithm: str | None = None, kid: str | None = None) -> FileSigner:
    """Return the signer whose PKCS #8 PEM key is in the file ``path``.

    ``algorithm`` is needed only where a key fits several, as RSA keys do; without it they sign with PS256.

    Raises:
        ConfigurationError: The file cannot be read, is open to others, or holds no private key for the algorithm.
    """
    try:
        key = load_pem_private_key(read_private(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigurationError(f"{path} holds no unencrypted PKCS #8 private key") from None
    try:
        return file_signer(key, algorithm=algorithm, kid=kid)
    except JoseError as refusal:
        raise ConfigurationError(f"{path} holds a key that does not fit: {refusal.detail}") from refusal


def derived_signer(secret: bytes) -> FileSigner:
    """Return the signer (Ed25519) that everybody has who has ``secret``: 32 octets that are used for nothing else.

    Raises:
        ValueError: The secret has another length.
    """
    return file_signer(Ed25519PrivateKey.from_private_bytes(secret), algorithm="Ed25519")


def kept_signer(pem: str) -> FileSigner:
    """Return the signer that spelled itself as ``pem`` when it was put away sealed."""
    return file_signer(load_pem_private_key(pem.encode("ascii"), password=None))


def file_signer(
    key: object, *, algorithm: str | None = None, kid: str | None = None, deterministic: bool = False
) -> FileSigner:
    """Return the signer of a private key of the ``cryptography`` library; as ``load_signer`` for the rest.

    Raises:
        JoseError: ``jose.alg_key_mismatch`` or ``jose.alg_not_allowed``: it fits no algorithm, or not this one.
    """
    if not isinstance(key, PrivateKey):
        raise JoseError("jose.alg_key_mismatch", "a key of a type that is not served")
    public = parse_jwk(jwk_of(key.public_key()), allowed=None if algorithm is None else frozenset({algorithm}))
    name = find(algorithm or min(public.algorithms - {"EdDSA"})).name
    kid = kid or public.thumbprint
    jwk = MappingProxyType({**public.jwk, "alg": name, "kid": kid, "use": "sig"})
    return FileSigner(algorithm=name, kid=kid, public_jwk=jwk, private_key=key, deterministic=deterministic)


def read_private(path: Path) -> bytes:
    """Read a key file that only its owner may read; asked of the open file, so that it cannot be swapped between."""
    try:
        # Without waiting: opening a pipe would block until somebody writes to it.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode) or mode & _OTHERS:
                raise ConfigurationError(f"{path} must be a regular file that only its owner can read (mode 0600)")
            return file.read(LIMITS.key_file_bytes)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
