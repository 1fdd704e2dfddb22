"""Certificates made for the sandbox and for tests: an authority, what it issues, and a self-signed one.

They keep to the profile that ``x509`` enforces (RFC 5280 section 4.2). Nothing on the way of a verification comes
here. A signer that signs without randomness certifies without it too: the serial number then follows from the rest of
the certificate, so that no two of one authority share one (RFC 5280 section 4.1.2.2).
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from idbridge.crypto.iso_mdoc import DOCUMENT_SIGNING
from idbridge.crypto.material import PrivateKey
from idbridge.crypto.signer import FileSigner
from idbridge.model.time import Validity
from idbridge.model.trust import LeafRule

_SERIAL_OCTETS: Final = 20
_NO_USAGE: Final = {
    "digital_signature": False, "content_commitment": False, "key_encipherment": False, "data_encipherment": False,
    "key_agreement": False, "key_cert_sign": False, "crl_sign": False, "encipher_only": False, "decipher_only": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate names. ``country`` is the ISO 3166-1 alpha-2 code of the member state."""

    common_name: str
    country: str | None = None
    organisation: str | None = None
    province: str | None = None

    def name(self) -> x509.Name:
        """Return the distinguished name, from country to common name."""
        parts = (
            (NameOID.COUNTRY_NAME, self.country),
            (NameOID.STATE_OR_PROVINCE_NAME, self.province),
            (NameOID.ORGANIZATION_NAME, self.organisation),
            (NameOID.COMMON_NAME, self.common_name),
        )
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value is not None])


@dataclass(frozen=True, slots=True)
class Authority:
    """A certification authority: its certificate (DER) and the key behind it."""

    certificate: bytes
    signer: FileSigner


def make_authority(
    signer: FileSigner, *, subject: Subject, validity: Validity, issuer: Authority | None = None
) -> Authority:
    """Return an authority, self-signed unless ``issuer`` issues it."""
    usage = x509.KeyUsage(**{**_NO_USAGE, "key_cert_sign": True, "crl_sign": True})
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (usage, True),
    ]
    return Authority(_issue(signer, subject=subject, validity=validity, issuer=issuer, extensions=extensions), signer)


def make_leaf(
    signer: FileSigner,
    *,
    subject: Subject,
    validity: Validity,
    issuer: Authority | None,
    uris: Iterable[str] = (),
    dns_names: Iterable[str] = (),
    rule: LeafRule | None = None,
) -> bytes:
    """Return a signing certificate (DER) for the key of ``signer``, self-signed if ``issuer`` is ``None``.

    ``uris`` and ``dns_names`` become subject alternative names; ``rule`` adds what the trust list will demand.
    """
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.KeyUsage(**{**_NO_USAGE, "digital_signature": True}), True),
    ]
    names = [*map(x509.UniformResourceIdentifier, uris), *map(x509.DNSName, dns_names)]
    if names:
        extensions.append((x509.SubjectAlternativeName(names), False))
    if rule is not None and rule.extended_key_usage is not None:
        extensions.append((x509.ExtendedKeyUsage([x509.ObjectIdentifier(rule.extended_key_usage)]), False))
    if rule is not None and rule.policy is not None:
        policy = x509.PolicyInformation(x509.ObjectIdentifier(rule.policy), None)
        extensions.append((x509.CertificatePolicies([policy]), False))
    return _issue(signer, subject=subject, validity=validity, issuer=issuer, extensions=extensions)


def make_iaca(signer: FileSigner, *, subject: Subject, validity: Validity, contact: str, crl: str) -> Authority:
    """Return an authority of mdocs, self-signed (ISO 18013-5, Annex B.1.2).

    ``contact`` is the URI of its issuer alternative name, ``crl`` where its revocation lists are.
    """
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (x509.KeyUsage(**{**_NO_USAGE, "key_cert_sign": True, "crl_sign": True}), True),
        (x509.IssuerAlternativeName([x509.UniformResourceIdentifier(contact)]), False),
        (_distribution(crl), False),
    ]
    return Authority(_issue(signer, subject=subject, validity=validity, issuer=None, extensions=extensions), signer)


def make_document_signer(
    signer: FileSigner,
    *,
    subject: Subject,
    validity: Validity,
    issuer: Authority,
    usage: str = DOCUMENT_SIGNING,
    contact: str,
    crl: str,
    critical: bool = True,
) -> bytes:
    """Return the certificate (DER) of a key that signs mdocs (ISO 18013-5, Annex B.1.4).

    ``usage`` is its extended key usage, and ``critical`` whether that is marked so.
    """
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.KeyUsage(**{**_NO_USAGE, "digital_signature": True}), True),
        (x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage)]), critical),
        (x509.IssuerAlternativeName([x509.UniformResourceIdentifier(contact)]), False),
        (_distribution(crl), False),
    ]
    return _issue(signer, subject=subject, validity=validity, issuer=issuer, extensions=extensions)


def _distribution(address: str) -> x509.CRLDistributionPoints:
    names = [x509.UniformResourceIdentifier(address)]
    return x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])


def _issue(
    signer: FileSigner,
    *,
    subject: Subject,
    validity: Validity,
    issuer: Authority | None,
    extensions: list[tuple[x509.ExtensionType, bool]],
) -> bytes:
    """Sign a certificate with the key of ``issuer``, or of the subject itself."""
    above_signer = signer if issuer is None else issuer.signer
    issuer_name = subject.name() if issuer is None else x509.load_der_x509_certificate(issuer.certificate).subject
    key, above = signer.private_key.public_key(), above_signer.private_key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject.name())
        .issuer_name(issuer_name)
        .public_key(key)
        .not_valid_before(validity.start)
        .not_valid_after(_end(validity))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    serial = _serial(builder, above_signer) if above_signer.deterministic else x509.random_serial_number()
    return builder.serial_number(serial).sign(**_signing(above_signer)).public_bytes(Encoding.DER)


def _serial(builder: x509.CertificateBuilder, above: FileSigner) -> int:
    """Return the serial number that follows from all else that the certificate says, the keys among it."""
    said = builder.serial_number(1).sign(**_signing(above)).tbs_certificate_bytes
    # A positive number of at most 20 octets (RFC 5280 section 4.1.2.2), of which the first bit is the sign.
    return int.from_bytes(hashlib.sha256(said).digest()[:_SERIAL_OCTETS], "big") >> 1 | 1


def _signing(signer: FileSigner) -> dict[str, Any]:
    """Return how ``signer`` signs certificates and CRLs, as arguments of the library's builders."""
    key = signer.private_key
    without_randomness = True if signer.deterministic and isinstance(key, ec.EllipticCurvePrivateKey) else None
    return {"private_key": key, "algorithm": _hash(key), "ecdsa_deterministic": without_randomness}


def _end(validity: Validity) -> datetime:
    if validity.end is None:
        raise ValueError("a certificate ends at an instant")
    return validity.end


def _hash(key: PrivateKey) -> hashes.SHA256 | None:
    """Return the hash that a certificate signature with ``key`` needs; Ed25519 brings its own."""
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def make_crl(authority: Authority, *, number: int, validity: Validity, revoked: Mapping[int, datetime]) -> bytes:
    """Return the complete CRL (DER) of ``authority``: serial numbers with the instants since when they are revoked."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_der_x509_certificate(authority.certificate).subject)
        .last_update(validity.start)
        .next_update(_end(validity))
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for serial, since in revoked.items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(**_signing(authority.signer)).public_bytes(Encoding.DER)


def serial_number(certificate: bytes) -> int:
    """Return the serial number of a certificate (DER) that was made here."""
    return x509.load_der_x509_certificate(certificate).serial_number
