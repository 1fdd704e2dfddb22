"""CBOR is read in one spelling only, and nothing in it is interpreted that the caller did not ask for."""

import math
import tracemalloc
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import cbor
from idbridge.codec.cbor import Tagged
from idbridge.errors import InputError
from idbridge.limits import LIMITS

MAX = 10_000
TAGS = frozenset({0, 18, 24, 1004})

WHOLE = st.integers(min_value=-(2**64), max_value=2**64 - 1)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | WHOLE
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(max_size=40),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(st.text() | WHOLE, children, max_size=4)
        | st.builds(Tagged, st.sampled_from(sorted(TAGS - {24})), children)
        | st.builds(Tagged, st.just(24), st.binary(max_size=40))
    ),
    max_leaves=12,
)


def refusal(octets: bytes, *, max_bytes: int = MAX, tags: frozenset[int] = TAGS) -> str:
    with pytest.raises(InputError) as caught:
        cbor.decode(octets, max_bytes=max_bytes, tags=tags)
    return caught.value.code


@pytest.mark.parametrize(
    "spelt",
    [
        "",  # nothing
        "0101",  # two items
        "01ff",  # a break that ends nothing
        "82",  # cut
        "1801",  # heads that are too long
        "190018",
        "1a00000001",
        "1b0000000000000001",
        "5800",
        "780161",
        "980101",
        "b8010101",
        "d81201",
        "5f4101ff",  # without length
        "7f6161ff",
        "9f01ff",
        "bf0101ff",
        "a201020103",  # a key twice
        "a2616101616102",
        "a20101f502",  # one key to Python: 1 and true
        "a20001f402",
        "a201010102",
        "a1f501",  # a key that is neither text nor a whole number
        "a1f601",
        "a1410101",
        "a1810102",
        "a1a001",
        "a1c0613a01",
        "a1fb3ff000000000000001",
        "f7",  # undefined, simple values
        "f0",
        "f8ff",
        "f814",
        "f97e00",  # not a number, infinite, and other widths
        "fb7ff8000000000000",
        "fb7ff0000000000000",
        "f93e00",
        "fa3fc00000",
        "62c328",  # text that is not UTF-8, and half a surrogate pair
        "63eda080",
        "1c",  # reserved
        "fe",
    ],
)
def test_cbor_that_two_decoders_could_read_differently_is_refused(spelt: str) -> None:
    assert refusal(bytes.fromhex(spelt)) == "input.malformed"


@pytest.mark.parametrize(
    "spelt",
    [
        "d9d9f701",  # what calls itself CBOR
        "c24101",  # a big number that is small, or big
        "c249010000000000000000",
        "c34101",
        "c48221196ab3",  # decimals and fractions
        "d81e820103",
        "c11a514b67b0",  # a date
        "d81c81d81d00",  # a list that holds itself
        "d9010043616161",  # references between strings
        "d823612a",  # a regular expression
        "d901028101",  # a set
        "d825500000000000000000000000000000000000",
        "d8ff01",
        "dbffffffffffffffff01",
    ],
)
def test_a_tag_that_was_not_asked_for_is_refused_and_never_interpreted(spelt: str) -> None:
    assert refusal(bytes.fromhex(spelt)) == "input.malformed"


def test_the_library_alone_lets_pass_what_is_refused_here() -> None:
    assert cbor2.loads(bytes.fromhex("0101")) == 1
    assert cbor2.loads(bytes.fromhex("a20102f503"), allow_duplicate_keys=True) == {1: 3}
    assert cbor2.loads(bytes.fromhex("d9d9f701")) == 1
    assert cbor2.loads(bytes.fromhex("c24101")) == 1
    assert math.isnan(cbor2.loads(bytes.fromhex("f97e00")))


@pytest.mark.parametrize("head", ["81", "a100", "d818"])
def test_nesting_is_bounded_exactly(head: str) -> None:
    layer = bytes.fromhex(head)

    assert cbor.decode(layer * LIMITS.nesting_depth + b"\x01", max_bytes=MAX, tags=TAGS) is not None
    assert refusal(layer * (LIMITS.nesting_depth + 1) + b"\x01") == "input.too_large"
    assert refusal(layer * (MAX // len(layer))) == "input.too_large"


@pytest.mark.parametrize("bomb", ["9affffffff", "9b0fffffffffffffff", "bb0fffffffffffffff", "5b0fffffffffffffff"])
def test_a_length_that_lies_takes_no_memory(bomb: str) -> None:
    tracemalloc.start()
    assert refusal(bytes.fromhex(bomb)) == "input.malformed"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 1_000_000


def test_size_is_bounded_exactly() -> None:
    octets = cbor.encode(b"x" * 100)

    assert cbor.decode(octets, max_bytes=len(octets)) == b"x" * 100
    assert refusal(octets, max_bytes=len(octets) - 1) == "input.too_large"


@given(VALUES)
def test_a_value_comes_back_from_its_one_spelling(value: Any) -> None:
    octets = cbor.encode(value)

    assert cbor.decode(octets, max_bytes=1_000_000, tags=TAGS) == value


@given(st.binary(max_size=60))
def test_whatever_is_read_is_the_one_spelling_of_what_was_read(octets: bytes) -> None:
    try:
        value = cbor.decode(octets, max_bytes=MAX, tags=TAGS)
    except InputError:
        return

    assert cbor.encode(value) == octets


@given(VALUES, st.data())
def test_a_changed_octet_gives_another_value_or_none(value: Any, data: st.DataObject) -> None:
    octets = bytearray(cbor.encode(value))
    place = data.draw(st.integers(min_value=0, max_value=len(octets) - 1))
    octets[place] ^= data.draw(st.integers(min_value=1, max_value=255))

    try:
        read = cbor.decode(bytes(octets), max_bytes=1_000_000, tags=TAGS)
    except InputError:
        return
    assert cbor.encode(read) != cbor.encode(value)


def test_what_a_refusal_leads_to_holds_nothing_of_the_text() -> None:
    with pytest.raises(InputError) as caught:
        cbor.decode(cbor2.dumps(["Canary of Nowhere", cbor2.CBORTag(0, "Canary")]) + b"\x00", max_bytes=MAX, tags=TAGS)

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@given(st.lists(VALUES, max_size=40))
def test_several_are_read_at_once_as_one_by_one(values: list[Any]) -> None:
    several = [cbor.encode(value) for value in values]

    assert cbor.read_each(several, max_bytes=1_000_000) == values


@pytest.mark.parametrize(
    "several",
    [
        [b"\x82\x01", b"\x02\x03"],  # joined, these are two items: an array of two, and a number
        [b"\x01\x02", b""],
        [b"", b"\x01"],
        [b"\x01", b"\x18\x01"],
        [b"\x01"] * 300 + [b"\x01\x01"],
        [b"\x01"] * 23 + [b""],
    ],
)
def test_several_that_only_look_right_when_they_are_joined_are_refused(several: list[bytes]) -> None:
    with pytest.raises(InputError) as caught:
        cbor.read_each(several, max_bytes=MAX)

    assert caught.value.code == "input.malformed"


def test_several_are_bound_together_in_size_and_each_in_depth() -> None:
    assert cbor.read_each([b"\x01"] * 255, max_bytes=255) == [1] * 255
    assert cbor.read_each([b"\x01"] * 256, max_bytes=256) == [1] * 256
    assert cbor.read_each([b"\x81" * LIMITS.nesting_depth + b"\x01"], max_bytes=99, max_depth=LIMITS.nesting_depth)
    for several, depth in (([b"\x01"] * 256, 3), ([b"\x81" * 4 + b"\x01"], 3)):
        with pytest.raises(InputError) as caught:
            cbor.read_each(several, max_bytes=255, max_depth=depth)
        assert caught.value.code == "input.too_large"


@pytest.mark.parametrize("length", [0, 1, 23, 24, 255, 256, 65_535, 65_536])
def test_embedded_octets_have_the_spelling_that_the_library_gives_them(length: int) -> None:
    octets = bytes(length)

    assert cbor.embedded(octets) == cbor2.dumps(cbor2.CBORTag(24, octets))
    assert cbor.inside(cbor.embedded(octets)) == octets


@pytest.mark.parametrize(
    "spelt",
    [
        "", "d8", "d818", "f6", "4101", "d81801", "d8186161", "d81981", "d8194101", "1841", "d900184101", "d818410100",
        "d8184201", "d818580101", "d81859000101", "d8185a0000000101", "d8185b000000000000000101", "d8185f410101ff",
        "d818d8184101", "d8195818" + "00" * 24, "d8185817" + "00" * 23, "d8185818" + "00" * 23, "d8185818" + "00" * 25,
        "d8185900ff" + "00" * 255,
    ],
)  # fmt: skip
def test_nothing_but_octets_under_their_tag_in_their_one_spelling_are_embedded(spelt: str) -> None:
    assert cbor.inside(bytes.fromhex(spelt)) is None


@given(st.binary(max_size=40) | st.binary(max_size=30).map(lambda rest: b"\xd8\x18" + rest))
def test_what_is_embedded_is_what_reading_it_finds(octets: bytes) -> None:
    try:
        read = cbor.decode(octets, max_bytes=MAX, tags=frozenset({24}))
    except InputError:
        read = None
    found = read.value if type(read) is cbor.Tagged and type(read.value) is bytes else None

    assert cbor.inside(octets) == found


@pytest.mark.parametrize("inside", [b"\x01", b"\x61\x61", b"\x41\x01", b"\x82\x01\x02", b"\xa1\x01\x02", b"\xf6"])
@pytest.mark.parametrize("tag", [*range(64), 100, 256, 258, 260, 261, 1004, 1040, 43000, 55799, 2**32])
def test_no_tag_is_read_unless_it_is_named_and_then_it_is_left_alone(tag: int, inside: bytes) -> None:
    octets = cbor2.dumps(cbor2.CBORTag(tag, 0))[:-1] + inside
    holds_more = inside[0] in (0x82, 0xA1)

    with pytest.raises(InputError):
        cbor.decode(octets, max_bytes=MAX)
    if holds_more and tag in (24, 2**32):  # octets, and a tag that nobody ever names
        with pytest.raises(InputError):
            cbor.decode(octets, max_bytes=MAX, tags=frozenset({tag}))
        return
    read = cbor.decode(octets, max_bytes=MAX, tags=frozenset({tag}))
    assert type(read) is Tagged
    assert (read.tag, cbor.encode(read.value)) == (tag, inside)
