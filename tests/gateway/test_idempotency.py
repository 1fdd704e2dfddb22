"""Repeated requests: one key, one body, two minutes; digests and nothing else."""

from inspect import signature

import pytest

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.stores.idempotency import WHOLE_REQUEST, Idempotency, Repetition
from tests.gateway.clocks import NOON, HandClock

KEY = b"order-0001"
BODY = b'{"credential":"a secret of Siti"}'


def store_at(clock: HandClock, *, max_entries: int = 100) -> Idempotency:
    return Idempotency(clock, SystemRandomness(), max_entries=max_entries)


def ask(store: Idempotency, *, key: bytes = KEY, party: str = "th-bank", body: bytes = BODY) -> Repetition:
    repetition = store.repetition(key, relying_party=party, body=body, items=1)
    for item in (WHOLE_REQUEST, 0):
        store.remember(repetition, item=item, report_id="rep_1", snapshot="s1", instant=NOON)
    return repetition


def test_another_body_under_the_same_key_is_a_conflict() -> None:
    store = store_at(HandClock())
    ask(store)

    with pytest.raises(RequestError) as caught:
        ask(store, body=BODY + b" ")

    assert caught.value.code == "input.idempotency_conflict"


@pytest.mark.parametrize(
    "key", [b"", b"short12", b"k" * 129, b"with\nbreak", b"with space", b"with\x00null", "schlüssel-1".encode()]
)
def test_a_key_of_another_form_is_refused(key: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        ask(store_at(HandClock()), key=key)

    assert caught.value.code == "input.request_malformed"


def test_the_same_question_is_found_again_as_it_was() -> None:
    store = store_at(HandClock())

    earlier = store.earlier(ask(store), item=0)

    assert earlier is not None
    assert (earlier.report_id, earlier.snapshot, earlier.instant) == ("rep_1", "s1", NOON)


def test_two_relying_parties_never_share_a_key() -> None:
    store = store_at(HandClock())
    ask(store)

    theirs = store.repetition(KEY, relying_party="sg-bank", body=b"another body", items=1)

    assert store.earlier(theirs, item=0) is None


def test_after_two_minutes_the_key_is_free() -> None:
    clock = HandClock()
    store = store_at(clock)
    ask(store)

    clock.turn(seconds=LIMITS.idempotency_window.total_seconds())
    with pytest.raises(RequestError):
        ask(store, body=b"another body")
    clock.turn(seconds=1)

    assert store.earlier(store.repetition(KEY, relying_party="th-bank", body=b"another", items=1), item=0) is None


def test_what_is_kept_holds_neither_key_nor_body_nor_a_digest_that_anybody_else_could_make() -> None:
    first, second = store_at(HandClock()), store_at(HandClock())

    kept, other = ask(first), ask(second)

    assert kept.body != other.body
    assert b"Siti" not in kept.body + kept.key
    assert KEY not in kept.key


def test_when_there_is_no_room_a_repeatable_question_is_refused_before_anything_is_spent() -> None:
    store = store_at(HandClock(), max_entries=2)
    ask(store)

    with pytest.raises(RequestError) as caught:
        store.repetition(b"order-0002", relying_party="th-bank", body=BODY, items=1)

    assert caught.value.code == "system.overloaded"
    assert store.repetition(KEY, relying_party="th-bank", body=BODY, items=1)


def test_a_store_has_room_for_as_many_questions_as_the_limits_say() -> None:
    assert signature(Idempotency).parameters["max_entries"].default == LIMITS.idempotency_entries


def test_the_first_answer_stays_the_first() -> None:
    store = store_at(HandClock())
    repetition = ask(store)
    store.remember(repetition, item=0, report_id="rep_2", snapshot="s2", instant=NOON)

    earlier = store.earlier(repetition, item=0)

    assert earlier is not None
    assert earlier.report_id == "rep_1"
