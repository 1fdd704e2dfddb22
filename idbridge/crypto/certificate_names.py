"""Which hosts a certificate names, and whether it vouches for itself. Verifies nothing: whoever relies on it does.

Clauses: RFC 5280 sections 3.2 and 4.2.1.6.
"""

from dataclasses import dataclass

from cryptography import x509

from idbridge.crypto.certificate_lint import attempt


@dataclass(frozen=True, slots=True)
class UnverifiedNames:
    """The host names of a certificate's subject alternative name, in lower case; and whether it names itself above."""

    hosts: frozenset[str]
    self_issued: bool


def unverified_names(der: bytes) -> UnverifiedNames:
    """Return the names that the certificate in ``der`` states.

    Raises:
        IssuerError: ``issuer.certificate_profile``: it cannot be read.
    """
    return attempt(lambda: _names(x509.load_der_x509_certificate(der)), why="a certificate that cannot be read")


def _names(certificate: x509.Certificate) -> UnverifiedNames:
    try:
        stated = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = frozenset(name.lower() for name in stated.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        hosts = frozenset()
    return UnverifiedNames(hosts, certificate.subject == certificate.issuer)
