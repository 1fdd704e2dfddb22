"""One-time values: what may count once (a nonce, an assertion's id), remembered until nobody could accept it again.

The values are digests; nothing readable is kept. The store never forgets a value early to make room: when it is full
the node refuses to answer, because a forgotten value is a replay accepted. With a value goes who spent it, where that
is a question that may be repeated under its ``Idempotency-Key``: what it spent itself does not count against it.
"""

from datetime import datetime
from heapq import heappop, heappush
from typing import Final, Protocol

from idbridge.clock import Clock
from idbridge.errors import RequestError
from idbridge.limits import LIMITS

NOBODY: Final = b""  # who spends what no repeated question may spend again


class OneTime(Protocol):
    """Where one-time values are spent, shared by everything that accepts them."""

    async def claim(self, key: bytes, *, until: datetime, by: bytes = NOBODY) -> bool:
        """Spend ``key`` until ``until``; tell whether it was unspent, or spent ``by`` the very same question.

        Raises:
            RequestError: ``system.overloaded``, the store cannot take it.
        """
        ...

    async def was_spent(self, key: bytes, *, by: bytes) -> bool:
        """Tell whether ``key`` was spent ``by`` this very question; nothing is spent by asking.

        Raises:
            RequestError: ``system.overloaded``, the store cannot tell.
        """
        ...


class MemoryOneTime:
    """One-time values of a node that is one process."""

    def __init__(self, clock: Clock, *, max_entries: int = LIMITS.one_time_entries) -> None:
        self._clock = clock
        self._max_entries = max_entries
        self._spent: dict[bytes, bytes] = {}
        self._expiries: list[tuple[float, bytes]] = []

    def __len__(self) -> int:
        """Return how many values count as spent."""
        return len(self._spent)

    async def claim(self, key: bytes, *, until: datetime, by: bytes = NOBODY) -> bool:
        """Spend ``key`` until ``until``; tell whether it was unspent, or spent ``by`` the very same question.

        Nothing else runs in between.

        Raises:
            RequestError: ``system.overloaded``, the store is full of values that may not be forgotten yet.
        """
        self._forget_expired()
        if key in self._spent:
            return await self.was_spent(key, by=by)
        if len(self._spent) >= self._max_entries:
            raise RequestError("system.overloaded", "too many one-time values are being remembered")
        self._spent[key] = by
        heappush(self._expiries, (until.timestamp(), key))
        return True

    async def was_spent(self, key: bytes, *, by: bytes) -> bool:
        """Tell whether ``key`` was spent ``by`` this very question; nothing is spent by asking."""
        return by != NOBODY and self._spent.get(key) == by

    def _forget_expired(self) -> None:
        now = self._clock.now().timestamp()
        while self._expiries and self._expiries[0][0] < now:
            del self._spent[heappop(self._expiries)[1]]
