"""Sealed values in Redis: what any worker of a node kept, any other reads, and one of them takes."""

from datetime import datetime

from idbridge.clock import Clock
from idbridge.crypto import sealing
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge_gateway.stores.redis_engine import RedisEngine, kept_for
from idbridge_gateway.stores.sealed import Kind, secret_of, stamped, unstamped


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
            RequestError: ``system.overloaded``; it may be gone, and nobody got it.
        """
        secret = secret_of(handle)
        if secret is None:
            return None
        taken = await self._engine.within(self._engine.commands.getdel(self._name(kind, secret)))
        return self._opened(kind, secret, taken)

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
        sealed = sealing.seal(secret, stamped(value, until=until), label=kind, randomness=self._randomness)
        return self._name(kind, secret), sealed, kept_for(until - self._clock.now())

    def _name(self, kind: Kind, secret: bytes) -> bytes:
        return self._engine.name(kind.encode(), sealing.name_of(secret, label=kind))

    def _opened(self, kind: Kind, secret: bytes, sealed: bytes | str | None) -> bytes | None:
        opened = sealing.unseal(secret, sealed, label=kind) if isinstance(sealed, bytes) else None
        return None if opened is None else unstamped(opened, at=self._clock.now())
