"""The history of a trust service's status: in order within a list, and growing from one list to the next.

A status may only get worse: ``granted``, then ``superseded``, ``withdrawn``, ``compromised``. A service that is good
again after one of these gets a new key and a new entry. Between editions, what has begun stays as it was published;
what was only announced may still change. One exception, which can only remove trust: ``compromised`` reaches back,
and takes the place of every period that began after it. Clause: ETSI TS 119 602, ServiceHistory.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from idbridge.errors import TrustError
from idbridge.model.time import Validity
from idbridge.model.trust import ServiceStatus, StatusPeriod, TrustService

History = tuple[StatusPeriod, ...]

_REMEMBERED: Final = 1024  # most services of a list tell the same few histories, and so does the ledger

SEVERITY: Final[Mapping[ServiceStatus, int]] = MappingProxyType({
    ServiceStatus.GRANTED: 0,
    ServiceStatus.SUPERSEDED: 1,
    ServiceStatus.WITHDRAWN: 2,
    ServiceStatus.COMPROMISED: 3,
})  # fmt: skip
# By severity: what was an end, not only a successor, and the code by which it is told.
ENDED: Final = MappingProxyType({
    SEVERITY[ServiceStatus.WITHDRAWN]: "issuer.withdrawn",
    SEVERITY[ServiceStatus.COMPROMISED]: "issuer.compromised",
})  # fmt: skip


@lru_cache(maxsize=_REMEMBERED)
def periods(entries: tuple[tuple[ServiceStatus, datetime], ...]) -> History:
    """Return the history that ``entries``, oldest first, tell; each period lasts until the next begins.

    Raises:
        TrustError: ``trust.status_order``: starts that repeat or run backwards, a status that gets better or repeats,
            or a service that begins with an end. One that was never good may begin ``compromised``.
    """
    if not entries or entries[0][0] not in (ServiceStatus.GRANTED, ServiceStatus.COMPROMISED):
        raise TrustError("trust.status_order", "a service begins granted, or compromised from the start")
    for (status, start), (next_status, next_start) in pairwise(entries):
        if next_start <= start:
            raise TrustError("trust.status_order", "two statuses of a service begin at once or in the wrong order")
        if SEVERITY[next_status] <= SEVERITY[status]:
            raise TrustError("trust.status_order", f"after {status} no service becomes {next_status}")
    ends = [start for _, start in entries[1:]]
    return tuple(
        StatusPeriod(status, Validity(start, end)) for (status, start), end in zip(entries, [*ends, None], strict=True)
    )


def severity(history: History) -> int:
    """Return how bad the last status of ``history`` is; nothing comes after it."""
    return SEVERITY[history[-1].status]


def severity_at(service: TrustService, at: datetime) -> int:
    """Return how bad the status of ``service`` is at ``at``; before it began there is nothing bad to say of it."""
    period = service.status_at(at)
    return SEVERITY[period.status] if period is not None else 0


def changes_of(service: TrustService) -> Iterator[datetime]:
    """Yield the instants at which a status of ``service`` begins."""
    return (period.validity.start for period in service.history)


def continues(held: History, offered: History, *, at: datetime) -> bool:
    """Tell whether ``offered`` may follow ``held`` in an edition that is accepted at ``at``."""
    settled = _starts(tuple(period for period in held if period.validity.start <= at))
    told = _starts(offered)
    if told[: len(settled)] == settled:
        return True
    status, since = told[-1]
    kept = len(told) - 1
    return status is ServiceStatus.COMPROMISED and told[:-1] == settled[:kept] and since <= settled[kept][1]


def _starts(history: History) -> tuple[tuple[ServiceStatus, datetime], ...]:
    return tuple((period.status, period.validity.start) for period in history)
