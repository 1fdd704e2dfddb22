"""One-time values as ``one_time`` has them, and beside the store's memory that of this process.

Whoever can write to the store of a node can delete a single value there, which no count of the store tells: it would
be unspent again. What this process saw spent stays spent here, until nobody could accept it any longer or this process
ends. Another process has not seen it. Threat: a neighbour in Redis.
"""

from datetime import datetime
from heapq import heappop, heappush

from idbridge.clock import Clock
from idbridge.limits import LIMITS
from idbridge_gateway.stores.one_time import NOBODY, OneTime


class RememberedOneTime:
    """The one-time values of ``store``; as many as there is room for of those spent here are remembered here too."""

    def __init__(self, store: OneTime, clock: Clock, *, max_entries: int = LIMITS.one_time_remembered) -> None:
        self._store = store
        self._clock = clock
        self._max_entries = max_entries
        self._spent: dict[bytes, bytes] = {}
        self._expiries: list[tuple[float, bytes]] = []

    def __len__(self) -> int:
        """Return how many values are remembered here."""
        return len(self._spent)

    async def claim(self, key: bytes, *, until: datetime, by: bytes = NOBODY) -> bool:
        """Spend ``key`` until ``until``; tell whether it was unspent, or spent ``by`` the very same question.

        Raises:
            RequestError: ``system.overloaded``, the store cannot take it.
        """
        self._forget_ended()
        spender = self._spent.get(key)
        if spender is not None and (by == NOBODY or spender != by):
            return False
        is_ours = await self._store.claim(key, until=until, by=by)
        if is_ours and key not in self._spent:
            self._spent[key] = by
            heappush(self._expiries, (until.timestamp(), key))
            if len(self._spent) > self._max_entries:
                self._forget_one()  # the store still has it
        return is_ours

    async def was_spent(self, key: bytes, *, by: bytes) -> bool:
        """Tell whether ``key`` was spent ``by`` this very question; nothing is spent by asking.

        Raises:
            RequestError: ``system.overloaded``, the store cannot tell.
        """
        return await self._store.was_spent(key, by=by)

    def _forget_ended(self) -> None:
        now = self._clock.now().timestamp()
        while self._expiries and self._expiries[0][0] <= now:
            self._forget_one()

    def _forget_one(self) -> None:
        """Forget what ends first."""
        del self._spent[heappop(self._expiries)[1]]
