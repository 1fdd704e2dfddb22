"""JSON that is presumed to be canonical already (RFC 8785), and proven to be so by writing its value again.

A text that is exactly what its value is written as has no second reading: no member twice, no other spelling of a
number or of a character, no white space, nothing after the value. For such a text this one proof takes the place of
what ``strict_json`` asks piece by piece, save for the depth; and the pieces that a caller writes for it are at once
what digests of these pieces are made of. What does not pass, ``strict_json`` and ``jcs`` read in their own way.
"""

import json
from typing import Any, Final, NoReturn

from idbridge.codec import strict_json
from idbridge.errors import InputError

_DIGITS: Final = 15  # every whole number of so many is kept by every reader (RFC 7493 section 2.2)
# The first octets of characters past U+FFFF, by which RFC 8785 and Python would sort names differently.
_PAST_BASIC_PLANE: Final = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")


def read(octets: bytes, *, max_bytes: int) -> tuple[str, Any]:
    """Return the characters of ``octets`` and the value that they hold *if* they are canonical.

    The value must not be believed before the caller has proven that: ``written`` makes these characters of it.

    Raises:
        InputError: It cannot be canonical, or is beyond what this module handles.
    """
    if len(octets) <= max_bytes and not any(first in octets for first in _PAST_BASIC_PLANE):
        try:
            characters = octets.decode()
            strict_json.refuse_crowd(characters, max_bytes // 4)
            return characters, _DECODER.decode(characters)
        except (ValueError, RecursionError):
            pass
    raise InputError("input.malformed", "not canonical JSON")


def written(value: Any) -> str:
    """Return the canonical text of a value, or of a part of a value, that ``read`` returned."""
    return _ENCODER.encode(value)


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError("a long number")
    return int(text)


def _unusual(_: str) -> NoReturn:
    raise ValueError("fractions and constants have several spellings")


_DECODER: Final = json.JSONDecoder(parse_int=_whole, parse_float=_unusual, parse_constant=_unusual)
_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, check_circular=False, separators=(",", ":")
)
