"""JSON that is presumed to be canonical already (RFC 8785), and proven to be so by writing its values again.

A text that is exactly what its value is written as has no second reading: no member twice, no other spelling of a
number or of a character, no white space, nothing after the value. For such a text this one proof takes the place of
what ``strict_json`` asks piece by piece, save for the depth. A caller that knows the members of the outer objects, in
their one order, may read value by value what stands between them, and take the text of each value for its digest.
What does not pass, ``strict_json`` and ``jcs`` read in their own way.
"""

import json
from typing import Any, Final, NoReturn

from idbridge.codec import strict_json
from idbridge.errors import InputError

_DIGITS: Final = 15  # every whole number of so many is kept by every reader (RFC 7493 section 2.2)
# The first octets of characters past U+FFFF, by which RFC 8785 and Python would sort names differently.
_PAST_BASIC_PLANE: Final = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")


def characters(octets: bytes, *, max_bytes: int) -> str:
    """Return the characters of ``octets``, of which ``value_at`` may then read values.

    Raises:
        InputError: They cannot be canonical, or are beyond what this module handles.
    """
    if len(octets) <= max_bytes and not any(first in octets for first in _PAST_BASIC_PLANE):
        try:
            text = octets.decode()
        except UnicodeError:
            pass
        else:
            strict_json.refuse_crowd(text, max_bytes // 4)
            return text
    raise _not_canonical()


def value_at(text: str, start: int) -> tuple[Any, int]:
    """Return the value that stands in ``text`` from ``start`` on, proven to be written canonically, and where it ends.

    Raises:
        InputError: There is no value, or it is written in another way.
    """
    try:
        value, end = _SCAN(text, start)
        if text[start:end] == "".join(_WRITE(value, 0)):
            return value, end
    except (ValueError, RecursionError, StopIteration):
        pass
    raise _not_canonical()


def _not_canonical() -> InputError:
    return InputError("input.malformed", "not canonical JSON")


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError("a long number")
    return int(text)


def _unusual(_: str) -> NoReturn:
    raise ValueError("fractions and constants have several spellings")


_SCAN: Final = json.JSONDecoder(  # type: ignore[attr-defined] # the type stubs leave it out
    parse_int=_whole, parse_float=_unusual, parse_constant=_unusual
).scan_once
_WRITE: Final = json.encoder.c_make_encoder(  # type: ignore[attr-defined] # ...; made once, not for every value
    markers=None, default=None, encoder=json.encoder.encode_basestring, indent=None,
    key_separator=":", item_separator=",", sort_keys=True, skipkeys=False, allow_nan=False,
)  # fmt: skip
