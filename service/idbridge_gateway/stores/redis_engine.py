"""Redis or Valkey, as far as a node asks for it: reached within a bound, and never one that forgets on its own.

Whatever goes wrong on the way is one thing to a caller: this node cannot take the request now. Lifetimes are told as
durations, so that it does not matter what the server's own clock shows, as long as it is not set ahead; a margin keeps
what is counted past the last instant at which anybody could accept it.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from idbridge.clock import BootStopwatch, Stopwatch
from idbridge.errors import ConfigurationError, RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.stores.redis_batch import RedisBatch
from idbridge_gateway.stores.redis_line import RedisLine
from idbridge_gateway.stores.redis_server import (
    FIT_BY,
    RUNS_NO_SCRIPTS,
    UnfitServerError,
    address_of,
    require_fit,
)  # fmt: skip
from idbridge_gateway.stores.store_memory import StoreMemory, Way

Value = TypeVar("Value")

_MARGIN: Final = timedelta(minutes=1)
_NO_COMMAND: Final = "unknown command"


class CommandRefusedError(RequestError):
    """The server does not let this node send the command, so that nothing of it was carried out."""


class RedisEngine:
    """One server, and the names under which this node's values lie there. ``directory`` keeps what was seen of it.

    ``batch`` sends what is small and frequent, and is within the bound; a pool of connections sends everything else.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str,
        directory: Path | None = None,
        way: Way = Way.USE,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self._prefix = prefix.encode("ascii")
        name = self.name(b"memory", b"")
        self._memory = StoreMemory(name, directory, way, stopwatch=stopwatch or BootStopwatch())
        self._line = RedisLine(address_of(url), self._memory)
        self._unfit = False
        self.batch: Final = RedisBatch(self._line, self.within)
        seconds = LIMITS.store_wait.total_seconds()
        self._redis: Redis = Redis.from_url(
            url,
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            max_connections=LIMITS.store_connections,
            retry=Retry(NoBackoff(), 0),  # a command that may have been carried out is not sent again
            redis_connect_func=self._greet,
        )

    @property
    def commands(self) -> Redis:
        """What sends commands; every call of it goes through ``within``."""
        return self._redis

    def name(self, kind: bytes, key: bytes) -> bytes:
        """Return the name under which a value is stored."""
        return b"%b:%b:%b" % (self._prefix, kind, key.hex().encode())

    @property
    def hint_channel(self) -> bytes:
        """The channel on which workers tell each other that there may be something new."""
        return b"%b:hint" % self._prefix

    @property
    def memory_name(self) -> bytes:
        """The name under which the server counts what is spent and taken."""
        return self._memory.key

    async def within(self, work: Awaitable[Value]) -> Value:
        """Return what ``work`` returns, within the bound.

        Raises:
            RequestError: ``system.overloaded``: the server is down, too slow, full, unfit, or refuses; a
                ``CommandRefusedError`` if it would refuse the same again.
        """
        try:
            async with asyncio.timeout(LIMITS.store_wait.total_seconds()):
                done = await work
        except (UnfitServerError, ConfigurationError) as unfit:
            JOURNAL.error("the store of one-time values is not used: %s", unfit)
        except (RedisError, OSError, TimeoutError) as fault:
            JOURNAL.error("the store of one-time values does not answer: %s", type(fault).__name__)
            if _is_refused(fault):
                detail = "the store behind this node refuses a command"
                raise CommandRefusedError("system.overloaded", detail) from None
        else:
            if not self._unfit:
                return done
        raise RequestError("system.overloaded", "the store behind this node does not answer")

    async def require_usable(self) -> None:
        """Return if the server may hold one-time values.

        Raises:
            ConfigurationError: It evicts, forgets in a restart, is too old, runs no scripts, or does not answer.
        """
        try:
            async with asyncio.timeout(LIMITS.store_wait.total_seconds()):
                await self._redis.ping()
        except UnfitServerError as unfit:
            raise ConfigurationError(str(unfit)) from None
        except (RedisError, OSError, TimeoutError):
            raise ConfigurationError("the server that IDBRIDGE_REDIS_URL names does not answer") from None

    async def watch(self) -> None:
        """Ask the server again and again whether it is still fit, until cancelled; while it is not, nothing counts."""
        while True:
            await asyncio.sleep(LIMITS.store_look.total_seconds())
            await self.look()

    async def look(self) -> None:
        """Ask once. Of a server that does not answer nothing is learnt; each connection to it asks anew."""
        try:
            async with asyncio.timeout(LIMITS.store_wait.total_seconds()), self._redis.client() as one:
                await one.ping()
                if one.connection is not None:
                    await self._require_fit(one.connection)
            await asyncio.to_thread(self._memory.keep)
            self._unfit = False
        except (UnfitServerError, ConfigurationError) as unfit:
            self._unfit = True
            JOURNAL.error("the store of one-time values is not used: %s", unfit)
        except (RedisError, OSError, TimeoutError) as fault:
            JOURNAL.error("the store of one-time values does not answer: %s", type(fault).__name__)

    async def close(self) -> None:
        """End every connection."""
        self._line.close()
        await self._redis.aclose()
        with suppress(ConfigurationError):  # it is kept each minute; what was spent since the last time is not told
            self._memory.keep()

    async def _greet(self, connection: AbstractConnection) -> None:
        """Greet a server as the client does, and ask it whether it is fit before anything else is asked of it."""
        await connection.on_connect()
        await self._require_fit(connection)

    async def _require_fit(self, connection: AbstractConnection) -> None:
        told: list[Any] = []
        for section in FIT_BY:
            await connection.send_command("INFO", section)
            told.append(await connection.read_response(disable_decoding=True))
        require_fit(*told)
        try:  # whoever takes a value does so by a script, and a server can be told to run none
            await connection.send_command(*self._memory.question())
            recalled = await connection.read_response(disable_decoding=True)
        except ResponseError as fault:
            if _is_refused(fault):
                raise UnfitServerError(RUNS_NO_SCRIPTS) from None
            raise
        self._memory.hear(recalled)


def _is_refused(fault: Exception) -> bool:
    """Tell whether the server has no such command, or none for this node: it would say so again."""
    unknown = isinstance(fault, ResponseError) and str(fault).lower().startswith(_NO_COMMAND)
    return unknown or isinstance(fault, NoPermissionError)


def kept_for(lifetime: timedelta) -> int:
    """Return for how many milliseconds a value is kept whose use ends after ``lifetime``."""
    return int(max(lifetime + _MARGIN, _MARGIN) / timedelta(milliseconds=1))
