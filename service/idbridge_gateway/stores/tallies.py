"""Tallies: how often something happened of late, so that nobody does it more often than their share allows.

A tally begins with the first time and ends by itself; after that it begins anew. So within any time of that length no
more than twice a bound can have happened.
"""

from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Protocol

from idbridge.clock import Clock


class Tallies(Protocol):
    """Where tallies are kept."""

    async def count(self, key: bytes, *, lasting: timedelta) -> int:
        """Count one more under ``key``, and return how many that makes; a tally that begins now ends ``lasting`` later.

        Raises:
            RequestError: ``system.overloaded``: the store does not answer.
        """
        ...


class MemoryTallies:
    """Tallies of a node that is one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: dict[bytes, int] = {}
        self._ends: list[tuple[datetime, bytes]] = []

    async def count(self, key: bytes, *, lasting: timedelta) -> int:
        """Count one more under ``key``, and return how many that makes."""
        now = self._clock.now()
        while self._ends and self._ends[0][0] <= now:
            self._counts.pop(heappop(self._ends)[1])
        if key not in self._counts:
            heappush(self._ends, (now + lasting, key))
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._counts[key]

    @property
    def held(self) -> int:
        """How many tallies have not ended, or were not looked at since."""
        return len(self._counts)
