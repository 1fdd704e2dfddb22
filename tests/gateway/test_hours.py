"""Verdicts by the hour: what is counted names nobody, what others write is not believed, and nothing is lost."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.reasons import Indication
from idbridge_gateway.console.hours import HourlyVerdicts, Kind, hour_of, kind_of, totals
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_hours import RedisHours
from tests.assertion.answers import report
from tests.assertion.test_login import TAN
from tests.gateway.asking import LOGIN, Node, node_in
from tests.gateway.clocks import NOON, HandClock
from tests.gateway.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.usefixtures("patient_store")

PREFIX = "idbridge:sandbox:TH"
REPORT = report(TAN, purpose="account-opening", claims=("name",))
PASSED = Kind(hour_of(REPORT.at), Indication.PASSED, MemberState.SG, None)
REFUSED = Kind(hour_of(NOON), Indication.FAILED, None, "issuer.unknown")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as started:
        yield started


@pytest.mark.parametrize(
    "field",
    ["", "PASSED", "PASSED SG", "passed SG -", "PASSED XX -", "FAILED SG no.such_code", "FAILED SG - more", "  "],
)
def test_what_others_write_into_the_counts_is_not_believed(field: str) -> None:
    assert kind_of(1, field) is None


@pytest.mark.parametrize("kind", [PASSED, REFUSED, replace(REFUSED, state=MemberState.TL)])
def test_a_kind_is_read_as_it_was_written(kind: Kind) -> None:
    assert kind_of(kind.hour, kind.field()) == kind


def test_a_count_tells_the_hour_and_the_state_and_nothing_of_anybody() -> None:
    counts = HourlyVerdicts()
    counts.note(REPORT)
    counts.note(REPORT)

    assert asyncio.run(counts.since(0)) == {PASSED: 2}
    assert PASSED.begins == REPORT.at.replace(minute=0, second=0, microsecond=0)


def test_hours_before_the_one_that_is_asked_for_are_left_out() -> None:
    counts = HourlyVerdicts()
    counts.note(REPORT)

    assert asyncio.run(counts.since(PASSED.hour + 1)) == {}


def test_the_oldest_hours_are_forgotten_before_there_are_too_many() -> None:
    counts = HourlyVerdicts()
    states, codes = tuple(MemberState), ("issuer.unknown", "issuer.missing", "status.revoked", "trust.stale")
    kinds = [
        Kind(hour, indication, state, code)
        for hour in range(LIMITS.counted_kinds // 100)
        for indication in Indication
        for state in states
        for code in codes
    ]
    counts.restored(dict.fromkeys(kinds[: LIMITS.counted_kinds], 1))

    counts.note(REPORT)

    held = asyncio.run(counts.since(0))
    assert len(held) <= LIMITS.counted_kinds
    assert PASSED in held
    assert min(kind.hour for kind in held) == 1


def test_totals_name_every_indication() -> None:
    assert totals([(PASSED, 2), (REFUSED, 3), (REFUSED, 4)]) == {
        Indication.PASSED: 2, Indication.FAILED: 7, Indication.INDETERMINATE: 0,
    }  # fmt: skip


def test_a_verdict_that_leaves_the_node_is_counted(shared_files: Any) -> None:
    node: Node = node_in(shared_files)
    case = node.case(LOGIN)
    assert node.put(case).json()["accepted"] is True
    assert node.put(case).json()["accepted"] is False

    counts = asyncio.run(node.app.state.parts.stores.hours.since(0))

    assert {(kind.indication, kind.state, kind.code): count for kind, count in counts.items()} == {
        (Indication.PASSED, MemberState.SG, None): 1,
        (Indication.FAILED, MemberState.SG, "holder.replayed"): 1,
    }


def test_what_two_workers_counted_comes_together(server: RedisServer) -> None:
    async def counted() -> Any:
        clock = HandClock(NOON)
        one, other = (RedisEngine(server.url, prefix=PREFIX) for _ in range(2))
        first, second = HourlyVerdicts(), HourlyVerdicts()
        first.restored({REFUSED: 2})
        second.restored({REFUSED: 3, replace(REFUSED, hour=hour_of(NOON - timedelta(hours=2))): 1})
        try:
            await RedisHours(one, first, clock).hand_over()
            return await RedisHours(other, second, clock).since(hour_of(NOON - timedelta(hours=1)))
        finally:
            await one.close()
            await other.close()

    assert asyncio.run(counted()) == {REFUSED: 5}
    keys = server.ask(b"KEYS", b"*hours*")
    assert server.ask(b"TTL", keys.split(b"\r\n")[2]) > b":%d" % LIMITS.counted_for.total_seconds()


def test_fields_of_strangers_in_the_server_are_passed_over(server: RedisServer) -> None:
    async def counted() -> Any:
        engine, clock = RedisEngine(server.url, prefix="idbridge:sandbox:MY"), HandClock(NOON)
        name = engine.name(b"hours", hour_of(NOON).to_bytes(4))
        strange: dict[str, str] = {"<script>": "1", "PASSED SG -": "-4", "FAILED SG -": "many", "PASSED TH -": "7"}
        try:
            await engine.commands.hset(name, mapping=strange)  # type: ignore[misc]  # the client types both kinds
            return await RedisHours(engine, HourlyVerdicts(), clock).since(0)
        finally:
            await engine.close()

    assert asyncio.run(counted()) == {Kind(hour_of(NOON), Indication.PASSED, MemberState.TH, None): 7}


def test_while_the_server_is_down_nothing_that_was_counted_is_lost(tmp_path: Path) -> None:
    async def counted(url: str) -> Any:
        engine, own = RedisEngine(url, prefix=PREFIX), HourlyVerdicts()
        own.restored({REFUSED: 2})
        try:
            with pytest.raises(RequestError) as caught:
                await RedisHours(engine, own, HandClock(NOON)).hand_over()
            assert caught.value.code == "system.overloaded"
            return await own.since(0)
        finally:
            await engine.close()

    with redis_server(tmp_path) as gone:
        url = gone.url

    assert asyncio.run(counted(url)) == {REFUSED: 2}


def test_a_worker_hands_over_again_and_again(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def counted() -> Any:
        engine, own = RedisEngine(server.url, prefix="idbridge:sandbox:LA"), HourlyVerdicts()
        hours = RedisHours(engine, own, HandClock(NOON))

        async def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                raise asyncio.CancelledError
            own.restored({REFUSED: 1})

        monkeypatch.setattr("idbridge_gateway.stores.redis_hours.asyncio.sleep", pause)
        try:
            with pytest.raises(asyncio.CancelledError):
                await hours.watch()
            return await hours.since(0)
        finally:
            await engine.close()

    assert asyncio.run(counted()) == {REFUSED: 2}
    assert set(pauses) == {LIMITS.counts_pause.total_seconds()}
