"""Canonical JSON that is proven by writing it again: what passes is what the strict and slow way reads, and no more."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import canonical, jcs, strict_json
from idbridge.errors import InputError

MAX = 100_000


def proven(octets: bytes) -> tuple[bool, Any]:
    """Whether ``octets`` pass for canonical, and the value."""
    try:
        characters = canonical.characters(octets, max_bytes=MAX)
        value, end = canonical.value_at(characters, 0)
    except InputError:
        return False, None
    return end == len(characters), value


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}', '{"a":1,"a":2}', '{"b":1,"a":2}', '{"a": 1}', ' {"a":1}', '{"a":1}\n', '{"a":1}{}',
        "[1.0]", "[1.5]", "[1e3]", "[-0]", "[01]", "[NaN]",
        "[-Infinity]", "[9007199254740993]", '["\\u0041"]', '["\\/"]', '["\\ud800"]',
        '["\\ud83d\\ude00"]', '["\U0001f600"]', '{"\U0001f600":1,"\ufb33":2}', "", "{",
        '"\t"', "\ufeff{}", "[" * 100_000,
        '{"a":{"b":1,"b":1}}', '[{"x":"\\":","y":1,"y":1}]', '["\\u001F"]', '["\\u000a"]', "[1" + "0" * 5000 + "]",
    ],
)  # fmt: skip
def test_a_text_with_a_second_reading_or_a_second_spelling_is_not_proven(text: str) -> None:
    assert proven(text.encode("utf-8", "surrogatepass"))[0] is False


def test_what_is_no_utf8_or_too_large_or_too_crowded_is_not_proven() -> None:
    assert proven(b'["\xff"]')[0] is False
    assert proven(b'"' + b"x" * MAX + b'"')[0] is False
    assert proven(b"[" + b"0," * 40_000 + b"0]")[0] is False


@pytest.mark.parametrize(
    "text", ["{}", "[]", '"x"', "0", "-1", "null", "true", '["\\u001f\\n\\"\\\\/"]', '{"a":[1,{"b":"é"}]}']
)
def test_a_canonical_text_is_proven(text: str) -> None:
    assert proven(text.encode()) == (True, strict_json.parse(text, max_bytes=MAX))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_what_is_proven_is_what_the_slow_way_reads_and_writes(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))):
        octets = text.encode("utf-8", "surrogatepass")
        passes, read = proven(octets)
        if passes:
            assert read == strict_json.parse(octets, max_bytes=MAX)
            assert jcs.canonicalize(read) == octets
