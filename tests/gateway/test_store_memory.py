"""A store that forgot what was spent, wholly or in part, is not used until an operator says that it may be."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.clock import BootStopwatch, Stopwatch
from idbridge.errors import ConfigurationError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_one_time import RedisOneTime
from idbridge_gateway.stores.redis_sealed import RedisSealedStore
from idbridge_gateway.stores.sealed import Kind, new_handle
from idbridge_gateway.stores.store_memory import SEEN, StoreMemory, Way
from tests.gateway.clocks import NOON, HandClock
from tests.gateway.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.usefixtures("patient_store")

LATER = NOON + timedelta(minutes=5)
RANDOM = SystemRandomness()
PREFIX = "idbridge:sandbox:TH"
KEY = b"idbridge:sandbox:TH:memory:"
Work = Callable[[RedisEngine], Awaitable[Any]]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(shared: RedisServer) -> RedisServer:
    """A server that holds nothing."""
    emptied(shared)
    return shared


def emptied(server: RedisServer) -> None:
    assert server.ask(b"FLUSHALL") == b"+OK\r\n"


class HandStopwatch:
    """A stopwatch that stands still until a test moves it: the server's clock is left as it is."""

    def __init__(self) -> None:
        self.shows = BootStopwatch().seconds()

    def seconds(self) -> float:
        return self.shows


def with_engine(
    server: RedisServer,
    work: Work,
    *,
    folder: Path | None = None,
    way: Way = Way.USE,
    stopwatch: Stopwatch | None = None,
) -> Any:
    async def worked() -> Any:
        engine = RedisEngine(server.url, prefix=PREFIX, directory=folder, way=way, stopwatch=stopwatch)
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(worked())


async def claimed(engine: RedisEngine, number: int = 1) -> bool | str:
    try:
        return await RedisOneTime(engine, HandClock()).claim(bytes([number]) * 32, until=LATER)
    except RequestError as refused:
        return refused.code


async def usable(engine: RedisEngine) -> None:
    await engine.require_usable()


def test_what_was_spent_is_not_accepted_by_a_process_that_saw_the_store_before_it_was_emptied(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(engine: RedisEngine) -> list[bool | str]:
        found = [await claimed(engine)]
        emptied(server)
        return [*found, *[await claimed(engine) for _ in range(3)], await claimed(engine, 2)]

    assert with_engine(server, work) == [True, *["system.overloaded"] * 4]
    assert "--release-store" in caplog.text


def test_a_store_that_is_emptied_in_the_very_batch_that_spends_accepts_nothing_of_it(server: RedisServer) -> None:
    async def work(engine: RedisEngine) -> list[bool | str]:
        await claimed(engine)
        wiped: Any = ("FLUSHALL",)
        _, again = await asyncio.gather(
            asyncio.gather(engine.batch.ask(wiped), return_exceptions=True), claimed(engine)
        )
        return [again]

    assert with_engine(server, work) == ["system.overloaded"]


def test_after_a_restart_of_node_and_store_at_once_the_node_knows_it_still(server: RedisServer, tmp_path: Path) -> None:
    assert with_engine(server, claimed, folder=tmp_path) is True
    emptied(server)

    assert with_engine(server, claimed, folder=tmp_path) == "system.overloaded"
    with pytest.raises(ConfigurationError, match="--release-store"):
        with_engine(server, usable, folder=tmp_path)
    with pytest.raises(ConfigurationError, match="--release-store"):
        with_engine(server, usable, folder=tmp_path, way=Way.LOOK)


def test_a_store_that_lost_the_last_of_what_it_was_told_is_noticed_by_all(server: RedisServer, tmp_path: Path) -> None:
    """As one does that came back from a copy: it has its name still, and counts less than somebody saw."""
    with_engine(server, claimed, folder=tmp_path)
    kept = server.ask(b"HGETALL", KEY)
    name = re.findall(rb"[0-9a-f]{32}", kept)[0]

    async def threaded(engine: RedisEngine) -> list[bool | str]:
        first = await claimed(engine, 2)
        server.ask(b"HSET", KEY, name, b"1")
        other = await asyncio.to_thread(with_engine, server, claimed, folder=tmp_path)
        return [first, other, await claimed(engine, 3)]

    assert with_engine(server, threaded) == [True, "system.overloaded", "system.overloaded"]


@pytest.mark.parametrize("way", [Way.USE, Way.LOOK])
def test_a_store_that_was_found_to_have_forgotten_says_so_to_who_never_saw_it_too(
    server: RedisServer, tmp_path: Path, way: Way
) -> None:
    """A node that begins beside others knows nothing of the store, and would give it a new name."""
    with_engine(server, claimed, folder=tmp_path)
    name = re.findall(rb"[0-9a-f]{32}", server.ask(b"HGETALL", KEY))[0]
    server.ask(b"HSET", KEY, name, b"0")  # as in a copy from before anything was spent
    server.ask(b"DEL", *server.names())
    assert with_engine(server, claimed, folder=tmp_path) == "system.overloaded"

    with pytest.raises(ConfigurationError, match="--release-store"):
        with_engine(server, usable, way=way)
    assert with_engine(server, claimed) == "system.overloaded"
    with_engine(server, usable, folder=tmp_path, way=Way.RELEASE)
    assert with_engine(server, claimed) is True


def test_a_store_that_was_emptied_under_a_process_that_uses_it_says_so_to_who_never_saw_it_too(
    server: RedisServer,
) -> None:
    async def work(engine: RedisEngine) -> list[bool | str]:
        found = [await claimed(engine)]
        await asyncio.to_thread(emptied, server)
        return [*found, await claimed(engine), await asyncio.to_thread(with_engine, server, claimed)]

    assert with_engine(server, work) == [True, "system.overloaded", "system.overloaded"]


def test_who_saw_less_does_not_make_its_node_forget_what_another_worker_saw(
    server: RedisServer, tmp_path: Path
) -> None:
    async def idle(engine: RedisEngine) -> None:
        await claimed(engine, 50)
        for _ in range(5):
            await asyncio.to_thread(with_engine, server, claimed, folder=tmp_path)

    with_engine(server, idle, folder=tmp_path)
    count = int(server.ask(b"HGETALL", KEY).split(b"\r\n")[-2])

    assert int((tmp_path / SEEN).read_text(encoding="ascii").split()[1]) == count


def test_a_store_that_lost_what_was_taken_from_it_is_noticed(server: RedisServer, tmp_path: Path) -> None:
    """A session that was ended, as a code that was redeemed, must not come back with a copy of the store."""

    async def ended(engine: RedisEngine) -> None:
        handle, store = new_handle(RANDOM), RedisSealedStore(engine, HandClock(), RANDOM)
        await store.put(Kind.SESSION, handle, b"somebody", until=LATER)
        kept = server.ask(b"HGETALL", KEY)
        assert await store.take(Kind.SESSION, handle) == b"somebody"
        await engine.look()
        name, count = re.findall(rb"[0-9a-f]{32}", kept)[0], kept.split(b"\r\n")[-2]
        server.ask(b"HSET", KEY, name, count)  # as it was in the copy
        await engine.look()
        with pytest.raises(RequestError) as refused:
            await store.read(Kind.SESSION, handle)
        assert refused.value.code == "system.overloaded"

    with_engine(server, ended, folder=tmp_path)


def test_a_store_that_lost_the_last_of_what_it_was_told_is_noticed_by_who_did_not_see_that(
    server: RedisServer, tmp_path: Path
) -> None:
    """Two workers of one node: what one of them spent is lost, and the other one is asked first."""

    async def both(idle: RedisEngine) -> list[bool | str]:
        busy = RedisEngine(server.url, prefix=PREFIX, directory=tmp_path)
        try:
            await claimed(busy, 1)
            await claimed(idle, 2)
            kept, before = server.ask(b"HGETALL", KEY), set(server.names())
            for number in (3, 4, 5):
                assert await claimed(busy, number) is True
            server.ask(b"DEL", *(set(server.names()) - before))
            server.ask(b"HSET", KEY, re.findall(rb"[0-9a-f]{32}", kept)[0], kept.split(b"\r\n")[-2])
            server.ask(b"CLIENT", b"KILL", b"TYPE", b"normal")
            return [await claimed(idle, number) for number in (11, 12, 13, 14, 3)]
        finally:
            await busy.close()

    assert with_engine(server, both, folder=tmp_path) == ["system.overloaded"] * 5


def test_a_store_whose_clock_was_set_ahead_forgot_what_it_kept_until_an_instant(
    server: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What was spent for five minutes is unspent at once for a clock that is ten minutes ahead, and stays so."""
    stopwatch = HandStopwatch()

    async def work(engine: RedisEngine) -> list[bool | str]:
        found = [await claimed(engine)]
        stopwatch.shows -= 600  # so much longer than here it took there
        await engine.look()
        found.append(await claimed(engine, 2))
        stopwatch.shows += 600  # and it is set right again
        await engine.look()
        return [*found, await claimed(engine, 2)]

    assert with_engine(server, work, folder=tmp_path, stopwatch=stopwatch) == [True, *["system.overloaded"] * 2]
    assert "was set ahead" in caplog.text
    assert with_engine(server, claimed, folder=tmp_path) == "system.overloaded"
    for way in (Way.LOOK, Way.USE):
        with pytest.raises(ConfigurationError, match=r"set ahead.*--release-store"):
            with_engine(server, usable, folder=tmp_path, way=way)


def test_an_operator_releases_a_store_whose_clock_was_set_ahead_for_every_node_that_saw_it(
    server: RedisServer, tmp_path: Path
) -> None:
    async def seen(engine: RedisEngine) -> bool | str:
        await engine.look()
        stopwatch.shows -= 600
        await engine.look()
        return await claimed(engine)

    for name in ("one", "other"):
        stopwatch = HandStopwatch()
        (tmp_path / name).mkdir()
        assert with_engine(server, seen, folder=tmp_path / name, stopwatch=stopwatch) == "system.overloaded"
    with_engine(server, usable, folder=tmp_path / "one", way=Way.RELEASE)

    assert with_engine(server, claimed, folder=tmp_path / "other") is True
    assert with_engine(server, claimed, folder=tmp_path / "one") is False


def test_a_clock_that_is_set_back_or_a_little_ahead_makes_nothing_forgotten(
    server: RedisServer, tmp_path: Path
) -> None:
    stopwatch, little = HandStopwatch(), LIMITS.store_clock_ahead.total_seconds() / 2

    async def work(engine: RedisEngine) -> list[bool | str]:
        found = [await claimed(engine)]
        for step in (3_600.0, -little, little):
            stopwatch.shows += step
            await engine.look()
            found.append(await claimed(engine, 3))
        return found

    assert with_engine(server, work, folder=tmp_path, stopwatch=stopwatch) == [True, True, False, False]


def test_a_store_of_another_name_is_not_the_one_that_was_told(server: RedisServer, tmp_path: Path) -> None:
    with_engine(server, claimed, folder=tmp_path / "nowhere")
    emptied(server)
    with_engine(server, claimed, folder=tmp_path)
    emptied(server)
    assert with_engine(server, claimed) is True  # by a node that never saw it, and gives it a name

    assert with_engine(server, claimed, folder=tmp_path) == "system.overloaded"


def test_an_operator_lets_it_count_again_for_every_process_that_knew_it(server: RedisServer, tmp_path: Path) -> None:
    async def running(engine: RedisEngine) -> list[bool | str]:
        found = [await claimed(engine)]
        await asyncio.to_thread(emptied, server)
        found.append(await claimed(engine))
        await asyncio.to_thread(with_engine, server, usable, folder=tmp_path, way=Way.RELEASE)
        return [*found, await claimed(engine, 2), await claimed(engine, 2)]

    with_engine(server, usable, folder=tmp_path)
    assert with_engine(server, running, folder=tmp_path) == [True, "system.overloaded", True, False]
    assert with_engine(server, lambda engine: claimed(engine, 3), folder=tmp_path) is True


def test_two_that_claim_and_look_at_once_take_nothing_for_forgotten(server: RedisServer) -> None:
    async def work(engine: RedisEngine) -> list[Any]:
        claims = [claimed(engine, number) for number in range(40)]
        looks = [engine.look() for _ in range(20)]
        found = await asyncio.gather(*claims, *looks)
        return [*found[:40], await claimed(engine, 99)]

    assert with_engine(server, work) == [True] * 41


def test_a_node_that_cannot_write_down_what_it_saw_takes_nothing_and_says_so(
    server: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "state"

    async def work(engine: RedisEngine) -> list[str]:
        folder.write_bytes(b"no folder")
        store, codes = RedisSealedStore(engine, HandClock(), RANDOM), [str(await claimed(engine))]
        with pytest.raises(RequestError) as refused:
            await store.put(Kind.SESSION, new_handle(RANDOM), b"somebody", until=LATER)
        return [*codes, refused.value.code]

    assert with_engine(server, work, folder=folder) == ["system.overloaded"] * 2
    assert SEEN in caplog.text


def test_who_only_looks_changes_nothing(server: RedisServer, tmp_path: Path) -> None:
    with_engine(server, usable, folder=tmp_path, way=Way.LOOK)

    assert server.ask(b"DBSIZE") == b":0\r\n"
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("octets", [b"", b"name", b"na-me 1\n", b"name one\n", b"\xff 1\n", b"a" * 200])
def test_what_the_node_kept_and_cannot_read_is_no_permission_to_begin_anew(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / SEEN).write_bytes(octets)

    with pytest.raises(ConfigurationError, match=SEEN):
        StoreMemory(KEY, tmp_path)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"OK",
        1,
        [],
        [b"a"],
        [b"", b"1", b"1", b"1"],
        [b"a b", b"1", b"1", b"1"],
        ["a", "1", "1", "1"],
        [b"a", 1, b"1", b"1"],
        [b"a", b"1", b"one", b"1"],
    ],
)
def test_a_store_that_says_anything_else_is_not_used(answer: Any) -> None:
    with pytest.raises(Exception, match="does not know what was spent"):
        StoreMemory(KEY).hear(answer)


def test_a_server_that_is_full_says_neither_yes_nor_no_and_is_used_again_with_room(server: RedisServer) -> None:
    async def work(engine: RedisEngine) -> list[bool | str]:
        found = [await claimed(engine)]
        await engine.commands.config_set("maxmemory", "1")
        found.append(await claimed(engine, 2))
        await engine.commands.config_set("maxmemory", "0")
        return [*found, await claimed(engine, 3), await claimed(engine, 1)]

    assert with_engine(server, work) == [True, "system.overloaded", True, False]


def test_what_is_kept_of_a_store_is_a_random_name_and_a_number(server: RedisServer, tmp_path: Path) -> None:
    with_engine(server, claimed, folder=tmp_path)

    assert re.fullmatch(r"[0-9a-f]{32} \d+\n", (tmp_path / SEEN).read_text(encoding="ascii"))
    assert server.ask(b"HLEN", KEY) == b":2\r\n"
    assert server.ask(b"TTL", KEY) == b":-1\r\n"
