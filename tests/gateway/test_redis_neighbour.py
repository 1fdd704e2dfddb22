"""A neighbour writes into the Redis of a node: what they change or move is nothing, and what they delete is counted.

They read and write every key, and have neither the secrets of the node nor the handles of those who use it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
from redis.asyncio import Redis

from idbridge.codec import base64url
from idbridge.crypto import sealing
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.app import create_app
from idbridge_gateway.settings import read_settings
from idbridge_gateway.stores.idempotency import Repetition
from idbridge_gateway.stores.one_time import NOBODY, MemoryOneTime
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_sealed import RedisSealedStore
from idbridge_gateway.stores.remembered_one_time import RememberedOneTime
from idbridge_gateway.stores.sealed import Kind, new_handle
from tests.gateway.asking import BASE, LOGIN, Node, node_in
from tests.gateway.clocks import NOON, HandClock
from tests.gateway.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.usefixtures("patient_store")

Value = TypeVar("Value")
LATER = NOON + timedelta(minutes=5)
RANDOM = SystemRandomness()
KEY = bytes(32)
SPENT = b":1t:"  # in the name of what was spent
ACCEPTED, REPLAYED = "accepted", "holder.replayed"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(shared: RedisServer) -> RedisServer:
    """A server that holds nothing."""
    assert shared.ask(b"FLUSHALL") == b"+OK\r\n"
    return shared


def beside(url: str, work: Callable[[RedisEngine, Redis], Awaitable[Value]]) -> Value:
    """What ``work`` returns that is given the way of a node to its server, and that of a neighbour."""

    async def worked() -> Value:
        engine, neighbour = RedisEngine(url, prefix="idbridge:sandbox"), Redis.from_url(url)
        try:
            return await work(engine, neighbour)
        finally:
            await neighbour.aclose()
            await engine.close()

    return asyncio.run(worked())


def name_in(engine: RedisEngine, kind: Kind, handle: str) -> bytes:
    """The name under which a sealed value lies."""
    return engine.name(kind.encode(), sealing.name_of(base64url.decode(handle), label=kind))


def changed(octets: bytes) -> list[bytes]:
    """What a neighbour may make of a sealed value: a bit turned in each third, cut, continued, emptied."""
    places = (0, 11, 12, len(octets) // 2, len(octets) - 1)
    turned = [octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :] for at in places]
    return [*turned, octets[:-1], octets[12:], octets + b"\0", octets + octets, b"", bytes(len(octets))]


def test_of_all_that_is_sealed_nothing_is_read_that_a_neighbour_changed_or_moved(server: RedisServer) -> None:
    async def tried(engine: RedisEngine, neighbour: Redis) -> tuple[int, int, int]:
        store, tries, opened, whole = RedisSealedStore(engine, HandClock(), RANDOM), 0, 0, 0
        handles = {(kind, number): new_handle(RANDOM) for kind in Kind for number in (0, 1)}
        for (kind, number), handle in handles.items():
            await store.put(kind, handle, f"{kind} {number}".encode(), until=LATER)
        names_kept = [name for name in await neighbour.keys("*") if b":memory:" not in name]
        kept = {name: octets for name in names_kept if isinstance(octets := await neighbour.get(name), bytes)}
        assert len(kept) == len(handles)
        names = {where: name_in(engine, where[0], handle) for where, handle in handles.items()}
        for where, handle in handles.items():
            mine, others = names[where], [octets for name, octets in kept.items() if name != names[where]]
            for octets in [*changed(kept[mine]), *others]:
                await neighbour.set(mine, octets, px=60_000)
                tries += 1
                opened += await store.read(where[0], handle) is not None
            await neighbour.set(mine, kept[mine], px=60_000)
            whole += await store.take(where[0], handle) == f"{where[0]} {where[1]}".encode()
        return tries, opened, whole

    tries, opened, whole = beside(server.url, tried)

    assert tries == 2 * len(Kind) * (11 + 2 * len(Kind) - 1)
    assert opened == 0
    assert whole == 2 * len(Kind)


def test_what_a_node_remembers_as_spent_stays_spent_whatever_a_neighbour_writes_or_deletes(
    tmp_path: Path, server: RedisServer
) -> None:
    node = node_in(tmp_path)
    asked = node.item(LOGIN)

    async def tried() -> tuple[list[str], int]:
        neighbour = Redis.from_url(server.url)
        async with process_of(node, server.url) as client:
            heard = [outcome(await ask(client, node, asked, "order-0001"))]
            names = [name for name in await neighbour.keys("*") if b":memory:" not in name]
            kept = {name: await neighbour.dump(name) or b"" for name in names}
            for name in names:
                await neighbour.set(name, RANDOM.octets(16))
                heard.append(outcome(await ask(client, node, asked)))
                await neighbour.delete(name)
                heard.append(outcome(await ask(client, node, asked)))
                await neighbour.restore(name, 60_000, kept[name], replace=True)
                heard.append(outcome(await ask(client, node, asked)))
            await neighbour.delete(*names)
            heard.append(outcome(await ask(client, node, asked, "order-0002")))
        await neighbour.aclose()
        return heard, sum(SPENT in name for name in names)

    heard, spent = asyncio.run(tried())

    assert heard[0] == ACCEPTED
    assert heard.count(ACCEPTED) == 1
    assert set(heard[1:]) == {REPLAYED}
    assert spent == 1
    assert len(heard) >= 2 + 3 * 3  # what was spent, the question, and the room of the party


def test_another_process_takes_for_unspent_what_a_neighbour_deleted_and_nothing_else(
    tmp_path: Path, server: RedisServer
) -> None:
    """What is open: this is why a store of one-time values has a password and no neighbours."""
    node = node_in(tmp_path)

    async def tried() -> dict[str, list[str]]:
        neighbour, heard = Redis.from_url(server.url), {}
        for way in ("delete", "write"):
            asked = node.item(LOGIN)
            async with process_of(node, server.url) as client:
                first = outcome(await ask(client, node, asked))
            for name in await neighbour.keys("*"):
                if SPENT in name:
                    await (neighbour.delete(name) if way == "delete" else neighbour.set(name, RANDOM.octets(16)))
            async with process_of(node, server.url) as client:
                heard[way] = [first, *[outcome(await ask(client, node, asked)) for _ in range(2)]]
        await neighbour.aclose()
        return heard

    assert asyncio.run(tried()) == {
        "delete": [ACCEPTED, ACCEPTED, REPLAYED],
        "write": [ACCEPTED, REPLAYED, REPLAYED],
    }


def test_who_writes_marks_makes_no_question_another_s() -> None:
    mark = RANDOM.octets(16)
    mine, theirs = (Repetition(RANDOM.octets(32), mark, {}) for _ in range(2))

    assert mine.spender(0) != theirs.spender(0)
    assert mine.spender(0) != mine.spender(1)


def test_what_this_process_saw_spent_is_spent_until_its_end_though_the_store_lost_it() -> None:
    async def tried() -> list[bool]:
        clock = HandClock()
        forgetting = Forgetting(clock)
        store = RememberedOneTime(forgetting, clock)
        asked = (NOBODY, NOBODY, b"question", b"question-2")
        heard = [await store.claim(KEY, until=LATER, by=by) for by in asked]
        clock.turn(minutes=5)
        return [*heard, await store.claim(KEY, until=LATER)]

    assert asyncio.run(tried()) == [True, False, False, False, True]


def test_a_question_finds_its_own_and_no_other_does() -> None:
    async def tried() -> list[bool]:
        clock = HandClock()
        store = RememberedOneTime(MemoryOneTime(clock), clock)
        heard = [await store.claim(KEY, until=LATER, by=by) for by in (b"mine", b"mine", b"theirs", NOBODY)]
        return [*heard, await store.was_spent(KEY, by=b"mine"), await store.was_spent(KEY, by=b"theirs")]

    assert asyncio.run(tried()) == [True, True, False, False, True, False]


def test_a_process_without_room_forgets_what_ends_first_and_keeps_nothing_past_its_end() -> None:
    async def tried() -> tuple[list[bool], int]:
        clock = HandClock()
        store = RememberedOneTime(Forgetting(clock), clock, max_entries=2)
        keys = [(bytes([number]) * 32, LATER + timedelta(seconds=number)) for number in range(3)]
        heard = [await store.claim(key, until=until) for key, until in (*keys, *reversed(keys))]
        clock.turn(hours=1)
        await store.claim(KEY, until=clock.now() + timedelta(minutes=1))
        return heard, len(store)

    assert asyncio.run(tried()) == ([True, True, True, False, False, True], 1)
    assert LIMITS.one_time_remembered < LIMITS.one_time_entries


class Forgetting(MemoryOneTime):
    """A store in which a neighbour deletes everything at once."""

    async def claim(self, key: bytes, *, until: datetime, by: bytes = NOBODY) -> bool:
        """Spend it, as if nothing ever was spent."""
        self._spent.clear()
        self._expiries.clear()
        return await super().claim(key, until=until, by=by)


@asynccontextmanager
async def process_of(node: Node, url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A process of the node that is new and shares the server at ``url``."""
    app = create_app(read_settings(**{**node.settings.model_dump(), "redis_url": url}), clock=node.clock)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client, app.router.lifespan_context(app):
        yield client


async def ask(client: httpx2.AsyncClient, node: Node, asked: Any, key: str | None = None) -> httpx2.Response:
    headers = {**node.access(), **({} if key is None else {"idempotency-key": key})}
    return await client.post("/v1/verify", json=asked, headers=headers)


def outcome(response: httpx2.Response) -> str:
    """Return ``accepted``, or the code of why not."""
    said = response.json()
    return ACCEPTED if said.get("accepted") else str((said.get("reason") or said)["code"])
