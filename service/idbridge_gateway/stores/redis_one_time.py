"""One-time values in Redis, for a node of several processes: the first of all workers that spends a value gets it.

Claims that arrive while the loop is busy go out together, in one pipeline: a round trip for each would cost more than
the verification. A claim whose answer never came counts as spent: what may have been carried out is not tried again.
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


@dataclass(frozen=True, slots=True)
class _Waiting:
    name: bytes
    milliseconds: int
    answer: asyncio.Future[bool]


class RedisOneTime:
    """One-time values shared by every process that uses one server."""

    def __init__(self, engine: RedisEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._sending: set[asyncio.Task[None]] = set()

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
        if len(self._waiting) == 1:
            loop.call_soon(self._begin)
        return await answer

    def _begin(self) -> None:
        """Send what has gathered; it is a task of its own, because one claimant may go away while others wait."""
        batch, self._waiting = self._waiting, []
        task = asyncio.get_running_loop().create_task(self._send(batch))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, batch: list[_Waiting]) -> None:
        try:
            answers = await self._engine.within(self._spent(batch))
        except RequestError as broken:
            for one in batch:
                if not one.answer.done():
                    one.answer.set_exception(RequestError(broken.code, broken.detail))
            return
        for one, answer in zip(batch, answers, strict=True):
            if one.answer.done():
                continue
            if isinstance(answer, Exception):  # of this one command: the server is full
                one.answer.set_exception(RequestError("system.overloaded", "the store behind this node is full"))
            else:
                one.answer.set_result(answer is True)

    async def _spent(self, batch: list[_Waiting]) -> list[Any]:
        async with self._engine.commands.pipeline(transaction=False) as pipeline:
            for one in batch:
                pipeline.set(one.name, b"", px=one.milliseconds, nx=True)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
            return answers
