import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import strict_json
from idbridge.errors import InputError
from idbridge.limits import LIMITS

MAX = 10_000

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


def refusal(text: bytes | str, *, max_bytes: int = MAX, max_depth: int = LIMITS.nesting_depth) -> str:
    with pytest.raises(InputError) as caught:
        strict_json.parse(text, max_bytes=max_bytes, max_depth=max_depth)
    return caught.value.code


@pytest.mark.parametrize(
    "text",
    [
        b'{"iss": "a", "iss": "a"}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": 1, "\\u0061": 2}',
        b"NaN",
        b"[Infinity]",
        b'{"exp": -Infinity}',
        b'{"exp": 1e400}',
        b'{"exp": -1e999}',
        b'{"exp": ' + b"9" * 5000 + b"}",
        b'"\\ud800"',
        b'{"\\udc00": 1}',
        b'["\\udc00\\ud800"]',
        "\ud800",
        b"\xff",
        b'"\xed\xa0\x80"',
        b'"\xc0\xaf"',
        b'\xef\xbb\xbf{"a": 1}',
        "\ufeff{}",
        b'{"a": 1} {}',
        b"{}x",
        b"{'a': 1}",
        b'{"a": 01}',
        b'{"a": 1,}',
        b'"\x00"',
        b'"a\nb"',
        b"",
        b" ",
        b"\xa0{}",
        b"[",
        b"tru",
        '{"a": ١}',
    ],
)
def test_a_text_that_is_ambiguous_or_no_json_is_refused(text: bytes | str) -> None:
    assert refusal(text) == "input.malformed"


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_past_the_bound_is_refused_and_at_the_bound_is_read(opening: str) -> None:
    closing = {"[": "]", '{"a":': "}"}[opening]
    at_bound = opening * LIMITS.nesting_depth + "1" + closing * LIMITS.nesting_depth

    assert strict_json.parse(at_bound, max_bytes=MAX)
    assert refusal(f"[{at_bound}]") == "input.too_large"


def test_nesting_far_past_the_interpreter_s_own_bound_is_a_refusal_and_no_crash() -> None:
    assert refusal("[" * 200_000, max_bytes=10**6) == "input.too_large"
    assert refusal('{"a":' * 200_000, max_bytes=10**6) == "input.too_large"


def test_many_brackets_side_by_side_are_not_depth() -> None:
    assert strict_json.parse("[" + "[],{}," * 100 + "0]", max_bytes=MAX, max_depth=2)
    assert strict_json.parse('"' + "[{" * 100 + '"', max_bytes=MAX, max_depth=1)


@pytest.mark.parametrize("element", ["{}", "[]"])
def test_too_many_containers_are_refused_before_any_is_made(element: str) -> None:
    most = LIMITS.json_values // 8 - 1  # and the array around them
    at_bound = f"[{element}" + f",{element}" * (most - 1) + "]"
    past_and_broken = f"[{element}," + f"{element}," * most

    assert len(strict_json.parse(at_bound, max_bytes=10**5)) == most
    assert refusal(past_and_broken, max_bytes=10**5) == "input.too_large"


def test_too_many_values_are_refused_before_any_is_made() -> None:
    at_bound = "[0" + ",0" * LIMITS.json_values + "]"
    past_and_broken = "[0" + ",0" * LIMITS.json_values + ","

    assert len(strict_json.parse(at_bound, max_bytes=10**6 // 4)) == LIMITS.json_values + 1
    assert refusal(past_and_broken, max_bytes=10**6 // 4) == "input.too_large"


def test_a_caller_may_allow_fewer_values_than_the_size_would() -> None:
    text = "[" + "[]," * LIMITS.json_values + "0]"

    assert strict_json.parse(text, max_bytes=LIMITS.floors_bytes)
    with pytest.raises(InputError) as caught:
        strict_json.parse(text, max_bytes=LIMITS.floors_bytes, max_values=LIMITS.json_values)

    assert caught.value.code == "input.too_large"


def test_size_is_counted_in_octets_and_the_bound_itself_is_allowed() -> None:
    thai = '"ไทย"'

    assert strict_json.parse(thai, max_bytes=11) == "ไทย"
    assert refusal(thai, max_bytes=10) == "input.too_large"
    assert refusal(thai.encode(), max_bytes=10) == "input.too_large"
    assert refusal("[1, 2, 3]", max_bytes=8) == "input.too_large"


def test_a_whole_surrogate_pair_and_an_escaped_backslash_are_fine() -> None:
    assert strict_json.parse(b'"\\ud83d\\ude00"', max_bytes=MAX) == "😀"
    assert strict_json.parse(b'"\\\\ud800"', max_bytes=MAX) == "\\ud800"


def test_no_cause_carries_the_text_of_the_person() -> None:
    with pytest.raises(InputError) as caught:
        strict_json.parse(b'{"name": "Siti", oops', max_bytes=MAX)

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "Siti" not in str(caught.value)


@pytest.mark.parametrize("text", [b"[]", b'"a"', b"1", b"null", b"true"])
def test_an_object_is_demanded_where_one_is_expected(text: bytes) -> None:
    with pytest.raises(InputError) as caught:
        strict_json.parse_object(text, max_bytes=MAX)

    assert caught.value.code == "input.malformed"
    assert strict_json.parse_object(b'{"a": [1.5, null]}', max_bytes=MAX) == {"a": [1.5, None]}


@settings(max_examples=100)
@given(VALUES)
def test_what_the_standard_library_writes_is_read_back(value: Any) -> None:
    assert strict_json.parse(json.dumps(value), max_bytes=10**6) == value


@settings(max_examples=300)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\u0dD8-+.eE1 ', max_size=60))
def test_arbitrary_input_is_read_as_the_standard_library_does_or_refused(text: bytes | str) -> None:
    try:
        value = strict_json.parse(text, max_bytes=MAX)
    except InputError as refused:
        assert refused.code in {"input.malformed", "input.too_large"}  # noqa: PT017 - either outcome is fine
    else:
        assert value == json.loads(text)


@pytest.mark.parametrize(
    "texts",
    [
        [b'["s","n","v]', b'[", "x"], ["s2","n2","v2"]'],
        [b'["a"],["b"]', b""],
        [b'["a"', b',"b"]'],
        [b'["a"]', b',["b"]'],
        [b'["a"] ', b'["b"]'],
        [b' ["a"]', b'["b"]'],
        [b'["a"]', b"1"],
        [b"1", b"2"],
        [b'{"a":1}'],
        [b'["a",{"b":1,"b":2}]'],
        [b'["a",1e999]'],
        [b'["a",NaN]'],
        [b'["a","\\ud800"]'],
        ['["ก"]'.encode()],
        ['["ก'.encode()[:-1], 'ก"]'.encode()[-3:]],
        [b"[" * LIMITS.nesting_depth + b"[" + b"]" * LIMITS.nesting_depth + b"]"],
        [b'["a"]', b"[" * LIMITS.nesting_depth + b"[" + b"]" * LIMITS.nesting_depth + b"]"],
        [b'["a"'],
        [b'["a"]]'],
        [b'["a"]', b""],
    ],
)
def test_arrays_that_could_be_read_in_two_ways_are_not_read_at_once(texts: list[bytes]) -> None:
    assert strict_json.parse_arrays(texts) is None


PIECES = st.lists(
    st.sampled_from(["[", "]", '"', "a", ",", "1", " ", "{", "}", ":", '["a"]', '["s","n",1]', "e5", "\\"])
)


@given(
    st.lists(
        PIECES.map("".join).map(str.encode) | st.lists(VALUES, max_size=3).map(json.dumps).map(str.encode), max_size=5
    )
)
def test_arrays_that_are_read_at_once_are_what_each_is_by_itself(texts: list[bytes]) -> None:
    arrays = strict_json.parse_arrays(texts)

    if arrays is not None:
        assert arrays == [strict_json.parse(text, max_bytes=MAX) for text in texts]
        assert all(type(array) is list for array in arrays)


def test_plain_arrays_are_read_at_once() -> None:
    texts = [json.dumps(["salt", f"name {number}", {"value": number}]).encode() for number in range(5)]

    assert strict_json.parse_arrays(texts) == [json.loads(text) for text in texts]
    assert strict_json.parse_arrays([]) == []
    assert strict_json.parse_arrays([b"[" * LIMITS.nesting_depth + b"]" * LIMITS.nesting_depth, b"[1]"]) is not None
    assert strict_json.parse_arrays([b'["' + b"x" * LIMITS.token_bytes + b'"]']) is None
