"""A clock that jumps: nothing is written while it is off, so that no leaf of a false future keeps out what follows."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.clock import BootStopwatch, FixedClock, SystemClock
from idbridge.evidence.errors import LogError, UnrecordedError
from idbridge.evidence.writer import LogWriter
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.tlog.leaf import LeafType
from idbridge_gateway.clock_watch import MOVED, ClockWatch, SteadyClock
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.evidence.opening import begin_log, evidence_of, log_opener
from idbridge_gateway.evidence.records import LaterAssertion
from idbridge_gateway.settings import Settings
from idbridge_gateway.standing import Standing
from tests.gateway.asking import the_region
from tests.gateway.clocks import NOON, HandClock

AHEAD, BACK = LIMITS.log_clock_ahead.total_seconds(), LIMITS.log_clock_back.total_seconds()


class HandStopwatch:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def seconds(self) -> float:
        return self.at


@pytest.fixture
def hands() -> tuple[HandClock, HandStopwatch]:
    return HandClock(), HandStopwatch()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return lay_out(the_region(), tmp_path)[MemberState.TH]


@pytest.mark.parametrize(
    ("moved", "off"),
    [(AHEAD, False), (AHEAD + 0.01, True), (-BACK, False), (-BACK - 0.01, True), (315_360_000, True)],
)
def test_a_clock_that_was_moved_by_more_than_is_left_alone_is_off(
    hands: tuple[HandClock, HandStopwatch], moved: float, off: bool
) -> None:
    clock, stopwatch = hands
    watch = ClockWatch.begin(clock, stopwatch)
    clock.turn(seconds=3_600 + moved)
    stopwatch.at += 3_600

    assert watch.is_off is off


def test_the_clock_and_the_stopwatch_of_this_machine_go_together() -> None:
    assert not ClockWatch.begin().is_off
    assert BootStopwatch().seconds() <= BootStopwatch().seconds()


def test_a_node_whose_clock_jumps_is_not_ready_until_the_clock_is_back(
    hands: tuple[HandClock, HandStopwatch], tmp_path: Path
) -> None:
    clock, stopwatch = hands
    watch = ClockWatch.begin(clock, stopwatch)
    standing = Standing(tmp_path, on_latch=lambda: None, clock_moved=lambda: watch.is_off)
    assert standing.against == ()

    clock.turn(hours=1)
    assert standing.against == (MOVED,)
    clock.turn(hours=-1)
    assert standing.against == ()


def test_nothing_from_a_future_that_was_none_comes_into_the_log_and_what_follows_does(
    hands: tuple[HandClock, HandStopwatch], settings: Settings
) -> None:
    clock, stopwatch = hands
    writer = log_opener(settings, clock=SteadyClock(ClockWatch.begin(clock, stopwatch)))()
    try:
        before = written(writer)
        clock.turn(days=3_650)
        with pytest.raises(UnrecordedError, match="was moved") as caught:
            written(writer)
        assert caught.value.code == "system.unrecorded"
        clock.turn(days=-3_650)

        assert written(writer) == before
        assert writer.state().size == 2
    finally:
        writer.close()


def written(writer: LogWriter) -> int:
    return writer.append_blocking(LeafType.START, {"ver": "1"}).leaf.at_ms


def test_a_verdict_that_cannot_be_stamped_is_not_released(
    hands: tuple[HandClock, HandStopwatch], settings: Settings
) -> None:
    clock, stopwatch = hands
    steady = SteadyClock(ClockWatch.begin(clock, stopwatch))
    evidence = evidence_of(settings, clock=steady, randomness=SystemRandomness())
    clock.turn(hours=1)

    with pytest.raises(UnrecordedError) as caught:
        asyncio.run(evidence.records.asserted(LaterAssertion("a.b.c", "rep_1", "th-bank")))

    assert caught.value.code == "system.unrecorded"


def test_a_node_whose_log_is_later_than_its_clock_does_not_start_and_says_what_to_do(settings: Settings) -> None:
    ahead = log_opener(settings, clock=FixedClock(NOON + timedelta(days=3_650)))()
    written(ahead)
    ahead.close()
    evidence = evidence_of(settings, clock=FixedClock(NOON), randomness=SystemRandomness())

    with pytest.raises(LogError, match=r"3650 days behind .* `idbridge log resume`"):
        begin_log(evidence, keeping=False)


def test_a_clock_that_is_behind_the_log_by_as_much_as_is_left_alone_starts(settings: Settings) -> None:
    a_little = log_opener(settings, clock=FixedClock(NOON + LIMITS.log_clock_back))()
    written(a_little)
    a_little.close()

    begin_log(evidence_of(settings, clock=FixedClock(NOON), randomness=SystemRandomness()), keeping=False)


def test_without_a_clock_of_its_own_an_application_watches_that_of_the_machine() -> None:
    watch = ClockWatch.begin()

    assert isinstance(watch.clock, SystemClock)
    assert SteadyClock(watch).now() <= SystemClock().now()
