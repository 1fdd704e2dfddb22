"""Private keys under a passphrase: PKCS #8 ``EncryptedPrivateKeyInfo`` with PBES2 (RFC 5958 section 3, RFC 8018).

Decides how dear it must be to guess a passphrase. The library derives with 2,048 rounds when it writes, which a
graphics card undoes for any passphrase that a person can remember. So we derive when we write, and refuse to read what
was made with less, or with so much that reading would stop this machine. It does not know files.
"""

import secrets
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509 import ObjectIdentifier

from idbridge.crypto.material import PrivateKey
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS

_PBES2: Final = ObjectIdentifier("1.2.840.113549.1.5.13")
_PBKDF2: Final = ObjectIdentifier("1.2.840.113549.1.5.12")
_SCRYPT: Final = ObjectIdentifier("1.3.6.1.4.1.11591.4.11")
_HMAC_SHA256: Final = ObjectIdentifier("1.2.840.113549.2.9")
_AES256_CBC: Final = ObjectIdentifier("2.16.840.1.101.3.4.1.42")
_KEY_OCTETS: Final = 32
_SALT_OCTETS: Final = 16
_BLOCK_OCTETS: Final = 16
_SCRYPT_OCTETS: Final = 128  # of memory for each unit of cost times block size (RFC 7914 section 2)
_SCRYPT_LEAST_MEMORY: Final = 16 * 1024 * 1024  # what `openssl pkcs8 -scrypt` writes
_SCRYPT_MOST_MEMORY: Final = 32 * 1024 * 1024  # more than this `openssl` does not read
_SCRYPT_MOST_PASSES: Final = 16
_ROUNDS_FACTOR: Final = 20  # how many times the least number of rounds is still read: some three seconds


@asn1.sequence
class _Algorithm:
    """``AlgorithmIdentifier`` (RFC 5280 section 4.1.1.2); what the parameters are, the name says."""

    name: ObjectIdentifier
    parameters: asn1.TLV


@asn1.sequence
class _Encrypted:
    """``EncryptedPrivateKeyInfo`` (RFC 5958 section 3)."""

    algorithm: _Algorithm
    octets: bytes


@asn1.sequence
class _Pbes2:
    """``PBES2-params`` (RFC 8018 appendix A.4)."""

    derivation: _Algorithm
    cipher: _Algorithm


@asn1.sequence
class _Pbkdf2:
    """``PBKDF2-params`` (RFC 8018 appendix A.2), with the function that its own default is not."""

    salt: bytes
    rounds: int
    octets: int | None
    function: _Algorithm


@asn1.sequence
class _Scrypt:
    """``scrypt-params`` (RFC 7914 section 7.1)."""

    salt: bytes
    cost: int
    block: int
    passes: int
    octets: int | None


def encrypt(key: PrivateKey, passphrase: str) -> bytes:
    """Return ``key`` in DER, encrypted under ``passphrase``: PBKDF2 with HMAC-SHA-256, AES-256 in CBC mode.

    Raises:
        ConfigurationError: The passphrase is shorter than the limit.
    """
    if len(passphrase) < LIMITS.passphrase_characters:
        raise ConfigurationError(f"a passphrase has at least {LIMITS.passphrase_characters} characters")
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    salt, start, rounds = (
        secrets.token_bytes(_SALT_OCTETS),
        secrets.token_bytes(_BLOCK_OCTETS),
        LIMITS.key_derivation_rounds,
    )
    secret = PBKDF2HMAC(SHA256(), _KEY_OCTETS, salt, rounds).derive(passphrase.encode())
    padder = padding.PKCS7(8 * _BLOCK_OCTETS).padder()
    encryptor = Cipher(AES(secret), modes.CBC(start)).encryptor()
    octets = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    derivation = _Pbkdf2(salt=salt, rounds=rounds, octets=None, function=_algorithm(_HMAC_SHA256, asn1.Null()))
    scheme = _Pbes2(derivation=_algorithm(_PBKDF2, derivation), cipher=_algorithm(_AES256_CBC, start))
    return asn1.encode_der(_Encrypted(algorithm=_algorithm(_PBES2, scheme), octets=octets))


def decrypt(der: bytes, passphrase: str) -> object:
    """Return the private key in ``der``, of whatever type; the caller asked ``require_dear`` first.

    Raises:
        ConfigurationError: The passphrase is wrong, or there is no private key under it.
    """
    try:
        return load_der_private_key(der, passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass  # outside of this, so that no context of the refusal can hold what was read
    raise ConfigurationError("the passphrase is wrong, or there is no private key of a served type")


def require_dear(der: bytes) -> None:
    """Return if guessing the passphrase of ``der`` is dear enough, and deriving the key once is not too dear.

    Raises:
        ConfigurationError: It is not, or ``der`` is encrypted in another way.
    """
    try:
        encrypted = asn1.decode_der(_Encrypted, der)
        if encrypted.algorithm.name != _PBES2:
            raise ConfigurationError("a key file is encrypted with PBES2 and nothing older")
        scheme = encrypted.algorithm.parameters.parse(_Pbes2)
        _require_dear_derivation(scheme.derivation)
    except ValueError:
        raise ConfigurationError("not a private key encrypted with PBES2 and SHA-256") from None


def _require_dear_derivation(derivation: _Algorithm) -> None:
    least = LIMITS.key_derivation_rounds
    if derivation.name == _PBKDF2:
        rounds = derivation.parameters.parse(_Pbkdf2).rounds
        if not least <= rounds <= _ROUNDS_FACTOR * least:
            raise ConfigurationError(f"the passphrase is protected by {rounds} rounds; {least} are the least")
    elif derivation.name == _SCRYPT:
        scrypt = derivation.parameters.parse(_Scrypt)
        memory = _SCRYPT_OCTETS * scrypt.cost * scrypt.block
        if not (_SCRYPT_LEAST_MEMORY <= memory <= _SCRYPT_MOST_MEMORY and 1 <= scrypt.passes <= _SCRYPT_MOST_PASSES):
            raise ConfigurationError("scrypt protects the passphrase with 16 to 32 MiB of memory")
    else:
        raise ConfigurationError("a passphrase is protected by PBKDF2 or scrypt")


def _algorithm(name: ObjectIdentifier, parameters: object) -> _Algorithm:
    return _Algorithm(name=name, parameters=asn1.decode_der(asn1.TLV, asn1.encode_der(parameters)))
