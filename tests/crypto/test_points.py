"""Points of the NIST curves: what is checked here is what the library would check."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from idbridge.crypto.material import COORDINATE_OCTETS, CURVES, ecdsa_verification
from idbridge.errors import JoseError

PRIMES = {
    "P-256": 2**256 - 2**224 + 2**192 + 2**96 - 1,
    "P-384": 2**384 - 2**128 - 2**96 + 2**32 - 1,
    "P-521": 2**521 - 1,
}
KEYS = {curve: ec.generate_private_key(CURVES[curve]).public_key().public_numbers() for curve in CURVES}


def library_takes(curve: str, x: bytes, y: bytes) -> bool:
    """Whether the library makes a key of these coordinates."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVES[curve], b"\x04" + x + y)
    except ValueError:
        return False
    return True


def we_take(curve: str, x: bytes, y: bytes) -> bool:
    """Whether we do."""
    try:
        ecdsa_verification(curve, x, y)
    except JoseError as caught:
        return caught.code != "jose.alg_key_mismatch"
    return True


@pytest.mark.parametrize("curve", CURVES)
def test_a_coordinate_that_is_no_number_of_the_field_is_refused(curve: str) -> None:
    point, octets = KEYS[curve], COORDINATE_OCTETS[curve]
    prime = PRIMES[curve]
    for x, y in (
        (0, 0), (prime, prime), (point.x, prime - 1), (prime - 1, point.y), (point.y, point.x), (point.x, point.y ^ 1),
        (min(point.x + prime, 2 ** (8 * octets) - 1), point.y), (2 ** (8 * octets) - 1, 2 ** (8 * octets) - 1),
    ):  # fmt: skip
        spelled = x.to_bytes(octets, "big"), y.to_bytes(octets, "big")

        assert not we_take(curve, *spelled)
        assert not library_takes(curve, *spelled)


@pytest.mark.parametrize("curve", CURVES)
def test_a_point_and_its_negative_are_taken(curve: str) -> None:
    point, octets = KEYS[curve], COORDINATE_OCTETS[curve]
    for y in (point.y, PRIMES[curve] - point.y):
        spelled = point.x.to_bytes(octets, "big"), y.to_bytes(octets, "big")

        assert we_take(curve, *spelled)
        assert library_takes(curve, *spelled)


@given(curve=st.sampled_from(list(CURVES)), draw=st.data())
def test_any_coordinates_are_judged_as_the_library_judges_them(curve: str, draw: Any) -> None:
    octets = COORDINATE_OCTETS[curve]
    near = st.integers(-3, 3).map(lambda step: (PRIMES[curve] + step) % 2 ** (8 * octets))
    number = st.one_of(st.integers(0, 2 ** (8 * octets) - 1), near, st.sampled_from([KEYS[curve].x, KEYS[curve].y]))
    x, y = (draw.draw(number).to_bytes(octets, "big") for _ in range(2))

    assert we_take(curve, x, y) is library_takes(curve, x, y)
