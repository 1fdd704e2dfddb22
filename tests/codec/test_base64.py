import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import base64std, base64url
from idbridge.errors import InputError

URL_ALPHABET = string.ascii_letters + string.digits + "-_"


@pytest.mark.parametrize(
    "text",
    ["Zg==", "Zg=", "Zh", "Zm9=", "Zm9", "Z", "Zm9vZ", "Zm9v\n", " Zm9v", "Zm 9v", "Zm+v", "Zm/v", "Zm9v!", "Zm9vé",
     "Zm9v\0", "=", "====", "𝐙g"],
)  # fmt: skip
def test_a_second_spelling_or_nonsense_is_no_base64url(text: str) -> None:
    with pytest.raises(InputError) as caught:
        base64url.decode(text)

    assert caught.value.code == "input.malformed"


@pytest.mark.parametrize(
    "text", ["Zg", "Zg=", "Zh==", "Zm9=", "Zm9v\n", "Zm-v", "Zm_v", "Zm9v====", "Zg==Zg==", "=Zg=", "Zm9vé", "Z"]
)
def test_a_second_spelling_or_nonsense_is_no_base64(text: str) -> None:
    with pytest.raises(InputError) as caught:
        base64std.decode(text)

    assert caught.value.code == "input.malformed"


@given(st.binary(max_size=40))
def test_octets_come_back_and_agree_with_the_standard_library(octets: bytes) -> None:
    text = base64url.encode(octets)

    assert text == base64.urlsafe_b64encode(octets).decode().rstrip("=")
    assert base64url.decode(text) == octets
    assert base64std.decode(base64std.encode(octets)) == octets


@given(st.text(alphabet=URL_ALPHABET, max_size=12))
def test_every_text_that_is_read_is_the_one_spelling_of_its_octets(text: str) -> None:
    try:
        octets = base64url.decode(text)
    except InputError:
        cut = len(text) % 4 == 1
        assert cut or base64.urlsafe_b64encode(base64.urlsafe_b64decode(text + "==")).decode().rstrip("=") != text
    else:
        assert base64url.encode(octets) == text
