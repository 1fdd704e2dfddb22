"""How often a relying party may ask, counted in Redis by all workers together: for whatever may wait for a count.

Decides whether a request counts now. The library ``limits`` counts, by a sliding window, in one script at the server
and by the server's clock: in no time does a party get more than its burst and what that time brings. A window has whole
seconds; where burst and pace give none, it is longer and never allows more a minute than was agreed.

A limit is no verdict on anybody. So a server that does not answer refuses nobody here: each worker allows its part for
a while, out of its own bucket, and nobody waits for the server meanwhile. Who was refused is refused out of memory
until the time that it was told, so that a flood is no load for the server.
"""

import asyncio
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from idbridge.clock import Stopwatch
from idbridge.errors import RateExceededError
from idbridge.limits import LIMITS
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.rates import Rates, Told, told
from idbridge_gateway.registry.record import RequestLimits
from idbridge_gateway.stores.redis_engine import RedisEngine

_KIND: Final = b"rate"
_MINUTE: Final = 60
_TICK: Final = 0.001  # of the server's clock: at the very end of a wait, its last request counts still


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``most`` requests in about ``seconds``."""

    most: int
    seconds: int

    @classmethod
    def of(cls, limits: RequestLimits) -> "Window":
        """Return the window in which a burst comes back; what is less than a second's requests is a second's."""
        seconds = math.ceil(limits.burst * _MINUTE / limits.per_minute)
        return cls(max(limits.burst, seconds * limits.per_minute // _MINUTE), seconds)

    @property
    def item(self) -> RateLimitItemPerSecond:
        """The window as the library names it."""
        return RateLimitItemPerSecond(self.most, self.seconds)


@dataclass(frozen=True, slots=True)
class Standing:
    """What was counted: in the window before, which fades for ``fades`` seconds, and in this one.

    ``gone`` is in how many seconds nothing of this window counts any more, a whole window after its end.
    """

    before: int
    fades: float
    now: int
    gone: float

    def left(self, window: Window) -> int:
        """Return how many requests would count now."""
        return max(0, window.most - self.now - math.floor(self.before * self.fades / window.seconds))

    def full(self) -> int:
        """Return in how many seconds nothing counts any more."""
        return math.ceil(self.gone if self.now else self.fades)

    def wait(self, window: Window) -> float:
        """Return in how many seconds one more would count, if nobody else asks."""
        until = self.gone - window.seconds  # when this window ends and begins to fade
        if self.now < window.most and self.before:
            until = self.fades - (window.most - self.now) * window.seconds / self.before
        return max(0.0, until) + _TICK


@dataclass(frozen=True, slots=True)
class _Refused:
    """Somebody who is refused until ``until`` of the stopwatch, for as long as ``window`` is theirs."""

    window: Window
    until: float


class RedisRates:
    """The limits of every process that uses one server; ``own`` are the buckets of this one."""

    def __init__(self, engine: RedisEngine, registry: RegistryInForce, *, own: Rates, stopwatch: Stopwatch) -> None:
        pool: Any = engine.commands.connection_pool  # with the bounds, and the look whether a server is fit
        prefix = engine.name(_KIND, b"").decode("ascii")
        self._storage = RedisStorage(
            "async+redis://", implementation="redispy", key_prefix=prefix, connection_pool=pool
        )
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)
        self._registry = registry
        self._own = own
        self._stopwatch = stopwatch
        self._refused: dict[str, _Refused] = {}
        self._alone_until = -math.inf

    async def take(self, party_id: str) -> Told:
        """Count one request of this party, and return what it is told of its limits; nothing if it has none.

        Raises:
            RateExceededError: It asked too often; nothing was counted.
        """
        limits = self._registry.limits_of(party_id)
        if limits is None:
            self._refused.pop(party_id, None)
            return ()
        now, window = self._stopwatch.seconds(), Window.of(limits)
        if now < self._alone_until:
            return self._own.take(party_id)
        self._refuse_again(party_id, window, now=now)
        try:
            async with asyncio.timeout(LIMITS.rates_wait.total_seconds()):
                counts = await self._limiter.hit(window.item, party_id)
                standing = await self._standing(party_id, window)
        except (RedisError, OSError, TimeoutError) as fault:
            self._alone_until = now + LIMITS.rates_pause.total_seconds()
            JOURNAL.warning(
                "limits of requests: the store does not answer (%s), each worker allows its part", type(fault).__name__
            )
            return self._own.take(party_id)
        if not counts:
            self._refused[party_id] = _Refused(window, now + standing.wait(window))
            raise _exceeded(standing.wait(window))
        return told(most=window.most, window=window.seconds, left=standing.left(window), full=standing.full())

    async def _standing(self, party_id: str, window: Window) -> Standing:
        key = window.item.key_for(party_id)
        return Standing(*await self._storage.get_sliding_window(key, window.seconds))

    def _refuse_again(self, party_id: str, window: Window, *, now: float) -> None:
        refused = self._refused.get(party_id)
        if refused is None:
            return
        if refused.window == window and now < refused.until:
            raise _exceeded(refused.until - now)
        del self._refused[party_id]


def _exceeded(seconds: float) -> RateExceededError:
    return RateExceededError(timedelta(seconds=max(1, math.ceil(seconds))))
