"""Base45 (RFC 9285): octets in the characters that a QR code carries as alphanumeric, one text for each and back.

Refuses lower case, a character too many and every group that spells a number its octets cannot hold (section 4): with
any of them a code would have a second spelling.
"""

from types import MappingProxyType
from typing import Final

from idbridge.errors import InputError

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_BASE: Final = len(_ALPHABET)
_VALUES: Final = MappingProxyType({character: value for value, character in enumerate(_ALPHABET)})
_GROUP: Final = 3  # characters, for two octets
_LAST_GROUP: Final = 2  # characters, for one octet
_PAIR_VALUES: Final = 2**16
_OCTET_VALUES: Final = 2**8


def decode(text: str, *, max_characters: int) -> bytes:
    """Return the octets that ``text`` spells.

    Raises:
        InputError: ``input.too_large``, or ``input.malformed`` for anything that no encoder writes.
    """
    if len(text) > max_characters:
        raise InputError("input.too_large", f"more than {max_characters} characters of base45")
    values = [_VALUES.get(character, -1) for character in text]
    if -1 in values or len(values) % _GROUP == 1:
        raise InputError("input.malformed", "not base45, or with a cut end")
    octets = bytearray()
    for start in range(0, len(values), _GROUP):
        group = values[start : start + _GROUP]
        number = sum(value * _BASE**place for place, value in enumerate(group))
        length = len(group) - 1
        if number >= (_PAIR_VALUES if length == _LAST_GROUP else _OCTET_VALUES):
            raise InputError("input.malformed", "a group of base45 that no octets have")
        octets += number.to_bytes(length, "big")
    return bytes(octets)


def encode(octets: bytes) -> str:
    """Return the one spelling of ``octets``."""
    groups = (octets[start : start + 2] for start in range(0, len(octets), 2))
    return "".join(_spell(int.from_bytes(group, "big"), characters=len(group) + 1) for group in groups)


def _spell(number: int, *, characters: int) -> str:
    """Write ``number`` with the least significant character first."""
    return "".join(_ALPHABET[number // _BASE**place % _BASE] for place in range(characters))
