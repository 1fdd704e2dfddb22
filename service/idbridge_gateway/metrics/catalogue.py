"""Every metric: its name, what it says, and which label values it may have. Nothing else is ever shown.

A label tells a state, a format, a reason code, a route by its template or a word of our own: values that the code or
its catalogues bound. No relying party, address, key or anything of a request is one. What a worker reports under other
names or labels is dropped (``exposition``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from types import MappingProxyType
from typing import Final

from idbridge.limits import LIMITS
from idbridge.model.region import Format, MemberState
from idbridge.reasons import REASONS, Indication
from idbridge.trust.alerts import AlertKind, Severity

NONE: Final = "-"  # where a label has nothing to say: a verdict that passed has no reason


class Shape(StrEnum):
    """How the values of several workers come together."""

    COUNT = "count"  # what happened, added up
    TIMES = "times"  # how long things took, or how large they were, added up in buckets
    LEAST = "least"  # the worker that stands worst says how the node stands
    MOST = "most"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class Label:
    """A label and the values that it may have; ``None`` for routes, which are the ones that the application has."""

    name: str
    values: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``bounds`` are those of its buckets, where its shape has some; one more is past the last of them."""

    name: str
    shape: Shape
    words: str
    labels: tuple[Label, ...] = ()
    bounds: tuple[float, ...] = ()

    @property
    def cells(self) -> int:
        """How many numbers a process keeps of one series: one for each bucket, and the sum."""
        return len(self.bounds) + 2


def _label(name: str, *values: str) -> Label:
    return Label(name, frozenset(values))


_STATES: Final = tuple(state.value for state in MemberState)
_ROUTE: Final = Label("route", None)
_STATE: Final = _label("state", *_STATES)
_STATE_OR_NONE: Final = _label("state", *_STATES, NONE)

VERDICTS: Final = "idbridge_verdicts_total"
ANSWERS: Final = "idbridge_http_answers_total"
TIMES: Final = "idbridge_http_answer_seconds"
ONE_TIME_FAILURES: Final = "idbridge_one_time_store_failures_total"
SHED: Final = "idbridge_shed_requests_total"
CHANGES: Final = "idbridge_trust_snapshot_changes_total"
ALERTS: Final = "idbridge_alerts_total"
CANARIES: Final = "idbridge_canaries_total"
LIST_LEFT: Final = "idbridge_trust_list_seconds_left"
TIMESTAMP_LEFT: Final = "idbridge_trust_timestamp_seconds_left"
STATUS_AGE: Final = "idbridge_status_list_age_seconds"
WAITING: Final = "idbridge_deliveries_waiting"
DISK_FREE: Final = "idbridge_disk_free_ratio"
LOG_REFUSALS: Final = "idbridge_log_refusals_total"
LOG_ENTRIES: Final = "idbridge_log_entries"
LOG_WAITING: Final = "idbridge_log_waiting"
LOG_CHECKPOINT_AGE: Final = "idbridge_log_checkpoint_age_seconds"
LOG_UNCONFIRMED: Final = "idbridge_log_unconfirmed_entries"
LOG_CONFIRMED_AGE: Final = "idbridge_log_confirmed_age_seconds"
LOG_BATCH: Final = "idbridge_log_batch_entries"
LOG_SYNC: Final = "idbridge_log_sync_seconds"
READY: Final = "idbridge_ready"
WORKERS: Final = "idbridge_workers"

# Seconds. A verdict takes half a millisecond, one that waits for stores ten; the last is a client's patience.
BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
# Entries. Most batches are one; the last is as many as may wait.
BATCH_BOUNDS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, float(LIMITS.log_waiting))
# Seconds. A good disk takes a tenth of a millisecond; an answer waits for a quarter of a second (``log_wait``).
SYNC_BOUNDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 10.0)

STATUS_CLASSES: Final = ("1xx", "2xx", "3xx", "4xx", "500", "503", "5xx")
SHED_WHY: Final = ("queue", "at-once", "party", "disk", "bytes")
LOG_WHY: Final = ("unrecorded", "overloaded")
DELIVERY_KINDS: Final = ("webhook", "back-channel")
SAMPLES: Final = ("good", "forged")
OUTCOMES: Final = ("as-expected", "refused", "accepted", "unanswered", "other-reason")

METRICS: Final = (
    Metric(
        VERDICTS,
        Shape.COUNT,
        "Verdicts that were released, by what came of them.",
        (
            _label("indication", *(one.value for one in Indication)),
            _label("code", *REASONS, NONE),
            _label("format", *(one.value for one in Format), NONE),
            _STATE_OR_NONE,
        ),
    ),
    Metric(
        ANSWERS, Shape.COUNT, "HTTP answers, by route and class of status.", (_ROUTE, _label("status", *STATUS_CLASSES))
    ),
    Metric(TIMES, Shape.TIMES, "Seconds from the head of a request to the head of its answer.", (_ROUTE,), BOUNDS),
    Metric(ONE_TIME_FAILURES, Shape.COUNT, "One-time values that could not be spent, so that nothing was accepted."),
    Metric(SHED, Shape.COUNT, "Requests that were refused by 503 at the door.", (_label("why", *SHED_WHY),)),
    Metric(CHANGES, Shape.COUNT, "Times that other trust material came into force, counted by each worker."),
    Metric(
        ALERTS,
        Shape.COUNT,
        "Alerts about trust material and the node's own keys, counted by each worker.",
        (_label("kind", *(one.value for one in AlertKind)), _label("severity", *(one.value for one in Severity))),
    ),
    Metric(
        CANARIES,
        Shape.COUNT,
        "Samples that the node put to itself, and what came of them.",
        (_STATE, _label("sample", *SAMPLES), _label("outcome", *OUTCOMES)),
    ),
    Metric(LIST_LEFT, Shape.LEAST, "Seconds until the list of a state is out of date, negative once it is.", (_STATE,)),
    Metric(TIMESTAMP_LEFT, Shape.LEAST, "Seconds until the timestamp of the region is out of date."),
    Metric(STATUS_AGE, Shape.MOST, "Age of the oldest status list held of a state, since it was signed.", (_STATE,)),
    Metric(WAITING, Shape.SUM, "Deliveries that wait to be told, or told again.", (_label("kind", *DELIVERY_KINDS),)),
    Metric(DISK_FREE, Shape.LEAST, "Share that is free of the fullest file system that the node writes to."),
    Metric(
        LOG_REFUSALS,
        Shape.COUNT,
        "Answers that were not given because they could not be written down.",
        (_label("why", *LOG_WHY),),
    ),
    Metric(LOG_BATCH, Shape.TIMES, "Entries that were written to the log with one sync.", (), BATCH_BOUNDS),
    Metric(LOG_SYNC, Shape.TIMES, "Seconds that the disk of the log took for one sync of entries.", (), SYNC_BOUNDS),
    Metric(LOG_ENTRIES, Shape.MOST, "Entries of the log that are published."),
    Metric(LOG_WAITING, Shape.SUM, "Answers that wait for the disk of the log."),
    Metric(LOG_CHECKPOINT_AGE, Shape.MOST, "Seconds since the log was published last, behind what was written."),
    Metric(LOG_UNCONFIRMED, Shape.MOST, "Published entries that no witness has confirmed, where witnesses are named."),
    Metric(LOG_CONFIRMED_AGE, Shape.MOST, "Seconds since the log was confirmed, or since it began."),
    Metric(READY, Shape.LEAST, "1 if the node says that it is ready, else 0."),
    Metric(WORKERS, Shape.SUM, "Worker processes that report."),
)
BY_NAME: Final[Mapping[str, Metric]] = MappingProxyType({metric.name: metric for metric in METRICS})


_AT_ONCE: Final = frozenset({ANSWERS, ONE_TIME_FAILURES, LOG_REFUSALS, SHED, CHANGES, ALERTS, CANARIES})
_FAULTS: Final = frozenset({"500", "5xx"})


def from_the_start(metric: Metric, *, routes: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Yield the label values under which ``metric`` is shown, as 0, before anything was counted.

    Prometheus sees an increase from one value to the next, and none in a series that begins: of what happens once, as
    an attack or a fault, nobody would be told. Verdicts are left out: they are many, and looked at as a rate.
    """
    if metric.name not in _AT_ONCE:
        return
    for values in product(*(sorted(label.values if label.values is not None else routes) for label in metric.labels)):
        if metric.name != ANSWERS or values[-1] in _FAULTS:
            yield values


def allows(metric: Metric, labels: tuple[str, ...], *, routes: frozenset[str]) -> bool:
    """Tell whether ``metric`` may have these label values; ``routes`` are those of the application."""
    if len(labels) != len(metric.labels):
        return False
    return all(
        value in (routes if label.values is None else label.values)
        for label, value in zip(metric.labels, labels, strict=True)
    )
