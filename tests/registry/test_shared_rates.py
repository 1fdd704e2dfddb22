"""Limits that workers count together: two allow no more than one would; without their store each allows its part."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from idbridge.clock import SystemStopwatch
from idbridge.errors import RateExceededError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge_gateway.registration import read_registrations, write_registrations
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.rates import Rates, Told
from idbridge_gateway.registry.record import RequestLimits
from idbridge_gateway.settings import Settings
from idbridge_gateway.stores import redis_engine, redis_rates
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_rates import RedisRates, Window
from tests.gateway.asking import problem_of
from tests.gateway.clocks import HandClock
from tests.gateway.redis_server import RedisServer, redis_server
from tests.gateway.wallets import ORDER
from tests.gateway.working import PATIENCE, working_node
from tests.registry.kit import registration
from tests.registry.test_rates import SLOW, HandWatch

Value = TypeVar("Value")
LONG = timedelta(minutes=1)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers wait longer for the count that they share: a busy machine may stand still for a second."""
    longer = replace(LIMITS, rates_wait=LONG, store_wait=LONG)
    for module in (redis_rates, redis_engine):
        monkeypatch.setattr(module, "LIMITS", longer)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@dataclass
class Workers:
    """Several workers of one node, each with connections, buckets and a registry of its own."""

    url: str
    limits: Any = field(default_factory=lambda: SLOW)
    count: int = 2
    watch: HandWatch = field(default_factory=HandWatch)
    engines: list[RedisEngine] = field(default_factory=list)
    registries: list[RegistryInForce] = field(default_factory=list)
    rates: list[RedisRates] = field(default_factory=list)

    def __post_init__(self) -> None:
        for _ in range(self.count):
            engine = RedisEngine(self.url, prefix="idbridge:sandbox:TH")
            known = (registration(limits=self.limits),)
            registry = RegistryInForce(known, environment=Environment.SANDBOX, clock=HandClock())
            own = Rates(registry, stopwatch=self.watch, workers=self.count)
            self.engines.append(engine)
            self.registries.append(registry)
            self.rates.append(RedisRates(engine, registry, own=own, stopwatch=self.watch))

    async def take(self, worker: int) -> Told:
        return await self.rates[worker].take("bakery")

    async def refused(self, worker: int) -> int:
        """In how many seconds that worker will take one more."""
        with pytest.raises(RateExceededError) as caught:
            await self.take(worker)
        assert caught.value.code == "policy.rate_exceeded"
        return int(caught.value.retry_after.total_seconds())


def at(workers: Workers, work: Callable[[Workers], Awaitable[Value]]) -> Value:
    async def worked() -> Value:
        try:
            return await work(workers)
        finally:
            for engine in workers.engines:
                await engine.close()

    return asyncio.run(worked())


def let_pass(server: RedisServer, workers: Workers, *, seconds: float) -> None:
    """Let time pass, for the server by the ends of what it holds."""
    workers.watch.at += seconds
    with Redis.from_url(server.url) as redis:
        for key in server.names():
            redis.pexpire(key, max(1, int(redis.pttl(key) - seconds * 1000)))


@pytest.mark.usefixtures("patient")
def test_two_workers_together_allow_no_more_than_the_limit(server: RedisServer) -> None:
    stopwatch = SystemStopwatch()

    async def work(workers: Workers) -> None:
        began = stopwatch.seconds()
        await workers.take(0)
        await workers.take(1)
        for worker in (0, 1):
            wait = await workers.refused(worker)
            assert 18 - (stopwatch.seconds() - began) <= wait <= 20

    at(Workers(server.url), work)


@pytest.mark.usefixtures("patient")
def test_many_requests_at_once_at_several_workers_get_the_burst_and_no_more(server: RedisServer) -> None:
    async def work(workers: Workers) -> list[Any]:
        asked = [workers.take(number % workers.count) for number in range(24)]
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = at(Workers(server.url, limits={"per_minute": 10, "burst": 10}, count=3), work)

    assert sum(isinstance(answer, tuple) for answer in answers) == 10
    assert sum(isinstance(answer, RateExceededError) for answer in answers) == 14


@pytest.mark.usefixtures("patient")
def test_a_party_is_told_at_one_worker_what_is_left_after_what_it_asked_at_the_other(server: RedisServer) -> None:
    async def work(workers: Workers) -> tuple[Told, Told]:
        return await workers.take(0), await workers.take(1)

    first, second = at(Workers(server.url), work)

    assert first[0] == second[0] == (b"ratelimit-policy", b'"party";q=2;w=20')
    assert [told[1][1].partition(b";t")[0] for told in (first, second)] == [b'"party";r=1', b'"party";r=0']


@pytest.mark.usefixtures("patient")
def test_who_waits_as_long_as_it_was_told_is_let_in_once_and_not_sooner(server: RedisServer) -> None:
    async def work(workers: Workers) -> None:
        await workers.take(0)
        await workers.take(1)
        wait = await workers.refused(0)
        let_pass(server, workers, seconds=wait - 5)
        assert await workers.refused(0) <= 5
        assert await workers.refused(1) <= 5
        let_pass(server, workers, seconds=5)
        await workers.take(0)
        assert await workers.refused(1) > 0

    at(Workers(server.url), work)


@pytest.mark.usefixtures("patient")
def test_in_half_an_hour_a_party_that_never_stops_gets_its_burst_and_what_half_an_hour_brings(
    server: RedisServer,
) -> None:
    stopwatch = SystemStopwatch()
    began = stopwatch.seconds()

    async def work(workers: Workers) -> int:
        counted = 0
        for step in range(180):
            try:
                await workers.take(step % 2)
                counted += 1
            except RateExceededError:
                pass
            let_pass(server, workers, seconds=10)
        return counted

    counted = at(Workers(server.url, limits={"per_minute": 2, "burst": 5}), work)

    took = stopwatch.seconds() - began  # which is time for the server as well
    assert 50 <= counted <= 5 + 60 + took / 30


@pytest.mark.usefixtures("patient")
def test_a_party_without_limits_is_not_counted_and_narrower_limits_hold_at_once(server: RedisServer) -> None:
    async def work(workers: Workers) -> None:
        assert [await workers.take(0) for _ in range(20)] == [()] * 20
        assert await workers.rates[0].take("nobody") == ()
        assert server.names() == []
        workers.registries[0].exchange((registration(limits={"per_minute": 1, "burst": 1}),))
        await workers.take(0)
        await workers.refused(0)
        workers.registries[0].exchange((registration(limits=None),))
        assert await workers.take(0) == ()

    at(Workers(server.url, limits=None), work)


@pytest.mark.usefixtures("patient")
def test_who_was_refused_is_refused_without_a_word_to_the_server(server: RedisServer) -> None:
    async def work(workers: Workers) -> None:
        await workers.take(0)
        await workers.take(0)
        wait = await workers.refused(0)
        server.stop()
        workers.watch.at = 5.0
        assert wait - 7 <= await workers.refused(0) <= wait - 4  # the server counts whole seconds, and rounds up

    at(Workers(server.url), work)


def test_without_the_server_each_worker_allows_its_part_and_asks_again_after_a_pause(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tmp_path) as server:
        port = server.port
    pause = LIMITS.rates_pause.total_seconds()

    async def work(workers: Workers) -> None:
        for worker in (0, 1):
            assert (await workers.take(worker))[0] == (b"ratelimit-policy", b'"party";q=4;w=8')
        assert caplog.text.count("limits of requests: the store does not answer") == 2
        await workers.take(0)
        assert caplog.text.count("limits of requests: the store does not answer") == 2
        with redis_server(tmp_path, port=port):
            workers.watch.at = pause - 0.1
            assert (await workers.take(0))[0][1] == b'"party";q=4;w=8'
            workers.watch.at = pause
            assert (await workers.take(0))[0][1] == b'"party";q=8;w=8'

    at(Workers(f"redis://127.0.0.1:{port}/0", limits={"per_minute": 60, "burst": 8}), work)


def test_without_the_server_a_part_is_a_part(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        url = server.url

    async def work(workers: Workers) -> None:
        await workers.take(0)
        assert await workers.refused(0) == 20

    at(Workers(url), work)


def test_nobody_waits_long_for_a_server_that_is_silent(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_engine, "LIMITS", replace(LIMITS, store_wait=LONG))
    stopwatch = SystemStopwatch()

    async def work(workers: Workers) -> float:
        await workers.take(0)
        server.process.send_signal(signal.SIGSTOP)
        began = stopwatch.seconds()
        await workers.take(0)
        return stopwatch.seconds() - began

    try:
        waited = timedelta(seconds=at(Workers(server.url), work))
    finally:
        server.process.send_signal(signal.SIGCONT)
    assert LIMITS.rates_wait <= waited < LONG  # for which it would wait for the store


@given(per_minute=st.integers(1, LIMITS.registered_rate), burst=st.integers(1, LIMITS.registered_rate))
def test_a_window_allows_no_more_a_minute_than_was_agreed_and_at_once_the_burst(per_minute: int, burst: int) -> None:
    window = Window.of(RequestLimits(per_minute=per_minute, burst=burst))

    assert window.most * 60 <= per_minute * window.seconds
    assert burst <= window.most <= max(burst, per_minute // 60) + per_minute // 60


def test_two_processes_of_a_node_together_allow_no_more_than_the_limit(tmp_path: Path, server: RedisServer) -> None:
    with working_node(tmp_path / "node", server.url, workers=2, prepare=_narrow) as node:
        key = node.region.keys.api["th-bank"]
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        answers = []
        for number in (1, 2, 1, 2):
            with node.only(number), httpx2.Client(base_url=node.url, trust_env=False, timeout=PATIENCE) as client:
                answers.append(client.post("/v1/presentations", json=ORDER, headers=headers))

    assert [answer.status_code for answer in answers[:3]] == [201, 201, 201]
    assert [answer.headers["ratelimit"].partition(";t")[0] for answer in answers[:3]] == [
        '"party";r=2',
        '"party";r=1',
        '"party";r=0',
    ]
    assert problem_of(answers[3], 429) == "policy.rate_exceeded"
    assert 0 < int(answers[3].headers["retry-after"]) <= 180


def _narrow(settings: Settings) -> None:
    path = settings.relying_parties_file
    assert path is not None
    everybody = read_registrations(path, environment=Environment.SANDBOX)
    limits = RequestLimits(per_minute=1, burst=3)
    changed = (replace(one, limits=limits) if one.id == "th-bank" else one for one in everybody)
    write_registrations(path, changed, environment=Environment.SANDBOX)
