"""Redis or Valkey, as far as a node asks for it: reached within a bound, and never one that forgets on its own.

Decides whether a server may be used at all: it has the commands that count once, and it evicts nothing, because a
one-time value that is evicted could be spent twice (architecture D7). Whatever goes wrong on the way is one thing to a
caller: this node cannot take the request now. Lifetimes are told as durations, so that the server's own clock does not
matter; a margin keeps what is counted past the last instant at which anybody could accept it.
"""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from idbridge.errors import ConfigurationError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.settings import is_loopback

Value = TypeVar("Value")

SCHEMES: Final = ("redis", "rediss", "unix")
EVICTS_NOTHING: Final = "noeviction"
_LEAST_VERSION: Final = (6, 2)  # GETDEL
_MARGIN: Final = timedelta(minutes=1)


def require_address(url: str, environment: Environment) -> None:
    """Return if ``url`` may name the server of a node in ``environment``; what it says is not repeated.

    Raises:
        ConfigurationError: It is no address of Redis, or a live node would reach it over the network in plain text.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ConfigurationError("IDBRIDGE_REDIS_URL is not an address") from None
    if parts.scheme not in SCHEMES or (parts.scheme != "unix" and not parts.hostname):
        raise ConfigurationError("IDBRIDGE_REDIS_URL is an address like rediss://store.example:6379/0")
    plain = parts.scheme == "redis" and not is_loopback(parts.hostname or "")
    if plain and environment is Environment.LIVE:
        raise ConfigurationError("IDBRIDGE_REDIS_URL is not rediss; a live node reaches another machine by TLS alone")


class RedisEngine:
    """One connection pool to one server, and the names under which this node's values lie there."""

    def __init__(self, url: str, *, prefix: str) -> None:
        self._prefix = prefix.encode("ascii")
        seconds = LIMITS.store_wait.total_seconds()
        self._redis: Redis = Redis.from_url(
            url,
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            retry=Retry(NoBackoff(), 0),  # a command that may have been carried out is not sent again
        )

    @property
    def commands(self) -> Redis:
        """What sends commands; every call of it goes through ``within``."""
        return self._redis

    def name(self, kind: bytes, key: bytes) -> bytes:
        """Return the name under which a value is stored."""
        return b"%b:%b:%b" % (self._prefix, kind, key.hex().encode())

    async def within(self, work: Awaitable[Value]) -> Value:
        """Return what ``work`` returns, within the bound.

        Raises:
            RequestError: ``system.overloaded``: the server is down, too slow, full, or refuses.
        """
        try:
            async with asyncio.timeout(LIMITS.store_wait.total_seconds()):
                return await work
        except (RedisError, OSError, TimeoutError) as fault:
            JOURNAL.error("the store of one-time values does not answer: %s", type(fault).__name__)
            raise RequestError("system.overloaded", "the store behind this node does not answer") from None

    async def require_usable(self) -> None:
        """Return if the server may hold one-time values.

        Raises:
            ConfigurationError: It evicts, is too old, or does not answer.
        """
        try:
            server: dict[str, Any] = await self.within(self._redis.info("server"))
            memory: dict[str, Any] = await self.within(self._redis.info("memory"))
        except RequestError:
            raise ConfigurationError("the server that IDBRIDGE_REDIS_URL names does not answer") from None
        version = tuple(int(part) for part in str(server.get("redis_version", "0")).split(".")[:2])
        if version < _LEAST_VERSION:
            raise ConfigurationError("the server that IDBRIDGE_REDIS_URL names is older than Redis 6.2")
        if memory.get("maxmemory_policy") != EVICTS_NOTHING:
            raise ConfigurationError(
                "the server that IDBRIDGE_REDIS_URL names may evict values; its maxmemory-policy has to be noeviction"
            )

    async def close(self) -> None:
        """End every connection."""
        await self._redis.aclose()


def kept_for(lifetime: timedelta) -> int:
    """Return for how many milliseconds a value is kept whose use ends after ``lifetime``."""
    return int(max(lifetime + _MARGIN, _MARGIN) / timedelta(milliseconds=1))
