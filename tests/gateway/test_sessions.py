"""Sessions: one login as one client knows it, until it ends or is a day old."""

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.oidc.sessions import Session, Sessions
from idbridge_gateway.oidc.turns import Turn, Turns
from idbridge_gateway.stores.sealed import Kind, MemorySealedStore, new_handle
from tests.gateway.asking import Node
from tests.gateway.clocks import NOON, HandClock
from tests.gateway.faltering import STORE, falters_once

Value = TypeVar("Value")


@pytest.fixture
def turn(node: Node) -> Turn:
    turns: Turns = node.app.state.provider.turns
    return turns.begin()


def run(coroutine: Coroutine[Any, Any, Value]) -> Value:
    return asyncio.run(coroutine)


@dataclass
class Told:
    """Who was told that a session is over."""

    sessions: list[Session] = field(default_factory=list)

    def __call__(self, session: Session, turn: Turn) -> None:
        assert turn.at is not None
        self.sessions.append(session)


def held(told: Told | None = None) -> tuple[Sessions, MemorySealedStore, HandClock, str]:
    """A store with one session, as a code begins it."""
    clock = HandClock()
    store = MemorySealedStore(clock, SystemRandomness())
    sid = new_handle(SystemRandomness())
    members = {
        "client_id": "bank", "relying_party": "th-bank", "subject": "pairwise",
        "access_token": new_handle(SystemRandomness()),
    }  # fmt: skip
    run(store.put(Kind.SESSION, sid, json.dumps(members).encode(), until=NOON + LIMITS.session_lifetime))
    run(store.put(Kind.ACCESS_TOKEN, members["access_token"], b"{}", until=NOON + LIMITS.session_lifetime))
    return Sessions(store=store, tell=told or Told()), store, clock, sid


def test_a_session_that_nobody_began_does_not_end(turn: Turn) -> None:
    told = Told()
    sessions, _, _, _ = held(told)

    assert run(sessions.end(new_handle(SystemRandomness()), turn=turn)) is None
    assert run(sessions.end("no handle", turn=turn)) is None
    assert run(sessions.find("no handle")) is None
    assert told.sessions == []


def test_a_session_is_forgotten_after_its_time(turn: Turn) -> None:
    sessions, _, clock, sid = held()
    clock.turn(seconds=LIMITS.session_lifetime.total_seconds())

    assert run(sessions.find(sid)) is None
    assert run(sessions.end(sid, turn=turn)) is None


def test_a_session_ends_once_takes_its_token_with_it_and_its_client_is_told(turn: Turn) -> None:
    told = Told()
    sessions, store, _, sid = held(told)
    found = run(sessions.find(sid))
    ended = run(sessions.end(sid, turn=turn))

    assert ended is not None
    assert found == ended
    assert (ended.client_id, ended.subject) == ("bank", "pairwise")
    assert run(store.read(Kind.ACCESS_TOKEN, ended.access_token)) is None
    assert run(sessions.end(sid, turn=turn)) is None
    assert told.sessions == [ended]
    assert ended.access_token not in repr(ended)


@pytest.mark.parametrize("kind", [Kind.ACCESS_TOKEN, Kind.SESSION])
def test_a_session_that_a_store_kept_from_its_end_can_be_ended_again(
    turn: Turn, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    told = Told()
    sessions, store, _, sid = held(told)
    falters_once(monkeypatch, "take", kind)
    with pytest.raises(RequestError) as caught:
        run(sessions.end(sid, turn=turn))
    ended = run(sessions.end(sid, turn=turn))

    assert caught.value.code == STORE
    assert ended is not None
    assert run(store.read(Kind.ACCESS_TOKEN, ended.access_token)) is None
    assert told.sessions == [ended]
