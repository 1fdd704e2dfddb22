"""A clock that a test turns by hand."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


class HandClock:
    """Stands still until it is turned."""

    def __init__(self, instant: datetime = NOON) -> None:
        self.instant = instant

    def now(self) -> datetime:
        """Return the instant that the clock shows."""
        return self.instant

    def turn(self, **by: float) -> None:
        """Turn it by so many seconds, minutes or hours."""
        self.instant += timedelta(**by)
