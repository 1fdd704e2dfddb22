"""Sealed values in Redis: what any worker of a node kept, any other reads, and one of them takes.

Whoever takes a value asks a second time if no answer comes, because the value may be gone by then: the server keeps it
for a moment more, as sealed as before, for the one who knows a random word that was sent along. If that answer is lost
too, nobody gets the value any more; so none is ever taken twice.
"""

from datetime import datetime, timedelta
from typing import Final

from idbridge.clock import Clock
from idbridge.crypto import sealing
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge_gateway.retention.table import kept_until
from idbridge_gateway.stores.redis_engine import CommandRefusedError, RedisEngine, kept_for
from idbridge_gateway.stores.sealed import Kind, secret_of, stamped, unstamped

# What this very taker took is looked for first: the first of its two questions may arrive after the second. Taking is
# counted as spending is, or a copy of the store from before it would not be told from the store.
_TAKE: Final = """
local kept = redis.call('GET', KEYS[2])
if kept and string.sub(kept, 1, #ARGV[1]) == ARGV[1] then
  return string.sub(kept, #ARGV[1] + 1)
end
local value = redis.call('GETDEL', KEYS[1])
if value then
  redis.call('SET', KEYS[2], ARGV[1] .. value, 'PX', ARGV[2])
  local store = redis.call('HGET', KEYS[3], 'now')
  if store then redis.call('HINCRBY', KEYS[3], store, 1) end
end
return value
"""
_TAKEN: Final = b"taken:"
_WORD_OCTETS: Final = 16


class RedisSealedStore:
    """Sealed values shared by every process that uses one server; the server can read none of them."""

    def __init__(self, engine: RedisEngine, clock: Clock, randomness: Randomness) -> None:
        self._engine = engine
        self._clock = clock
        self._randomness = randomness

    async def put(self, kind: Kind, handle: str, value: bytes, *, until: datetime) -> None:
        """Keep ``value`` until ``until``, in place of what was kept under this handle.

        Raises:
            RequestError: ``system.overloaded``, the server does not answer or is full.
            ValueError: The handle is none that ``new_handle`` made, or the value is too long; a programming error.
        """
        name, sealed, milliseconds = self._ready(kind, handle, value, until=until)
        await self._engine.within(self._engine.commands.set(name, sealed, px=milliseconds))

    async def read(self, kind: Kind, handle: str) -> bytes | None:
        """Return what is kept under ``handle``; ``None`` if nothing is.

        Raises:
            RequestError: ``system.overloaded``.
        """
        secret = secret_of(handle)
        if secret is None:
            return None
        return self._opened(
            kind, secret, await self._engine.within(self._engine.commands.get(self._name(kind, secret)))
        )

    async def take(self, kind: Kind, handle: str) -> bytes | None:
        """Return what is kept under ``handle`` and forget it: of several callers at once, one gets it.

        Raises:
            RequestError: ``system.overloaded``, twice there was no answer, and it may be gone, so that nobody gets it;
                or the server takes no such command.
        """
        secret = secret_of(handle)
        if secret is None:
            return None
        word = self._randomness.octets(_WORD_OCTETS)
        try:
            taken = await self._asked_for(kind, secret, word)
        except CommandRefusedError:
            raise
        except RequestError:
            taken = await self._asked_for(kind, secret, word)
        return self._opened(kind, secret, taken)

    async def _asked_for(self, kind: Kind, secret: bytes, word: bytes) -> bytes | None:
        names = self._name(kind, secret), self._engine.name(_TAKEN + kind.encode(), sealing.name_of(secret, label=kind))
        milliseconds = str(LIMITS.store_retake // timedelta(milliseconds=1))
        arguments = (*names, self._engine.memory_name, word, milliseconds)
        taken = await self._engine.within(self._engine.commands.eval(_TAKE, 3, *arguments))
        return taken if isinstance(taken, bytes) else None

    async def replace(self, kind: Kind, handle: str, value: bytes, *, until: datetime) -> bool:
        """Keep ``value`` in place of what is kept; tell whether anything was, for what was taken does not come back.

        Raises:
            RequestError: ``system.overloaded``.
        """
        if await self.read(kind, handle) is None:
            return False
        name, sealed, milliseconds = self._ready(kind, handle, value, until=until)
        done = await self._engine.within(self._engine.commands.set(name, sealed, px=milliseconds, xx=True))
        return done is True

    def _ready(self, kind: Kind, handle: str, value: bytes, *, until: datetime) -> tuple[bytes, bytes, int]:
        secret = secret_of(handle)
        if secret is None or len(value) > LIMITS.sealed_value_bytes:
            raise ValueError("a value is kept under a handle of its own, and has a bound")
        now = self._clock.now()
        until = kept_until(kind, until, now=now)
        sealed = sealing.seal(secret, stamped(value, until=until), label=kind, randomness=self._randomness)
        return self._name(kind, secret), sealed, kept_for(until - now)

    def _name(self, kind: Kind, secret: bytes) -> bytes:
        return self._engine.name(kind.encode(), sealing.name_of(secret, label=kind))

    def _opened(self, kind: Kind, secret: bytes, sealed: bytes | str | None) -> bytes | None:
        opened = sealing.unseal(secret, sealed, label=kind) if isinstance(sealed, bytes) else None
        return None if opened is None else unstamped(opened, at=self._clock.now())
