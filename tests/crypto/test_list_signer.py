"""Who signs lists is judged by its own rule; through the VICAL importer the rest is tested."""

import pytest
from cryptography import x509

from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.list_signer import list_signer_key
from idbridge.errors import IssuerError
from idbridge.limits import LIMITS
from tests.crypto.chains import NOON, ROOT, SIGNER, YEAR, Extensions, bespoke, leaf, usage

USAGE = "1.0.18013.5.1.8"
LIST_SIGNER: Extensions = [
    (usage("content_commitment"), True),
    (x509.ExtendedKeyUsage([x509.ObjectIdentifier(USAGE)]), True),
]
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00")


@pytest.mark.parametrize(
    ("certificates", "anchors"),
    [
        ((), (ROOT.certificate,)),
        ((ROOT.certificate,), ()),
        ((ROOT.certificate,) * (LIMITS.path_candidates + 1), (ROOT.certificate,)),
    ],
)
def test_without_certificates_or_anchors_or_with_too_many_there_is_no_path(
    certificates: tuple[bytes, ...], anchors: tuple[bytes, ...]
) -> None:
    with pytest.raises(IssuerError) as caught:
        list_signer_key(certificates, anchors=anchors, at=NOON, usage=USAGE)

    assert caught.value.code == "issuer.chain_untrusted"


def test_who_signs_what_people_show_may_not_sign_lists() -> None:
    with pytest.raises(IssuerError) as caught:
        list_signer_key((leaf(),), anchors=(ROOT.certificate,), at=NOON, usage=USAGE)

    assert caught.value.code == "issuer.certificate_profile"


def pinned(extensions: Extensions) -> str:
    """The thumbprint of the key of a certificate that is itself pinned."""
    der = bespoke(extensions)
    return list_signer_key((der,), anchors=(der,), at=NOON, usage=USAGE).thumbprint


@pytest.mark.parametrize(
    ("extensions", "why"),
    [
        ([*LIST_SIGNER, (UNKNOWN, True)], "not understood"),
        ([*LIST_SIGNER, (x509.BasicConstraints(ca=True, path_length=None), True)], "is an authority"),
        ([LIST_SIGNER[0]], "lacks the extended key usage"),  # type: ignore[index]  # a list
        ([LIST_SIGNER[1]], "is not to sign"),  # type: ignore[index]  # a list
        ([], "is not to sign"),
    ],
)
def test_a_certificate_that_breaks_the_rule_signs_no_list_even_if_it_is_pinned(
    extensions: Extensions, why: str
) -> None:
    with pytest.raises(IssuerError, match=why) as caught:
        pinned(extensions)

    assert caught.value.code == "issuer.certificate_profile"


@pytest.mark.parametrize(
    "more",
    [
        [],
        [(x509.BasicConstraints(ca=False, path_length=None), True)],
        [(UNKNOWN, False)],
    ],
)
def test_what_breaks_no_rule_signs_lists(more: list[tuple[x509.ExtensionType, bool]]) -> None:
    assert pinned([*LIST_SIGNER, *more]) == parse_jwk(SIGNER.public_jwk).thumbprint


def test_a_key_for_digital_signatures_may_sign_lists() -> None:
    assert pinned([(usage("digital_signature"), True), LIST_SIGNER[1]])  # type: ignore[index]  # a list


def test_a_signer_is_in_force_from_its_first_to_its_last_second() -> None:
    der = bespoke(LIST_SIGNER)
    assert YEAR.end is not None

    for moment in (YEAR.start, YEAR.end):
        assert list_signer_key((der,), anchors=(der,), at=moment, usage=USAGE)


def test_a_certificate_is_bounded_in_size() -> None:
    padded = bespoke([*LIST_SIGNER, (x509.UnrecognizedExtension(UNKNOWN.oid, b"\x04" * 9_000), False)])
    assert len(padded) > LIMITS.certificate_bytes

    with pytest.raises(IssuerError, match="too large"):
        list_signer_key((padded,), anchors=(padded,), at=NOON, usage=USAGE)


def test_as_many_certificates_as_are_allowed_are_looked_through() -> None:
    chain = (bespoke(LIST_SIGNER), *(ROOT.certificate,) * (LIMITS.path_candidates - 1))

    assert list_signer_key(chain, anchors=(ROOT.certificate,), at=NOON, usage=USAGE)
