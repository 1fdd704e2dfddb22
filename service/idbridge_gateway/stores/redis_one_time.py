"""One-time values in Redis, for a node of several processes: the first of all workers that spends a value gets it.

Claims go out together: those that arrive while the loop is busy or another batch is on its way, as one. A round trip
for each would cost more than the verification. A claim whose answer never came counts as spent: what may have been
carried out is not tried again.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from idbridge.clock import Clock
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.stores.redis_engine import RedisEngine, kept_for

_KIND: Final = b"1t"
_SPENT_NOW: Final = b"OK"


@dataclass(frozen=True, slots=True)
class _Waiting:
    name: bytes
    milliseconds: int
    answer: asyncio.Future[bool]


class RedisOneTime:
    """One-time values shared by every process that uses one server."""

    def __init__(self, engine: RedisEngine, clock: Clock) -> None:
        self._engine = engine
        self._line = engine.line()
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._sending: asyncio.Task[None] | None = None

    async def claim(self, key: bytes, *, until: datetime) -> bool:
        """Spend ``key`` until ``until``; tell whether it was unspent.

        Raises:
            RequestError: ``system.overloaded``, the server does not answer or takes no more; nothing is accepted.
        """
        if len(self._waiting) >= LIMITS.store_claims_waiting:
            raise RequestError("system.overloaded", "too many one-time values are waiting to be spent")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(_Waiting(self._engine.name(_KIND, key), kept_for(until - self._clock.now()), answer))
        if self._sending is None or self._sending.done():
            self._sending = loop.create_task(self._send_all())  # its own: a claimant may go away while others wait
        return await answer

    async def _send_all(self) -> None:
        """Send what has gathered, and what gathers meanwhile, until nothing waits."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await self._send(batch)

    async def _send(self, batch: list[_Waiting]) -> None:
        commands = [("SET", one.name, b"", "PX", one.milliseconds, "NX") for one in batch]
        try:
            answers = await self._engine.within(self._line.exchange(commands))
        except BaseException as broken:
            code = broken.code if isinstance(broken, RequestError) else "system.overloaded"
            for one in batch:
                if not one.answer.done():
                    one.answer.set_exception(RequestError(code, "the store behind this node does not answer"))
            if not isinstance(broken, RequestError):
                raise
            return
        for one, answer in zip(batch, answers, strict=True):
            if not one.answer.done():
                _settle(one.answer, answer)


def _settle(waiting: asyncio.Future[bool], answer: Any) -> None:
    """Tell a claimant what the server said: that it wrote the value, that there was one, or that it is full."""
    if answer == _SPENT_NOW:
        waiting.set_result(True)
    elif answer is None:
        waiting.set_result(False)
    else:
        waiting.set_exception(RequestError("system.overloaded", "the store behind this node takes no more"))
