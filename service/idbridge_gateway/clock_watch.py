"""Whether the clock of this machine went with the time that passed: a clock that jumped is believed by nobody here.

Decides that a node whose clock was moved, ahead or back, is not ready and writes nothing down, and so releases nothing,
until the clock is where it would be without the jump, or the node is started again. A leaf from a future that was none
would else keep every later one out of the log. Small steps are left alone: what they bring into the log ahead of time
is over as soon. Clauses: architecture D8, promise P7.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from idbridge.clock import BootStopwatch, Clock, Stopwatch, SystemClock
from idbridge.evidence.errors import UnrecordedError
from idbridge.limits import LIMITS

MOVED: Final = "its clock was moved"


@dataclass(frozen=True, slots=True)
class ClockWatch:
    """What a clock showed beyond a stopwatch when the node began, which all processes of the node hold it against."""

    clock: Clock
    stopwatch: Stopwatch
    began: float

    @classmethod
    def begin(cls, clock: Clock | None = None, stopwatch: Stopwatch | None = None) -> Self:
        """Begin to watch; the clock and stopwatch of this machine unless others are given."""
        clock, stopwatch = clock or SystemClock(), stopwatch or BootStopwatch()
        return cls(clock, stopwatch, clock.now().timestamp() - stopwatch.seconds())

    @property
    def moved(self) -> float:
        """The seconds by which the clock is ahead of the time that passed; negative if it is behind."""
        return self.clock.now().timestamp() - self.stopwatch.seconds() - self.began

    @property
    def is_off(self) -> bool:
        """Tell whether the clock was moved by more than is left alone."""
        return not -LIMITS.log_clock_back.total_seconds() <= self.moved <= LIMITS.log_clock_ahead.total_seconds()


@dataclass(frozen=True, slots=True)
class SteadyClock:
    """The clock by which leaves are stamped: it shows nothing while ``watch`` finds it off. Implements ``Clock``."""

    watch: ClockWatch

    def now(self) -> datetime:
        """Return the present instant, in UTC.

        Raises:
            UnrecordedError: The clock was moved.
        """
        if self.watch.is_off:
            raise UnrecordedError("the clock of this machine was moved")
        return self.watch.clock.now()
