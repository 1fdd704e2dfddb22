"""A batch is held open only while many come at once, and one timer gives up on exactly those whose time is over."""

import asyncio

import pytest

from idbridge.evidence.errors import UnrecordedError
from idbridge.evidence.waiting import Deadlines, Pace
from idbridge.limits import LIMITS

GATHER_S = LIMITS.log_gather.total_seconds()


def held_open(*, rate: float, at_once: int, seconds: float = 0.2) -> float:
    """How long a batch is held open after leaves came at this rate, so many at once."""
    pace, now_s, held_s = Pace(), 1_000.0, 0.0
    for _ in range(int(seconds * rate / at_once)):
        now_s += at_once / rate
        held_s = pace.held_open_s(now_s)
        pace.took(at_once)
    return held_s


@pytest.mark.parametrize("at_once", [2, 5])
def test_a_batch_is_held_open_above_a_rate_and_not_below_it(at_once: int) -> None:
    assert held_open(rate=LIMITS.log_gather_rate / 2, at_once=at_once) == 0
    assert held_open(rate=LIMITS.log_gather_rate * 2, at_once=at_once) == GATHER_S


def test_who_comes_first_or_one_after_another_does_not_wait_for_others() -> None:
    assert Pace().held_open_s(1_000.0) == 0
    assert held_open(rate=LIMITS.log_gather_rate * 5, at_once=1) == 0


def test_a_crowd_of_before_is_soon_forgotten() -> None:
    pace = Pace()
    pace.held_open_s(1_000.0)
    pace.took(LIMITS.log_waiting)

    assert pace.held_open_s(1_000.0) == GATHER_S
    assert pace.held_open_s(1_000.1) == 0


def test_one_timer_refuses_those_whose_time_is_over_and_nobody_else() -> None:
    async def crowd() -> None:
        loop = asyncio.get_running_loop()
        deadlines = Deadlines(0.01, "late")
        told, left, late, later = (loop.create_future() for _ in range(4))
        for future in (told, left, late):
            deadlines.watch(future)
        told.set_result(None)
        left.cancel()

        with pytest.raises(UnrecordedError, match="late") as caught:
            await late

        assert caught.value.code == "system.unrecorded"
        assert told.result() is None
        deadlines.watch(later)
        assert not later.done()
        with pytest.raises(UnrecordedError):
            await later

    asyncio.run(crowd())
