"""Hints between workers over a real Redis: heard at once, bounded in number, and nobody depends on them."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import uvloop

from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge_gateway.app import create_app
from idbridge_gateway.settings import read_settings
from idbridge_gateway.stores import redis_engine
from idbridge_gateway.stores.chosen import hint_to
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_hints import RedisHints
from tests.gateway.distributed import distribute, distributed_node
from tests.gateway.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.usefixtures("patient_store")

PATIENCE = 120.0
Heard = list[float]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


async def until(done: Callable[[], bool]) -> None:
    """Wait until something is so, a moment at a time and not for ever."""
    async with asyncio.timeout(PATIENCE):
        while not done():
            await asyncio.sleep(0.01)


def listening(url: str, work: Callable[[RedisHints, Heard], Awaitable[None]]) -> Heard:
    """When a worker heard something, while ``work`` is done with the hints of another."""

    async def all_of_it() -> Heard:
        ears, mouth = (RedisEngine(url, prefix="idbridge:sandbox") for _ in range(2))
        heard: Heard = []
        loop = asyncio.get_running_loop()
        listener = asyncio.create_task(RedisHints(ears).listen(lambda: heard.append(loop.time())))
        try:
            await work(RedisHints(mouth), heard)
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
            for engine in (ears, mouth):
                await engine.close()
        return heard

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(all_of_it())


async def hint_until_heard(hints: RedisHints, *, by: int = 1) -> None:
    async with asyncio.timeout(PATIENCE):
        while await hints.send() < by:
            await asyncio.sleep(0.01)


def test_many_hints_that_come_together_are_few_looks_and_the_last_is_never_lost(server: RedisServer) -> None:
    async def flood(hints: RedisHints, heard: Heard) -> None:
        await hint_until_heard(hints)
        await until(lambda: len(heard) == 1)
        for _ in range(200):
            await hints.send()
        last = asyncio.get_running_loop().time()
        await until(lambda: heard[-1] >= last)

    heard = listening(server.url, flood)

    pauses = [later - earlier for earlier, later in pairwise(heard)]
    assert all(pause >= 0.9 * LIMITS.hint_pause.total_seconds() for pause in pauses)
    assert 2 <= len(heard) < 100


def listeners(server: RedisServer) -> list[bytes]:
    """The connections over which somebody listens, as the server numbers them."""
    return re.findall(rb"\bid=(\d+)", server.ask(b"CLIENT", b"LIST", b"TYPE", b"PUBSUB"))


def test_who_listened_in_vain_for_longer_than_the_store_may_take_hears_the_next_hint(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_engine, "LIMITS", LIMITS)  # here nobody is patient: it is about that very bound

    async def wait(hints: RedisHints, heard: Heard) -> None:
        await hint_until_heard(hints)
        await until(lambda: len(heard) > 0)
        await until(lambda: len(listeners(server)) == 1)  # those of other tests have gone
        before, listening_on = len(heard), listeners(server)
        await asyncio.sleep(1.5 * LIMITS.store_wait.total_seconds())
        assert listeners(server) == listening_on, "who has to begin anew misses what comes meanwhile"
        await hint_until_heard(hints)
        await until(lambda: len(heard) > before)

    listening(server.url, wait)


def test_while_the_server_is_away_nobody_hears_and_when_it_is_back_everybody_does(tmp_path: Path) -> None:
    with redis_server(tmp_path) as first:
        port = first.port

    async def away(hints: RedisHints, heard: Heard) -> None:
        with redis_server(tmp_path, port=port):
            await hint_until_heard(hints)
            await until(lambda: len(heard) > 0)
        assert await hints.send() == 0
        before = len(heard)
        with redis_server(tmp_path, port=port):
            await hint_until_heard(hints)
            await until(lambda: len(heard) > before)

    listening(first.url, away)


def test_a_node_is_not_told_what_another_node_hints(server: RedisServer) -> None:
    async def other(hints: RedisHints, heard: Heard) -> None:
        await hint_until_heard(hints)
        await until(lambda: len(heard) == 1)
        engine = RedisEngine(server.url, prefix="idbridge:sandbox:SG")
        try:
            assert await RedisHints(engine).send() == 0
        finally:
            await engine.close()

    assert len(listening(server.url, other)) == 1


@pytest.mark.parametrize("named", ["", "redis://127.0.0.1:1/0"], ids=["no server", "one that does not answer"])
def test_a_hint_without_a_server_to_hear_it_is_an_error_of_the_settings(tmp_path: Path, named: str) -> None:
    node = distributed_node(tmp_path)
    settings = read_settings(**{**node.settings.model_dump(), **({"redis_url": named} if named else {})})

    with pytest.raises(ConfigurationError, match="IDBRIDGE_REDIS_URL"):
        hint_to(settings)


def test_what_one_worker_finds_it_tells_the_others(tmp_path: Path, server: RedisServer) -> None:
    """Neither looks by itself for an hour; one of them is made to look."""
    node = distributed_node(tmp_path)
    told: dict[str, Any] = {**node.settings.model_dump(), "redis_url": server.url, "reload_seconds": 3600.0}
    settings = read_settings(**told)

    async def both() -> None:
        first, second = (create_app(settings, clock=node.clock) for _ in range(2))
        async with first.router.lifespan_context(first), second.router.lifespan_context(second):
            before = second.state.trust.current().snapshot.id
            await first.state.reload.look()  # each looks once to see what is there
            await hint_until_heard(first.state.parts.stores.hints, by=2)
            distribute(node)
            await first.state.reload.look()
            await until(lambda: second.state.trust.current().snapshot.id != before)
            assert second.state.trust.current().snapshot.id == first.state.trust.current().snapshot.id

    asyncio.run(both())
