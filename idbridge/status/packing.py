"""Packing: which value stands at an index of a packed list, and how values are packed.

Knows two orders. A Token Status List counts from the least significant bit of each octet (section 4.1 there); a W3C
Bitstring from the most significant one, through the whole string (section 3.2 there). It decides nothing: an index
past the end is the caller's to refuse, by ``capacity``, before it asks.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

SIZES: Final = (1, 2, 4, 8)
OCTET: Final = 8
Octets = bytes | memoryview


def capacity(octets: Octets, bits: int) -> int:
    """Return how many values of ``bits`` bits there are."""
    return len(octets) * OCTET // bits


def value_at(octets: Octets, index: int, bits: int) -> int:
    """Return the value at ``index`` of a Token Status List; ``bits`` is one of ``SIZES``.

    Raises:
        IndexError: There is no such index.
    """
    if index < 0:
        raise IndexError("a list has no index below zero")
    octet, place = divmod(index * bits, OCTET)
    return octets[octet] >> place & ((1 << bits) - 1)


def bitstring_value_at(octets: Octets, index: int, size: int) -> int:
    """Return the value of ``size`` bits at ``index`` of a W3C Bitstring; the first bit is the leftmost one.

    Raises:
        IndexError: There is no such index.
    """
    if index < 0 or index >= capacity(octets, size):
        raise IndexError("the bitstring has no such index")
    start = index * size
    first, last = start // OCTET, (start + size - 1) // OCTET
    whole = int.from_bytes(octets[first : last + 1], "big")
    return whole >> ((last + 1) * OCTET - start - size) & ((1 << size) - 1)


def packed(values: Iterable[int], bits: int) -> bytes:
    """Return ``values`` packed as a Token Status List, filled up with zeros to whole octets.

    Raises:
        ValueError: ``bits`` is none of ``SIZES``, or a value needs more.
    """
    if bits not in SIZES:
        raise ValueError(f"a value has {', '.join(map(str, SIZES))} bits")
    octets = bytearray()
    place = 0
    for value in values:
        if not 0 <= value < 1 << bits:
            raise ValueError(f"the value {value} has no room in {bits} bits")
        if place == 0:
            octets.append(0)
        octets[-1] |= value << place
        place = (place + bits) % OCTET
    return bytes(octets)


def packed_bitstring(values: Iterable[int]) -> bytes:
    """Return ``values``, each 0 or 1, packed as a W3C Bitstring."""
    return packed(values, 1).translate(_MIRRORED)


def counts(octets: Octets, bits: int) -> dict[int, int]:
    """Return how often each value stands in a Token Status List, by value; values that never do are left out."""
    found: Counter[int] = Counter()
    for octet, times in Counter(octets).items():
        for place in range(0, OCTET, bits):
            found[octet >> place & ((1 << bits) - 1)] += times
    return dict(sorted(found.items()))


_MIRRORED: Final = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
