"""Figures: what one process counts of itself, in plain dictionaries, so that counting costs the hot path no lock.

Only the loop of its process counts, and of batches the one thread that writes them; whoever reads takes a copy, which
the interpreter makes in one step. What the numbers of several processes are together is decided in ``reading``; names
and labels stand in ``catalogue``.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from idbridge.trust.alerts import Alert
from idbridge.verify.report import Report
from idbridge_gateway.metrics.catalogue import (
    ALERTS,
    ANSWERS,
    BATCH_BOUNDS,
    BOUNDS,
    CANARIES,
    CHANGES,
    LOG_BATCH,
    LOG_REFUSALS,
    LOG_SYNC,
    NONE,
    ONE_TIME_FAILURES,
    SHED,
    SYNC_BOUNDS,
    TIMES,
    VERDICTS,
)
from idbridge_gateway.metrics.reading import Reading

Key = tuple[str, ...]  # the name of a metric and the values of its labels
Gauges = Callable[[], Iterable[tuple[Key, float]]]
_CLASSES: Final = {500: "500", 503: "503"}  # a fault of ours, and a refusal that is promised under load


class Counts(Protocol):
    """What is told of every verdict that is released."""

    def note(self, report: Report) -> None:
        """Count ``report``, which is about to be released."""
        ...


class Figures:
    """The figures of one process. ``gauges`` says how it stands at the moment it is asked."""

    def __init__(self) -> None:
        self._counts: dict[Key, int] = {}
        self._times: dict[Key, list[float]] = {}
        self.gauges: Gauges = tuple

    def note(self, report: Report) -> None:
        """Count a verdict that is about to be released."""
        resolved, reason, form = report.findings.resolved, report.reason, report.format
        self._add((
            VERDICTS,
            report.indication.value,
            reason.code if reason is not None else NONE,
            form.value if form is not None else NONE,
            resolved.service.member_state.value if resolved is not None else NONE,
        ))  # fmt: skip

    def answered(self, route: str, status: int, *, seconds: float) -> None:
        """Count an answer to a request for ``route``, the template of its path, after so many ``seconds``."""
        self._add((ANSWERS, route, _CLASSES.get(status) or f"{status // 100}xx"))
        self._measure((TIMES, route), BOUNDS, seconds)

    def synced(self, entries: int, seconds: float) -> None:
        """Count a batch of so many ``entries`` of the log, for whose sync the disk took so many ``seconds``."""
        self._measure((LOG_BATCH,), BATCH_BOUNDS, float(entries))
        self._measure((LOG_SYNC,), SYNC_BOUNDS, seconds)

    def one_time_failed(self) -> None:
        """Count a one-time value that the store could not take."""
        self._add((ONE_TIME_FAILURES,))

    def unrecorded(self, why: str) -> None:
        """Count an answer that was not given because it could not be written down."""
        self._add((LOG_REFUSALS, why))

    def shed(self, why: str) -> None:
        """Count a request that was refused at the door."""
        self._add((SHED, why))

    def trust_changed(self) -> None:
        """Count that other trust material came into force."""
        self._add((CHANGES,))

    def alerted(self, alert: Alert) -> None:
        """Count an alert."""
        self._add((ALERTS, alert.kind.value, alert.severity.value))

    def sampled(self, state: str, sample: str, outcome: str) -> None:
        """Count a sample that the node put to itself."""
        self._add((CANARIES, state, sample, outcome))

    def reading(self) -> Reading:
        """Return the figures as they are now; any thread may ask."""
        times = {key: tuple(values) for key, values in self._times.copy().items()}
        return Reading(self._counts.copy(), times, dict(self.gauges()))

    def _measure(self, key: Key, bounds: tuple[float, ...], value: float) -> None:
        times = self._times.get(key)
        if times is None:
            times = self._times[key] = [0.0] * (len(bounds) + 2)
        times[bisect_left(bounds, value)] += 1
        times[-1] += value

    def _add(self, key: Key) -> None:
        counts = self._counts
        counts[key] = counts.get(key, 0) + 1


class CountedTwice:
    """Tells every verdict to the hours of the console and to the figures."""

    def __init__(self, *counts: Counts) -> None:
        self._counts = counts

    def note(self, report: Report) -> None:
        """Count ``report``, which is about to be released."""
        for one in self._counts:
            one.note(report)


def keyed(name: str, values: Mapping[str, float]) -> list[tuple[Key, float]]:
    """Return a gauge for each of ``values``, by its one label."""
    return [((name, label), value) for label, value in values.items()]
