"""Where a certificate says that it comes from: the country of its subject, and which authority's key signed it.

Hints for a look-up in a trust list, as a ``kid`` is one; whether any of it is true, only a verified path says. Clauses:
RFC 5280 sections 4.1.2.6, 4.2.1.1 and 4.2.1.2.
"""

from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import NameOID

from idbridge.crypto.certificate_lint import attempt

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class UnverifiedOrigin:
    """What a certificate says of itself; the identifiers are those of keys.

    ``country`` is in capitals, ``None`` if it names none or several.
    """

    country: str | None
    key_identifier: bytes | None
    authority_key_identifier: bytes | None


def unverified_origin(der: bytes) -> UnverifiedOrigin:
    """Return the origin that the certificate in ``der`` claims.

    Raises:
        IssuerError: ``issuer.certificate_profile``: it cannot be read.
    """
    return attempt(lambda: _origin(x509.load_der_x509_certificate(der)), why="a certificate that cannot be read")


def _origin(certificate: x509.Certificate) -> UnverifiedOrigin:
    own = _extension(certificate, x509.SubjectKeyIdentifier)
    issuer = _extension(certificate, x509.AuthorityKeyIdentifier)
    countries = {str(one.value).upper() for one in certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)}
    return UnverifiedOrigin(
        countries.pop() if len(countries) == 1 else None,
        own.digest if own is not None else None,
        issuer.key_identifier if issuer is not None else None,
    )


def _extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
