"""Facts of a certificate for people to read: its serial number and its dates. Decides nothing, and verifies nothing.

Clause: RFC 5280 sections 4.1.2.2, 4.1.2.5 and 4.2.1.9.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509

from idbridge.errors import IssuerError

_UNREADABLE: Final = (ValueError, TypeError, OverflowError, Warning)  # a warning may have been turned into an error


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """The serial number of a certificate, and the first and last instant at which it is in force."""

    serial: int
    not_before: datetime
    not_after: datetime


def certificate_facts(der: bytes) -> CertificateFacts:
    """Return the facts of the certificate that ``der`` holds.

    Raises:
        IssuerError: ``issuer.certificate_profile``: it is none that can be read.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        return CertificateFacts(
            certificate.serial_number, certificate.not_valid_before_utc, certificate.not_valid_after_utc
        )
    except _UNREADABLE:
        raise IssuerError("issuer.certificate_profile", "a certificate that cannot be read") from None


def path_length(der: bytes) -> int | None:
    """Return how many authorities may stand below that of ``der``; ``None`` if it says nothing, or is no authority.

    Raises:
        IssuerError: ``issuer.certificate_profile``: it is none that can be read.
    """
    try:
        extensions = x509.load_der_x509_certificate(der).extensions
        return extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    except x509.ExtensionNotFound:
        return None
    except (*_UNREADABLE, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise IssuerError("issuer.certificate_profile", "a certificate that cannot be read") from None
