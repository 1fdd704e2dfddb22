"""Charts: counts of hours as bars and lines in a box of fixed size, in whole units that a template writes as SVG.

Nothing is drawn by script or by style: what a chart shows stands in its attributes.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from idbridge.reasons import Indication
from idbridge_gateway.console.hours import Kind, hour_of

WIDTH: Final = 720
HEIGHT: Final = 160
LINE_HEIGHT: Final = 24
_MOST_REASONS: Final = 8
_ORDER: Final = (Indication.PASSED, Indication.INDETERMINATE, Indication.FAILED)  # from the bottom up


class Span(StrEnum):
    """How far back a chart looks."""

    DAY = "day"
    WEEK = "week"

    @property
    def hours(self) -> int:
        """How many hours it looks back, the one that runs included."""
        return 24 if self is Span.DAY else 168

    @property
    def hours_each(self) -> int:
        """How many hours one bar is of."""
        return 1 if self is Span.DAY else 6


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a bar: the verdicts of one indication in the hours from ``begins`` on."""

    x: int
    y: int
    width: int
    height: int
    indication: Indication
    count: int
    begins: datetime


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """How often a reason was given, and when: ``points`` are those of an SVG polyline."""

    code: str
    count: int
    points: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Verdicts over time, and the reasons of those that did not pass, the most frequent first."""

    span: Span
    bars: tuple[Bar, ...]
    highest: int
    totals: Mapping[Indication, int]
    reasons: tuple[ReasonLine, ...]
    columns: tuple[datetime, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing was counted."""
        return not any(self.totals.values())


def first_hour(span: Span, *, at: datetime) -> int:
    """Return the first hour that a chart of ``span`` shows at ``at``: bars begin at full steps of theirs."""
    step = span.hours_each
    return (hour_of(at) // step + 1) * step - span.hours


def chart(counts: Mapping[Kind, int], *, span: Span, at: datetime) -> Chart:
    """Return the chart of ``counts`` that looks back from ``at``; what lies outside of it is left out."""
    first, columns = first_hour(span, at=at), span.hours // span.hours_each
    shown = {
        ((kind.hour - first) // span.hours_each, kind): count
        for kind, count in counts.items()
        if first <= kind.hour < first + span.hours
    }
    by_column: Counter[tuple[int, Indication]] = Counter()
    by_reason: dict[str, Counter[int]] = {}
    for (column, kind), count in shown.items():
        by_column[column, kind.indication] += count
        if kind.code is not None:
            by_reason.setdefault(kind.code, Counter())[column] += count
    highest = max((sum(by_column[column, one] for one in Indication) for column in range(columns)), default=0)
    begins = tuple(datetime.fromtimestamp((first + step * span.hours_each) * 3600, UTC) for step in range(columns))
    return Chart(
        span=span,
        bars=_bars(by_column, begins=begins, highest=highest),
        highest=highest,
        totals={one: sum(by_column[column, one] for column in range(columns)) for one in _ORDER},
        reasons=_reasons(by_reason, columns=columns),
        columns=begins,
    )


def _bars(counts: Counter[tuple[int, Indication]], *, begins: tuple[datetime, ...], highest: int) -> tuple[Bar, ...]:
    found: list[Bar] = []
    width = WIDTH // max(len(begins), 1)
    for column, instant in enumerate(begins):
        base = HEIGHT
        for indication in _ORDER:
            count = counts[column, indication]
            if count:
                height = max(round(count * HEIGHT / highest), 1)
                base -= height
                found.append(Bar(column * width, max(base, 0), width - 2, height, indication, count, instant))
    return tuple(found)


def _reasons(counts: Mapping[str, Counter[int]], *, columns: int) -> tuple[ReasonLine, ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1].total(), item[0]))
    return tuple(ReasonLine(code, each.total(), _points(each, columns)) for code, each in ordered[:_MOST_REASONS])


def _points(counts: Counter[int], columns: int) -> str:
    highest, step = max(counts.values()), WIDTH // max(columns - 1, 1)
    return " ".join(
        f"{column * step},{LINE_HEIGHT - 2 - round(counts[column] * (LINE_HEIGHT - 4) / highest)}"
        for column in range(columns)
    )
