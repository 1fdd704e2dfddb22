"""Repeated requests: the same ``Idempotency-Key`` with the same body is one question, asked again.

Kept are digests of the key and of the body (keyed, under a key that dies with the process: a plain digest of a body
would be a fingerprint of the credential in it), the report id, the snapshot id and the instant. Never the answer: it
is worked out again, and a newer denial wins.
"""

import hashlib
import hmac
import re
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from idbridge.clock import Clock
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness

WHOLE_REQUEST: Final = -1
_KEY: Final = re.compile(rb"[!-~]{8,128}")


@dataclass(frozen=True, slots=True)
class Remembered:
    """One question as it was asked the first time."""

    body: bytes
    report_id: str
    snapshot: str
    instant: datetime


@dataclass(frozen=True, slots=True)
class Repetition:
    """The key and body of one request, as digests."""

    key: bytes
    body: bytes


class Idempotency:
    """The questions of the last two minutes; ``item`` numbers those of a batch."""

    def __init__(self, clock: Clock, randomness: Randomness, *, max_entries: int = LIMITS.idempotency_entries) -> None:
        self._clock = clock
        self._secret = randomness.octets(32)
        self._max_entries = max_entries
        self._entries: dict[tuple[bytes, int], Remembered] = {}
        self._order: deque[tuple[datetime, tuple[bytes, int]]] = deque()

    def repetition(self, key: bytes, *, relying_party: str, body: bytes, items: int) -> Repetition:
        """Return the digests of this request, if it may be answered.

        Raises:
            RequestError: The key has another form, was used with another body, or there is no room to remember it.
        """
        if _KEY.fullmatch(key) is None:
            raise RequestError(
                "input.request_malformed", "`Idempotency-Key` has 8 to 128 printable ASCII characters and no space"
            )
        self._forget_old()
        owner = relying_party.encode()
        digest = hashlib.sha256(b"%d:%b:%b" % (len(owner), owner, key)).digest()
        repetition = Repetition(digest, hmac.digest(self._secret, body, "sha256"))
        first = self._entries.get((digest, WHOLE_REQUEST))
        if first is None and len(self._entries) + items + 1 > self._max_entries:
            raise RequestError("system.overloaded", "too many repeatable requests are being remembered")
        if first is not None and not hmac.compare_digest(first.body, repetition.body):
            raise RequestError("input.idempotency_conflict")
        return repetition

    def earlier(self, repetition: Repetition, *, item: int) -> Remembered | None:
        """Return how this question was answered before, if it was."""
        return self._entries.get((repetition.key, item))

    def remember(self, repetition: Repetition, *, item: int, report_id: str, snapshot: str, instant: datetime) -> None:
        """Keep the question for two minutes; the first answer stays the first."""
        place = (repetition.key, item)
        if place not in self._entries:
            self._entries[place] = Remembered(repetition.body, report_id, snapshot, instant)
            self._order.append((instant, place))

    def _forget_old(self) -> None:
        oldest = self._clock.now() - LIMITS.idempotency_window
        while self._order and self._order[0][0] < oldest:
            del self._entries[self._order.popleft()[1]]
