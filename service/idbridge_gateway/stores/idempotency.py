"""Repeated requests: the same ``Idempotency-Key`` with the same body is one question, asked again.

Kept are digests of the key and of the body (keyed: a plain digest of a body would be a fingerprint of the credential in
it), the report id, the snapshot id, the instant, and whether it was accepted. Never the answer: it is worked out again,
a newer denial wins, and what was not accepted the first time is not accepted under the same key.
A question has a mark as long as it is remembered. What it spends, it spends under its mark, so that whoever answers it
again knows its own spending from a replay.
"""

import hashlib
import hmac
import re
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness

SECRET_OCTETS: Final = 32
MARK_OCTETS: Final = 16
WHOLE: Final = -1  # the question itself, beside the numbers of its items
_KEY: Final = re.compile(rb"[!-~]{8,128}")


@dataclass(frozen=True, slots=True)
class Remembered:
    """One question as it was answered the first time."""

    report_id: str
    snapshot: str
    instant: datetime
    accepted: bool = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Repetition:
    """One request that may be repeated: a digest of its key, and what was answered before, by number of the item.

    ``mark`` is new whenever the key was free, and the same for whoever repeats the question.
    """

    key: bytes
    mark: bytes = field(repr=False)
    earlier: Mapping[int, Remembered]

    def spender(self, item: int) -> bytes:
        """Return what one-time values of an item are spent by; two items of one batch are two questions.

        Made under the digest of the key as well, which no store holds: who writes marks makes no question another's.
        """
        return hmac.digest(self.key, b"spent:%d:%b" % (item, self.mark), hashlib.sha256)[:MARK_OCTETS]


class Idempotency(Protocol):
    """The questions of the last two minutes; ``item`` numbers those of a batch."""

    async def begin(self, key: bytes, *, relying_party: str, body: bytes, items: int, at: datetime) -> Repetition:
        """Return this request with what was answered before, if it may be answered.

        Raises:
            RequestError: The key has another form, was used with another body, or there is no room to remember it.
        """
        ...

    async def remember(self, repetition: Repetition, *, item: int, first: Remembered) -> Remembered:
        """Keep how a question was answered for two minutes, and return what is kept: the first answer stays the first.

        The answer is on its way by now. Where it cannot be kept it goes out as it is.
        """
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


def body_digest(secret: bytes, body: bytes, *, under: bytes) -> bytes:
    """Return what stands for ``body`` ``under`` the digest of a key; who does not have ``secret`` cannot make it."""
    return hmac.digest(secret, b"body:" + under + body, hashlib.sha256)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A question: digest of its body, mark, whose it is, and how much room it takes with all its answers."""

    body: bytes
    mark: bytes
    owner: str
    room: int


class MemoryIdempotency:
    """The questions of a node that is one process, under a secret that ends with it.

    No relying party takes more than its share of the room (``max_each``): whoever repeats without end has nobody but
    themselves refused.
    """

    def __init__(
        self,
        randomness: Randomness,
        *,
        max_entries: int = LIMITS.idempotency_entries,
        max_each: int = LIMITS.idempotency_entries_each,
    ) -> None:
        self._randomness = randomness
        self._secret = randomness.octets(SECRET_OCTETS)
        self._max_entries = max_entries
        self._max_each = max_each
        self._room: Counter[str] = Counter()
        self._begun: dict[bytes, _Begun] = {}
        self._answered: dict[tuple[bytes, int], Remembered] = {}
        self._order: deque[tuple[datetime, bytes, int]] = deque()

    @property
    def held(self) -> Mapping[bytes, bytes]:
        """The digests of the bodies that are held, by those of their keys."""
        return MappingProxyType({key: begun.body for key, begun in self._begun.items()})

    async def begin(self, key: bytes, *, relying_party: str, body: bytes, items: int, at: datetime) -> Repetition:
        """Return this request with what was answered before, if it may be answered. Nothing else runs in between.

        Raises:
            RequestError: The key has another form, was used with another body, or there is no room to remember it.
        """
        require_key(key)
        self._forget_old(at - LIMITS.idempotency_window)
        digest = digest_of(self._secret, key, relying_party=relying_party)
        of_body = body_digest(self._secret, body, under=digest)
        begun = self._begun.get(digest)
        if begun is None:
            begun = _Begun(of_body, self._randomness.octets(MARK_OCTETS), relying_party, items + 1)
            taken, own = len(self._begun) + len(self._answered), self._room[relying_party]
            if taken + begun.room > self._max_entries or own + begun.room > self._max_each:
                raise RequestError("system.overloaded", "too many repeatable requests are being remembered")
            self._room[relying_party] += begun.room
            self._begun[digest] = begun
            self._order.append((at, digest, WHOLE))
        elif not hmac.compare_digest(begun.body, of_body):
            raise RequestError("input.idempotency_conflict")
        places = ((number, self._answered.get((begun.mark, number))) for number in range(items))
        return Repetition(digest, begun.mark, {number: found for number, found in places if found is not None})

    async def remember(self, repetition: Repetition, *, item: int, first: Remembered) -> Remembered:
        """Keep how a question was answered for two minutes; return what is kept: the first answer stays the first."""
        place = (repetition.mark, item)
        kept = self._answered.setdefault(place, first)
        if kept is first:
            self._order.append((first.instant, *place))
        return kept

    def _forget_old(self, oldest: datetime) -> None:
        while self._order and self._order[0][0] < oldest:
            _, name, item = self._order.popleft()
            if item == WHOLE:
                begun = self._begun.pop(name)
                self._room[begun.owner] -= begun.room
                if not self._room[begun.owner]:
                    del self._room[begun.owner]
            else:
                del self._answered[name, item]
