"""Which stores a node has, by its settings: in memory for one process, in Redis for any number (architecture D7)."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.clock import Clock
from idbridge.crypto import sealing
from idbridge.errors import ConfigurationError
from idbridge.model.randomness import Randomness
from idbridge_gateway.console.hours import HourlyVerdicts, Hours
from idbridge_gateway.settings import Settings
from idbridge_gateway.stores.idempotency import Idempotency, MemoryIdempotency
from idbridge_gateway.stores.one_time import MemoryOneTime, OneTime
from idbridge_gateway.stores.outbox import NoOutbox, Outbox
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_hints import RedisHints
from idbridge_gateway.stores.redis_hours import RedisHours
from idbridge_gateway.stores.redis_idempotency import PURPOSE, RedisIdempotency
from idbridge_gateway.stores.redis_one_time import RedisOneTime
from idbridge_gateway.stores.redis_outbox import PURPOSE as OUTBOX
from idbridge_gateway.stores.redis_outbox import RedisOutbox
from idbridge_gateway.stores.redis_sealed import RedisSealedStore
from idbridge_gateway.stores.redis_server import require_address
from idbridge_gateway.stores.redis_tallies import RedisTallies
from idbridge_gateway.stores.remembered_one_time import RememberedOneTime
from idbridge_gateway.stores.sealed import MemorySealedStore, SealedStore
from idbridge_gateway.stores.store_memory import Way
from idbridge_gateway.stores.tallies import MemoryTallies, Tallies

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Stores:
    """What a node remembers between requests; ``engine`` and ``hints`` are those of Redis, ``None`` for memory.

    ``counted`` is what this process counts of its verdicts, ``hours`` where the counts of all of them are read.
    ``outbox`` returns where deliveries of one kind are kept, and for how long.
    """

    one_time: OneTime
    sealed: SealedStore
    tallies: Tallies
    idempotency: Idempotency
    counted: HourlyVerdicts
    hours: Hours
    outbox: Callable[[str, timedelta], Outbox]
    engine: RedisEngine | None = None
    hints: RedisHints | None = None

    def hint(self) -> None:
        """Tell the other workers of this node that there is something new."""
        if self.hints is not None:
            self.hints.send_soon()

    async def look(self) -> None:
        """Look at the server again and again, until cancelled."""
        if self.engine is not None:
            await self.engine.watch()

    async def listen(self, heard: Callable[[], None]) -> None:
        """Call ``heard`` whenever another worker hints, until cancelled."""
        if self.hints is not None:
            await self.hints.listen(heard)

    async def hand_over(self) -> None:
        """Hand over what this process counts, again and again, where others count too."""
        if isinstance(self.hours, RedisHours):
            await self.hours.watch()

    async def close(self) -> None:
        """End what is open."""
        if self.engine is not None:
            await self.engine.close()


def chosen_stores(settings: Settings, *, clock: Clock, randomness: Randomness, pairwise_key: PairwiseKey) -> Stores:
    """Return the stores that ``settings`` name. ``pairwise_key`` is what all workers of this node have in common.

    Raises:
        ConfigurationError: The address of the server may not be used.
    """
    engine, counted = engine_of(settings), HourlyVerdicts()
    if engine is None:
        return Stores(
            MemoryOneTime(clock),
            MemorySealedStore(clock, randomness),
            MemoryTallies(clock),
            MemoryIdempotency(randomness),
            counted,
            counted,
            lambda _kind, _life: NoOutbox(),
        )
    secret = sealing.secret_from(pairwise_key.octets, label=PURPOSE)
    of_outboxes = sealing.secret_from(pairwise_key.octets, label=OUTBOX)
    return Stores(
        RememberedOneTime(RedisOneTime(engine, clock), clock),
        RedisSealedStore(engine, clock, randomness),
        RedisTallies(engine),
        RedisIdempotency(engine, randomness, secret=secret),
        counted,
        RedisHours(engine, counted, clock),
        lambda kind, life: RedisOutbox(engine, randomness, secret=of_outboxes, kind=kind, life=life),
        engine,
        RedisHints(engine),
    )


def engine_of(settings: Settings, way: Way = Way.USE) -> RedisEngine | None:
    """Return a way to the server that ``settings`` name; ``None`` if they name none.

    Raises:
        ConfigurationError: As above, or what the node kept of the server cannot be read.
    """
    if settings.redis_url is None:
        return None
    url = settings.redis_url.get_secret_value()
    require_address(url, settings.environment)
    prefix = f"idbridge:{settings.environment}:{settings.state}"
    return RedisEngine(url, prefix=prefix, directory=settings.state_dir, way=way)


def require_usable_stores(settings: Settings, way: Way = Way.LOOK) -> None:
    """Return if the stores that ``settings`` name may hold one-time values; asked before a node answers anybody.

    Raises:
        ConfigurationError: The server does not answer, is too old, may evict, forgets in a restart, or has forgotten.
    """
    engine = engine_of(settings, way)
    if engine is not None:
        asyncio.run(_and_closed(engine, engine.require_usable()))


def hint_to(settings: Settings) -> int:
    """Hint to the workers of a node that runs by ``settings``; return how many heard it.

    Raises:
        ConfigurationError: The settings name no server through which anybody could hear it, or it does not answer.
    """
    engine = engine_of(settings, Way.LOOK)
    if engine is None:
        raise ConfigurationError("IDBRIDGE_REDIS_URL is missing; workers hear hints through it")
    return asyncio.run(_and_closed(engine, _hinted(engine)))


async def _hinted(engine: RedisEngine) -> int:
    await engine.require_usable()
    return await RedisHints(engine).send()


async def _and_closed(engine: RedisEngine, work: Coroutine[Any, Any, Value]) -> Value:
    try:
        return await work
    finally:
        await engine.close()
