import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import pem
from idbridge.errors import InputError

ONE = pem.encode(b"one", label=pem.CERTIFICATE)
TWO = pem.encode(b"two" * 50, label=pem.CERTIFICATE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "b25l",
        "Subject: somebody\n" + ONE,
        ONE + "trailing",
        ONE + "and\n" + TWO,
        ONE + pem.encode(b"k", label="PRIVATE KEY"),
        pem.encode(b"k", label="PRIVATE KEY"),
        pem.encode(b"k", label="TRUSTED CERTIFICATE"),
        ONE.replace("-----END CERTIFICATE-----", "-----END PRIVATE KEY-----"),
        ONE.replace("b25l", "b25"),
        ONE.replace("b25l", "b25l\n\n"),
        ONE.replace("b25l", " b25l"),
        ONE.replace("b25l", "Proc-Type: 4,ENCRYPTED\n\nb25l"),
        ONE.replace("b25l", "b2==\nb25l"),
        ONE.replace("b25l", "b2V="),
        ONE.replace("b25l", "A" * 68),
        ONE.replace("b25l\n", ""),
        ONE.rstrip().removesuffix("-"),
    ],
)
def test_a_text_that_is_not_only_such_blocks_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        pem.decode(text, label=pem.CERTIFICATE)

    assert caught.value.code == "input.malformed"


def test_blocks_come_back_in_order_with_either_line_end() -> None:
    assert pem.decode(ONE + "\n" + TWO, label=pem.CERTIFICATE) == (b"one", b"two" * 50)
    assert pem.decode((ONE + TWO).replace("\n", "\r\n"), label=pem.CERTIFICATE) == (b"one", b"two" * 50)


@given(st.binary(min_size=1, max_size=300))
def test_octets_come_back(der: bytes) -> None:
    assert pem.decode(pem.encode(der, label=pem.PUBLIC_KEY), label=pem.PUBLIC_KEY) == (der,)
