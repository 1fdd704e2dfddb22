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

# Seconds. A verdict takes half a millisecond, one that waits for stores ten; the last is a client's patience.
BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_CELLS: Final = len(BOUNDS) + 2  # one for each bound, one past the last, and the sum
_PARTS: Final = frozenset({"counts", "times", "gauges"})
_TOGETHER: Final[Mapping[Shape, Callable[[Iterable[float]], float]]] = {
    Shape.LEAST: min, Shape.MOST: max, Shape.SUM: sum,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """What was counted, how long answers took by route, and how the process stands.

    ``times`` has for each route how many answers fell under each bound, and last the sum of their seconds.
    """

    counts: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    times: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    gauges: Mapping[tuple[str, ...], float] = field(default_factory=dict)

    def octets(self) -> bytes:
        """Return it as JSON."""
        document = {
            "counts": [[*key, value] for key, value in self.counts.items()],
            "times": [[route, *values] for route, values in self.times.items()],
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
    times = {str(row[0]): tuple(float(value) for value in row[1:]) for row in rows["times"]}
    if any(len(values) != _CELLS for values in times.values()):
        raise InputError("input.request_malformed", "times are counted under other bounds")
    return Reading(
        {_key(row): int(row[-1]) for row in rows["counts"]},
        times,
        {_key(row): float(row[-1]) for row in rows["gauges"]},
    )


def _rows(rows: Any) -> list[list[Any]]:
    if type(rows) is not list or not all(type(row) is list and len(row) > 1 and _is_row(row) for row in rows):
        raise InputError("input.request_malformed", "figures are rows of names and numbers")
    return rows


def _is_row(row: list[Any]) -> bool:
    return type(row[0]) is str and type(row[-1]) in (int, float)


def _key(row: list[Any]) -> tuple[str, ...]:
    return tuple(str(part) for part in row[:-1])


def together(readings: Iterable[Reading]) -> Reading:
    """Return what the processes of one node counted together, and how the node stands."""
    counts: dict[tuple[str, ...], int] = {}
    times: dict[str, tuple[float, ...]] = {}
    gauges: dict[tuple[str, ...], list[float]] = {}
    for reading in readings:
        for key, count in reading.counts.items():
            counts[key] = counts.get(key, 0) + count
        for route, values in reading.times.items():
            before = times.get(route, (0.0,) * _CELLS)
            times[route] = tuple(one + other for one, other in zip(before, values, strict=True))
        for key, value in reading.gauges.items():
            gauges.setdefault(key, []).append(value)
    stands = {key: _TOGETHER[BY_NAME[key[0]].shape](values) for key, values in gauges.items() if _is_gauge(key)}
    return Reading(counts, times, stands)


def _is_gauge(key: tuple[str, ...]) -> bool:
    metric = BY_NAME.get(key[0])
    return metric is not None and metric.shape in _TOGETHER
