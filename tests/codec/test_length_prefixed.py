from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import length_prefixed

FIELDS = st.lists(st.binary(max_size=6), max_size=4).map(tuple)


def test_where_a_field_ends_makes_a_difference() -> None:
    assert length_prefixed.encode("ab", "c") != length_prefixed.encode("a", "bc")


def test_an_empty_field_and_no_field_are_two_things() -> None:
    assert length_prefixed.encode("") == bytes(4)
    assert length_prefixed.encode() == b""


@given(FIELDS, FIELDS)
def test_different_fields_never_give_the_same_octets(one: tuple[bytes, ...], other: tuple[bytes, ...]) -> None:
    assert (length_prefixed.encode(*one) == length_prefixed.encode(*other)) is (one == other)


def test_text_counts_as_its_utf_8() -> None:
    assert length_prefixed.encode("ສ") == b"\0\0\0\3" + "ສ".encode()
