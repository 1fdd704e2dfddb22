"""A reading: the figures of one process at one moment, how it travels to the process that shows them, and their sum.

A worker that ended leaves what it counted, so that a counter never goes back because of it; how it stood goes with it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge_gateway.metrics.catalogue import BY_NAME, Shape

_PARTS: Final = frozenset({"counts", "times", "gauges"})
_TOGETHER: Final[Mapping[Shape, Callable[[Iterable[float]], float]]] = {
    Shape.LEAST: min, Shape.MOST: max, Shape.SUM: sum,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """What was counted, how long things took or how large they were, and how the process stands.

    ``times`` has for each series how many fell under each bound of its metric, and last the sum of them all.
    """

    counts: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    times: Mapping[tuple[str, ...], tuple[float, ...]] = field(default_factory=dict)
    gauges: Mapping[tuple[str, ...], float] = field(default_factory=dict)

    def octets(self) -> bytes:
        """Return it as JSON."""
        document = {
            "counts": [[*key, value] for key, value in self.counts.items()],
            "times": [[*key, *values] for key, values in self.times.items()],
            "gauges": [[*key, value] for key, value in self.gauges.items()],
        }
        return json.dumps(document, separators=(",", ":")).encode()

    def counted(self) -> "Reading":
        """Return what stays of it once its process has ended."""
        return Reading(self.counts, self.times)


def parse_reading(octets: bytes) -> Reading:
    """Return the reading that ``octets`` are. Names and labels are judged where they are shown.

    Raises:
        InputError: They are none, or too many.
    """
    document = strict_json.parse(octets, max_bytes=LIMITS.figures_bytes, max_values=LIMITS.figures_bytes)
    if type(document) is not dict or document.keys() != _PARTS:
        raise InputError("input.request_malformed", "these are no figures")
    rows = {part: _rows(document[part]) for part in _PARTS}
    return Reading(
        {_key(row): int(row[-1]) for row in rows["counts"]},
        dict(map(_timed, rows["times"])),
        {_key(row): float(row[-1]) for row in rows["gauges"]},
    )


def _rows(rows: Any) -> list[list[Any]]:
    if type(rows) is not list or not all(type(row) is list and len(row) > 1 and _is_row(row) for row in rows):
        raise InputError("input.request_malformed", "figures are rows of names and numbers")
    return rows


def _is_row(row: list[Any]) -> bool:
    return type(row[0]) is str and _is_number(row[-1])


def _timed(row: list[Any]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return what ``row`` says of one series, whose metric says how many buckets it has."""
    metric = BY_NAME.get(row[0])
    parts = 0 if metric is None or metric.shape is not Shape.TIMES else 1 + len(metric.labels)
    key, values = row[:parts], row[parts:]
    if metric is None or not parts or len(values) != metric.cells or not all(map(_is_number, values)):
        raise InputError("input.request_malformed", "times are counted under other bounds")
    return tuple(map(str, key)), tuple(map(float, values))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _key(row: list[Any]) -> tuple[str, ...]:
    return tuple(str(part) for part in row[:-1])


def together(readings: Iterable[Reading]) -> Reading:
    """Return what the processes of one node counted together, and how the node stands."""
    counts: dict[tuple[str, ...], int] = {}
    times: dict[tuple[str, ...], tuple[float, ...]] = {}
    gauges: dict[tuple[str, ...], list[float]] = {}
    for reading in readings:
        for named, count in reading.counts.items():
            counts[named] = counts.get(named, 0) + count
        for key, values in reading.times.items():
            before = times.get(key, (0.0,) * len(values))
            times[key] = tuple(one + other for one, other in zip(before, values, strict=True))
        for key, value in reading.gauges.items():
            gauges.setdefault(key, []).append(value)
    stands = {key: _TOGETHER[BY_NAME[key[0]].shape](values) for key, values in gauges.items() if _is_gauge(key)}
    return Reading(counts, times, stands)


def _is_gauge(key: tuple[str, ...]) -> bool:
    metric = BY_NAME.get(key[0])
    return metric is not None and metric.shape in _TOGETHER
