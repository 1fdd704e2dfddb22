"""Base45 has one spelling for each string of octets; a compressed text never swells past its bound."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import base45
from idbridge.codec.inflate import inflate
from idbridge.errors import InputError

MAX = 10_000
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


@pytest.mark.parametrize(
    "text", ["A", "QED8", "bb8", "QED8WEX0QA", "GGW", ":::", "::", "V5", "é00", "Q\n8", "ＱED", "٣00"]
)
def test_what_no_encoder_writes_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        base45.decode(text, max_characters=MAX)

    assert caught.value.code == "input.malformed"


def test_a_text_past_the_bound_is_refused_before_it_is_read() -> None:
    with pytest.raises(InputError) as caught:
        base45.decode("BB8", max_characters=2)

    assert base45.decode("BB8", max_characters=3) == b"AB"
    assert caught.value.code == "input.too_large"


# RFC 9285, sections 4.3 and 4.4.
@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
        (b"\xff", "U5"),
        (b"\xff\xff", "FGW"),
        (b"", ""),
    ],
)
def test_the_examples_of_the_standard_go_both_ways(octets: bytes, text: str) -> None:
    assert base45.encode(octets) == text
    assert base45.decode(text, max_characters=MAX) == octets


@given(st.binary(max_size=60))
def test_octets_come_back(octets: bytes) -> None:
    assert base45.decode(base45.encode(octets), max_characters=MAX) == octets


@given(st.text(alphabet=ALPHABET, max_size=15))
def test_every_text_that_is_read_is_the_one_spelling_of_its_octets(text: str) -> None:
    try:
        octets = base45.decode(text, max_characters=MAX)
    except InputError:
        return

    assert base45.encode(octets) == text


def test_a_bomb_is_stopped_at_the_bound() -> None:
    bomb = zlib.compress(b"\0" * 50_000_000, 9)

    with pytest.raises(InputError) as caught:
        inflate(bomb, max_bytes=MAX)

    assert caught.value.code == "input.too_large"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"x",
        zlib.compress(b"abc")[:-1],
        zlib.compress(b"abc")[:-4] + b"\0\0\0\0",
        zlib.compress(b"abc") + b"!",
        zlib.compress(b"abc") + zlib.compress(b"def"),
        zlib.compressobj(wbits=-15).flush(),
        zlib.compressobj(wbits=31).flush(),
    ],
)
def test_a_stream_that_is_cut_damaged_or_followed_by_more_is_refused(octets: bytes) -> None:
    with pytest.raises(InputError) as caught:
        inflate(octets, max_bytes=MAX)

    assert caught.value.code == "input.malformed"


def test_the_bound_itself_is_allowed() -> None:
    assert inflate(zlib.compress(b"a" * MAX), max_bytes=MAX) == b"a" * MAX
    assert inflate(zlib.compress(b""), max_bytes=MAX) == b""
