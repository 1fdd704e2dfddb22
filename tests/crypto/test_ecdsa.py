import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from idbridge.crypto import ecdsa
from idbridge.errors import JoseError

OCTETS = st.sampled_from([64, 96, 132])


@given(st.data(), OCTETS)
def test_the_hand_written_der_is_that_of_the_library(data: st.DataObject, octets: int) -> None:
    numbers = st.integers(min_value=1, max_value=2 ** (octets * 4) - 1)
    r, s = data.draw(numbers), data.draw(numbers)
    signature = r.to_bytes(octets // 2, "big") + s.to_bytes(octets // 2, "big")
    der = ecdsa.to_der(signature, octets=octets)

    assert der == encode_dss_signature(r, s)
    assert ecdsa.from_der(der, octets=octets) == signature


@given(st.binary(max_size=140), OCTETS)
def test_another_length_is_refused(signature: bytes, octets: int) -> None:
    if len(signature) == octets:
        signature += b"\1"

    with pytest.raises(JoseError) as caught:
        ecdsa.to_der(signature, octets=octets)

    assert caught.value.code == "jose.signature_invalid"


@pytest.mark.parametrize("signature", [bytes(64), bytes(32) + b"\1" * 32, b"\1" * 32 + bytes(32)])
def test_a_zero_r_or_s_is_refused(signature: bytes) -> None:
    with pytest.raises(JoseError) as caught:
        ecdsa.to_der(signature, octets=64)

    assert caught.value.code == "jose.signature_invalid"
