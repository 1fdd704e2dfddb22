"""What the rules of trust lists ask of a certificate that a list names, and nothing more.

Decides whether the octets are one certificate with a key that is served here. Whether it is in force and what may be
issued below it is judged when a path is built, at the instant of the verification. Clause: RFC 5280 section 4.1.
"""

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from idbridge.crypto.certificate_lint import attempt, extension_of, lint_listed
from idbridge.crypto.keys import JwkPublicKey, public_key_of


@dataclass(frozen=True, slots=True)
class ListedCertificate:
    """Facts of a listed certificate. ``countries`` are those of its subject, upper case, none if it names none."""

    key: JwkPublicKey
    countries: frozenset[str]
    key_identifier: bytes | None
    authority: bool


def listed_certificate(der: bytes) -> ListedCertificate:
    """Return the facts of the one certificate that ``der`` holds.

    Raises:
        IssuerError: ``issuer.certificate_profile``: not one DER certificate, one with something odd about it, or a key
            of a type or size not served; the detail names the fault.
    """
    certificate = lint_listed(der)
    extensions = certificate.extensions
    countries = attempt(
        lambda: certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME), why="a subject that cannot be read"
    )
    return ListedCertificate(
        key=public_key_of(certificate),
        countries=frozenset(str(country.value).upper() for country in countries),
        key_identifier=_key_identifier(extensions),
        authority=_is_authority(extensions),
    )


def _key_identifier(extensions: x509.Extensions) -> bytes | None:
    found = extension_of(extensions, x509.SubjectKeyIdentifier)
    return found.digest if found is not None else None


def _is_authority(extensions: x509.Extensions) -> bool:
    found = extension_of(extensions, x509.BasicConstraints)
    return found is not None and found.ca
