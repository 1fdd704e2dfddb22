"""The statuses of a provider as it writes them down: a table of index and status, read strictly.

Decides whether every line names one place of the list and one status, and none two; places that no line names are
valid. The words are those of the Token Status List, section 7.1; a provider's own values stand as numbers.
"""

import csv
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from idbridge.errors import ConfigurationError

VALID: Final = "valid"
WORDS: Final[Mapping[str, int]] = MappingProxyType({VALID: 0, "revoked": 1, "suspended": 2})
HEADING: Final = ("index", "status")


def word_of(value: int, words: Mapping[str, int] = WORDS) -> str:
    """Return what ``value`` is called among ``words``, the number itself where it has no name."""
    return next((word for word, known in words.items() if known == value), f"value {value}")


def read_statuses(
    lines: Iterable[str], *, entries: int, bits: int, words: Mapping[str, int] = WORDS
) -> Mapping[int, int]:
    """Return the value at each index that ``lines`` name; the first line may be the heading ``index,status``.

    ``words`` are those that may stand for a value; another list may have others.

    Raises:
        ConfigurationError: A line is in another form, names a place that is not there, or one that another line named.
    """
    found: dict[int, int] = {}
    try:
        for number, row in enumerate(csv.reader(lines, strict=True), start=1):
            if not row or (number == 1 and tuple(cell.strip().lower() for cell in row) == HEADING):
                continue
            index, value = _row(row, number, entries=entries, bits=bits, words=words)
            if index in found:
                raise ConfigurationError(f"line {number}: index {index} is named a second time")
            found[index] = value
    except csv.Error as unreadable:
        raise ConfigurationError(f"not a table of comma separated values: {unreadable}") from unreadable
    return MappingProxyType(found)


def _row(row: list[str], number: int, *, entries: int, bits: int, words: Mapping[str, int]) -> tuple[int, int]:
    if len(row) != len(HEADING):
        raise ConfigurationError(f"line {number}: a line has an index and a status")
    place, status = (cell.strip() for cell in row)
    if not _is_number(place) or int(place) >= entries:
        raise ConfigurationError(f"line {number}: `{place[:20]}` is no index from 0 to {entries - 1}")
    value = words.get(status.lower(), int(status) if _is_number(status) else -1)
    if value < 0:
        known = ", ".join(f"`{word}`" for word in words)
        raise ConfigurationError(f"line {number}: `{status[:20]}` is none of {known}, and no number")
    if value >= 1 << bits:
        raise ConfigurationError(f"line {number}: `{status[:20]}` needs more than {bits} bits")
    return int(place), value


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12
