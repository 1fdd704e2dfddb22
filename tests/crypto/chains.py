"""Certificate chains as the tests need them: an authority, one below it, a leaf, and what our own profile forbids."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from idbridge.crypto.certificates import Authority, Subject, make_authority, make_leaf
from idbridge.crypto.signer import generate
from idbridge.crypto.x509 import VerifiedPath, verify_path
from idbridge.errors import IssuerError
from idbridge.model.time import Validity
from idbridge.model.trust import LeafRule

START = datetime(2026, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
YEAR = Validity(START, START + timedelta(days=365))
USAGE = "1.3.6.1.4.1.99999.1"
RULE = LeafRule(extended_key_usage=USAGE)
POLICY = LeafRule(policy="1.3.6.1.4.1.99999.2")
ANY_USAGE = x509.ObjectIdentifier("2.5.29.37.0")

SIGNER = generate("ES256")
ROOT = make_authority(generate("ES256"), subject=Subject("Root of Singapore", "SG"), validity=YEAR)
MIDDLE = make_authority(generate("ES384"), subject=Subject("Middle", "SG"), validity=YEAR, issuer=ROOT)
ISSUER = "https://login.sg.example"


def leaf(issuer: Authority | None = ROOT, *, validity: Validity = YEAR, rule: LeafRule | None = RULE) -> bytes:
    return make_leaf(SIGNER, subject=Subject("login", "SG"), validity=validity, issuer=issuer, uris=[ISSUER], rule=rule)


LEAF = leaf()

Extensions = Iterable[tuple[x509.ExtensionType, bool]]
ALL_USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
              "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip


def usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in ALL_USAGES})


SIGNATURE: Extensions = [(usage("digital_signature"), True)]
AUTHORITY: Extensions = [(x509.BasicConstraints(ca=True, path_length=None), True), (usage("key_cert_sign"), True)]


def bespoke(
    extensions: Extensions,
    *,
    key: CertificateIssuerPrivateKeyTypes | None = None,
    issuer: Authority = ROOT,
    name: x509.Name | None = None,
) -> bytes:
    """A certificate that our own profile would not make."""
    key = key or SIGNER.private_key
    builder = x509.CertificateBuilder(
        issuer_name=x509.load_der_x509_certificate(issuer.certificate).subject,
        subject_name=name or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bespoke")]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=YEAR.start,
        not_valid_after=YEAR.end,
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer.signer.private_key, hashes.SHA256()).public_bytes(Encoding.DER)


def path(
    *certificates: bytes,
    anchors: Iterable[bytes] = (ROOT.certificate,),
    at: datetime = NOON,
    rule: LeafRule | None = RULE,
) -> VerifiedPath:
    return verify_path(certificates, anchors=tuple(anchors), at=at, rule=rule)


def refusal(
    *certificates: bytes,
    anchors: Iterable[bytes] = (ROOT.certificate,),
    at: datetime = NOON,
    rule: LeafRule | None = RULE,
) -> str:
    with pytest.raises(IssuerError) as caught:
        path(*certificates, anchors=anchors, at=at, rule=rule)
    return caught.value.code
