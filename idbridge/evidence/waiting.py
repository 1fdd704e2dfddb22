"""Who waits for a leaf to be durable: a bounded line, from which the writer takes everybody at once.

Decides who is turned away: above ``LIMITS.log_waiting``, and for good once the log has failed or was closed. Whoever
waits in an event loop is called there, and once for a whole batch. Who comes to an idle log is not kept waiting; while
more than ``LIMITS.log_gather_rate`` come, a batch is held open for ``LIMITS.log_gather``, since each costs a signature
and a sync of the disk, however many are in it.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent import futures
from contextlib import suppress
from dataclasses import dataclass
from math import log
from threading import Condition
from typing import Any, Final

from idbridge.clock import Stopwatch
from idbridge.errors import RequestError
from idbridge.evidence.errors import UnrecordedError
from idbridge.evidence.recorded import Recorded
from idbridge.limits import LIMITS
from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import Leaf

# At a steady rate, what counts of the past comes to that of this time.
_HALF_LIFE_S: Final = 0.005
_BUSY: Final = LIMITS.log_gather_rate * _HALF_LIFE_S / log(2)

Outcome = Recorded | UnrecordedError
Waiter = "asyncio.Future[Recorded] | futures.Future[Recorded]"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A leaf on its way to the disk, and who is told of it; ``loop`` is ``None`` for a thread that waits itself."""

    leaf: Leaf
    entry: bytes
    opening: Opening | None
    future: "asyncio.Future[Recorded] | futures.Future[Recorded]"
    loop: asyncio.AbstractEventLoop | None


class Pace:
    """How fast leaves come, and so how long a batch is held open for others."""

    def __init__(self) -> None:
        self._last = 0  # leaves that were taken at once
        self._lately = 0.0  # leaves that were taken, each counting for half after each half-life
        self._looked_s = 0.0

    def held_open_s(self, now_s: float) -> float:
        """Return how long the next batch is held open, in seconds: not at all unless many come, and at once.

        Those who come one after another wait for each other's answers, and nobody else would join.
        """
        self._lately *= 0.5 ** ((now_s - self._looked_s) / _HALF_LIFE_S)
        self._looked_s = now_s
        return LIMITS.log_gather.total_seconds() if self._lately > _BUSY and self._last > 1 else 0.0

    def took(self, count: int) -> None:
        """Count a batch."""
        self._last = count
        self._lately += count


class Line:
    """Those who wait, in their order. Threads and event loops may join it; one writer takes from it."""

    def __init__(self, stopwatch: Stopwatch) -> None:
        self._stopwatch = stopwatch
        self._pace = Pace()
        self._changed = Condition()
        self._waiting: list[Waiting] = []
        self._taken: Sequence[Waiting] = ()
        self._closed = ""

    def join(self, make: Callable[[], Waiting], *, room: Callable[[], bool]) -> None:
        """Put what ``make`` returns at the end of the line; it is called while nobody else joins.

        Raises:
            UnrecordedError: The line is closed.
            RequestError: ``system.overloaded``: it is as long as it may be, or ``room`` says that there is none.
        """
        with self._changed:
            if self._closed:
                raise UnrecordedError(self._closed)
            if len(self._waiting) + len(self._taken) >= LIMITS.log_waiting or not room():
                raise RequestError("system.overloaded", "as many leaves wait for the disk as may")
            self._waiting.append(make())
            if len(self._waiting) == 1:
                self._changed.notify()

    def take(self) -> Sequence[Waiting]:
        """Return all who wait, once there is anybody; nobody once the line is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if (held_open_s := self._pace.held_open_s(self._stopwatch.seconds())) > 0:
                self._changed.wait_for(lambda: self._closed, held_open_s)
            self._taken, self._waiting = self._waiting, []
            self._pace.took(len(self._taken))
            return self._taken

    def settled(self) -> None:
        """Let those who were taken last make room for others."""
        with self._changed:
            self._taken = ()

    def close(self, why: str) -> str:
        """Let nobody join any more, for the first reason that was given; those who are in line stay. Return it."""
        with self._changed:
            self._closed = self._closed or why
            self._changed.notify()
            return self._closed

    def turn_away(self) -> None:
        """Refuse everybody who is still in line, with the reason for which it was closed."""
        with self._changed:
            left, self._waiting, self._taken = [*self._taken, *self._waiting], [], ()
        tell([(one, UnrecordedError(self._closed)) for one in left])

    def length(self) -> int:
        """Return how many wait."""
        with self._changed:
            return len(self._waiting) + len(self._taken)

    def closed(self) -> str:
        """Return why nobody may join, empty if everybody may."""
        with self._changed:
            return self._closed


class Deadlines:
    """Until when the futures of one event loop are waited for: one timer for all, since all wait equally long."""

    def __init__(self, wait_s: float, why: str) -> None:
        self._wait_s = wait_s
        self._why = why
        self._due: deque[tuple[float, asyncio.Future[Any]]] = deque()

    def watch(self, future: "asyncio.Future[Any]") -> None:
        """Refuse ``future`` with ``system.unrecorded`` unless it is settled in time."""
        loop = future.get_loop()
        due = loop.time() + self._wait_s
        self._due.append((due, future))
        if len(self._due) == 1:
            loop.call_at(due, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        while self._due and (self._due[0][1].done() or self._due[0][0] <= now):
            future = self._due.popleft()[1]
            if not future.done():
                future.set_exception(UnrecordedError(self._why))
        if self._due:
            loop.call_at(self._due[0][0], self._look, loop)


def tell(outcomes: Sequence[tuple[Waiting, Outcome]]) -> None:
    """Tell all who waited how it ended; who has left meanwhile is told nothing."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[tuple[Waiting, Outcome]]] = defaultdict(list)
    for waiting, outcome in outcomes:
        if waiting.loop is not None:
            by_loop[waiting.loop].append((waiting, outcome))
        elif waiting.future.set_running_or_notify_cancel():  # type: ignore[union-attr]  # without a loop it is a thread's
            _settle(waiting, outcome)
    for loop, several in by_loop.items():
        with suppress(RuntimeError):  # the loop has ended, and with it all who waited there
            loop.call_soon_threadsafe(_settle_all, several)


def _settle_all(outcomes: Sequence[tuple[Waiting, Outcome]]) -> None:
    for waiting, outcome in outcomes:
        if not waiting.future.done():
            _settle(waiting, outcome)


def _settle(waiting: Waiting, outcome: Outcome) -> None:
    if isinstance(outcome, Recorded):
        waiting.future.set_result(outcome)
    else:
        waiting.future.set_exception(outcome)
