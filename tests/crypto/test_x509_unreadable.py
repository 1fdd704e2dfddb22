"""Certificates that can be loaded and not be read: whoever sends one gets a refusal, never an error of a library."""

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.crypto.certificates import Subject, make_authority
from idbridge.crypto.signer import generate
from idbridge.errors import IssuerError
from tests.crypto.chains import LEAF, MIDDLE, ROOT, YEAR, leaf, path, refusal

NAME = b"A name of an authority"
NAMED = make_authority(generate("ES256"), subject=Subject(NAME.decode(), "SG"), validity=YEAR).certificate
BELOW = leaf(MIDDLE)
CHAIN = (BELOW, MIDDLE.certificate)
# Tags of a name that the library looks at only when it is asked for the name: bits, octets, a number, BMP, nothing.
TAGS = (0x01, 0x02, 0x03, 0x04, 0x05, 0x0C, 0x13, 0x14, 0x16, 0x1E)


def renamed(name: bytes, *, tag: int = 0x0C) -> bytes:
    """``NAMED`` with other octets for its name, as many as it had."""
    assert len(name) == len(NAME)
    return NAMED.replace(bytes((0x0C, len(NAME))) + NAME, bytes((tag, len(NAME))) + name)


def only_issuer_errors(*certificates: bytes, anchors: tuple[bytes, ...] = (ROOT.certificate,)) -> bool:
    """Look for a path. Anything that is raised and no ``IssuerError`` fails the test."""
    try:
        path(*certificates, anchors=anchors)
    except IssuerError as refused:
        return refused.code.startswith("issuer.")
    return True


def test_an_intermediate_with_an_unreadable_subject_is_refused() -> None:
    unreadable = renamed(b"\xff" * len(NAME))

    assert refusal(LEAF, unreadable) == "issuer.certificate_profile"
    assert refusal(*CHAIN, unreadable) == "issuer.certificate_profile"
    assert path(LEAF, renamed(b"B name of an authority"))


@pytest.mark.parametrize("tag", TAGS)
def test_a_subject_of_any_other_kind_leaks_no_error(tag: int) -> None:
    for name in (NAME, b"\xff" * len(NAME), b"\xd8\x00" * (len(NAME) // 2)):
        assert only_issuer_errors(LEAF, renamed(name, tag=tag))
        assert only_issuer_errors(LEAF, anchors=(renamed(name, tag=tag),))


def test_a_date_that_no_calendar_has_leaks_no_error() -> None:
    start = x509.load_der_x509_certificate(MIDDLE.certificate).not_valid_before_utc
    written = f"{start:%y%m%d%H%M%S}Z".encode()
    assert MIDDLE.certificate.count(written) == 1

    for other in (b"000000000000Z", b"260230000000Z", b"261301000000Z", b"991231235960Z"):
        assert only_issuer_errors(BELOW, MIDDLE.certificate.replace(written, other))


@settings(max_examples=300, deadline=None)
@given(
    victim=st.sampled_from((0, 1, 2)),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_no_changed_octet_of_a_chain_or_an_anchor_leaks_another_error(
    victim: int, changes: list[tuple[int, int]]
) -> None:
    members = [bytearray(der) for der in (*CHAIN, ROOT.certificate)]
    for position, octet in changes:
        members[victim][position % len(members[victim])] = octet
    first, middle, root = map(bytes, members)

    assert only_issuer_errors(first, middle, anchors=(root,))


@settings(max_examples=300, deadline=None)
@given(name=st.binary(min_size=len(NAME), max_size=len(NAME)), tag=st.integers(0, 255))
def test_no_subject_of_a_further_certificate_leaks_another_error(name: bytes, tag: int) -> None:
    assert only_issuer_errors(LEAF, renamed(name, tag=tag))
