"""Base45 (RFC 9285): octets in the characters that a QR code carries as alphanumeric, one text for each and back.

Refuses lower case, a character too many and every group that spells a number its octets cannot hold (section 4): with
any of them a code would have a second spelling.
"""

import struct
from itertools import product
from typing import Final

from idbridge.errors import InputError

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_BASE: Final = len(_ALPHABET)
_GROUP: Final = 3  # characters, for two octets
_PAIR_VALUES: Final = 2**16
_OCTET_VALUES: Final = 2**8
_NONE: Final = 0xFF
_VALUES: Final = bytes(_ALPHABET.index(chr(code)) if chr(code) in _ALPHABET else _NONE for code in range(256))
# The two characters of a number below 2025, the least significant first.
_PAIRS: Final = tuple(low + high for high, low in product(_ALPHABET, repeat=2))


def decode(text: str, *, max_characters: int) -> bytes:
    """Return the octets that ``text`` spells.

    Raises:
        InputError: ``input.too_large``, or ``input.malformed`` for anything that no encoder writes.
    """
    if len(text) > max_characters:
        raise InputError("input.too_large", f"more than {max_characters} characters of base45")
    values = text.encode("ascii").translate(_VALUES) if text.isascii() else bytes([_NONE])
    rest = len(values) % _GROUP
    if _NONE in values or rest == 1:
        raise InputError("input.malformed", "not base45, or with a cut end")
    numbers = [
        low + _BASE * (middle + _BASE * high)
        for low, middle, high in zip(values[0::_GROUP], values[1::_GROUP], values[2::_GROUP], strict=False)
    ]
    last = [values[-2] + _BASE * values[-1]] if rest else []
    if max(numbers, default=0) >= _PAIR_VALUES or max(last, default=0) >= _OCTET_VALUES:
        raise InputError("input.malformed", "a group of base45 that no octets have")
    return struct.pack(f">{len(numbers)}H", *numbers) + bytes(last)


def encode(octets: bytes) -> str:
    """Return the one spelling of ``octets``."""
    even = len(octets) // 2
    numbers = struct.unpack(f">{even}H", octets[: 2 * even])
    groups = [_PAIRS[number % _BASE**2] + _ALPHABET[number // _BASE**2] for number in numbers]
    return "".join([*groups, *(_PAIRS[octet] for octet in octets[2 * even :])])
