"""Repeated requests: the same ``Idempotency-Key`` with the same body is one question, asked again.

Kept are digests of the key and of the body (keyed: a plain digest of a body would be a fingerprint of the credential in
it), the report id, the snapshot id and the instant. Never the answer: it is worked out again, and a newer denial wins.
"""

import hashlib
import hmac
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness

SECRET_OCTETS: Final = 32
_KEY: Final = re.compile(rb"[!-~]{8,128}")


@dataclass(frozen=True, slots=True)
class Remembered:
    """One question as it was answered the first time."""

    report_id: str
    snapshot: str
    instant: datetime


@dataclass(frozen=True, slots=True)
class Repetition:
    """One request that may be repeated: a digest of its key, and what was answered before, by number of the item."""

    key: bytes
    earlier: Mapping[int, Remembered]


class Idempotency(Protocol):
    """The questions of the last two minutes; ``item`` numbers those of a batch."""

    async def begin(self, key: bytes, *, relying_party: str, body: bytes, items: int, at: datetime) -> Repetition:
        """Return this request with what was answered before, if it may be answered.

        Raises:
            RequestError: The key has another form, was used with another body, or there is no room to remember it.
        """
        ...

    async def remember(self, repetition: Repetition, *, item: int, first: Remembered) -> None:
        """Keep how a question was answered for two minutes; the first answer stays the first."""
        ...


def require_key(key: bytes) -> None:
    """Return if ``key`` may name a question.

    Raises:
        RequestError: ``input.request_malformed``.
    """
    if _KEY.fullmatch(key) is None:
        raise RequestError(
            "input.request_malformed", "`Idempotency-Key` has 8 to 128 printable ASCII characters and no space"
        )


def digest_of(secret: bytes, key: bytes, *, relying_party: str) -> bytes:
    """Return what stands for ``key`` of a relying party; who does not have ``secret`` cannot make it."""
    owner = relying_party.encode()
    return hmac.digest(secret, b"key:%d:%b:%b" % (len(owner), owner, key), hashlib.sha256)


def body_digest(secret: bytes, body: bytes) -> bytes:
    """Return what stands for ``body``; who does not have ``secret`` cannot make it."""
    return hmac.digest(secret, b"body:" + body, hashlib.sha256)


class MemoryIdempotency:
    """The questions of a node that is one process, under a secret that ends with it."""

    def __init__(self, randomness: Randomness, *, max_entries: int = LIMITS.idempotency_entries) -> None:
        self._secret = randomness.octets(SECRET_OCTETS)
        self._max_entries = max_entries
        self._bodies: dict[bytes, bytes] = {}
        self._answered: dict[tuple[bytes, int], Remembered] = {}
        self._order: deque[tuple[datetime, bytes, int | None]] = deque()

    @property
    def held(self) -> tuple[Mapping[bytes, bytes], Mapping[tuple[bytes, int], Remembered]]:
        """Everything that is held, as it is held."""
        return MappingProxyType(self._bodies), MappingProxyType(self._answered)

    async def begin(self, key: bytes, *, relying_party: str, body: bytes, items: int, at: datetime) -> Repetition:
        """Return this request with what was answered before, if it may be answered. Nothing else runs in between.

        Raises:
            RequestError: The key has another form, was used with another body, or there is no room to remember it.
        """
        require_key(key)
        self._forget_old(at - LIMITS.idempotency_window)
        digest, of_body = digest_of(self._secret, key, relying_party=relying_party), body_digest(self._secret, body)
        first = self._bodies.get(digest)
        if first is None:
            if len(self._bodies) + len(self._answered) + items + 1 > self._max_entries:
                raise RequestError("system.overloaded", "too many repeatable requests are being remembered")
            self._bodies[digest] = of_body
            self._order.append((at, digest, None))
        elif not hmac.compare_digest(first, of_body):
            raise RequestError("input.idempotency_conflict")
        places = ((number, self._answered.get((digest, number))) for number in range(items))
        return Repetition(digest, {number: found for number, found in places if found is not None})

    async def remember(self, repetition: Repetition, *, item: int, first: Remembered) -> None:
        """Keep how a question was answered for two minutes; the first answer stays the first."""
        place = (repetition.key, item)
        if place not in self._answered:
            self._answered[place] = first
            self._order.append((first.instant, *place))

    def _forget_old(self, oldest: datetime) -> None:
        while self._order and self._order[0][0] < oldest:
            _, digest, item = self._order.popleft()
            if item is None:
                del self._bodies[digest]
            else:
                del self._answered[digest, item]
