"""One-time values: spent once, never forgotten early."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from inspect import signature
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.stores.one_time import NOBODY, MemoryOneTime
from tests.gateway.clocks import NOON, HandClock

Value = TypeVar("Value")
LATER = NOON + timedelta(minutes=5)


def run(coroutine: Coroutine[Any, Any, Value]) -> Value:
    return asyncio.run(coroutine)


def test_a_value_counts_once() -> None:
    store = MemoryOneTime(HandClock())

    assert run(store.claim(b"nonce", until=LATER))
    assert not run(store.claim(b"nonce", until=LATER))
    assert run(store.claim(b"other", until=LATER))


def test_what_a_question_spent_counts_again_for_it_alone() -> None:
    store = MemoryOneTime(HandClock())
    assert run(store.claim(b"nonce", until=LATER, by=b"question"))

    assert run(store.claim(b"nonce", until=LATER, by=b"question"))
    assert [run(store.was_spent(b"nonce", by=by)) for by in (b"question", b"another", NOBODY)] == [True, False, False]
    assert not run(store.claim(b"nonce", until=LATER, by=b"another"))
    assert not run(store.claim(b"nonce", until=LATER))


def test_what_was_spent_by_nobody_in_particular_counts_again_for_nobody() -> None:
    store = MemoryOneTime(HandClock())
    run(store.claim(b"nonce", until=LATER))

    assert not run(store.claim(b"nonce", until=LATER, by=NOBODY))
    assert not run(store.was_spent(b"nonce", by=NOBODY))
    assert not run(store.was_spent(b"other", by=b"question"))
    assert not run(store.claim(b"nonce", until=LATER, by=b"question"))


def test_a_value_is_remembered_to_the_last_instant_at_which_it_could_be_accepted() -> None:
    clock = HandClock()
    store = MemoryOneTime(clock)
    run(store.claim(b"nonce", until=LATER))

    clock.turn(minutes=5)

    assert not run(store.claim(b"nonce", until=LATER))


def test_a_value_that_nobody_could_accept_any_more_makes_room() -> None:
    clock = HandClock()
    store = MemoryOneTime(clock, max_entries=1)
    run(store.claim(b"nonce", until=LATER))

    clock.turn(minutes=5, seconds=1)

    assert run(store.claim(b"other", until=LATER + timedelta(minutes=5)))


def test_a_full_store_refuses_rather_than_forget_and_still_knows_what_was_spent() -> None:
    store = MemoryOneTime(HandClock(), max_entries=2)
    run(store.claim(b"one", until=LATER))
    run(store.claim(b"two", until=LATER))

    with pytest.raises(RequestError) as caught:
        run(store.claim(b"three", until=LATER))

    assert caught.value.code == "system.overloaded"
    assert not run(store.claim(b"one", until=LATER))


def test_a_store_has_room_for_as_many_values_as_the_limits_say() -> None:
    assert signature(MemoryOneTime).parameters["max_entries"].default == LIMITS.one_time_entries


def test_claims_made_at_the_same_time_are_won_by_one() -> None:
    store = MemoryOneTime(HandClock())

    async def race() -> list[bool]:
        return await asyncio.gather(*(store.claim(b"nonce", until=LATER) for _ in range(50)))

    assert sum(run(race())) == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 100), st.integers(0, 30)), max_size=40))
def test_no_value_is_ever_spent_twice_while_it_could_be_accepted(steps: list[tuple[int, int, int]]) -> None:
    clock = HandClock()
    store = MemoryOneTime(clock)
    spent: dict[bytes, datetime] = {}
    for name, lifetime, wait in steps:
        key, until = b"%d" % name, clock.instant + timedelta(seconds=lifetime)
        fresh = run(store.claim(key, until=until))

        assert fresh or key in spent
        assert not (fresh and key in spent and spent[key] >= clock.instant)
        if fresh:
            spent[key] = until
        clock.turn(seconds=wait)
