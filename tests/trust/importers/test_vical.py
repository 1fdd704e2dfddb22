"""A VICAL is believed under a pinned signer or authority, in its time, each certificate for its types of document."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from idbridge.codec import cbor
from idbridge.codec.cbor import Tagged
from idbridge.crypto import cose
from idbridge.crypto.certificates import Authority, Subject, make_authority
from idbridge.crypto.listed import listed_certificate
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.time import Validity, instant_text
from idbridge.trust.floor import Floor
from idbridge.trust.importers.imported import Dropped, ImportedList, Offer, Terms
from idbridge.trust.importers.vical import SIGNING, import_vical
from tests.crypto.chains import NOON, ROOT, YEAR, Extensions, bespoke, usage
from tests.trust.importers.xml_lists import numbered

MDL = "org.iso.18013.5.1.mDL"
SIGNER = generate("ES256")
USAGES: Extensions = [
    (usage("content_commitment"), True),
    (x509.ExtendedKeyUsage([x509.ObjectIdentifier(SIGNING)]), True),
]
LEAF = bespoke(USAGES, key=SIGNER.private_key)
TERMS = Terms((ROOT.certificate,))
DATE = NOON - timedelta(days=1)


def authority(name: str, signer: FileSigner | None = None, validity: Validity = YEAR) -> Authority:
    return make_authority(signer or generate("ES256"), subject=Subject(name, "PH"), validity=validity)


A, B = authority("A"), authority("B")


def ski(der: bytes) -> bytes:
    identifier = listed_certificate(der).key_identifier
    assert identifier is not None
    return identifier


def entry(made: Authority = A, **how: Any) -> dict[str, Any]:
    """An entry of a VICAL; a member that a test sets to ``None`` is left out."""
    members = {
        "certificate": made.certificate,
        "serialNumber": Tagged(2, b"\x01" * 16),
        "ski": ski(made.certificate),
        "docType": [MDL],
        "issuingAuthority": "Registry of the Islands",
        "issuingCountry": "PH",
        **how,
    }
    return {name: value for name, value in members.items() if value is not None}


def tdate(moment: datetime) -> Tagged:
    return Tagged(0, instant_text(moment))


def vical(*entries: Any, signer: FileSigner = SIGNER, chain: Any = LEAF, **how: Any) -> bytes:
    members = {
        "version": "1.0",
        "vicalProvider": "Islands",
        "date": tdate(DATE),
        "vicalIssueID": 7,
        "nextUpdate": tdate(NOON + timedelta(days=30)),
        "certificateInfos": list(entries or (entry(),)),
        **how,
    }
    return wrapped(cbor.encode({name: value for name, value in members.items() if value is not None}), signer, chain)


def wrapped(payload: bytes, signer: FileSigner = SIGNER, chain: Any = LEAF) -> bytes:
    protected = cbor.encode({1: {"ES256": -7, "ES384": -35}[signer.algorithm]})
    signature = signer.sign(cose.signature_octets(protected=protected, payload=payload))
    return cbor.encode([protected, {} if chain is None else {33: chain}, payload, signature])


def read(octets: bytes, terms: Terms = TERMS, *, at: datetime = NOON) -> ImportedList:
    return import_vical(Offer(octets, "list.vical", at), terms)


def refusal(octets: bytes, terms: Terms = TERMS, *, at: datetime = NOON) -> TrustError:
    with pytest.raises(TrustError) as caught:
        read(octets, terms, at=at)
    return caught.value


STRANGER = make_authority(generate("ES256"), subject=Subject("Stranger", "SG"), validity=YEAR)


@pytest.mark.parametrize(
    "chain",
    [
        None,
        ROOT.certificate,  # an authority is no signer of lists
        bespoke(USAGES, key=SIGNER.private_key, issuer=STRANGER),
        [bespoke(USAGES, key=SIGNER.private_key, issuer=STRANGER), STRANGER.certificate],
        bespoke([USAGES[0]], key=SIGNER.private_key),  # type: ignore[index]  # a list
        bespoke([USAGES[1]], key=SIGNER.private_key),  # type: ignore[index]  # a list
        bespoke([(usage("key_encipherment"), True), USAGES[1]], key=SIGNER.private_key),  # type: ignore[index]  # a list
        bespoke(
            [USAGES[0], (x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.0.18013.5.1.2")]), True)],  # type: ignore[index]  # a list
            key=SIGNER.private_key,
        ),
        bespoke([*USAGES, (x509.BasicConstraints(ca=True, path_length=None), True)], key=SIGNER.private_key),
        bespoke(
            [*USAGES, (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), True)],
            key=SIGNER.private_key,
        ),
        bespoke(USAGES, key=ec.generate_private_key(ec.SECP256K1())),
        b"no certificate",
        b"x" * (LIMITS.certificate_bytes + 1),
        [LEAF] * 2 + [b"junk"],
    ],
    ids=numbered(),
)  # fmt: skip
def test_a_signer_that_leads_to_no_anchor_or_is_for_something_else_is_refused(chain: Any) -> None:
    assert refusal(vical(chain=chain)).code == "trust.signer_unknown"


@pytest.mark.parametrize("at", [YEAR.start - timedelta(days=1), NOON + timedelta(days=400)])
def test_a_signer_out_of_its_time_is_refused(at: datetime) -> None:
    assert refusal(vical(), at=at).code == "trust.signer_unknown"
    assert refusal(vical(), Terms((LEAF,)), at=at).code == "trust.signer_unknown"


def test_a_key_that_is_not_that_of_the_certificate_is_refused() -> None:
    assert refusal(vical(signer=generate("ES256"))).code == "trust.signature_invalid"
    assert refusal(vical(signer=generate("ES384"))).code == "trust.signature_invalid"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xa0",
        cbor.encode([]),
        cbor.encode({"version": "1.0", "vicalProvider": "x", "date": tdate(DATE)}),
        bytes.fromhex("bf6776657273696f6e63312e30ff"),  # without length
        bytes.fromhex("a26776657273696f6e63312e306776657273696f6e63312e30"),  # a member twice
        bytes.fromhex("d9d9f7a0"),
        b"\x81" * 100_000,
    ],
    ids=numbered(),
)
def test_a_payload_that_is_no_strict_cbor_of_a_vical_is_refused(payload: bytes) -> None:
    assert refusal(wrapped(payload)).code == "trust.profile_violation"


@pytest.mark.parametrize(
    "octets", [b"", b"<html>", cbor.encode([b"", {}, b"", b""]), vical() + b"\0", vical()[:-1]], ids=numbered()
)
def test_what_is_no_signed_message_is_refused(octets: bytes) -> None:
    assert refusal(octets).code == "trust.profile_violation"


def test_a_list_past_the_bounds_is_refused() -> None:
    assert refusal(b"\0" * (LIMITS.trust_list_bytes + 1)).code == "trust.profile_violation"
    crowd = vical(certificateInfos=[{}] * (LIMITS.services_per_list + 1))
    assert refusal(crowd).code == "trust.profile_violation"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"version": "2.0"}, "trust.profile_violation"),
        ({"date": instant_text(DATE)}, "trust.profile_violation"),
        ({"date": Tagged(0, "yesterday")}, "trust.profile_violation"),
        ({"date": Tagged(0, "2026-05-31T12:00:00")}, "trust.profile_violation"),
        ({"date": Tagged(0, 7)}, "trust.profile_violation"),
        ({"date": Tagged(2, b"\x01")}, "trust.profile_violation"),
        ({"date": tdate(NOON + timedelta(days=1))}, "trust.issued_in_future"),
        ({"nextUpdate": None}, "trust.profile_violation"),
        ({"nextUpdate": tdate(NOON)}, "trust.expired"),
        ({"nextUpdate": tdate(DATE)}, "trust.profile_violation"),
        ({"nextUpdate": tdate(NOON + timedelta(days=300))}, "trust.lifetime_too_long"),
        ({"vicalIssueID": 0}, "trust.profile_violation"),
        ({"vicalIssueID": "7"}, "trust.profile_violation"),
        ({"vicalIssueID": True}, "trust.profile_violation"),
        ({"vicalProvider": ""}, "trust.profile_violation"),
        ({"vicalProvider": 7}, "trust.profile_violation"),
        ({"certificateInfos": {}}, "trust.profile_violation"),
    ],
)
def test_a_list_that_breaks_the_standard_or_its_time_is_refused(how: dict[str, Any], code: str) -> None:
    assert refusal(vical(**how)).code == code


def test_an_older_issue_than_the_one_imported_before_is_refused() -> None:
    held = Terms(TERMS.anchors, held=Floor(sequence=8, digest="0" * 64))

    assert refusal(vical(), held).code == "trust.rollback"
    assert refusal(vical(vicalIssueID=8), held).code == "trust.equivocation"
    assert read(vical(vicalIssueID=9), held).provenance.sequence == 9


def test_without_a_number_the_date_keeps_the_order() -> None:
    first = read(vical(vicalIssueID=None)).provenance
    assert first.sequence == int(DATE.timestamp())
    held = Terms(TERMS.anchors, held=Floor(sequence=first.sequence, digest=first.content))

    assert refusal(vical(vicalIssueID=None, date=tdate(DATE - timedelta(hours=1))), held).code == "trust.rollback"


def test_a_list_that_names_no_end_is_read_only_up_to_the_age_that_was_set() -> None:
    terms = Terms(TERMS.anchors, max_age=timedelta(days=2))

    assert read(vical(nextUpdate=None), terms).provenance.good_until == DATE + timedelta(days=2)
    assert refusal(vical(nextUpdate=None), terms, at=NOON + timedelta(days=1)).code == "trust.expired"


def left_out(spoilt: Any) -> Dropped:
    found = read(vical(spoilt, entry(B)))
    assert [one.certificates for one in found.services] == [(B.certificate,)]
    return found.dropped[0]


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        ("entry", "trust.profile_violation"),
        ({}, "trust.profile_violation"),
        (entry(docType=None), "trust.profile_violation"),
        (entry(docType=[]), "trust.profile_violation"),
        (entry(docType=MDL), "trust.profile_violation"),
        (entry(docType=[7]), "trust.profile_violation"),
        (entry(docType=[""]), "trust.profile_violation"),
        (entry(ski=b"\x01" * 20), "trust.profile_violation"),
        (entry(ski="text"), "trust.profile_violation"),
        (entry(ski=b""), "trust.profile_violation"),
        (entry(certificate=b""), "trust.profile_violation"),
        (entry(certificate="text"), "trust.profile_violation"),
        (entry(certificate=b"x" * (LIMITS.certificate_bytes + 1)), "trust.profile_violation"),
        (entry(certificate=b"no certificate"), "issuer.certificate_profile"),
        (entry(certificate=A.certificate + b"!"), "issuer.certificate_profile"),
        (entry(issuingAuthority=7), "trust.profile_violation"),
        (entry(issuingCountry=""), "trust.profile_violation"),
    ],
)
def test_an_entry_that_cannot_be_believed_is_left_out_and_the_rest_stays(spoilt: Any, code: str) -> None:
    assert left_out(spoilt).code == code


def test_one_key_identifier_for_two_keys_refuses_the_list() -> None:
    twin = bespoke(
        [
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (usage("key_cert_sign"), True),
            (x509.SubjectKeyIdentifier(ski(A.certificate)), False),
        ]
    )
    forged = {**entry(), "certificate": twin}

    assert "one key identifier stands for two keys" in refusal(vical(entry(), forged)).detail


def test_one_key_in_two_certificates_is_no_contradiction() -> None:
    again = authority("A again", A.signer)

    assert len(read(vical(entry(), entry(again))).services) == 2


def test_a_key_identifier_in_der_as_one_provider_writes_it_is_read() -> None:
    plain = ski(A.certificate)
    inner = b"\x04\x14" + plain

    assert read(vical(entry(ski=b"\x04\x16" + inner))).services
    assert left_out(entry(ski=b"\x04\x15" + inner)).code == "trust.profile_violation"


@pytest.mark.parametrize("anchor", [ROOT.certificate, LEAF], ids=["authority", "signer"])
def test_a_list_is_read_with_the_types_of_document_of_each_certificate(anchor: bytes) -> None:
    found = read(vical(entry(), entry(B, docType=[MDL, "org.iso.23220.photoid.1", MDL])), Terms((anchor,)))

    assert [one.doc_types for one in found.services] == [(MDL,), (MDL, "org.iso.23220.photoid.1")]
    assert [one.territory for one in found.services] == ["PH", "PH"]
    assert all(one.granted for one in found.services)
    assert found.provenance.operator == "Islands"
    assert found.provenance.issued_at == DATE.astimezone(UTC)
    assert found.provenance.signer is not None
