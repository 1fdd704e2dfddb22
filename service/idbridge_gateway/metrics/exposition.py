"""What ``GET /metrics`` answers: the figures of the node in the text format of Prometheus, and nothing besides.

Whatever a process reports, only metrics and label values of the catalogue are shown, with the routes that the
application has: how many series there can be is known before the first request.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from idbridge_gateway.metrics.catalogue import METRICS, NONE, Shape, allows, from_the_start
from idbridge_gateway.metrics.catalogue import Metric as Described
from idbridge_gateway.metrics.reading import Reading

Value = TypeVar("Value")
UNMATCHED: Final = NONE  # the route of a request that none of ours is for
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_TOTAL: Final = "_total"


class NodeCollector(Collector):
    """Collects what ``read`` returns when it is asked."""

    def __init__(self, read: Callable[[], Reading], *, routes: frozenset[str]) -> None:
        self._read = read
        self._routes = routes | {UNMATCHED}

    def collect(self) -> Iterable[Metric]:
        """Yield every metric of the catalogue, those without a value yet among them."""
        reading = self._read()
        for metric in METRICS:
            if metric.shape is Shape.TIMES:
                yield self._times(metric, reading)
            elif metric.shape is Shape.COUNT:
                yield self._counts(metric, reading)
            else:
                yield self._gauges(metric, reading)

    def _counts(self, metric: Described, reading: Reading) -> Metric:
        family = CounterMetricFamily(metric.name.removesuffix(_TOTAL), metric.words, labels=_names(metric))
        counts = {
            **dict.fromkeys(from_the_start(metric, routes=self._routes), 0),
            **dict(self._of(metric, reading.counts)),
        }
        for labels, value in sorted(counts.items()):
            family.add_metric(labels, value)
        return family

    def _gauges(self, metric: Described, reading: Reading) -> Metric:
        family = GaugeMetricFamily(metric.name, metric.words, labels=_names(metric))
        for labels, value in self._of(metric, reading.gauges):
            family.add_metric(labels, value)
        return family

    def _times(self, metric: Described, reading: Reading) -> Metric:
        family = HistogramMetricFamily(metric.name, metric.words, labels=_names(metric))
        for labels, values in self._of(metric, reading.times):
            buckets = list(_cumulated(metric.bounds, values[:-1]))
            family.add_metric(labels, buckets=buckets, sum_value=values[-1])
        return family

    def _of(
        self, metric: Described, values: Mapping[tuple[str, ...], Value]
    ) -> Iterator[tuple[tuple[str, ...], Value]]:
        found = ((key[1:], value) for key, value in sorted(values.items()) if key[0] == metric.name)
        return ((labels, value) for labels, value in found if allows(metric, labels, routes=self._routes))


def _names(metric: Described) -> tuple[str, ...]:
    return tuple(label.name for label in metric.labels)


def _cumulated(bounds: Iterable[float], values: Iterable[float]) -> Iterator[tuple[str, float]]:
    """Yield the bounds with how many were no longer or larger, as the text format wants them."""
    so_far = 0.0
    for bound, count in zip((*(str(bound) for bound in bounds), "+Inf"), values, strict=True):
        so_far += count
        yield bound, so_far


def exposed(read: Callable[[], Reading], *, routes: frozenset[str]) -> bytes:
    """Return the figures that ``read`` returns, in the text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(NodeCollector(read, routes=routes))
    return generate_latest(registry)


def most_series(routes: frozenset[str]) -> int:
    """Return how many series there can be at most, whatever is asked of the node."""
    total = 0
    for metric in METRICS:
        series = len(metric.bounds) + 3 if metric.shape is Shape.TIMES else 1  # its buckets, count and sum
        for label in metric.labels:
            series *= len(routes) + 1 if label.values is None else len(label.values)
        total += series
    return total
