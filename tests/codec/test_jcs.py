import hashlib
import struct
from types import MappingProxyType
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import jcs
from idbridge.errors import InputError


def test_members_are_ordered_by_utf_16_and_read_only_mappings_count_as_plain_ones() -> None:
    value = MappingProxyType({"\ufb33": 1, "😀": (True, None), "a": MappingProxyType({"b": 1.0})})

    assert jcs.canonicalize(value).decode() == '{"a":{"b":1},"😀":[true,null],"\ufb33":1}'
    assert jcs.digest_hex(value) == hashlib.sha256(jcs.canonicalize(value)).hexdigest()


# RFC 8785, appendix B.
@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("41b3de4355555553", "333333333.3333332"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_numbers_are_written_as_the_rfc_s_appendix_shows(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))

    assert jcs.canonicalize(number).decode() == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, "\ud800", {"\ud800": 1}, {1: 2}, b"octets", {1}])
def test_what_i_json_cannot_carry_has_no_canonical_text(value: Any) -> None:
    with pytest.raises(InputError) as caught:
        jcs.canonicalize(value)

    assert caught.value.code == "input.malformed"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text() | st.floats(allow_nan=False, width=32),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=300)
def test_every_value_has_the_text_that_an_independent_canonicaliser_gives_it(value: Any) -> None:
    try:
        expected = rfc8785.dumps(value)
    except ValueError:
        with pytest.raises(InputError):
            jcs.canonicalize(value)
    else:
        assert jcs.canonicalize(value) == expected


@given(st.text(), st.text(st.characters(codec="ascii"), max_size=3))
def test_every_character_is_escaped_as_the_independent_canonicaliser_does(text: str, name: str) -> None:
    value = {name: text, "\x7f": "\x00\x1f\x7f\u2028/\\\"'<>"}

    assert jcs.canonicalize(value) == rfc8785.dumps(value)


def test_a_value_nested_past_all_bounds_is_refused() -> None:
    value: list[Any] = []
    for _ in range(5_000):
        value = [value]

    with pytest.raises(InputError) as caught:
        jcs.canonicalize(value)

    assert caught.value.code == "input.too_large"
