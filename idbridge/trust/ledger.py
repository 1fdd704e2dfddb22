"""What is remembered of every key that a state ever listed, so that no later edition can tell another story.

Decides whether a newer edition keeps faith with the older ones: history only grows, an ended key is never good again,
and what a list drops is over for good. It is kept with the floors, and so survives a restart. A *line* is one key in
one role: thumbprint, service type and issuer. Entries that this reader does not understand change nothing here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from idbridge.limits import LIMITS
from idbridge.model.trust import ServiceStatus
from idbridge.trust import history
from idbridge.trust.errors import HistoryRewrittenError, violation
from idbridge.trust.history import History
from idbridge.trust.profile import TrustList

LineName = tuple[str, str, str]  # thumbprint, service type, issuer
_DROPPED: Final = history.SEVERITY[ServiceStatus.WITHDRAWN]


@dataclass(frozen=True, slots=True)
class Line:
    """What was last told of one key in one role; more than one history if several entries list it.

    A ``dropped`` line left the list together with its key. To be dropped is no better than to be withdrawn.
    """

    histories: frozenset[History]
    dropped: bool = False


Ledger = Mapping[LineName, Line]
EMPTY: Final[Ledger] = MappingProxyType({})


def extended(ledger: Ledger, offered: TrustList, *, at: datetime) -> Ledger:
    """Return the ledger after ``offered`` was accepted at ``at``.

    Raises:
        HistoryRewrittenError: ``trust.history_rewritten``: a past status changed, or an ended or dropped key is back.
        TrustError: ``trust.profile_violation``: there is more to remember than a node has room for.
    """
    told = _lines(offered)
    best = _best(told)
    for name, line in ledger.items():
        _refuse_rewritten(name, line, again=told.get(name), best=best, at=at)
    listed = frozenset(key.thumbprint for entry in offered.entries for key in entry.keys)
    silent = {name: line for name, line in ledger.items() if name not in told}
    kept = {name: line if name[0] in listed else replace(line, dropped=True) for name, line in silent.items()}
    if sum(len(line.histories) for line in (*kept.values(), *told.values())) > LIMITS.ledger_lines:
        raise violation(f"more than {LIMITS.ledger_lines} histories of keys of one state to remember")
    return MappingProxyType({**kept, **told})


def _lines(offered: TrustList) -> dict[LineName, Line]:
    """Return every line of the entries that are understood."""
    told: dict[LineName, Line] = {}
    alone: dict[int, Line] = {}  # by the identity of the one history, because most lines tell one of a few
    for entry in offered.entries:
        service = entry.service
        if service is None:
            continue
        line = alone.get(id(service.history))
        if line is None:
            line = alone[id(service.history)] = Line(frozenset({service.history}))
        for key in entry.keys:
            name = (key.thumbprint, service.service_type.value, entry.issuer)
            before = told.get(name)
            told[name] = line if before is None else Line(before.histories | line.histories)
    return told


def _best(told: Ledger) -> Mapping[str, int]:
    """Return, for each key that is told of, how good it is where it is best."""
    best: dict[str, int] = {}
    severities: dict[int, int] = {}  # by the identity of the line, which many keys share
    for (thumbprint, _, _), line in told.items():
        severity = severities.get(id(line))
        if severity is None:
            severity = severities[id(line)] = min(history.severity(one) for one in line.histories)
        best[thumbprint] = min(best.get(thumbprint, severity), severity)
    return best


def _refuse_rewritten(name: LineName, line: Line, *, again: Line | None, best: Mapping[str, int], at: datetime) -> None:
    """Refuse an offer in which the past of ``line`` is another, or its key fares better than its end allows."""
    if again is not None and again.histories == line.histories and not line.dropped:
        return  # the same story told again, as nearly always
    offered = again.histories if again is not None else frozenset[History]()
    lost = {one for one in line.histories if not any(history.continues(one, new, at=at) for new in offered)}
    news = {new for new in offered if not any(history.continues(one, new, at=at) for one in line.histories)}
    if lost and news:
        raise HistoryRewrittenError(key=name[0], why="its history is told in another way")
    floor = max((history.severity(one) for one in lost), default=0)
    if line.dropped:
        floor = max(floor, _DROPPED)
    if best.get(name[0], floor) < floor:
        raise HistoryRewrittenError(key=name[0], why="it had ended and is back")
