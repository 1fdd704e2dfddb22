"""Tallies in Redis, for a node of several processes: what all workers counted together, and the server forgets."""

from datetime import timedelta
from typing import Final

from idbridge_gateway.stores.redis_engine import RedisEngine

_KIND: Final = b"tally"


class RedisTallies:
    """Tallies shared by every process that uses one server."""

    def __init__(self, engine: RedisEngine) -> None:
        self._engine = engine

    async def count(self, key: bytes, *, lasting: timedelta) -> int:
        """Count one more under ``key``, and return how many that makes; a tally that begins now ends ``lasting`` later.

        Raises:
            RequestError: ``system.overloaded``, the server does not answer.
        """
        name = self._engine.name(_KIND, key)
        pipeline = self._engine.commands.pipeline(transaction=True)
        pipeline.set(name, 0, px=lasting, nx=True)
        pipeline.incr(name)
        answers: list[int] = await self._engine.within(pipeline.execute())
        return answers[-1]
