"""What a pretend provider remembers for a while: requests, codes, tokens and sessions, in the memory of one process.

What is kept has an end, and there is room for so many: the oldest goes first. A provider of a sandbox may forget; it
may not take the same code twice.
"""

from datetime import datetime
from typing import Generic, TypeVar

from idbridge.codec import base64url
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness

_HANDLE_OCTETS = 32  # 256 bits, as `oidc.request_uri` wants them
Kept = TypeVar("Kept")


class Memory(Generic[Kept]):
    """Values of one kind, by handles that nobody can guess."""

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness
        self._held: dict[str, tuple[Kept, datetime]] = {}

    def keep(self, value: Kept, *, until: datetime) -> str:
        """Return the new handle under which ``value`` is kept."""
        handle = base64url.encode(self._randomness.octets(_HANDLE_OCTETS))
        self.put(handle, value, until=until)
        return handle

    def put(self, handle: str, value: Kept, *, until: datetime) -> None:
        """Keep ``value`` under ``handle``, in the place of what was there."""
        self._held.pop(handle, None)
        while len(self._held) >= LIMITS.sandbox_memory_entries:
            del self._held[next(iter(self._held))]
        self._held[handle] = (value, until)

    def read(self, handle: str | None, *, at: datetime) -> Kept | None:
        """Return what is kept under ``handle``; ``None`` if there is nothing, or its time is over."""
        found = self._held.get(handle) if handle is not None else None
        return found[0] if found is not None and at < found[1] else None

    def take(self, handle: str | None, *, at: datetime) -> Kept | None:
        """Return what is kept under ``handle``, and forget it."""
        found = self.read(handle, at=at)
        if handle is not None:
            self._held.pop(handle, None)
        return found
