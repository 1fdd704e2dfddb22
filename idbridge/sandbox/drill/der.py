"""Certificates taken apart and put together again in another way, so that they are odd and their signature is none.

A list names a certificate and nobody verifies its own signature; what it says has to be in order all the same.
Clause: ITU-T X.690 section 8.1 (tag, length, content).
"""

from collections.abc import Callable, Sequence
from typing import Final

from idbridge.codec import base64std

_SHORT: Final = 0x80
_SEQUENCE: Final = 0x30
_SERIAL: Final = (0, 1)  # the way from the certificate to a part: member of tbsCertificate, and so on
_EXTENSIONS: Final = (0, 7, 0)
_CURVE: Final = (0, 6, 0, 1)
_P256: Final = int("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16)
_ORDER: Final = int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
_B: Final = bytes.fromhex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")
_GENERATOR: Final = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
_PRIME_FIELD: Final = bytes.fromhex("06072a8648ce3d0101")


def element(tag: int, content: bytes) -> bytes:
    """Return an element with the shortest length."""
    size = len(content)
    if size < _SHORT:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, _SHORT | len(length)]) + length + content


def _read(octets: bytes) -> tuple[int, bytes, bytes]:
    """Return the first element's tag and content, and what comes after it."""
    size, start = octets[1], 2
    if size & _SHORT:
        start += size & ~_SHORT
        size = int.from_bytes(octets[2:start], "big")
    return octets[0], octets[start : start + size], octets[start + size :]


def _children(content: bytes) -> list[bytes]:
    found: list[bytes] = []
    while content:
        _, _, rest = _read(content)
        found.append(content[: len(content) - len(rest)])
        content = rest
    return found


def changed(octets: bytes, way: Sequence[int], change: Callable[[bytes], bytes]) -> bytes:
    """Return an element in which the part at the end of ``way`` is changed, with all lengths around it."""
    if not way:
        return change(octets)
    tag, content, _ = _read(octets)
    parts = _children(content)
    parts[way[0]] = changed(parts[way[0]], way[1:], change)
    return element(tag, b"".join(parts))


def _at(way: Sequence[int], change: Callable[[bytes], bytes]) -> Callable[[str], str]:
    return lambda val: base64std.encode(changed(base64std.decode(val), way, change))


def _integer(value: int) -> bytes:
    return element(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _explicit_curve(_named: bytes) -> bytes:
    field = element(_SEQUENCE, _PRIME_FIELD + _integer(_P256))
    curve = element(_SEQUENCE, element(0x04, (_P256 - 3).to_bytes(32, "big")) + element(0x04, _B))
    order = _integer(_ORDER) + _integer(1)
    return element(_SEQUENCE, _integer(1) + field + curve + element(0x04, _GENERATOR) + order)


def _first_twice(extensions: bytes) -> bytes:
    _, content, _ = _read(extensions)
    return element(_SEQUENCE, content + _children(content)[0])


ODD: Final = {
    "negative-serial": ("has a negative serial number", _at(_SERIAL, lambda _: b"\x02\x01\xff")),
    "zero-serial": ("has the serial number zero", _at(_SERIAL, lambda _: b"\x02\x01\x00")),
    "long-serial": ("has a serial number of thirty octets", _at(_SERIAL, lambda _: b"\x02\x1e\x01" + bytes(29))),
    "duplicate-extension": ("has one extension twice", _at(_EXTENSIONS, _first_twice)),
    "explicit-curve": ("spells its curve out", _at(_CURVE, _explicit_curve)),
}
