"""How often a relying party may ask: one bucket each, in the memory of this process, so that nobody waits for a count.

Decides whether a request counts now. Only parties that are registered with limits have a bucket; it holds ``burst``
requests and fills by ``per_minute``. Several workers share a limit by each allowing its part; away from the path of a
verification they count together where they have a store (``SharedRates``). What is said of it is in the header fields
``RateLimit-Policy`` and ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers-10).
"""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from idbridge.clock import Stopwatch
from idbridge.errors import RateExceededError
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.record import RequestLimits

Told = tuple[tuple[bytes, bytes], ...]
_MINUTE: Final = 60.0


class SharedRates(Protocol):
    """How often relying parties may ask for anything but a verification, which may wait for a count."""

    async def take(self, party_id: str) -> Told:
        """Count one request of this party, and return what it is told of its limits; nothing if it has none.

        Raises:
            RateExceededError: It asked too often; nothing was counted.
        """
        ...


@dataclass(slots=True)
class _Bucket:
    """How many requests are left, as of ``seconds`` of the stopwatch; fewer than none are owed."""

    left: float
    seconds: float


@dataclass(frozen=True, slots=True)
class _Share:
    """What one worker allows: ``most`` at once, ``each`` second."""

    most: int
    each: float

    @classmethod
    def of(cls, limits: RequestLimits, workers: int) -> "_Share":
        return cls(math.ceil(limits.burst / workers), limits.per_minute / _MINUTE / workers)


class Rates:
    """The buckets of one process, of as many ``workers`` as answer for the node."""

    def __init__(self, registry: RegistryInForce, *, stopwatch: Stopwatch, workers: int) -> None:
        self._registry = registry
        self._stopwatch = stopwatch
        self._workers = workers
        self._buckets: dict[str, _Bucket] = {}

    def require_any(self, party_id: str) -> None:
        """Return if one more request of this party would count; asked before its body is read.

        Raises:
            RateExceededError: It asked too often.
        """
        self._taken(party_id, cost=0, least=1)

    def take(self, party_id: str, *, cost: int = 1) -> Told:
        """Count ``cost`` requests of this party, and return what it is told of its limits; nothing if it has none.

        What costs more than a full bucket holds is asked of a full one, or it could never be asked. It costs all the
        same what it costs: the bucket owes the rest, and the party waits until that is paid.

        Raises:
            RateExceededError: It asked too often; nothing was counted.
        """
        return self._taken(party_id, cost=cost, least=cost)

    def _taken(self, party_id: str, *, cost: int, least: int) -> Told:
        limits = self._registry.limits_of(party_id)
        if limits is None:
            self._buckets.pop(party_id, None)
            return ()
        share = _Share.of(limits, self._workers)
        bucket = self._filled(party_id, share)
        lacking = min(least, share.most) - bucket.left
        if lacking > 0:
            raise RateExceededError(timedelta(seconds=math.ceil(lacking / share.each)))
        bucket.left -= cost
        window, full = math.ceil(share.most / share.each), math.ceil((share.most - bucket.left) / share.each)
        return told(most=share.most, window=window, left=max(0, int(bucket.left)), full=full)

    def _filled(self, party_id: str, share: _Share) -> _Bucket:
        now = self._stopwatch.seconds()
        bucket = self._buckets.setdefault(party_id, _Bucket(float(share.most), now))
        bucket.left = min(float(share.most), bucket.left + (now - bucket.seconds) * share.each)
        bucket.seconds = now
        return bucket


@dataclass(frozen=True, slots=True)
class OwnRates:
    """``SharedRates`` of a node without a store for all workers: the buckets of this process."""

    own: Rates

    async def take(self, party_id: str) -> Told:
        """Count one request of this party.

        Raises:
            RateExceededError: It asked too often; nothing was counted.
        """
        return self.own.take(party_id)


def told(*, most: int, window: int, left: int, full: int) -> Told:
    """Return what a party is told: ``most`` in ``window`` seconds, ``left`` now, and all again in ``full`` seconds."""
    return (
        (b"ratelimit-policy", b'"party";q=%d;w=%d' % (most, window)),
        (b"ratelimit", b'"party";r=%d;t=%d' % (left, full)),
    )
