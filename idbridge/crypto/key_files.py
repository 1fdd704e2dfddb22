"""Where an operator's key is: a file under a passphrase, or a token behind PKCS #11; named by one text.

Decides whether a key file may be used: of its owner alone, encrypted dearly enough, or in the open where that is
allowed. A passphrase comes from a callback and never from an argument or an environment variable, both of which other
programs can see. Nothing here prints, and no message holds what was read.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from idbridge.codec import pem
from idbridge.crypto import pkcs8, pkcs11
from idbridge.crypto.signer import FileSigner, Signer, file_signer, load_signer, read_private
from idbridge.errors import ConfigurationError, InputError, JoseError

ENCRYPTED: Final = "ENCRYPTED PRIVATE KEY"
_MARK: Final = f"-----BEGIN {ENCRYPTED}-----".encode()
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

# Given what is to be opened, in words, returns the passphrase or PIN.
Passphrase = Callable[[str], str]


def open_signer(reference: str, *, passphrase: Passphrase, encrypted_only: bool = False) -> Signer:
    """Return the signer that ``reference`` names: ``pkcs11:`` and a token's key (RFC 7512), else the path of a file.

    ``passphrase`` is asked only if there is something to open with it. ``encrypted_only`` is for keys of a live region.

    Raises:
        ConfigurationError: There is no such key, it may not be used, or the passphrase or PIN is wrong.
    """
    if reference.startswith(pkcs11.SCHEME):
        return pkcs11.open_token(reference, pin=passphrase)
    return open_key_file(Path(reference), passphrase=passphrase, encrypted_only=encrypted_only)


def open_key_file(
    path: Path, *, passphrase: Passphrase, encrypted_only: bool = False, algorithm: str | None = None
) -> FileSigner:
    """Return the signer whose PKCS #8 PEM key is in ``path``, under a passphrase or in the open.

    Raises:
        ConfigurationError: As ``open_signer``.
    """
    octets = read_private(path)
    if _MARK not in octets:
        if encrypted_only:
            raise ConfigurationError(f"{path} is not encrypted; a key of a live region has a passphrase")
        return load_signer(path, algorithm=algorithm)
    try:
        (der,) = pem.decode(octets.decode("ascii"), label=ENCRYPTED)
    except (InputError, ValueError):
        raise ConfigurationError(f"{path} is not the PEM of one encrypted private key") from None
    try:
        pkcs8.require_dear(der)
        key = pkcs8.decrypt(der, passphrase(str(path)))
        return file_signer(key, algorithm=algorithm)
    except ConfigurationError as refusal:
        raise ConfigurationError(f"{path}: {refusal}") from None
    except JoseError as refusal:
        raise ConfigurationError(f"{path} holds a key that does not fit: {refusal.detail}") from None


def write_key_file(path: Path, signer: FileSigner, *, passphrase: str | None) -> None:
    """Write the private key of ``signer`` to a new file that only its owner can open; ``None`` leaves it unencrypted.

    Raises:
        ConfigurationError: The file is there already or cannot be written, or the passphrase is too short or too long.
    """
    text = signer.pem() if passphrase is None else pem.encode(_encrypted(signer, passphrase), label=ENCRYPTED)
    try:
        descriptor = os.open(path, _NEW, 0o600)
    except FileExistsError:
        raise ConfigurationError(f"{path} is there already; a key is never overwritten") from None
    except OSError as unwritable:
        raise ConfigurationError(f"{path} cannot be written: {unwritable.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        _sync(path.parent)
    except OSError as unwritable:
        path.unlink(missing_ok=True)
        raise ConfigurationError(f"{path} cannot be written: {unwritable.strerror}") from None


def _sync(folder: Path) -> None:
    """Make the new name itself last."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _encrypted(signer: FileSigner, passphrase: str) -> bytes:
    return pkcs8.encrypt(signer.private_key, passphrase)
