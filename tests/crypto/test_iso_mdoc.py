"""The profile of an mdoc's certificates: what each of the two must be, and that each departure is told."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from idbridge.crypto.certificates import Authority, Subject, make_authority, make_document_signer, make_iaca
from idbridge.crypto.iso_mdoc import DOCUMENT_SIGNING
from idbridge.crypto.signer import FileSigner, generate
from idbridge.crypto.x509 import verify_path
from idbridge.model.time import Validity
from idbridge.model.trust import LeafRule
from tests.crypto.chains import NOON, SIGNER, START, YEAR, bespoke, usage

KEY = generate("ES256")
DECADE = Validity(START - timedelta(days=365), START + timedelta(days=3650))
PLACES: dict[str, Any] = {"contact": "https://iaca.sg.example", "crl": "https://iaca.sg.example/crl"}
USAGE = x509.ExtendedKeyUsage([x509.ObjectIdentifier(DOCUMENT_SIGNING)])
RULE = LeafRule(extended_key_usage=DOCUMENT_SIGNING)


def iaca(key: FileSigner = KEY, *, country: str | None = "SG", province: str | None = None) -> Authority:
    return make_iaca(key, subject=Subject("IACA", country, province=province), validity=DECADE, **PLACES)


IACA = iaca()


def signer(issuer: Authority = IACA, *, validity: Validity = YEAR, **named: Any) -> bytes:
    subject = Subject("DS", named.pop("country", "SG"), province=named.pop("province", None))
    return make_document_signer(SIGNER, subject=subject, validity=validity, issuer=issuer, **PLACES, **named)


def fault(*certificates: bytes, issuer: Authority = IACA, anchor: bytes | None = None) -> str | None:
    return verify_path(certificates, anchors=(anchor or issuer.certificate,), at=NOON, rule=RULE).iso.fault


NAME = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "SG"), x509.NameAttribute(NameOID.COMMON_NAME, "IACA")])
PARTS: dict[str, tuple[x509.ExtensionType, bool]] = {
    "constraints": (x509.BasicConstraints(ca=True, path_length=0), True),
    "usage": (usage("key_cert_sign", "crl_sign"), True),
    "contact": (x509.IssuerAlternativeName([x509.UniformResourceIdentifier("https://iaca.sg.example")]), False),
    "crl": (
        x509.CRLDistributionPoints(
            [x509.DistributionPoint([x509.UniformResourceIdentifier("https://iaca.sg.example/crl")], None, None, None)]
        ),
        False,
    ),
    "key": (x509.SubjectKeyIdentifier.from_public_key(KEY.private_key.public_key()), False),
}


def authority(**changes: tuple[x509.ExtensionType, bool] | None) -> Authority:
    """The IACA with some of its extensions changed, or taken away."""
    parts = [part for part in {**PARTS, **changes}.values() if part is not None]
    return Authority(bespoke(parts, key=KEY.private_key, issuer=IACA, name=NAME), KEY)


def test_a_path_that_keeps_the_profile_has_no_fault_and_says_whose_it_is() -> None:
    found = verify_path((signer(),), anchors=(IACA.certificate,), at=NOON, rule=RULE).iso

    assert (found.fault, found.country, found.province) == (None, "SG", None)
    assert (found.not_before, found.not_after) == (YEAR.start, YEAR.end)
    assert fault(signer(authority()), issuer=authority()) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"constraints": (x509.BasicConstraints(ca=True, path_length=None), True)}, "allows authorities"),
        ({"constraints": (x509.BasicConstraints(ca=True, path_length=1), True)}, "allows authorities"),
        ({"usage": (usage("key_cert_sign"), True)}, "key usage of the IACA"),
        ({"usage": (usage("key_cert_sign", "crl_sign", "digital_signature"), True)}, "key usage of the IACA"),
        ({"contact": None}, "contact"),
        ({"crl": None}, "revocation lists"),
    ],
)
def test_an_iaca_that_departs_from_the_profile_is_told(changes: dict[str, Any], words: str) -> None:
    other = authority(**changes)

    assert words in (fault(signer(other), issuer=other) or "")


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (signer(critical=False), "extended key usage"),
        (signer(validity=Validity(START, DECADE.end + timedelta(days=1))), "outlives"),
        (signer(validity=Validity(DECADE.start - timedelta(days=1), YEAR.end)), "outlives"),
        (signer(country="MY"), "no country, or two"),
        (signer(country=None), "no country, or two"),
        (bespoke([(usage("digital_signature", "content_commitment"), True), (USAGE, True)], issuer=IACA), "key usage"),
        (bespoke([(usage("digital_signature"), False), (USAGE, True)], issuer=IACA), "key usage"),
    ],
)
def test_a_document_signer_that_departs_from_the_profile_is_told(certificate: bytes, words: str) -> None:
    assert words in (fault(certificate) or "")


def test_a_signer_of_another_province_is_told_and_one_of_a_province_of_the_country_is_not() -> None:
    johor = iaca(province="Johor")

    assert fault(signer(johor, province="Johor"), issuer=johor) is None
    assert fault(signer(johor), issuer=johor) is None
    assert fault(signer(province="Johor")) is None
    assert "two provinces" in (fault(signer(johor, province="Melaka"), issuer=johor) or "")


def test_a_listed_document_signer_and_one_below_a_further_authority_are_told() -> None:
    leaf = signer()
    root = make_authority(generate("ES256"), subject=Subject("Root", "SG"), validity=DECADE)
    middle = make_authority(generate("ES256"), subject=Subject("Middle", "SG"), validity=DECADE, issuer=root)
    below = signer(middle)

    assert "directly" in (fault(leaf, anchor=leaf) or "")
    assert "directly" in (fault(below, middle.certificate, anchor=root.certificate) or "")
