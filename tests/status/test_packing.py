"""Packing: our reading and writing agree with a plain model, bit by bit, in both orders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.status import packing


def bit_string(octets: bytes) -> str:
    """The bits of a list as text, the first entry's least significant bit first."""
    return "".join(f"{octet:08b}"[::-1] for octet in octets)


@st.composite
def lists(draw: st.DrawFn) -> tuple[int, list[int]]:
    bits = draw(st.sampled_from(packing.SIZES))
    return bits, draw(st.lists(st.integers(0, (1 << bits) - 1), max_size=70))


@given(lists())
def test_what_is_packed_is_read_back_and_counts_as_a_model_says(made: tuple[int, list[int]]) -> None:
    bits, values = made
    octets = packing.packed(values, bits)
    model = [int(bit_string(octets)[i : i + bits][::-1], 2) for i in range(0, len(octets) * 8, bits)]

    assert [packing.value_at(octets, index, bits) for index in range(packing.capacity(octets, bits))] == model
    assert model[: len(values)] == values
    assert not any(model[len(values) :])
    assert packing.counts(octets, bits) == {value: model.count(value) for value in sorted(set(model))}
    assert packing.counts(memoryview(octets), bits) == packing.counts(octets, bits)


@given(st.binary(min_size=1, max_size=40), st.integers(1, 12))
def test_a_bitstring_is_read_from_the_left_whatever_the_size_of_an_entry(octets: bytes, size: int) -> None:
    text = "".join(f"{octet:08b}" for octet in octets)
    entries = packing.capacity(octets, size)

    found = [packing.bitstring_value_at(octets, index, size) for index in range(entries)]

    assert found == [int(text[index * size : (index + 1) * size], 2) for index in range(entries)]
    for outside in (-1, entries):
        with pytest.raises(IndexError):
            packing.bitstring_value_at(octets, outside, size)


@given(st.lists(st.integers(0, 1), min_size=1, max_size=50))
def test_a_packed_bitstring_is_read_back(values: list[int]) -> None:
    octets = packing.packed_bitstring(values)

    assert [packing.bitstring_value_at(octets, index, 1) for index in range(len(values))] == values


def test_the_published_example_of_one_bit_is_what_we_pack() -> None:
    values = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]

    assert packing.packed(values, 1) == bytes.fromhex("b9a3")  # Token Status List section 4.1
    assert packing.packed([1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3], 2) == bytes.fromhex("c944f9")


@pytest.mark.parametrize(("values", "bits"), [([2], 1), ([-1], 8), ([256], 8), ([0], 3), ([], 0)])
def test_a_value_without_room_and_a_size_that_is_none_are_refused(values: list[int], bits: int) -> None:
    with pytest.raises(ValueError, match=r"bits"):
        packing.packed(values, bits)


@pytest.mark.parametrize("index", [-1, 16])
def test_an_index_outside_of_a_list_has_no_value(index: int) -> None:
    with pytest.raises(IndexError):
        packing.value_at(b"\xb9\xa3", index, 1)
