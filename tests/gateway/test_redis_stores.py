"""One-time and sealed values in a real Redis: spent by whoever comes first, unreadable, and closed when it is down."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest

from idbridge.clock import SystemClock
from idbridge.codec import base64url
from idbridge.errors import ConfigurationError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
from idbridge_gateway.app import create_app
from idbridge_gateway.settings import Settings, read_settings
from idbridge_gateway.stores.one_time import NOBODY
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_one_time import RedisOneTime
from idbridge_gateway.stores.redis_sealed import RedisSealedStore
from idbridge_gateway.stores.redis_server import require_address
from idbridge_gateway.stores.sealed import Kind, new_handle
from tests.engines import REPOSITORY
from tests.gateway.asking import BASE, LOGIN, Node, node_in, problem_of
from tests.gateway.clocks import NOON, HandClock
from tests.gateway.redis_server import RedisServer, redis_server

Value = TypeVar("Value")
LATER = NOON + timedelta(minutes=5)
CANARY = b"canary: Tan Hui Ling, 1990-01-02"
RANDOM = SystemRandomness()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(shared: RedisServer) -> RedisServer:
    """A server that holds nothing."""
    assert shared.ask(b"FLUSHALL") == b"+OK\r\n"
    return shared


def with_engine(url: str, work: Callable[[RedisEngine], Awaitable[Value]]) -> Value:
    """What ``work`` returns, in a loop and with connections of its own."""

    async def worked() -> Value:
        engine = RedisEngine(url, prefix="idbridge:sandbox")
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(worked())


def code_of(url: str, work: Callable[[RedisEngine], Awaitable[Any]]) -> str:
    with pytest.raises(RequestError) as caught:
        with_engine(url, work)
    return caught.value.code


@pytest.mark.parametrize(
    "url",
    ["", "http://store.example", "redis://", "postgresql://a:secret@b", "redis://[", "rediss:///0", "secret"],
)
def test_what_is_no_address_of_redis_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        require_address(url, Environment.SANDBOX)
    assert "secret" not in str(caught.value)


def test_a_live_node_reaches_another_machine_by_tls_alone() -> None:
    with pytest.raises(ConfigurationError, match="rediss"):
        require_address("redis://:secret@store.example:6379/0", Environment.LIVE)
    for good in ("rediss://store.example/0", "redis://127.0.0.1:6379/0", "unix:///run/redis.sock"):
        require_address(good, Environment.LIVE)


@pytest.mark.parametrize("certificates", ["nowhere.pem", "spoilt.pem"])
def test_certificates_that_cannot_be_read_are_a_fault_of_the_settings(tmp_path: Path, certificates: str) -> None:
    (tmp_path / "spoilt.pem").write_text("not a certificate", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="certificates"):
        RedisEngine(f"rediss://store.example/0?ssl_ca_certs={tmp_path}/{certificates}", prefix="idbridge:sandbox")


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl", "allkeys-random"])
def test_a_server_that_may_evict_is_refused(tmp_path: Path, policy: str) -> None:
    with redis_server(tmp_path, "--maxmemory-policy", policy) as evicting, pytest.raises(ConfigurationError) as caught:
        with_engine(evicting.url, lambda engine: engine.require_usable())
    assert "noeviction" in str(caught.value)


def test_a_server_that_writes_nothing_down_is_refused(tmp_path: Path) -> None:
    """Though it would save its memory now and then: what was spent since would be spent again after a crash."""
    forgets = "--appendonly", "no", "--save", "60 1"
    with redis_server(tmp_path, *forgets) as forgetting, pytest.raises(ConfigurationError) as caught:
        with_engine(forgetting.url, lambda engine: engine.require_usable())
    assert "appendonly" in str(caught.value)


def test_what_was_spent_is_spent_after_a_crash_of_the_server(tmp_path: Path) -> None:
    def claimed(url: str) -> bool:
        return with_engine(url, lambda engine: RedisOneTime(engine, HandClock()).claim(bytes(32), until=LATER))

    for unspent in (True, False):
        with redis_server(tmp_path, "--appendfsync", "always") as server:
            assert claimed(server.url) is unspent


def test_a_server_that_does_not_answer_is_refused(tmp_path: Path) -> None:
    with redis_server(tmp_path) as gone:
        with_engine(gone.url, lambda engine: engine.require_usable())
    with pytest.raises(ConfigurationError, match="does not answer"):
        with_engine(gone.url, lambda engine: engine.require_usable())


def test_a_value_counts_once_for_all_who_ask_at_once(server: RedisServer) -> None:
    async def race(engine: RedisEngine) -> list[bool]:
        clock = HandClock()
        workers = [RedisOneTime(engine, clock) for _ in range(4)]
        return list(await asyncio.gather(*(one.claim(b"nonce" * 7, until=LATER) for one in workers for _ in range(25))))

    assert sorted(with_engine(server.url, race)) == [False] * 99 + [True]


_RACER = """
import asyncio, sys
from datetime import timedelta
from idbridge.clock import SystemClock
from idbridge_gateway.stores.one_time import NOBODY
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_one_time import RedisOneTime

async def main():
    engine = RedisEngine(sys.argv[1], prefix="idbridge:sandbox")
    store, until = RedisOneTime(engine, SystemClock()), SystemClock().now() + timedelta(minutes=5)
    print(sum(await asyncio.gather(*(store.claim(b"%032d" % n, until=until) for n in range(200)))))
    await engine.close()

asyncio.run(main())
"""


def test_processes_that_race_for_the_same_values_win_each_once(server: RedisServer) -> None:
    racers = [
        subprocess.Popen([sys.executable, "-c", _RACER, server.url], stdout=subprocess.PIPE, cwd=REPOSITORY)
        for _ in range(3)
    ]
    won = [int(racer.communicate(timeout=60)[0]) for racer in racers]

    assert sum(won) == 200


def test_a_value_is_kept_past_the_last_instant_at_which_it_could_be_accepted(server: RedisServer) -> None:
    with_engine(server.url, lambda engine: RedisOneTime(engine, HandClock()).claim(bytes(32), until=LATER))
    with_engine(server.url, lambda engine: RedisOneTime(engine, HandClock()).claim(bytes([1] * 32), until=NOON))

    for name, least in ((bytes(32), 5 * 60), (bytes([1] * 32), 1)):
        left = server.ask(b"PTTL", b"idbridge:sandbox:1t:" + name.hex().encode())
        assert int(left[1:]) > least * 1000


def test_what_a_question_spent_counts_again_for_it_alone(server: RedisServer) -> None:
    async def claimed(engine: RedisEngine) -> list[bool]:
        store = RedisOneTime(engine, HandClock())
        askers = (b"question", b"question", b"another", NOBODY)
        found = [await store.claim(bytes(32), until=LATER, by=asker) for asker in askers]
        assert [await store.was_spent(bytes(32), by=asker) for asker in askers] == [True, True, False, False]
        assert not await store.was_spent(b"unspent", by=b"question")
        return found + [await store.claim(bytes([1]) * 32, until=LATER, by=asker) for asker in (NOBODY, NOBODY, b"q")]

    assert with_engine(server.url, claimed) == [True, True, False, False, True, False, False]


def test_claims_that_arrive_together_go_out_together(server: RedisServer) -> None:
    async def many(engine: RedisEngine) -> int:
        before = (await engine.commands.info("stats"))["total_commands_processed"]
        store = RedisOneTime(engine, HandClock())
        reads = (await engine.commands.info("stats"))["total_reads_processed"]
        await asyncio.gather(*(store.claim(b"%032d" % n, until=LATER) for n in range(100)))
        after = await engine.commands.info("stats")
        assert after["total_commands_processed"] - before >= 100
        return int(after["total_reads_processed"] - reads)

    assert with_engine(server.url, many) < 10


def test_a_store_that_is_down_spends_nothing_and_accepts_nothing(tmp_path: Path) -> None:
    with redis_server(tmp_path) as gone:
        url = gone.url

    assert code_of(url, lambda engine: RedisOneTime(engine, HandClock()).claim(bytes(32), until=LATER)) == (
        "system.overloaded"
    )
    store: Callable[[RedisEngine], RedisSealedStore] = lambda engine: RedisSealedStore(engine, HandClock(), RANDOM)  # noqa: E731
    handle = new_handle(RANDOM)
    for work in (
        lambda engine: store(engine).put(Kind.CODE, handle, b"x", until=LATER),
        lambda engine: store(engine).read(Kind.CODE, handle),
        lambda engine: store(engine).take(Kind.CODE, handle),
        lambda engine: store(engine).replace(Kind.CODE, handle, b"x", until=LATER),
    ):
        assert code_of(url, work) == "system.overloaded"


def test_a_store_that_hangs_is_given_up_within_the_bound(tmp_path: Path) -> None:
    async def timed(engine: RedisEngine) -> float:
        await engine.require_usable()
        await engine.commands.client_pause(5_000)
        began = asyncio.get_running_loop().time()
        with pytest.raises(RequestError) as caught:
            await RedisOneTime(engine, HandClock()).claim(bytes(32), until=LATER)
        assert caught.value.code == "system.overloaded"
        return asyncio.get_running_loop().time() - began

    with redis_server(tmp_path) as paused:
        assert with_engine(paused.url, timed) < 3 * LIMITS.store_wait.total_seconds()


def test_a_full_store_accepts_nothing(tmp_path: Path) -> None:
    with redis_server(tmp_path, "--maxmemory", "100kb") as full:
        assert code_of(full.url, lambda engine: RedisOneTime(engine, HandClock()).claim(bytes(32), until=LATER)) == (
            "system.overloaded"
        )


def test_no_more_claims_wait_than_the_bound(server: RedisServer) -> None:
    async def flood(engine: RedisEngine) -> list[Any]:
        store = RedisOneTime(engine, HandClock())
        claims = (store.claim(b"%032d" % n, until=LATER) for n in range(LIMITS.store_commands_waiting + 1))
        return list(await asyncio.gather(*claims, return_exceptions=True))

    refused = [one for one in with_engine(server.url, flood) if one is not True]
    assert [one.code for one in refused] == ["system.overloaded"]


def sealed(engine: RedisEngine, clock: HandClock | None = None) -> RedisSealedStore:
    return RedisSealedStore(engine, clock or HandClock(), RANDOM)


def test_a_sealed_value_is_taken_once(server: RedisServer) -> None:
    handle = new_handle(RANDOM)

    async def race(engine: RedisEngine) -> list[bytes | None]:
        await sealed(engine).put(Kind.CODE, handle, CANARY, until=LATER)
        assert await sealed(engine).read(Kind.CODE, handle) == CANARY
        assert await sealed(engine).read(Kind.ACCESS_TOKEN, handle) is None
        taken = list(await asyncio.gather(*(sealed(engine).take(Kind.CODE, handle) for _ in range(20))))
        assert not await sealed(engine).replace(Kind.CODE, handle, b"again", until=LATER)
        return taken

    assert [one for one in with_engine(server.url, race) if one is not None] == [CANARY]


def test_a_sealed_value_ends_at_its_instant_though_the_server_keeps_it_longer(server: RedisServer) -> None:
    handle, clock = new_handle(RANDOM), HandClock()

    async def read(engine: RedisEngine) -> list[bytes | None]:
        store = sealed(engine, clock)
        await store.put(Kind.CODE, handle, CANARY, until=LATER)
        before = await store.read(Kind.CODE, handle)
        clock.turn(minutes=5)
        return [before, await store.read(Kind.CODE, handle), await store.take(Kind.CODE, handle)]

    assert with_engine(server.url, read) == [CANARY, None, None]


@pytest.mark.parametrize("handle", ["", "x", base64url.encode(bytes(31))])
def test_what_is_no_handle_finds_nothing(server: RedisServer, handle: str) -> None:
    assert with_engine(server.url, lambda engine: sealed(engine).read(Kind.CODE, handle)) is None
    assert with_engine(server.url, lambda engine: sealed(engine).take(Kind.CODE, handle)) is None
    with pytest.raises(ValueError, match="handle of its own"):
        with_engine(server.url, lambda engine: sealed(engine).put(Kind.CODE, handle, b"", until=LATER))


def test_a_dump_of_the_server_names_nobody(tmp_path: Path) -> None:
    handle = new_handle(RANDOM)

    async def keep(engine: RedisEngine) -> None:
        await sealed(engine).put(Kind.TRANSACTION, handle, CANARY, until=LATER)
        await RedisOneTime(engine, SystemClock()).claim(bytes(32), until=SystemClock().now() + timedelta(hours=1))

    with redis_server(tmp_path) as server:
        with_engine(server.url, keep)
        assert server.ask(b"SAVE") == b"+OK\r\n"
        dump = (tmp_path / "dump.rdb").read_bytes()
    assert b"idbridge:sandbox:transaction:" in dump
    for told in (CANARY, b"Tan Hui Ling", handle.encode(), base64url.decode(handle)):
        assert told not in dump


async def answer_of(settings: Settings, node: Node, asked: Any, access: dict[str, str]) -> httpx2.Response:
    """What a process that is new answers to one question."""
    app = create_app(settings, clock=node.clock)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client, app.router.lifespan_context(app):
        return await client.post("/v1/verify", json=asked, headers=access)


def test_nothing_of_the_address_is_shown_in_settings(tmp_path: Path) -> None:
    node = node_in(tmp_path)
    settings = read_settings(**{**node.settings.model_dump(), "redis_url": "redis://:canary-secret@127.0.0.1:1/0"})

    assert "canary-secret" not in repr(settings) + str(settings)


def test_a_login_is_accepted_once_by_two_nodes_of_one_state_that_share_a_store(
    tmp_path: Path, server: RedisServer
) -> None:
    node = node_in(tmp_path)
    settings = read_settings(**{**node.settings.model_dump(), "redis_url": server.url})
    asked, access = node.item(LOGIN), node.access()

    async def both() -> list[tuple[int, str]]:
        answers = [await answer_of(settings, node, asked, access) for _ in range(2)]
        return [(one.status_code, (one.json()["reason"] or {}).get("code", "accepted")) for one in answers]

    assert asyncio.run(both()) == [(200, "accepted"), (200, "holder.replayed")]


def test_what_one_worker_answered_another_answers_alike_and_spends_nothing(tmp_path: Path, server: RedisServer) -> None:
    node = node_in(tmp_path)
    settings = read_settings(**{**node.settings.model_dump(), "redis_url": server.url})
    asked, other = node.item(LOGIN), node.item(LOGIN)
    access = {**node.access(), "idempotency-key": "order-0001"}

    async def asked_in_turn() -> list[httpx2.Response]:
        first = await answer_of(settings, node, asked, access)
        node.clock.turn(seconds=60)
        return [first, *[await answer_of(settings, node, question, access) for question in (asked, other)]]

    first, again, conflict = asyncio.run(asked_in_turn())
    assert first.json()["accepted"] is True
    each_has_its_own = {"receipt": None}  # a leaf of its own, for each answer that left
    assert {**again.json(), **each_has_its_own} == {**first.json(), **each_has_its_own}
    assert problem_of(conflict, 409) == "input.idempotency_conflict"


def test_a_worker_whose_trust_is_another_gives_the_same_report_and_finds_its_own_nonce(
    tmp_path: Path, server: RedisServer
) -> None:
    """Each worker fetches revocation by itself, so that no two of them ever hold the same snapshot of it."""
    node = node_in(tmp_path)
    settings = read_settings(**{**node.settings.model_dump(), "redis_url": server.url})
    asked, access = node.item(LOGIN), {**node.access(), "idempotency-key": "order-0001"}

    async def asked_in_turn() -> list[dict[str, Any]]:
        first = await answer_of(settings, node, asked, access)
        node.clock.turn(seconds=60)
        node.region.with_status("my-login", "withdrawn", at=node.clock.now()).publish(tmp_path)
        other = {**access, "idempotency-key": "order-0002"}
        return [first.json(), *[(await answer_of(settings, node, asked, one)).json() for one in (access, other)]]

    first, again, replayed = asyncio.run(asked_in_turn())
    assert again["trust_snapshot"] != first["trust_snapshot"]
    for member in ("accepted", "report_id", "evaluated_at"):
        assert again[member] == first[member]
    assert replayed["reason"]["code"] == "holder.replayed"


def test_workers_that_are_asked_at_the_same_moment_answer_with_one_report(tmp_path: Path, server: RedisServer) -> None:
    node = node_in(tmp_path)
    settings = read_settings(**{**node.settings.model_dump(), "redis_url": server.url})
    asked, access = node.item(LOGIN), {**node.access(), "idempotency-key": "order-0001"}

    async def at_once() -> list[httpx2.Response]:
        return list(await asyncio.gather(*(answer_of(settings, node, asked, access) for _ in range(4))))

    answers = [answer.json() for answer in asyncio.run(at_once())]
    assert [answer["accepted"] for answer in answers] == [True] * 4
    assert len({(answer["report_id"], answer["evaluated_at"]) for answer in answers}) == 1


def test_a_node_whose_store_is_down_accepts_nothing_and_says_when_to_come_back(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    with redis_server(tmp_path / "redis") as gone:
        url = gone.url
    node = node_in(tmp_path / "node")
    settings = read_settings(**{**node.settings.model_dump(), "redis_url": url})

    answer = asyncio.run(answer_of(settings, node, node.item(LOGIN), node.access()))
    assert problem_of(answer, 503) == "system.overloaded"
    assert int(answer.headers["retry-after"]) > 0
