"""Intervals of time."""

from dataclasses import dataclass
from datetime import datetime, timedelta


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
