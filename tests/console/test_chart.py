"""Charts: what lies outside is left out, what lies inside is in its place, and the numbers add up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.model.region import MemberState
from idbridge.reasons import Indication
from idbridge_gateway.console.chart import HEIGHT, WIDTH, Span, chart, first_hour
from idbridge_gateway.console.hours import Kind, hour_of

AT = datetime(2026, 11, 29, 13, 40, tzinfo=UTC)
NOW = hour_of(AT)


def kind(hour: int, indication: Indication = Indication.PASSED, code: str | None = None) -> Kind:
    return Kind(hour, indication, MemberState.SG, code)


@pytest.mark.parametrize("span", Span)
def test_an_hour_before_the_first_and_one_that_has_not_begun_are_left_out(span: Span) -> None:
    first = first_hour(span, at=AT)
    drawn = chart({kind(first - 1): 5, kind(first + span.hours): 7}, span=span, at=AT)

    assert drawn.empty
    assert drawn.bars == ()
    assert drawn.highest == 0


@pytest.mark.parametrize("span", Span)
def test_the_hour_that_runs_is_in_the_last_bar_and_bars_begin_at_full_steps(span: Span) -> None:
    drawn = chart({kind(NOW): 3}, span=span, at=AT)

    assert [bar.begins for bar in drawn.bars] == [drawn.columns[-1]]
    assert drawn.columns[-1] <= AT < drawn.columns[-1] + timedelta(hours=span.hours_each)
    assert {begins.hour % span.hours_each for begins in drawn.columns} == {0}


def test_reasons_are_the_most_frequent_first_and_equal_ones_by_their_code() -> None:
    failed = Indication.FAILED
    counts = {
        kind(NOW, failed, "time.expired"): 2, kind(NOW - 1, failed, "time.expired"): 2,
        kind(NOW, failed, "issuer.unknown"): 4, kind(NOW, failed, "status.revoked"): 9,
    }  # fmt: skip

    lines = chart(counts, span=Span.DAY, at=AT).reasons

    assert [(line.code, line.count) for line in lines] == [
        ("status.revoked", 9), ("issuer.unknown", 4), ("time.expired", 4),
    ]  # fmt: skip


@given(
    st.dictionaries(
        st.tuples(st.integers(min_value=NOW - 200, max_value=NOW + 5), st.sampled_from(Indication)),
        st.integers(min_value=1, max_value=10**6),
        max_size=60,
    ),
    st.sampled_from(Span),
)
def test_bars_stay_in_their_box_and_say_what_was_counted(
    counted: dict[tuple[int, Indication], int], span: Span
) -> None:
    counts = {kind(hour, indication): count for (hour, indication), count in counted.items()}
    first = first_hour(span, at=AT)
    inside = sum(count for one, count in counts.items() if first <= one.hour < first + span.hours)

    drawn = chart(counts, span=span, at=AT)

    assert sum(bar.count for bar in drawn.bars) == sum(drawn.totals.values()) == inside
    for bar in drawn.bars:
        assert 0 <= bar.x < bar.x + bar.width <= WIDTH
        assert 0 <= bar.y < HEIGHT
        assert bar.height >= 1
