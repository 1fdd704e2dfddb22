"""A commitment opens to one credential and one assertion, only with its own key, and all marks of a person differ."""

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import base64url
from idbridge.errors import EvidenceError
from idbridge.tlog import commitment
from idbridge.tlog.commitment import Opening
from tests.tlog.kit import ASSERTION, CREDENTIAL, DAY_KEY, DAY_OCTETS, REQUEST, flipped, opening_of


def mismatched(opening: Opening, credential: bytes) -> None:
    with pytest.raises(EvidenceError) as caught:
        opening.require_opens(opening_of().commitment(CREDENTIAL), credential=credential)

    assert caught.value.code == "time.evidence_mismatch"


def test_the_commitment_is_the_hmac_that_the_design_says() -> None:
    opened = opening_of()
    told = b"idbridge/evidence/v1" + hashlib.sha256(CREDENTIAL).digest() + hashlib.sha256(ASSERTION).digest()

    assert opened.commitment(CREDENTIAL) == base64url.encode(hmac.new(opened.key, told, hashlib.sha256).digest())


def test_another_credential_assertion_request_or_day_does_not_open_it() -> None:
    opened = opening_of()

    mismatched(opened, CREDENTIAL + b" ")
    mismatched(opened, b"")
    mismatched(DAY_KEY.opening(REQUEST, assertion=b"another"), CREDENTIAL)
    mismatched(DAY_KEY.opening(REQUEST), CREDENTIAL)
    mismatched(DAY_KEY.opening(f"{REQUEST} ", assertion=ASSERTION), CREDENTIAL)
    mismatched(commitment.day_key(flipped(DAY_OCTETS, 0)).opening(REQUEST, assertion=ASSERTION), CREDENTIAL)
    opened.require_opens(opened.commitment(CREDENTIAL), credential=CREDENTIAL)


def test_every_bit_of_what_opens_it_counts() -> None:
    opened = opening_of()
    for bit in range(256):
        mismatched(Opening(flipped(opened.key, bit), opened.assertion), CREDENTIAL)
        mismatched(Opening(opened.key, flipped(opened.assertion, bit)), CREDENTIAL)


def test_an_opening_is_for_one_assertion() -> None:
    with pytest.raises(EvidenceError) as caught:
        opening_of().require_assertion(ASSERTION + b" ")

    assert caught.value.code == "time.evidence_mismatch"
    opening_of().require_assertion(ASSERTION)


@pytest.mark.parametrize(("key", "assertion"), [(b"", bytes(32)), (bytes(31), bytes(32)), (bytes(32), bytes(33))])
def test_an_opening_has_a_key_and_a_digest(key: bytes, assertion: bytes) -> None:
    with pytest.raises(ValueError, match="32 octets"):
        Opening(key, assertion)


def test_a_key_of_a_day_is_not_short() -> None:
    with pytest.raises(ValueError, match="32 octets"):
        commitment.day_key(DAY_OCTETS[:-1])


def test_what_opens_a_leaf_is_not_printed() -> None:
    assert opening_of().key.hex() not in repr(opening_of())
    assert repr(opening_of().key) not in repr(opening_of())
    assert repr(DAY_KEY) == "DayKey()"


def test_the_keys_of_leaves_and_persons_are_all_unlike_so_that_one_tells_nothing_of_another() -> None:
    requests = [f"rep_{number:032x}" for number in range(200)]
    keys = {DAY_KEY.opening(request).key for request in requests}
    marks = {DAY_KEY.subject(request, pairwise_subject="x") for request in requests}

    assert len(keys) == len(marks) == len(requests)
    assert not {base64url.encode(key) for key in keys} & marks


@given(*[st.text(max_size=3)] * 4)
@settings(max_examples=50, deadline=None)
def test_a_mark_is_of_one_person_in_one_request(one: str, request: str, other: str, elsewhere: str) -> None:
    same = (one, request) == (other, elsewhere)
    marks = [
        DAY_KEY.subject(inside, pairwise_subject=person) for person, inside in ((one, request), (other, elsewhere))
    ]

    assert (marks[0] == marks[1]) is same


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300))
def test_a_prepared_key_makes_the_codes_that_the_library_makes(key: bytes, told: bytes) -> None:
    assert commitment.keyed(key).digest(told) == hmac.digest(key, told, "sha256")


@pytest.mark.parametrize("octets", [0, 31, 33, 64])
def test_no_key_of_another_length_is_prepared(octets: int) -> None:
    with pytest.raises(ValueError, match="32 octets"):
        commitment.keyed(bytes(octets))
