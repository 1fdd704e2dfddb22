"""Intervals of time."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Validity:
    """Half-open interval ``[start, end)`` of UTC instants; ``end`` is ``None`` while it is open.

    Half-open so that consecutive service periods neither overlap nor leave a gap.

    Raises:
        ValueError: An instant is naive or not UTC, or ``end`` is not after ``start``.
    """

    start: datetime
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta(0):
            raise ValueError("validity instants must be UTC")
        if self.end is None:
            return
        if self.end.utcoffset() != timedelta(0):
            raise ValueError("validity instants must be UTC")
        if self.end <= self.start:
            raise ValueError("validity must end after it starts")

    def contains(self, instant: datetime) -> bool:
        """Tell whether ``instant`` lies in the interval."""
        return self.start <= instant and (self.end is None or instant < self.end)


_UTC_OFFSET = "+00:00"
_LAST_YEAR = 9998
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)


def parse_instant(text: str) -> datetime:
    """Return the UTC instant that ``text`` writes as ``2026-01-01T00:00:00Z``, the one form that signed documents use.

    Raises:
        ValueError: Another form (fractions, offsets, a space), or no such instant.
    """
    if _INSTANT.fullmatch(text) is None:
        raise ValueError("an instant is written as 2026-01-01T00:00:00Z")
    instant = datetime.fromisoformat(text)
    if instant.year > _LAST_YEAR:
        raise ValueError("an instant so near the end of time that nothing can be added to it")
    return instant


def instant_text(instant: datetime) -> str:
    """Write a UTC ``instant`` as RFC 3339 with ``Z``; fractions of a second appear only if there are any.

    Raises:
        ValueError: The instant is naive or not UTC.
    """
    if instant.tzinfo is not UTC and instant.utcoffset() != timedelta(0):
        raise ValueError("instants are written in UTC")
    return f"{instant.isoformat()[: -len(_UTC_OFFSET)]}Z"
