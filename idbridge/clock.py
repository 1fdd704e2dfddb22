"""The only reader of time. Everything else takes an instant as an argument."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the present instant comes from."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still, for replay, tests and the conformance corpus."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        """Return the instant this clock was made with."""
        return self._instant


class Stopwatch(Protocol):
    """How much time has gone by, for deadlines. It says nothing about the present instant."""

    def seconds(self) -> float:
        """Return the seconds since some fixed moment."""
        ...


class SystemStopwatch:
    """The stopwatch of this machine; setting its clock does not move it."""

    def seconds(self) -> float:
        """Return the seconds since some fixed moment."""
        return time.monotonic()


class BootStopwatch:
    """The stopwatch of this machine that goes on while it sleeps; it is the same for every process."""

    def seconds(self) -> float:
        """Return the seconds since this machine was started."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)
