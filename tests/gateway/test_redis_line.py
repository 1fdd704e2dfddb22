"""The connection that spends one-time values: greeted, fit, and never an answer taken for another's."""

import asyncio
import contextlib
import gc
import warnings
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop
from redis.exceptions import RedisError

from idbridge.errors import ConfigurationError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_one_time import RedisOneTime
from idbridge_gateway.stores.redis_sealed import RedisSealedStore
from idbridge_gateway.stores.redis_server import UnfitServerError, require_address, require_fit
from idbridge_gateway.stores.sealed import Kind, new_handle
from tests.gateway.clocks import NOON, HandClock
from tests.gateway.redis_server import redis_server

LATER = NOON + timedelta(minutes=5)
RANDOM = SystemRandomness()
Work = Callable[[RedisEngine], Awaitable[Any]]


def worked(url: str, work: Work) -> Any:
    """What ``work`` returns, with connections of its own and in a loop as a worker has it."""

    async def all_of_it() -> Any:
        engine = RedisEngine(url, prefix="idbridge:sandbox")
        try:
            return await work(engine)
        finally:
            await engine.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(all_of_it())


async def outcome(claim: Awaitable[bool]) -> bool | str:
    try:
        return await claim
    except RequestError as refused:
        return refused.code


@pytest.mark.parametrize(
    "option", ["ssl_cert_reqs=none", "ssl_check_hostname=false", "protocol=3", "max_connections=0", "x"]
)
def test_an_address_has_no_option_that_would_make_tls_believe_anybody(option: str) -> None:
    with pytest.raises(ConfigurationError):
        require_address(f"rediss://store.example:6379/0?{option}", Environment.LIVE)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (0, b"redis_version:6.0.16"),
        (0, b"redis_version:"),
        (0, b"redis_version:seven.two"),
        (0, b""),
        (1, b"maxmemory_policy:allkeys-lru"),
        (1, b"x_maxmemory_policy:noeviction"),
        (1, b""),
        (2, b"aof_enabled:0"),
        (2, b"x_aof_enabled:1"),
        (2, b""),
        (3, b"role:slave\r\nsecond_repl_offset:-1"),
        (3, b"role:master\r\nsecond_repl_offset:51"),
        (3, b"role:master"),
        (3, b""),
        (4, b"evicted_keys:1"),
        (4, b"x_evicted_keys:0"),
        (4, b""),
    ],
    ids=[
        "old", "no version", "strange version", "says nothing", "evicts", "another policy", "no policy",
        "writes nothing down", "writes another thing", "no file",
        "a replica", "took over", "says not whether it took over", "no role", "evicted", "evicted another thing",
        "no count",
    ],
)  # fmt: skip
def test_a_server_is_fit_only_by_what_it_says(place: int, said: bytes) -> None:
    fit = [
        b"# Server\r\nredis_version:6.2.0\r\n",
        b"# Memory\r\nmaxmemory_policy:noeviction\r\n",
        b"# Persistence\r\naof_enabled:1\r\n",
        b"# Replication\r\nrole:master\r\nsecond_repl_offset:-1\r\n",
        b"# Stats\r\nevicted_keys:0\r\n",
    ]
    require_fit(*fit)

    with pytest.raises(UnfitServerError):
        require_fit(*(said if number == place else told for number, told in enumerate(fit)))


def test_a_server_that_took_over_spends_nothing_until_it_is_started_again(tmp_path: Path) -> None:
    """What the first was told last, the second may not know of; a restart says that an operator let the time pass."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    claim: Work = lambda engine: outcome(RedisOneTime(engine, HandClock()).claim(bytes(32), until=LATER))  # noqa: E731
    with redis_server(first) as primary, redis_server(second, "--replicaof", f"127.0.0.1 {primary.port}") as replica:
        assert worked(replica.url, claim) == "system.overloaded"
        assert replica.ask(b"REPLICAOF", b"NO", b"ONE") == b"+OK\r\n"
        assert worked(replica.url, claim) == "system.overloaded"
        assert worked(primary.url, claim) is True
    with redis_server(second) as again:
        assert worked(again.url, claim) is True


def test_a_server_that_comes_back_as_one_that_evicts_spends_nothing(tmp_path: Path) -> None:
    with redis_server(tmp_path) as first:
        port = first.port

    async def used(engine: RedisEngine) -> list[bool | str]:
        one_time, sealed = RedisOneTime(engine, HandClock()), RedisSealedStore(engine, HandClock(), RANDOM)
        handle = new_handle(RANDOM)
        with redis_server(tmp_path, port=port):
            await sealed.put(Kind.CODE, handle, b"x", until=LATER)
            found = [await outcome(one_time.claim(bytes(32), until=LATER))]
        with redis_server(tmp_path, "--maxmemory-policy", "allkeys-lru", port=port):
            found += [await outcome(one_time.claim(bytes([n]) * 32, until=LATER)) for n in (1, 2)]
            for act in (sealed.read, sealed.take):
                with pytest.raises(RequestError) as caught:
                    await act(Kind.CODE, handle)
                assert caught.value.code == "system.overloaded"
            with pytest.raises(ConfigurationError, match="noeviction"):
                await engine.require_usable()
        with redis_server(tmp_path, port=port):
            return [*found, await outcome(one_time.claim(bytes([3]) * 32, until=LATER))]

    assert worked(f"redis://127.0.0.1:{port}/0", used) == [True, "system.overloaded", "system.overloaded", True]


@pytest.mark.parametrize(
    ("setting", "unfit", "fit"), [("maxmemory-policy", "volatile-ttl", "noeviction"), ("appendonly", "no", "yes")]
)
def test_a_server_that_is_told_to_forget_while_it_runs_spends_nothing_once_it_was_looked_at(
    tmp_path: Path, setting: str, unfit: str, fit: str
) -> None:
    async def used(engine: RedisEngine) -> list[bool | str]:
        one_time = RedisOneTime(engine, HandClock())
        found = [await outcome(one_time.claim(bytes([1]) * 32, until=LATER))]
        for number, told in ((2, unfit), (3, fit)):
            await engine.commands.config_set(setting, told)
            await engine.look()
            found.append(await outcome(one_time.claim(bytes([number]) * 32, until=LATER)))
        return found

    with redis_server(tmp_path) as server:
        assert worked(server.url, used) == [True, "system.overloaded", True]


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_value_that_was_evicted_is_not_accepted_again_before_anybody_looked(tmp_path: Path, policy: str) -> None:
    """Somebody lets a server evict while it runs, it evicts what was spent, and nobody has looked at it since."""
    spent = [bytes([number]) * 32 for number in range(8)]

    async def used(engine: RedisEngine) -> list[list[bool | str]]:
        one_time, told = RedisOneTime(engine, HandClock()), engine.commands

        async def all_of_them() -> list[bool | str]:
            return [await outcome(one_time.claim(value, until=LATER)) for value in spent]

        found = [await all_of_them()]
        await told.config_set("maxmemory-policy", policy)
        await told.config_set("maxmemory", "1")  # so that it evicts whatever it may at the next command that writes
        with contextlib.suppress(RedisError):
            await told.set("filling", "x" * 1_000, ex=60)
        assert await told.dbsize() < len(spent)  # which nobody spent, as far as the server knows
        await told.config_set("maxmemory", "0")
        found.append(await all_of_them())
        await told.config_set("maxmemory-policy", "noeviction")
        found.append(await all_of_them())  # what is lost stays lost
        return found

    with redis_server(tmp_path) as server:
        first, evicting, later = worked(server.url, used)
    assert first == [True] * len(spent)
    assert evicting == later == ["system.overloaded"] * len(spent)


def test_a_value_that_the_batch_itself_evicted_is_not_accepted_again(tmp_path: Path) -> None:
    async def used(engine: RedisEngine) -> list[bool | str]:
        one_time, told = RedisOneTime(engine, HandClock()), engine.commands
        await one_time.claim(bytes(32), until=LATER)
        await told.config_set("maxmemory-policy", "allkeys-lru")
        await told.config_set("maxmemory", "1")
        again = (one_time.claim(bytes(32), until=LATER) for _ in range(3))
        return list(await asyncio.gather(*map(outcome, again)))

    with redis_server(tmp_path) as server:
        assert worked(server.url, used) == ["system.overloaded"] * 3


def test_a_server_that_evicted_counts_again_once_an_operator_says_so(tmp_path: Path) -> None:
    async def used(engine: RedisEngine) -> list[bool | str]:
        one_time, told = RedisOneTime(engine, HandClock()), engine.commands
        await one_time.claim(bytes(32), until=LATER)
        await told.config_set("maxmemory-policy", "volatile-ttl")
        await told.config_set("maxmemory", "1")
        found = [await outcome(one_time.claim(bytes([1]) * 32, until=LATER))]
        await told.config_set("maxmemory", "0")
        await told.config_set("maxmemory-policy", "noeviction")
        found.append(await outcome(one_time.claim(bytes([2]) * 32, until=LATER)))
        with pytest.raises(ConfigurationError, match="evicted"):
            await engine_anew(engine).require_usable()
        await told.config_resetstat()
        return [*found, await outcome(one_time.claim(bytes([3]) * 32, until=LATER))]

    with redis_server(tmp_path) as server:

        def engine_anew(_: RedisEngine) -> RedisEngine:
            return RedisEngine(server.url, prefix="idbridge:sandbox")

        assert worked(server.url, used) == ["system.overloaded", "system.overloaded", True]


def test_an_engine_that_was_closed_leaves_no_socket_behind_for_a_loop_that_ends(tmp_path: Path) -> None:
    """Whoever came next would be told of it, wherever that is."""

    async def used(url: str) -> bool | str:
        engine = RedisEngine(url, prefix="idbridge:sandbox")
        try:
            return await outcome(RedisOneTime(engine, HandClock()).claim(bytes(32), until=LATER))
        finally:
            await engine.close()

    with redis_server(tmp_path) as server, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert asyncio.run(used(server.url)) is True
        gc.collect()

    assert [str(one.message) for one in told] == []


def test_only_who_knows_the_password_is_let_in_and_each_database_is_a_store_of_its_own(tmp_path: Path) -> None:
    def claimed(url: str) -> bool | str:
        claim: Work = lambda engine: outcome(RedisOneTime(engine, HandClock()).claim(bytes(32), until=LATER))  # noqa: E731
        return worked(url, claim)  # type: ignore[no-any-return]

    with redis_server(tmp_path, "--requirepass", "canary", "--unixsocket", str(tmp_path / "redis.sock")) as server:
        at = f"127.0.0.1:{server.port}"
        assert claimed(f"redis://{at}/0") == claimed(f"redis://:wrong@{at}/0") == "system.overloaded"
        assert claimed(f"redis://:canary@{at}/0") is True
        assert claimed(f"redis://default:canary@{at}/0") is False
        assert claimed(f"redis://:canary@{at}/1") is True
        assert claimed(f"unix://:canary@{tmp_path}/redis.sock?db=1") is False


def test_an_answer_that_comes_late_is_taken_for_no_other_claim(tmp_path: Path) -> None:
    async def used(engine: RedisEngine) -> list[bool | str]:
        one_time, other = RedisOneTime(engine, HandClock()), RedisOneTime(engine, HandClock())
        await other.claim(b"spent" * 6, until=LATER)
        await one_time.claim(b"open the line", until=LATER)
        await engine.commands.client_pause(int(1_500 * LIMITS.store_wait.total_seconds()))
        late = await outcome(one_time.claim(b"late", until=LATER))
        await asyncio.sleep(LIMITS.store_wait.total_seconds())
        return [late, await outcome(one_time.claim(b"spent" * 6, until=LATER))]

    with redis_server(tmp_path) as server:
        assert worked(server.url, used) == ["system.overloaded", False]


def test_a_command_that_cannot_be_sent_is_answered_as_well_and_the_next_one_as_ever(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of the program: whoever waits together with it hears of it, and nobody waits for ever."""

    async def used(engine: RedisEngine) -> list[bool | str]:
        unsendable: Any = ("SET", object())
        one_time = RedisOneTime(engine, HandClock())
        together = (engine.batch.ask(unsendable), one_time.claim(bytes([1]) * 32, until=LATER))
        found = list(await asyncio.gather(*map(outcome, together)))
        return [*found, await outcome(one_time.claim(bytes([2]) * 32, until=LATER))]

    with redis_server(tmp_path) as server:
        assert worked(server.url, used) == ["system.overloaded", "system.overloaded", True]
    assert "unexpected TypeError" in caplog.text


def test_who_goes_away_takes_no_answer_from_those_who_wait_beside(tmp_path: Path) -> None:
    async def used(engine: RedisEngine) -> list[bool | str]:
        one_time = RedisOneTime(engine, HandClock())
        claims = [asyncio.create_task(outcome(one_time.claim(bytes([n]) * 32, until=LATER))) for n in range(6)]
        await asyncio.sleep(0)
        for gone in claims[::2]:
            gone.cancel()
        found = [await one for one in claims[1::2]]
        return [*found, await outcome(one_time.claim(bytes([0]) * 32, until=LATER))]

    with redis_server(tmp_path) as server:
        assert worked(server.url, used) == [True, True, True, False]


def test_a_worker_has_a_bounded_number_of_connections_and_refuses_beyond(tmp_path: Path) -> None:
    async def crowd(engine: RedisEngine) -> list[Any]:
        store = RedisSealedStore(engine, HandClock(), RANDOM)
        handles = [new_handle(RANDOM) for _ in range(LIMITS.store_connections + 8)]
        return list(await asyncio.gather(*(store.read(Kind.CODE, one) for one in handles), return_exceptions=True))

    with redis_server(tmp_path) as server:
        found = worked(server.url, crowd)
    assert {one.code for one in found if one is not None} == {"system.overloaded"}


def test_a_server_is_looked_at_once_in_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        raise asyncio.CancelledError

    async def watched(engine: RedisEngine) -> None:
        monkeypatch.setattr("idbridge_gateway.stores.redis_engine.asyncio.sleep", wait)
        with pytest.raises(asyncio.CancelledError):
            await engine.watch()
        monkeypatch.undo()

    with redis_server(tmp_path) as server:
        worked(server.url, watched)
    assert waited == [LIMITS.store_look.total_seconds()]
