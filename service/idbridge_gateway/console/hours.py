"""Hours: how many verdicts of which kind a node released in each hour. No person, no relying party, no credential.

A count is of an hour, the state that the credential comes from, the indication and the reason. Counting costs the hot
path one addition; what several workers counted comes together in ``stores/redis_hours``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, Protocol

from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.reasons import REASONS, Indication
from idbridge.verify.report import Report

HOUR: Final = timedelta(hours=1)
_SECONDS: Final = 3600
_NOWHERE: Final = "-"


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """What is counted together. ``state`` is ``None`` where no listed service was found, ``code`` where it passed."""

    hour: int  # since 1970, in UTC
    indication: Indication
    state: MemberState | None
    code: str | None

    @property
    def begins(self) -> datetime:
        """The beginning of the hour."""
        return datetime.fromtimestamp(self.hour * _SECONDS, UTC)

    def field(self) -> str:
        """Return what is counted within its hour, as one text."""
        return f"{self.indication.value} {self.state or _NOWHERE} {self.code or _NOWHERE}"


def kind_of(hour: int, field: str) -> Kind | None:
    """Return the kind that ``Kind.field`` wrote; ``None`` if it is none: what others write is not believed."""
    indication, _, rest = field.partition(" ")
    state, _, code = rest.partition(" ")
    known = indication in Indication.__members__ and (state == _NOWHERE or state in MemberState.__members__)
    if not known or (code != _NOWHERE and code not in REASONS):
        return None
    return Kind(
        hour,
        Indication(indication),
        None if state == _NOWHERE else MemberState(state),
        None if code == _NOWHERE else code,
    )


def hour_of(at: datetime) -> int:
    """Return the hour that ``at`` lies in, counted since 1970."""
    return int(at.timestamp()) // _SECONDS


class Hours(Protocol):
    """Where counts are read."""

    async def since(self, hour: int) -> Mapping[Kind, int]:
        """Return what was counted from ``hour`` on.

        Raises:
            RequestError: ``system.overloaded``: the store behind this node does not answer.
        """
        ...


class HourlyVerdicts:
    """What one process counted: a week of it at most, and only what has not been ``drained`` where it is shared."""

    def __init__(self) -> None:
        self._counts: Counter[Kind] = Counter()

    def note(self, report: Report) -> None:
        """Count ``report``, which is about to be released."""
        resolved, reason = report.findings.resolved, report.reason
        state = resolved.service.member_state if resolved is not None else None
        code = reason.code if reason is not None else None
        self._counts[Kind(hour_of(report.at), report.indication, state, code)] += 1
        if len(self._counts) > LIMITS.counted_kinds:
            self._forget_oldest()

    async def since(self, hour: int) -> Mapping[Kind, int]:
        """Return what was counted from ``hour`` on."""
        return MappingProxyType({kind: count for kind, count in self._counts.items() if kind.hour >= hour})

    def drained(self) -> Mapping[Kind, int]:
        """Return everything that was counted, and begin again at nothing."""
        drained, self._counts = self._counts, Counter()
        return drained

    def restored(self, counts: Mapping[Kind, int]) -> None:
        """Count again what could not be handed over."""
        self._counts.update(counts)

    def _forget_oldest(self) -> None:
        oldest = min(kind.hour for kind in self._counts)
        for kind in [kind for kind in self._counts if kind.hour == oldest]:
            del self._counts[kind]


def totals(counts: Iterable[tuple[Kind, int]]) -> Mapping[Indication, int]:
    """Return how many verdicts of each indication there were."""
    found: Counter[Indication] = Counter()
    for kind, count in counts:
        found[kind.indication] += count
    return MappingProxyType({indication: found[indication] for indication in Indication})
