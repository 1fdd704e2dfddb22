"""Hints between workers, by Redis: there may be something new, look now. A hint says nothing and is never believed.

Whoever hears one looks at the source that the node looks at anyway; whoever misses one looks a moment later. Those that
came before a look are answered by it, and two looks are a pause apart, so that nobody can keep a node looking.
"""

import asyncio
from collections.abc import Callable

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.stores.redis_engine import RedisEngine


class RedisHints:
    """The hints of one node, on the channel of ``engine``."""

    def __init__(self, engine: RedisEngine) -> None:
        self._engine = engine
        self._sending: set[asyncio.Task[int]] = set()

    async def send(self) -> int:
        """Hint; return how many workers hear it, which is 0 where the server does not answer."""
        try:
            heard: int = await self._engine.within(self._engine.commands.publish(self._engine.hint_channel, b""))
        except RequestError:  # it is in the journal, and everybody looks anyway
            return 0
        return heard

    def send_soon(self) -> None:
        """Hint without waiting for it."""
        task = asyncio.get_running_loop().create_task(self.send())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def listen(self, heard: Callable[[], None]) -> None:
        """Call ``heard`` whenever somebody hinted, until cancelled. While the server does not answer, nobody does."""
        while True:
            try:
                async with self._engine.commands.pubsub() as channel:
                    await channel.subscribe(self._engine.hint_channel)
                    await _listen(channel, heard)
            except (RedisError, OSError):
                await asyncio.sleep(LIMITS.store_wait.total_seconds())


async def _listen(channel: PubSub, heard: Callable[[], None]) -> None:
    while True:
        message = await channel.get_message(timeout=LIMITS.store_look.total_seconds())
        if message is None or message["type"] != "message":
            continue
        while await channel.get_message(timeout=0) is not None:
            pass  # the look that follows is enough for all that came before it
        heard()
        await asyncio.sleep(LIMITS.hint_pause.total_seconds())
