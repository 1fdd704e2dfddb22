"""Revocation lists: from their own authority, in order, current, never older than the last; anything else is none."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.crypto.certificates import Authority, Subject, make_authority, make_crl
from idbridge.crypto.crl import CrlFloor, Scope, VerifiedCrl, verify_crl
from idbridge.crypto.signer import generate
from idbridge.errors import StatusError
from idbridge.limits import LIMITS
from idbridge.model.time import Validity
from tests.crypto.chains import AUTHORITY, LEAF, MIDDLE, NOON, ROOT, YEAR, bespoke, path, usage

DAY = timedelta(days=1)
CURRENT = Validity(NOON - DAY, NOON + DAY)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.7"), b"\x05\x00")
GOOD = make_crl(ROOT, number=7, validity=CURRENT, revoked={1: NOON - DAY, 2: NOON})


def crl(
    *extensions: tuple[x509.ExtensionType, bool],
    authority: Authority = ROOT,
    entry: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """A CRL with these extensions, and with one entry that has those of ``entry``."""
    issuer = x509.load_der_x509_certificate(authority.certificate).subject
    builder = x509.CertificateRevocationListBuilder(issuer, CURRENT.start, CURRENT.end)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    revoked = x509.RevokedCertificateBuilder(1, NOON - DAY)
    for extension, critical in entry:
        revoked = revoked.add_extension(extension, critical=critical)
    builder = builder.add_revoked_certificate(revoked.build())
    return builder.sign(authority.signer.private_key, digest or hashes.SHA256()).public_bytes(Encoding.DER)


NUMBER = (x509.CRLNumber(7), False)


def scope(**changes: Any) -> tuple[x509.ExtensionType, bool]:
    members = {
        "full_name": None, "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False,
        "only_some_reasons": None, "indirect_crl": False, "only_contains_attribute_certs": False,
    }  # fmt: skip
    return x509.IssuingDistributionPoint(**{**members, **changes}), True


def verified(
    octets: bytes, *, authority: Authority = ROOT, at: datetime = NOON, floor: CrlFloor | None = None
) -> VerifiedCrl:
    return verify_crl(octets, issuer=authority.certificate, at=at, floor=floor)


def refusal(octets: bytes, *, authority: Authority = ROOT, at: datetime = NOON, floor: CrlFloor | None = None) -> str:
    with pytest.raises(StatusError) as caught:
        verified(octets, authority=authority, at=at, floor=floor)
    return f"{caught.value.code} {caught.value.detail}"


def test_a_list_of_another_authority_is_refused() -> None:
    namesake = make_authority(generate("ES256"), subject=Subject("Root of Singapore", "SG"), validity=YEAR)

    assert "status.crl_invalid a CRL of another authority" in refusal(GOOD, authority=MIDDLE)
    assert "does not verify" in refusal(GOOD, authority=namesake)


def test_a_list_that_was_changed_is_refused() -> None:
    changed = bytearray(GOOD)
    changed[GOOD.index(b"\x02\x01\x02") + 2] = 3

    assert "does not verify" in refusal(bytes(changed))


def test_an_authority_whose_key_may_not_sign_lists_is_refused() -> None:
    for extensions in (AUTHORITY, [(x509.BasicConstraints(ca=True, path_length=None), True)]):
        signer = generate("ES256")
        below = Authority(bespoke(extensions, key=signer.private_key), signer)
        made = make_crl(below, number=1, validity=CURRENT, revoked={})
        assert "not for signing CRLs" in refusal(made, authority=below)


def test_an_issuer_that_is_no_certificate_is_refused() -> None:
    with pytest.raises(StatusError) as caught:
        verify_crl(GOOD, issuer=b"\x30\x00", at=NOON)

    assert caught.value.code == "status.crl_invalid"


def test_an_old_signature_is_refused() -> None:
    assert "not served" in refusal(crl(NUMBER, digest=hashes.SHA224()))


@pytest.mark.parametrize("octets", [b"", b"\x30\x00", GOOD[:-1], LEAF, b"-----BEGIN X509 CRL-----"])
def test_what_is_no_list_is_refused(octets: bytes) -> None:
    assert refusal(octets).startswith("status.crl_invalid")


def test_octets_after_a_list_and_a_second_spelling_are_refused() -> None:
    signature = x509.load_der_x509_crl(GOOD).signature

    assert refusal(GOOD + b"\x00").startswith("status.crl_invalid")
    assert refusal(GOOD[: -1 - len(signature)] + b"\x01" + GOOD[-len(signature) :]).startswith("status.crl_invalid")


def test_a_list_past_its_bounds_is_refused_before_it_is_parsed() -> None:
    assert "more than" in refusal(b"\x30" * (LIMITS.crl_bytes + 1))


def test_more_entries_than_the_limit_are_refused() -> None:
    entry = b"\x30\x12\x02\x01\x09\x17\x0d260601000000Z"

    assert "entries" in refusal(with_entries(entry * (LIMITS.crl_entries + 1)))
    assert 9 in verified(with_entries(entry * LIMITS.crl_entries)).revoked


@asn1.sequence
class Taken:
    """A list taken apart."""

    version: asn1.TLV
    algorithm: asn1.TLV
    issuer: asn1.TLV
    this_update: asn1.TLV
    next_update: asn1.TLV
    revoked: asn1.TLV
    extensions: asn1.TLV


@asn1.sequence
class Signed:
    """The three parts of every list."""

    tbs: asn1.TLV
    algorithm: asn1.TLV
    signature: asn1.BitString


def tlv(tag: bytes, content: bytes) -> asn1.TLV:
    size = len(content).to_bytes(4, "big").lstrip(b"\x00")
    length = bytes([len(content)]) if len(content) < 128 else bytes([128 + len(size)]) + size
    return asn1.decode_der(asn1.TLV, tag + length + content)


def with_entries(entries: bytes) -> bytes:
    """A list with these entries, truly signed; the library's builder would take minutes for so many."""
    outer = asn1.decode_der(Signed, GOOD)
    tbs = asn1.decode_der(Taken, asn1.encode_der(outer.tbs))
    body = asn1.encode_der(
        Taken(
            version=tbs.version, algorithm=tbs.algorithm, issuer=tbs.issuer, this_update=tbs.this_update,
            next_update=tbs.next_update, revoked=tlv(b"\x30", entries), extensions=tbs.extensions,
        )
    )  # fmt: skip
    signature = ROOT.signer.private_key.sign(body, ec.ECDSA(hashes.SHA256()))
    return asn1.encode_der(
        Signed(
            tbs=asn1.decode_der(asn1.TLV, body), algorithm=outer.algorithm,
            signature=asn1.BitString(signature, 0),
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("extensions", "detail"),
    [
        ((), "without a number"),
        (((x509.CRLNumber(7), True),), "critical one"),
        (((x509.CRLNumber(2**159), False),), "longer than 20 octets"),
        ((NUMBER, (UNKNOWN, True)), "not understood (1.3.6.1.4.1.32473.7)"),
        ((NUMBER, (x509.DeltaCRLIndicator(6), True)), "a delta CRL"),
        ((NUMBER, scope(indirect_crl=True)), "an indirect CRL"),
        ((NUMBER, scope(only_contains_attribute_certs=True)), "attribute certificates"),
        ((NUMBER, scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}))), "for some reasons only"),
        ((NUMBER, (scope(only_contains_user_certs=True)[0], False)), "is critical"),
        (
            (NUMBER, scope(relative_name=x509.RelativeDistinguishedName(
                [x509.NameAttribute(x509.NameOID.COMMON_NAME, "part")]
            ))),
            "relative name",
        ),
    ],
)  # fmt: skip
def test_a_list_of_a_kind_that_is_not_served_is_refused(
    extensions: tuple[tuple[x509.ExtensionType, bool], ...], detail: str
) -> None:
    told = refusal(crl(*extensions))

    assert told.startswith("status.crl_invalid")
    assert detail in told


@pytest.mark.parametrize(
    ("extension", "detail"),
    [
        ((UNKNOWN, True), "not understood (1.3.6.1.4.1.32473.7)"),
        ((x509.CertificateIssuer([x509.DNSName("other.example")]), True), "another authority"),
        ((x509.CRLReason(x509.ReasonFlags.remove_from_crl), False), "takes a revocation back"),
    ],
)
def test_an_entry_that_means_more_than_it_says_refuses_the_list(
    extension: tuple[x509.ExtensionType, bool], detail: str
) -> None:
    assert detail in refusal(crl(NUMBER, entry=(extension,)))


def test_a_list_is_refused_before_it_was_made_and_once_the_next_is_due() -> None:
    second = timedelta(seconds=1)

    assert refusal(GOOD, at=CURRENT.start - second) == "status.crl_stale the CRL is dated in the future"
    assert CURRENT.end is not None
    assert refusal(GOOD, at=CURRENT.end) == "status.crl_stale the next CRL is overdue"
    assert verified(GOOD, at=CURRENT.start).is_current(CURRENT.end - second)


def test_a_list_without_a_next_update_is_refused() -> None:
    dated = bytes(x509.load_der_x509_crl(GOOD).tbs_certlist_bytes)
    stamp = b"\x17\x0d" + (NOON + DAY).strftime("%y%m%d%H%M%SZ").encode()
    assert stamp in dated
    shorter = tlv(b"\x30", bytes(asn1.decode_der(asn1.TLV, dated).data).replace(stamp, b"", 1))
    body = asn1.encode_der(shorter)
    outer = asn1.decode_der(Signed, GOOD)
    signature = asn1.BitString(ROOT.signer.private_key.sign(body, ec.ECDSA(hashes.SHA256())), 0)

    made = asn1.encode_der(Signed(tbs=shorter, algorithm=outer.algorithm, signature=signature))

    assert "when the next is due" in refusal(made)


def test_a_number_below_the_last_or_the_same_on_another_list_is_a_rollback() -> None:
    floor = verified(GOOD).floor

    older = make_crl(ROOT, number=6, validity=CURRENT, revoked={})
    other = make_crl(ROOT, number=7, validity=CURRENT, revoked={})
    newer = make_crl(ROOT, number=8, validity=CURRENT, revoked={})

    assert refusal(older, floor=floor).startswith("status.crl_rollback")
    assert refusal(other, floor=floor).startswith("status.crl_rollback")
    assert verified(GOOD, floor=floor).number == 7
    assert verified(newer, floor=floor).floor.number == 8


def test_what_a_list_says_is_read() -> None:
    reasons = x509.CRLReason(x509.ReasonFlags.key_compromise), x509.InvalidityDate(NOON.replace(tzinfo=None))
    told = verified(crl(NUMBER, scope(only_contains_user_certs=True), entry=tuple((one, False) for one in reasons)))

    assert (told.number, told.scope, told.points) == (7, Scope.END_ENTITIES, frozenset())
    assert told.revoked[1].since == NOON - DAY
    assert told.revoked[1].reason == "keyCompromise"
    assert verified(GOOD).revoked.keys() == {1, 2}
    assert verified(crl(NUMBER, scope(only_contains_ca_certs=True))).scope is Scope.AUTHORITIES
    assert verified(crl(NUMBER, (UNKNOWN, False))).scope is Scope.ALL


def test_a_list_speaks_of_its_own_kind_of_certificates_and_of_its_own_points_only() -> None:
    point = x509.UniformResourceIdentifier("https://crl.sg.example/1")
    named = x509.CRLDistributionPoints([x509.DistributionPoint([point], None, None, None)])
    elsewhere = x509.CRLDistributionPoints([x509.DistributionPoint([point], None, None, [x509.DNSName("x.example")])])
    some = x509.DistributionPoint([point], None, frozenset({x509.ReasonFlags.key_compromise}), None)
    freshest = x509.FreshestCRL([x509.DistributionPoint([point], None, None, None)])
    limited = verified(crl(NUMBER, scope(full_name=[point])))

    def link(*extensions: x509.ExtensionType) -> Any:
        leaf = bespoke([(usage("digital_signature"), True), *((one, False) for one in extensions)])
        return path(leaf, rule=None).links[0]

    assert limited.covers(link(named))
    assert not limited.covers(link())
    assert not limited.covers(link(elsewhere))
    assert not limited.covers(link(x509.CRLDistributionPoints([some])))
    assert verified(GOOD).covers(link())
    assert not verified(GOOD).covers(link(freshest))
    assert not verified(crl(NUMBER, (freshest, False))).covers(link())
    assert not verified(crl(NUMBER, scope(only_contains_ca_certs=True))).covers(link())
    assert verified(crl(NUMBER, scope(only_contains_user_certs=True))).covers(link())


def test_ed25519_authorities_sign_lists_too() -> None:
    authority = make_authority(generate("Ed25519"), subject=Subject("Root", "SG"), validity=YEAR)

    assert verified(make_crl(authority, number=1, validity=CURRENT, revoked={}), authority=authority).number == 1


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_no_changed_list_is_accepted_and_none_raises_anything_but_a_refusal(data: st.DataObject) -> None:
    changed = bytearray(GOOD)
    position = data.draw(st.integers(0, len(changed) - 1))
    changed[position] ^= data.draw(st.integers(1, 255))

    assert refusal(bytes(changed)).startswith("status.crl_")
