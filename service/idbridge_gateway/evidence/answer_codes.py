"""Codes of answers: what stands on a printed one, by which whoever holds it finds its leaf at the node that gave it.

Decides which leaf a code names. It is the place of the leaf and the id of the report, 128 random bits that nobody
guesses: so nothing is searched through, and a wrong code costs one look at one place. It is written in characters that
nobody takes for one another (Crockford's base 32), in groups, and read with small letters and other gaps as well.
"""

import re
from typing import Final

from idbridge.limits import LIMITS

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_DIGIT_BITS: Final = 5
_ID_BITS: Final = 128
_LEAST: Final = 27  # characters of the first leaf's code
_GROUP: Final = 5
_REPORT_ID: Final = re.compile(r"rep_([0-9a-f]{32})")
_GAPS: Final = re.compile(r"[\s-]")


def code_of(report_id: str, index: int) -> str:
    """Return the code of the answer whose leaf about ``report_id`` stands at ``index``.

    Raises:
        ValueError: It is no id of a report.
    """
    found = _REPORT_ID.fullmatch(report_id)
    if found is None:
        raise ValueError("no id of a report")
    number = index << _ID_BITS | int(found[1], 16)
    digits: list[str] = []
    while number or len(digits) < _LEAST:
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    text = "".join(reversed(digits))
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def parse_code(text: str) -> tuple[str, int] | None:
    """Return id of the report and place of the leaf that ``text`` names; ``None`` if it is no code."""
    if len(text) > LIMITS.answer_code_characters:
        return None
    number, characters = 0, _GAPS.sub("", text)
    for character in characters:
        value = _VALUES.get(character.upper()) if character.isascii() else None
        if value is None:
            return None
        number = number << _DIGIT_BITS | value
    index = number >> _ID_BITS
    if len(characters) < _LEAST or index > LIMITS.log_size:
        return None
    return f"rep_{number & (1 << _ID_BITS) - 1:032x}", index
