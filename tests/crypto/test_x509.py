import warnings
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.crypto.certificates import Authority, Subject, make_authority, make_leaf
from idbridge.crypto.signer import generate
from idbridge.crypto.x509 import names_issuer
from idbridge.errors import IssuerError
from idbridge.limits import LIMITS
from idbridge.model.time import Validity
from tests.crypto.chains import (
    ANY_USAGE,
    AUTHORITY,
    ISSUER,
    LEAF,
    MIDDLE,
    NOON,
    POLICY,
    ROOT,
    SIGNATURE,
    SIGNER,
    START,
    USAGE,
    YEAR,
    bespoke,
    leaf,
    path,
    refusal,
    usage,
)


def test_a_leaf_of_an_authority_that_nobody_lists_is_refused() -> None:
    stranger = make_authority(generate("ES256"), subject=Subject("Root of Singapore", "SG"), validity=YEAR)

    assert refusal(leaf(stranger), stranger.certificate) == "issuer.chain_untrusted"


def test_a_self_signed_leaf_is_its_own_proof_of_nothing() -> None:
    assert refusal(leaf(None)) == "issuer.chain_untrusted"


def test_no_certificates_no_anchors_and_too_many_certificates_are_no_path() -> None:
    others = [
        make_authority(SIGNER, subject=Subject(f"other {number}"), validity=YEAR).certificate
        for number in range(LIMITS.path_candidates)
    ]

    assert refusal() == "issuer.chain_untrusted"
    assert refusal(LEAF, anchors=()) == "issuer.chain_untrusted"
    assert refusal(LEAF, *others) == "issuer.chain_untrusted"
    assert path(LEAF, *others[1:])


def test_one_authority_has_few_certificates_among_the_candidates() -> None:
    middles = [
        make_authority(MIDDLE.signer, subject=Subject("Middle", "SG"), validity=YEAR, issuer=ROOT).certificate
        for _ in range(LIMITS.path_namesakes + 1)
    ]
    below = leaf(MIDDLE)

    assert path(below, *middles[1:])
    assert refusal(below, *middles) == "issuer.chain_untrusted"


def test_a_path_is_at_most_as_deep_as_the_limits_say() -> None:
    authorities = [ROOT]
    for number in range(LIMITS.path_depth - 1):
        subject = Subject(f"level {number}", "SG")
        authorities.append(make_authority(generate("ES256"), subject=subject, validity=YEAR, issuer=authorities[-1]))
    between = [authority.certificate for authority in authorities[1:]]

    deepest = path(leaf(authorities[-2]), *between[:-1])
    assert len(deepest.chain) == LIMITS.path_depth
    assert refusal(leaf(authorities[-1]), *between) == "issuer.chain_untrusted"


def test_a_path_with_an_intermediate_leads_to_the_listed_authority() -> None:
    found = path(leaf(MIDDLE), MIDDLE.certificate)

    assert found.chain == (leaf_der := found.chain[0], MIDDLE.certificate, ROOT.certificate)
    assert found.leaf_key.thumbprint == SIGNER.kid
    assert x509.load_der_x509_certificate(leaf_der).issuer.rfc4514_string() == "CN=Middle,C=SG"
    assert (found.uris, found.dns_names, found.subject, found.country) == ((ISSUER,), (), "CN=login,C=SG", "SG")


def test_a_missing_intermediate_is_a_path_to_nowhere() -> None:
    assert refusal(leaf(MIDDLE)) == "issuer.chain_untrusted"


def test_a_leaf_cannot_issue_another_leaf() -> None:
    below = leaf(Authority(LEAF, SIGNER))

    assert refusal(below, LEAF) == "issuer.chain_untrusted"
    assert refusal(below, anchors=[LEAF]) == "issuer.chain_untrusted"


def test_an_intermediate_that_may_not_issue_further_does_not() -> None:
    signer = generate("ES256")
    last = bespoke([(x509.BasicConstraints(ca=True, path_length=0), True), AUTHORITY[1]], key=signer.private_key)  # type: ignore[index]
    below = make_authority(generate("ES256"), subject=Subject("below"), validity=YEAR, issuer=Authority(last, signer))

    assert refusal(leaf(below), below.certificate, last) == "issuer.chain_untrusted"


def test_dates_alone_are_told_from_distrust() -> None:
    before, after = YEAR.start - timedelta(seconds=1), YEAR.start + timedelta(days=365, seconds=1)

    assert refusal(LEAF, at=before) == "issuer.certificate_expired"
    assert refusal(LEAF, at=after) == "issuer.certificate_expired"
    assert path(LEAF, at=YEAR.start)
    assert path(LEAF, at=YEAR.start + timedelta(days=365))
    assert refusal(leaf(None), at=after) == "issuer.chain_untrusted"


def test_an_expired_intermediate_or_anchor_is_named_as_expired() -> None:
    short = Validity(START, START + timedelta(days=10))
    middle = make_authority(generate("ES256"), subject=Subject("short"), validity=short, issuer=ROOT)
    root = make_authority(generate("ES256"), subject=Subject("short root"), validity=short)

    assert refusal(leaf(middle), middle.certificate) == "issuer.certificate_expired"
    assert refusal(leaf(root), anchors=[root.certificate]) == "issuer.certificate_expired"


def test_a_path_whose_members_were_never_in_force_together_is_not_trusted() -> None:
    early = Validity(START, START + timedelta(days=10))
    middle = make_authority(generate("ES256"), subject=Subject("early"), validity=early, issuer=ROOT)
    late = leaf(middle, validity=Validity(START + timedelta(days=20), START + timedelta(days=30)))

    assert refusal(late, middle.certificate, at=START + timedelta(days=25)) == "issuer.chain_untrusted"


def test_the_path_says_from_when_to_when_it_holds() -> None:
    short = leaf(validity=Validity(START + timedelta(days=100), START + timedelta(days=200)))
    found = path(short)

    assert found.not_before == START + timedelta(days=100)
    assert found.not_after == START + timedelta(days=200)
    assert path(short, at=found.not_before).not_after == found.not_after
    assert refusal(short, at=found.not_after + timedelta(seconds=1)) == "issuer.certificate_expired"


def test_a_listed_leaf_is_trusted_directly_and_still_has_to_be_in_force_and_in_profile() -> None:
    own = leaf(None)

    assert path(own, anchors=[ROOT.certificate, own]).chain == (own,)
    assert refusal(own, anchors=[own], at=NOON + timedelta(days=365)) == "issuer.certificate_expired"
    assert refusal(own, anchors=[own], rule=POLICY) == "issuer.certificate_profile"
    assert refusal(ROOT.certificate, rule=None) == "issuer.certificate_profile"


def test_the_same_key_in_another_certificate_is_not_the_listed_certificate() -> None:
    assert refusal(leaf(None), anchors=[leaf(None)]) == "issuer.chain_untrusted"


def test_a_leaf_that_is_an_authority_may_not_sign_credentials() -> None:
    assert refusal(MIDDLE.certificate, rule=None) == "issuer.certificate_profile"


@pytest.mark.parametrize(
    "names", [(), ("key_agreement",), ("content_commitment",), ("digital_signature", "key_cert_sign")]
)
def test_a_leaf_for_another_key_usage_is_refused(names: tuple[str, ...]) -> None:
    extensions = [(usage(*names), True)] if names else []

    assert refusal(bespoke(extensions), rule=None) == "issuer.certificate_profile"
    assert path(bespoke(SIGNATURE), rule=None)


def test_the_listed_usage_must_be_named_itself() -> None:
    other = bespoke([*SIGNATURE, (x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.2.3"), ANY_USAGE]), True)])

    assert refusal(leaf(rule=None)) == "issuer.certificate_profile"
    assert refusal(other) == "issuer.certificate_profile"


def test_an_authority_for_another_usage_does_not_lend_it() -> None:
    signer = generate("ES256")
    for permitted, usages in ((False, ["1.2.3"]), (True, [USAGE]), (True, ["2.5.29.37.0"])):
        eku = x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage) for usage in usages])
        middle = bespoke([*AUTHORITY, (eku, False)], key=signer.private_key)
        below = leaf(Authority(middle, signer))
        if permitted:
            assert path(below, middle)
        else:
            assert refusal(below, middle) == "issuer.chain_untrusted"
            assert path(leaf(Authority(middle, signer), rule=POLICY), middle, rule=None)


def test_the_listed_policy_must_be_in_the_leaf_and_allowed_by_every_intermediate() -> None:
    signer = generate("ES256")
    listed = x509.ObjectIdentifier(str(POLICY.policy))
    any_policy, other = x509.ObjectIdentifier("2.5.29.32.0"), x509.ObjectIdentifier("1.2.3")

    assert refusal(leaf(rule=None), rule=POLICY) == "issuer.certificate_profile"
    assert path(leaf(rule=POLICY), rule=POLICY)
    assert refusal(leaf(MIDDLE, rule=POLICY), MIDDLE.certificate, rule=POLICY) == "issuer.certificate_profile"
    for policy in (listed, any_policy, other):
        policies = x509.CertificatePolicies([x509.PolicyInformation(policy, None)])
        middle = bespoke([*AUTHORITY, (policies, False)], key=signer.private_key)
        below = leaf(Authority(middle, signer), rule=POLICY)
        if policy == other:
            assert refusal(below, middle, rule=POLICY) == "issuer.certificate_profile"
        else:
            assert path(below, middle, rule=POLICY)


@pytest.mark.parametrize("constraint", [x509.PolicyConstraints(0, None), x509.InhibitAnyPolicy(0)])
@pytest.mark.parametrize("critical", [True, False])
def test_an_authority_that_constrains_policies_is_not_followed(constraint: x509.ExtensionType, critical: bool) -> None:
    signer = generate("ES256")
    middle = bespoke([*AUTHORITY, (constraint, critical)], key=signer.private_key)

    assert refusal(leaf(Authority(middle, signer)), middle) == "issuer.chain_untrusted"


def test_an_unknown_critical_extension_anywhere_in_the_path_is_refused() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    signer = generate("ES256")
    middle = bespoke([*AUTHORITY, (unknown, True)], key=signer.private_key)

    assert refusal(bespoke([*SIGNATURE, (unknown, True)]), rule=None) == "issuer.chain_untrusted"
    assert refusal(leaf(Authority(middle, signer)), middle) == "issuer.chain_untrusted"
    assert path(bespoke([*SIGNATURE, (unknown, False)]), rule=None)


def test_an_unknown_critical_extension_of_a_listed_leaf_is_refused() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    own = bespoke([*SIGNATURE, (unknown, True)])

    assert refusal(own, anchors=[own], rule=None) == "issuer.certificate_profile"


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.BrainpoolP256R1(), ec.SECP224R1()])
def test_a_leaf_key_on_another_curve_is_refused(curve: ec.EllipticCurve) -> None:
    certificate = bespoke(SIGNATURE, key=ec.generate_private_key(curve))

    assert refusal(certificate, rule=None) in {"issuer.certificate_profile", "issuer.chain_untrusted"}
    assert refusal(certificate, anchors=[certificate], rule=None) == "issuer.certificate_profile"


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "Ed25519", "RS256"])
def test_leaf_keys_of_the_closed_table_are_served(algorithm: str) -> None:
    signer = generate(algorithm)
    certificate = bespoke(SIGNATURE, key=signer.private_key)

    assert path(certificate, rule=None).leaf_key.thumbprint == signer.kid


def test_an_ed25519_authority_is_refused_and_nothing_breaks() -> None:
    root = make_authority(generate("Ed25519"), subject=Subject("Ed"), validity=YEAR)

    assert refusal(leaf(root), anchors=[root.certificate]) == "issuer.chain_untrusted"


def test_large_certificates_and_those_with_many_names_are_refused_before_any_path_is_sought() -> None:
    few = x509.SubjectAlternativeName([x509.DNSName(f"{n}.example") for n in range(LIMITS.certificate_names)])
    many = x509.SubjectAlternativeName([x509.DNSName(f"{n}.example") for n in range(LIMITS.certificate_names + 1)])
    tree = x509.NameConstraints([x509.DNSName(f"{n}.example") for n in range(LIMITS.certificate_names + 1)], None)
    large = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(LIMITS.certificate_bytes))

    assert path(bespoke([*SIGNATURE, (few, False)]), rule=None)
    assert refusal(bespoke([*SIGNATURE, (many, False)]), rule=None) == "issuer.certificate_profile"
    assert refusal(LEAF, bespoke([*AUTHORITY, (tree, True)])) == "issuer.certificate_profile"
    assert refusal(LEAF, bespoke([*SIGNATURE, (large, False)])) == "issuer.certificate_profile"


def test_a_leaf_of_two_countries_is_refused() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "SG"), x509.NameAttribute(NameOID.COUNTRY_NAME, "TH")])

    assert refusal(bespoke(SIGNATURE, name=name), rule=None) == "issuer.certificate_profile"
    assert path(bespoke(SIGNATURE), rule=None).country is None


def relisted(altered: bytes) -> str:
    """Why a leaf is refused that was altered and then listed as it is, in a service that lets warnings pass."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return refusal(altered, anchors=[altered])


def test_a_listed_leaf_that_cannot_be_read_in_full_is_refused() -> None:
    negative = bytearray(LEAF)
    version = b"\xa0\x03\x02\x01\x02"
    negative[LEAF.index(version) + len(version) + 2] |= 0x80  # the first octet of the serial number, after its head
    country = LEAF.replace(
        b"1\x0b0\x09\x06\x03\x55\x04\x06\x13\x02SG1\x0e0\x0c\x06\x03\x55\x04\x03\x0c\x05login",
        b"1\x0c0\x0a\x06\x03\x55\x04\x06\x13\x03SGP1\x0d0\x0b\x06\x03\x55\x04\x03\x0c\x04logi",
    )

    for altered in (LEAF.replace(b"login", b"log\xffn"), bytes(negative), country):
        assert altered != LEAF
        assert relisted(altered) == "issuer.certificate_profile"


def test_octets_behind_a_certificate_are_refused() -> None:
    assert refusal(LEAF + b"\0") == "issuer.certificate_profile"


@pytest.mark.parametrize(
    ("issuer", "named"),
    [
        (ISSUER, True),
        (ISSUER + "/", False),
        ("https://LOGIN.sg.example", False),
        ("https://host.sg.example", True),
        ("https://host.sg.example/", False),
        ("https://host.sg.example/tenant", False),
        ("https://host.sg.example:443", False),
        ("https://user@host.sg.example", False),
        ("http://host.sg.example", False),
        ("https://other.sg.example", False),
        ("https://sub.wild.example", False),
        ("host.sg.example", False),
        ("CN=login,C=SG", True),
        ("CN=login", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_the_leaf_names_the_issuer_exactly_or_not_at_all(issuer: str, named: bool) -> None:
    certificate = make_leaf(
        SIGNER,
        subject=Subject("login", "SG"),
        validity=YEAR,
        issuer=ROOT,
        uris=[ISSUER],
        dns_names=["Host.sg.example", "*.wild.example"],
    )

    assert names_issuer(path(certificate, rule=None), issuer) is named


def test_a_leaf_without_any_name_names_nobody() -> None:
    certificate = bespoke(SIGNATURE, name=x509.Name([]))

    assert not names_issuer(path(certificate, rule=None), "")


def test_a_leaf_may_be_made_without_alternative_names() -> None:
    plain = make_leaf(SIGNER, subject=Subject("login", organisation="Digital ID"), validity=YEAR, issuer=ROOT)
    found = path(plain, rule=None)

    assert (found.uris, found.dns_names, found.country) == ((), (), None)
    assert found.subject == "CN=login,O=Digital ID"


def test_a_certificate_without_end_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="ends"):
        leaf(validity=Validity(START))


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_arbitrary_octets_are_refused_as_leaf_intermediate_and_anchor(octets: bytes) -> None:
    assert refusal(octets) == "issuer.certificate_profile"
    assert refusal(LEAF, octets) == "issuer.certificate_profile"
    assert refusal(LEAF, anchors=[octets]) == "issuer.certificate_profile"


@settings(max_examples=400, deadline=None)
@given(st.integers(min_value=0, max_value=len(LEAF) - 1), st.integers(min_value=1, max_value=255))
def test_a_leaf_with_one_octet_changed_is_never_accepted_and_no_other_error_leaks(position: int, change: int) -> None:
    changed = bytearray(LEAF)
    changed[position] ^= change
    altered = bytes(changed)

    assert refusal(altered).startswith("issuer.")
    try:  # Listed as it is, an altered leaf may be served or refused, and nothing else.
        path(altered, anchors=[altered])
    except IssuerError as refused:
        assert refused.code.startswith("issuer.")  # noqa: PT017 - either outcome is fine


def test_the_unsigned_count_of_unused_bits_makes_no_second_spelling() -> None:
    signature = x509.load_der_x509_certificate(LEAF).signature
    for count in range(1, 8):
        twin = bytearray(LEAF)
        twin[-1 - len(signature)] = count

        assert refusal(bytes(twin)) == "issuer.certificate_profile"


@settings(max_examples=100, deadline=None)
@given(st.integers(min_value=0, max_value=len(LEAF) - 1))
def test_a_cut_leaf_is_refused(length: int) -> None:
    assert refusal(LEAF[:length]) == "issuer.certificate_profile"
