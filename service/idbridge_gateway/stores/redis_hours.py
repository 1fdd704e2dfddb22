"""Hours in Redis: what all workers of a node counted, together. Numbers of verdicts; there is nobody in them.

Each worker hands over what it counted every few seconds, all of it or nothing. Where the answer of the server is lost,
what was handed over may be counted twice: a chart is no evidence.
"""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from idbridge.clock import Clock
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.console.hours import HourlyVerdicts, Kind, hour_of, kind_of
from idbridge_gateway.stores.redis_engine import RedisEngine

_KIND: Final = b"hours"
_MARGIN: Final = timedelta(days=1)


class RedisHours:
    """The counts of every worker that uses one server; ``own`` are those of this process, not handed over yet."""

    def __init__(self, engine: RedisEngine, own: HourlyVerdicts, clock: Clock) -> None:
        self._engine = engine
        self._own = own
        self._clock = clock

    async def since(self, hour: int) -> Mapping[Kind, int]:
        """Return what all workers counted from ``hour`` on, this one up to now.

        Raises:
            RequestError: ``system.overloaded``: the server does not answer.
        """
        await self.hand_over()
        hours = range(max(hour, self._oldest()), hour_of(self._clock.now()) + 1)
        pipeline = self._engine.commands.pipeline(transaction=False)
        for one in hours:
            pipeline.hgetall(self._name(one))
        answers: list[dict[bytes, bytes]] = await self._engine.within(pipeline.execute())
        return dict(_read(hours, answers))

    async def hand_over(self) -> None:
        """Add what this process counted to what the others did.

        Raises:
            RequestError: ``system.overloaded``: the server does not answer; it is handed over later.
        """
        counted = self._own.drained()
        if not counted:
            return
        pipeline = self._engine.commands.pipeline(transaction=True)
        for kind, count in counted.items():
            pipeline.hincrby(self._name(kind.hour), kind.field().encode(), count)
        for hour in {kind.hour for kind in counted}:
            pipeline.expire(self._name(hour), LIMITS.counted_for + _MARGIN)
        try:
            await self._engine.within(pipeline.execute())
        except RequestError:
            self._own.restored(counted)
            raise

    async def watch(self) -> None:
        """Hand over again and again, until cancelled."""
        while True:
            await asyncio.sleep(LIMITS.counts_pause.total_seconds())
            try:
                await self.hand_over()
            except RequestError:
                continue  # it is in the journal

    def _oldest(self) -> int:
        return hour_of(self._clock.now() - LIMITS.counted_for)

    def _name(self, hour: int) -> bytes:
        return self._engine.name(_KIND, hour.to_bytes(4))


def _read(hours: range, answers: list[dict[bytes, bytes]]) -> Iterator[tuple[Kind, int]]:
    for hour, answer in zip(hours, answers, strict=True):
        for field, count in answer.items():
            kind = kind_of(hour, field.decode("ascii", "replace"))
            if kind is not None and count.isdigit():
                yield kind, int(count)
