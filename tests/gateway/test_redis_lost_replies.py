"""A value that was taken while the answer was lost: the same taker gets it after all, and nobody gets it twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from idbridge.errors import ConfigurationError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.stores.redis_engine import CommandRefusedError, RedisEngine
from idbridge_gateway.stores.redis_sealed import RedisSealedStore
from idbridge_gateway.stores.sealed import Kind, new_handle
from tests.gateway.clocks import NOON, HandClock
from tests.gateway.redis_server import RedisServer, redis_server

Value = TypeVar("Value")
RANDOM = SystemRandomness()
LATER = NOON + timedelta(minutes=5)
CANARY = b"canary: Tan Hui Ling"
TAKEN = b"idbridge:sandbox:taken:*"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(shared: RedisServer) -> RedisServer:
    """A server that holds nothing."""
    assert shared.ask(b"FLUSHALL") == b"+OK\r\n"
    return shared


class LosingLine:
    """The way to a server, on which the answers to as many scripts as a test says get lost, with their connections."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self.losing = 0
        self.lost = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection; the answer is waited for before it is lost, so that the server has done the work."""
        there, back = await asyncio.open_connection("127.0.0.1", self._server.port)
        try:
            while asked := await reader.read(65_536):
                back.write(asked)
                answer = await there.read(65_536)
                if b"GETDEL" in asked and self.losing:
                    self.losing, self.lost = self.losing - 1, self.lost + 1
                    return
                writer.write(answer)
        finally:
            back.close()
            writer.close()


@asynccontextmanager
async def losing(server: RedisServer) -> AsyncIterator[tuple[LosingLine, RedisEngine]]:
    line = LosingLine(server)
    listening = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    engine = RedisEngine(f"redis://127.0.0.1:{port}/0", prefix="idbridge:sandbox")
    try:
        yield line, engine
    finally:
        await engine.close()
        listening.close()


def with_line(server: RedisServer, work: Callable[[LosingLine, RedisSealedStore], Awaitable[Value]]) -> Value:
    async def done() -> Value:
        async with losing(server) as (line, engine):
            return await work(line, RedisSealedStore(engine, HandClock(), RANDOM))

    return asyncio.run(done())


async def refused(work: Awaitable[Any]) -> str:
    with pytest.raises(RequestError) as caught:
        await work
    return caught.value.code


def test_a_value_whose_taking_was_never_confirmed_is_gone_and_nobody_gets_it(server: RedisServer) -> None:
    """The loss is told to the taker, who got nothing, and to no second one is it given: it fails closed."""

    async def worked(line: LosingLine, store: RedisSealedStore) -> None:
        handle = new_handle(RANDOM)
        await store.put(Kind.WALLET_TURN, handle, CANARY, until=LATER)
        line.losing = 2

        assert await refused(store.take(Kind.WALLET_TURN, handle)) == "system.overloaded"
        assert line.lost == 2
        assert [await store.take(Kind.WALLET_TURN, handle) for _ in range(3)] == [None] * 3
        assert await store.read(Kind.WALLET_TURN, handle) is None
        assert not await store.replace(Kind.WALLET_TURN, handle, CANARY, until=LATER)

    with_line(server, worked)


def test_of_many_who_take_at_once_over_a_bad_line_one_gets_it(server: RedisServer) -> None:
    async def worked(line: LosingLine, store: RedisSealedStore) -> list[bytes | None]:
        handle = new_handle(RANDOM)
        await store.put(Kind.CODE, handle, CANARY, until=LATER)
        line.losing = 1
        takers = (store.take(Kind.CODE, handle) for _ in range(8))
        found = await asyncio.gather(*takers, return_exceptions=True)
        assert all(isinstance(one, bytes | None | RequestError) for one in found)
        return [one for one in found if isinstance(one, bytes)]

    assert with_line(server, worked) == [CANARY]


def test_whoever_loses_the_answer_gets_the_value_by_asking_again_and_nobody_else_does(server: RedisServer) -> None:
    async def worked(line: LosingLine, store: RedisSealedStore) -> None:
        handle = new_handle(RANDOM)
        await store.put(Kind.CODE, handle, CANARY, until=LATER)
        line.losing = 1

        assert await store.take(Kind.CODE, handle) == CANARY
        assert line.lost == 1
        assert await store.take(Kind.CODE, handle) is None

    with_line(server, worked)


def test_a_value_that_was_given_back_is_taken_by_whoever_comes_next(server: RedisServer) -> None:
    async def worked(line: LosingLine, store: RedisSealedStore) -> None:
        handle = new_handle(RANDOM)
        for _ in range(2):
            await store.put(Kind.TRANSACTION, handle, CANARY, until=LATER)
            line.losing = 1
            assert await store.take(Kind.TRANSACTION, handle) == CANARY
        assert await store.take(Kind.TRANSACTION, handle) is None

    with_line(server, worked)


def test_what_was_taken_is_kept_sealed_for_its_taker_and_only_for_a_while(server: RedisServer) -> None:
    handle = new_handle(RANDOM)

    async def worked(_: LosingLine, store: RedisSealedStore) -> None:
        await store.put(Kind.CODE, handle, CANARY, until=LATER)
        assert await store.take(Kind.CODE, handle) == CANARY

    with_line(server, worked)
    (name,) = server.names()
    assert name.startswith(TAKEN[:-1])
    assert 0 < int(server.ask(b"PTTL", name)[1:]) <= LIMITS.store_retake / timedelta(milliseconds=1)
    kept = server.ask(b"GET", name)
    assert CANARY not in kept
    assert handle.encode() not in kept + name


def test_a_server_that_runs_no_scripts_is_unfit_from_the_start(tmp_path: Path) -> None:
    async def asked(url: str) -> None:
        engine = RedisEngine(url, prefix="idbridge:sandbox")
        try:
            with pytest.raises(ConfigurationError, match="EVAL"):
                await engine.require_usable()
        finally:
            await engine.close()

    with redis_server(tmp_path, "--rename-command", "EVAL", "") as server:
        asyncio.run(asked(server.url))


def test_a_value_is_not_asked_for_again_where_the_server_takes_no_script(server: RedisServer) -> None:
    async def worked(_: LosingLine, store: RedisSealedStore) -> None:
        handle = new_handle(RANDOM)
        await store.put(Kind.CODE, handle, CANARY, until=LATER)
        assert server.ask(b"CONFIG", b"RESETSTAT") == b"+OK\r\n"
        assert server.ask(b"ACL", b"SETUSER", b"default", b"-eval") == b"+OK\r\n"
        try:
            with pytest.raises(CommandRefusedError) as caught:
                await store.take(Kind.CODE, handle)
        finally:
            server.ask(b"ACL", b"SETUSER", b"default", b"+eval")
        assert caught.value.code == "system.overloaded"
        (line,) = (line for line in server.ask(b"INFO", b"commandstats").split() if line.startswith(b"cmdstat_eval:"))
        assert b",rejected_calls=1," in line
        assert await store.take(Kind.CODE, handle) == CANARY

    with_line(server, worked)
