"""One-time values in Redis, for a node of several processes: the first of all workers that spends a value gets it.

A claim whose answer never came counts as spent: what may have been carried out is not tried again.
"""

from datetime import datetime
from typing import Final

from idbridge.clock import Clock
from idbridge.errors import RequestError
from idbridge_gateway.stores.one_time import NOBODY
from idbridge_gateway.stores.redis_engine import RedisEngine, kept_for

_KIND: Final = b"1t"
_SPENT_NOW: Final = b"OK"


class RedisOneTime:
    """One-time values shared by every process that uses one server."""

    def __init__(self, engine: RedisEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def claim(self, key: bytes, *, until: datetime, by: bytes = NOBODY) -> bool:
        """Spend ``key`` until ``until``; tell whether it was unspent, or spent ``by`` the very same question.

        Raises:
            RequestError: ``system.overloaded``, the server does not answer or takes no more; nothing is accepted.
        """
        milliseconds, name = kept_for(until - self._clock.now()), self._engine.name(_KIND, key)
        answer = await self._engine.batch.ask(("SET", name, by, "PX", milliseconds, "NX"))
        if answer is not None and answer != _SPENT_NOW:
            raise RequestError("system.overloaded", "the store behind this node says neither yes nor no")
        return answer is not None or await self.was_spent(key, by=by)

    async def was_spent(self, key: bytes, *, by: bytes) -> bool:
        """Tell whether ``key`` was spent ``by`` this very question; nothing is spent by asking.

        Raises:
            RequestError: ``system.overloaded``, the server does not answer.
        """
        if by == NOBODY:
            return False
        spender: bytes | None = await self._engine.batch.ask(("GET", self._engine.name(_KIND, key)))
        return spender == by
