"""Sessions: one login as one client knows it, until it ends or is a day old."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, TypeVar

from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.oidc.sessions import Sessions
from idbridge_gateway.stores.sealed import Kind, MemorySealedStore, new_handle
from tests.gateway.clocks import NOON, HandClock

Value = TypeVar("Value")


def run(coroutine: Coroutine[Any, Any, Value]) -> Value:
    return asyncio.run(coroutine)


def held() -> tuple[Sessions, MemorySealedStore, HandClock, str]:
    """A store with one session, as a code begins it."""
    clock = HandClock()
    store = MemorySealedStore(clock, SystemRandomness())
    sid = new_handle(SystemRandomness())
    members = {"client_id": "bank", "subject": "pairwise", "access_token": new_handle(SystemRandomness())}
    run(store.put(Kind.SESSION, sid, json.dumps(members).encode(), until=NOON + LIMITS.session_lifetime))
    run(store.put(Kind.ACCESS_TOKEN, members["access_token"], b"{}", until=NOON + LIMITS.session_lifetime))
    return Sessions(store=store), store, clock, sid


def test_a_session_that_nobody_began_does_not_end() -> None:
    sessions, _, _, _ = held()

    assert run(sessions.end(new_handle(SystemRandomness()))) is None
    assert run(sessions.end("no handle")) is None


def test_a_session_is_forgotten_after_its_time() -> None:
    sessions, _, clock, sid = held()
    clock.turn(seconds=LIMITS.session_lifetime.total_seconds())

    assert run(sessions.end(sid)) is None


def test_a_session_ends_once_and_takes_its_token_with_it() -> None:
    sessions, store, _, sid = held()
    ended = run(sessions.end(sid))

    assert ended is not None
    assert (ended.client_id, ended.subject) == ("bank", "pairwise")
    assert run(store.read(Kind.ACCESS_TOKEN, ended.access_token)) is None
    assert run(sessions.end(sid)) is None
    assert ended.access_token not in repr(ended)
