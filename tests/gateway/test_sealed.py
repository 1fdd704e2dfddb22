"""Sealed values: found and read with their handle alone, taken once, never forgotten early."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import base64url
from idbridge.crypto import sealing
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.stores.sealed import Kind, MemorySealedStore, new_handle, secret_of
from tests.gateway.clocks import NOON, HandClock

Value = TypeVar("Value")
LATER = NOON + timedelta(minutes=5)
CANARY = b"canary: Tan Hui Ling, 1990-01-02"
RANDOM = SystemRandomness()


def run(coroutine: Coroutine[Any, Any, Value]) -> Value:
    return asyncio.run(coroutine)


def store(clock: HandClock | None = None, **more: Any) -> MemorySealedStore:
    return MemorySealedStore(clock or HandClock(), RANDOM, **more)


@pytest.mark.parametrize("handle", ["", "x", "!" * 43, base64url.encode(bytes(31)), base64url.encode(bytes(33))])
def test_what_is_no_handle_finds_nothing_and_keeps_nothing(handle: str) -> None:
    values = store()

    assert secret_of(handle) is None
    assert run(values.read(Kind.CODE, handle)) is None
    assert run(values.take(Kind.CODE, handle)) is None
    assert not run(values.replace(Kind.CODE, handle, b"x", until=LATER))
    with pytest.raises(ValueError, match="handle of its own"):
        run(values.put(Kind.CODE, handle, b"x", until=LATER))


def test_another_handle_finds_nothing() -> None:
    values = store()
    run(values.put(Kind.CODE, new_handle(RANDOM), CANARY, until=LATER))

    assert run(values.read(Kind.CODE, new_handle(RANDOM))) is None


def test_a_value_of_one_kind_is_none_of_another() -> None:
    values, handle = store(), new_handle(RANDOM)
    run(values.put(Kind.CODE, handle, CANARY, until=LATER))

    assert [kind for kind in Kind if run(values.read(kind, handle)) is not None] == [Kind.CODE]


def test_a_copy_of_the_store_tells_nothing_without_handles() -> None:
    values, handle = store(), new_handle(RANDOM)
    run(values.put(Kind.TRANSACTION, handle, CANARY, until=LATER))
    secret = base64url.decode(handle)

    copied = b"".join(name + held.octets for name, held in values.held.items())
    assert values.held
    assert CANARY not in copied
    assert b"Hui Ling" not in copied
    assert secret not in copied
    assert handle.encode() not in copied


def test_what_was_changed_in_the_store_is_nothing() -> None:
    handle = new_handle(RANDOM)
    sealed = sealing.seal(base64url.decode(handle), CANARY, label="code", randomness=RANDOM)

    for position in range(len(sealed)):
        spoilt = bytearray(sealed)
        spoilt[position] ^= 1
        assert sealing.unseal(base64url.decode(handle), bytes(spoilt), label="code") is None
    assert sealing.unseal(base64url.decode(handle), b"", label="code") is None
    assert sealing.unseal(base64url.decode(handle), sealed, label="code") == CANARY


@pytest.mark.parametrize("octets", [0, 16, 31, 33])
def test_a_secret_of_another_length_seals_nothing(octets: int) -> None:
    for use in (
        lambda: sealing.name_of(bytes(octets), label="code"),
        lambda: sealing.seal(bytes(octets), b"", label="code", randomness=RANDOM),
        lambda: sealing.unseal(bytes(octets), b"", label="code"),
    ):
        with pytest.raises(ValueError, match="32 octets"):
            use()


def test_a_value_is_taken_once() -> None:
    values, handle = store(), new_handle(RANDOM)
    run(values.put(Kind.CODE, handle, CANARY, until=LATER))

    async def race() -> list[bytes | None]:
        return list(await asyncio.gather(*(values.take(Kind.CODE, handle) for _ in range(8))))

    assert sorted(run(race()), key=str) == sorted([CANARY, *[None] * 7], key=str)
    assert not run(values.replace(Kind.CODE, handle, b"again", until=LATER))
    assert run(values.read(Kind.CODE, handle)) is None


def test_a_value_ends_at_its_instant_and_not_before() -> None:
    clock = HandClock()
    values, handle = store(clock), new_handle(RANDOM)
    run(values.put(Kind.CODE, handle, CANARY, until=LATER))

    clock.turn(minutes=4, seconds=59)
    assert run(values.read(Kind.CODE, handle)) == CANARY
    clock.turn(seconds=1)
    assert run(values.read(Kind.CODE, handle)) is None
    assert run(values.take(Kind.CODE, handle)) is None


def test_a_value_that_was_put_again_for_longer_is_kept_for_longer() -> None:
    clock = HandClock()
    values, handle = store(clock), new_handle(RANDOM)
    run(values.put(Kind.TRANSACTION, handle, b"first", until=LATER))
    assert run(values.replace(Kind.TRANSACTION, handle, b"second", until=LATER + timedelta(minutes=5)))

    clock.turn(minutes=6)
    run(values.put(Kind.CODE, new_handle(RANDOM), b"x", until=LATER + timedelta(hours=1)))

    assert run(values.read(Kind.TRANSACTION, handle)) == b"second"


def test_a_full_store_begins_nothing_and_forgets_nothing() -> None:
    clock = HandClock()
    values, handle = store(clock, max_entries=1), new_handle(RANDOM)
    run(values.put(Kind.CODE, handle, CANARY, until=LATER))

    with pytest.raises(RequestError) as caught:
        run(values.put(Kind.CODE, new_handle(RANDOM), b"x", until=LATER))
    assert caught.value.code == "system.overloaded"
    assert run(values.read(Kind.CODE, handle)) == CANARY
    clock.turn(minutes=6)
    run(values.put(Kind.CODE, new_handle(RANDOM), b"x", until=LATER + timedelta(minutes=9)))
    assert len(values.held) == 1


def test_the_bounds_are_the_published_ones() -> None:
    handle = new_handle(RANDOM)
    run(store().put(Kind.CODE, handle, bytes(LIMITS.sealed_value_bytes), until=LATER))
    with pytest.raises(ValueError, match="bound"):
        run(store().put(Kind.CODE, handle, bytes(LIMITS.sealed_value_bytes + 1), until=LATER))
    assert store()._max_entries == LIMITS.sealed_entries


@given(value=st.binary(max_size=300), kind=st.sampled_from(list(Kind)))
def test_what_is_put_is_read(value: bytes, kind: Kind) -> None:
    values, handle = store(), new_handle(RANDOM)
    run(values.put(kind, handle, value, until=LATER))

    assert run(values.read(kind, handle)) == value
    assert run(values.take(kind, handle)) == value
