"""Sealed values: what a code, token or transaction carries, kept so that only its handle opens it (architecture D9).

A value is encrypted under a key derived from its handle, and stored under another value derived from it: whoever copies
the store has neither. The kind enters both, so that a code is never taken for a token. A handle has 256 random bits;
one that somebody made up finds nothing. The store never forgets a value early to make room: when it is full, the node
refuses to begin anything new.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from heapq import heappop, heappush
from struct import Struct
from types import MappingProxyType
from typing import Final, Protocol

from idbridge.clock import Clock
from idbridge.codec import base64url
from idbridge.crypto import sealing
from idbridge.errors import InputError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge_gateway.retention.table import kept_until

_END: Final = Struct(">d")  # seconds since 1970


class Kind(StrEnum):
    """What is kept, each kind under names of its own."""

    PUSHED_REQUEST = "pushed-request"
    TRANSACTION = "transaction"
    UPSTREAM_STATE = "upstream-state"
    UPSTREAM_LOGINS = "upstream-logins"
    CODE = "code"
    ACCESS_TOKEN = "access-token"  # noqa: S105 - the name of a kind, not a secret
    SESSION = "session"
    SESSION_OVER = "session-over"
    LOGOUT = "logout"
    PRESENTATION = "presentation"
    PRESENTATION_END = "presentation-end"
    WALLET_REQUEST = "wallet-request"
    WALLET_PAGE = "wallet-page"
    WALLET_PAGE_END = "wallet-page-end"
    WALLET_BROWSER = "wallet-browser"
    WALLET_TURN = "wallet-turn"
    RESPONSE_CODE = "response-code"
    HELD_ANSWER = "held-answer"
    OPERATOR_SESSION = "operator-session"
    BUSINESS_SESSION = "business-session"


@dataclass(frozen=True, slots=True)
class SealedValue:
    """A value as a store holds it: unreadable, and until when."""

    octets: bytes
    until: datetime


class SealedStore(Protocol):
    """Where sealed values are kept. Every method may raise ``RequestError`` (``system.*``) where the store cannot.

    None is kept for longer than the retention table allows its kind, whatever ``until`` says.
    """

    async def put(self, kind: Kind, handle: str, value: bytes, *, until: datetime) -> None:
        """Keep ``value`` until ``until``, in place of what was kept under this handle."""
        ...

    async def read(self, kind: Kind, handle: str) -> bytes | None:
        """Return what is kept under ``handle``; ``None`` if nothing is."""
        ...

    async def take(self, kind: Kind, handle: str) -> bytes | None:
        """Return what is kept under ``handle`` and forget it: of several callers at once, one gets it."""
        ...

    async def replace(self, kind: Kind, handle: str, value: bytes, *, until: datetime) -> bool:
        """Keep ``value`` in place of what is kept; tell whether anything was, for what was taken does not come back."""
        ...


def new_handle(randomness: Randomness) -> str:
    """Return a handle that nobody can guess, of characters that may stand in an address."""
    return base64url.encode(randomness.octets(sealing.SECRET_OCTETS))


def secret_of(handle: str) -> bytes | None:
    """Return the secret that ``handle`` spells; ``None`` for what cannot be a handle of ours."""
    try:
        octets = base64url.decode(handle)
    except InputError:
        return None
    return octets if len(octets) == sealing.SECRET_OCTETS else None


def stamped(value: bytes, *, until: datetime) -> bytes:
    """Return ``value`` with its end before it: what keeps it may keep it longer, and is not asked."""
    return _END.pack(until.timestamp()) + value


def unstamped(octets: bytes, *, at: datetime) -> bytes | None:
    """Return the value that ``stamped`` made of; ``None`` once it has ended, or if that made something else."""
    if len(octets) < _END.size:
        return None
    (end,) = _END.unpack_from(octets)
    return octets[_END.size :] if at.timestamp() < end else None


class MemorySealedStore:
    """Sealed values of a node that is one process."""

    def __init__(self, clock: Clock, randomness: Randomness, *, max_entries: int = LIMITS.sealed_entries) -> None:
        self._clock = clock
        self._randomness = randomness
        self._max_entries = max_entries
        self._values: dict[bytes, SealedValue] = {}
        self._expiries: list[tuple[float, bytes]] = []

    @property
    def held(self) -> Mapping[bytes, SealedValue]:
        """Everything that is held, as it is held."""
        return MappingProxyType(self._values)

    async def put(self, kind: Kind, handle: str, value: bytes, *, until: datetime) -> None:
        """Keep ``value`` until ``until``, in place of what was kept under this handle.

        Raises:
            RequestError: ``system.overloaded``, the store is full of values that may not be forgotten yet.
            ValueError: The handle is none that ``new_handle`` made, or the value is too long; a programming error.
        """
        self._forget_expired()
        secret = secret_of(handle)
        if secret is None or len(value) > LIMITS.sealed_value_bytes:
            raise ValueError("a value is kept under a handle of its own, and has a bound")
        name = sealing.name_of(secret, label=kind)
        if name not in self._values and len(self._values) >= self._max_entries:
            raise RequestError("system.overloaded", "too much is being remembered")
        until = kept_until(kind, until, now=self._clock.now())
        self._values[name] = SealedValue(sealing.seal(secret, value, label=kind, randomness=self._randomness), until)
        heappush(self._expiries, (until.timestamp(), name))

    async def read(self, kind: Kind, handle: str) -> bytes | None:
        """Return what is kept under ``handle``; ``None`` if nothing is."""
        secret = secret_of(handle)
        held = self._current(sealing.name_of(secret, label=kind)) if secret is not None else None
        return sealing.unseal(secret, held.octets, label=kind) if secret is not None and held is not None else None

    async def take(self, kind: Kind, handle: str) -> bytes | None:
        """Return what is kept under ``handle`` and forget it. Nothing else runs in between."""
        value = await self.read(kind, handle)
        secret = secret_of(handle)
        if secret is not None:
            self._values.pop(sealing.name_of(secret, label=kind), None)
        return value

    async def replace(self, kind: Kind, handle: str, value: bytes, *, until: datetime) -> bool:
        """Keep ``value`` in place of what is kept; tell whether anything was."""
        if await self.read(kind, handle) is None:
            return False
        await self.put(kind, handle, value, until=until)
        return True

    def _current(self, name: bytes) -> SealedValue | None:
        found = self._values.get(name)
        return found if found is not None and self._clock.now() < found.until else None

    def _forget_expired(self) -> None:
        now = self._clock.now().timestamp()
        while self._expiries and self._expiries[0][0] < now:
            _, name = heappop(self._expiries)
            held = self._values.get(name)
            if held is not None and held.until.timestamp() < now:  # it may have been put again, for longer
                del self._values[name]
