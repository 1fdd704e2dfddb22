"""Certificates read with suspicion: one octet string, one certificate, nothing odd about it, or the fault by name.

Decides whether a certificate may be looked at any further (RFC 5280 section 4.1 and 4.2): its size and spelling, its
serial number, and a key of a type, curve and size that is served. It does not know who issued it, nor whether it is in
force. What the library raises over odd certificates is of many kinds, and a fault in its own core ends in a panic that
is no ``Exception``; none of them leaves this module.
"""

from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import SignatureAlgorithmOID

from idbridge.crypto.material import CURVE_NAMES, RSA_EXPONENT
from idbridge.errors import IssuerError
from idbridge.limits import LIMITS

# All that the library raises over octets that are no certificate of ours. A warning is among them, because an
# application may have turned warnings into errors.
UNREADABLE: Final = (
    ValueError, TypeError, OverflowError, UnsupportedAlgorithm, Warning, x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType, x509.InvalidVersion, x509.AttributeNotFound,
)  # fmt: skip
HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_PANIC: Final = "PanicException"  # of the library's core; its class cannot be imported
_SAID_CHARACTERS: Final = 160
_SERIAL_BITS: Final = 159  # 20 octets of a positive number (RFC 5280 section 4.1.2.2)
_Read = TypeVar("_Read")
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


class UnreadableError(Exception):
    """The library could not read it; never leaves ``crypto``."""


def attempt(read: Callable[[], _Read], *, why: str) -> _Read:
    """Return what ``read`` returns, if the library can read it.

    Raises:
        IssuerError: ``issuer.certificate_profile``, whatever the library raised.
    """
    try:
        return guarded(read)
    except UnreadableError as unreadable:
        raise IssuerError("issuer.certificate_profile", f"{why}: {unreadable}") from None


def guarded(read: Callable[[], _Read]) -> _Read:
    """Return what ``read`` returns; whatever the library raises becomes one plain exception with what it said.

    Raises:
        UnreadableError: The library could not read it.
    """
    try:
        return read()
    except UNREADABLE as error:
        said = str(error)[:_SAID_CHARACTERS]
    except BaseException as panic:
        if type(panic).__name__ != _PANIC:
            raise
        said = "a fault in the library"
    raise UnreadableError(said)


def read_certificate(der: bytes) -> x509.Certificate:
    """Return the one certificate in ``der``, with a key that is served.

    Raises:
        IssuerError: ``issuer.certificate_profile``; the detail names the fault.
    """
    if len(der) > LIMITS.certificate_bytes:
        _refuse("a certificate that is too large")
    certificate = attempt(lambda: x509.load_der_x509_certificate(der), why="not one certificate in DER")
    # The count of unused bits before the signature is not signed: any but zero is a second spelling of the certificate.
    if der[-1 - len(certificate.signature)] != 0:
        _refuse("a certificate in a second spelling")
    if certificate.serial_number <= 0 or certificate.serial_number.bit_length() > _SERIAL_BITS:
        _refuse("a serial number that is not positive or longer than 20 octets")
    attempt(lambda: _read_in_full(certificate), why="a certificate that cannot be read in full")
    _refuse_odd_key(certificate)
    return certificate


def extension_of(extensions: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    """Return the extension of this very ``kind``; there is never a second one.

    Exact types: to ask a class of the library whether a value is one of it costs as much as to find a key.
    """
    for extension in extensions:
        if type(extension.value) is kind:
            return extension.value
    return None


def lint_listed(der: bytes) -> x509.Certificate:
    """Return the certificate in ``der`` if a trust list may name it; stricter than what a path may lead through.

    Raises:
        IssuerError: As ``read_certificate``, and for an old signature or a demand that nobody here understands.
    """
    certificate = read_certificate(der)
    if certificate.version is not x509.Version.v3:
        _refuse("a certificate of another version than 3")
    if certificate.not_valid_before_utc > certificate.not_valid_after_utc:
        _refuse("a certificate that ends before it begins")
    _refuse_old_signature(certificate)
    for extension in certificate.extensions:
        if extension.critical and isinstance(extension.value, x509.UnrecognizedExtension):
            _refuse(f"a critical extension that is not understood ({extension.oid.dotted_string})")
    return certificate


def _read_in_full(certificate: x509.Certificate) -> None:
    """Read what the library leaves for later, so that it raises here and not where nobody expects it."""
    certificate.subject.public_bytes()
    certificate.issuer.public_bytes()
    tuple(certificate.extensions)
    _ = certificate.version, certificate.not_valid_before_utc, certificate.not_valid_after_utc


def _refuse_old_signature(certificate: x509.Certificate) -> None:
    def algorithm() -> hashes.HashAlgorithm | None:
        return certificate.signature_hash_algorithm

    digest = attempt(algorithm, why="a signature of an algorithm that is not served")
    if digest is None and certificate.signature_algorithm_oid == SignatureAlgorithmOID.ED25519:
        return
    if not isinstance(digest, HASHES):
        _refuse(f"a signature with {digest.name if digest is not None else 'an algorithm that is not served'}")


def _refuse_odd_key(certificate: x509.Certificate) -> None:
    """Refuse a key that is not served, by what is wrong with it, and any second spelling of one that is."""
    key = attempt(certificate.public_key, why="a key of a type or curve that is not served")
    if isinstance(key, ec.EllipticCurvePublicKey):  # first, because nearly every key is one
        if key.curve.name not in CURVE_NAMES:
            _refuse(f"a key on the curve {key.curve.name}")
    elif isinstance(key, rsa.RSAPublicKey):
        _refuse_odd_modulus(key)
    elif isinstance(key, dsa.DSAPublicKey):
        _refuse("a DSA key; none is served")
    elif not isinstance(key, ed25519.Ed25519PublicKey):
        _refuse("a key of a type without an algorithm in the closed table")
    # Explicit parameters can describe a curve that looks like a named one (CVE-2020-0601), so a curve is named.
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) not in certificate.tbs_certificate_bytes:
        _refuse("a key in a second spelling, as one with explicit curve parameters is")


def _refuse_odd_modulus(key: rsa.RSAPublicKey) -> None:
    if not LIMITS.rsa_min_bits <= key.key_size <= LIMITS.rsa_max_bits:
        _refuse(f"an RSA key of {key.key_size} bits; {LIMITS.rsa_min_bits} to {LIMITS.rsa_max_bits} are served")
    if key.public_numbers().e != RSA_EXPONENT:
        _refuse("an RSA key with another exponent than 65537")


def _refuse(why: str) -> NoReturn:
    raise IssuerError("issuer.certificate_profile", why)
