"""How many logins are begun for one client: past its share it is refused for a while, and nobody else is."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.oidc.begun import BegunLogins
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_tallies import RedisTallies
from idbridge_gateway.stores.tallies import MemoryTallies
from tests.gateway.clocks import NOON, HandClock
from tests.gateway.providing import Bank, bank_in, name_of, page_of
from tests.gateway.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.usefixtures("patient_store")


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


def plain(bank: Bank) -> httpx2.Response:
    return bank.authorize(None, **bank.asked("shop"))


def begin(bank: Bank, times: int, client: str = "shop") -> None:
    """Begin so many logins for a client as others did before."""

    async def begun() -> None:
        logins = BegunLogins(bank.node.app.state.parts.stores.tallies)
        for _ in range(times):
            await logins.admit(client, pushed=None)

    asyncio.run(begun())


def overloaded(answer: httpx2.Response) -> None:
    text = page_of(answer, 503)
    assert "temporarily_unavailable" in text
    assert "system.overloaded" in text
    assert int(answer.headers["retry-after"]) > 0


def test_a_client_has_its_share_and_no_more_while_others_go_on(bank: Bank) -> None:
    begin(bank, LIMITS.logins_of_client - 1)
    assert name_of(plain(bank))
    held = len(bank.node.app.state.parts.stores.sealed.held)

    overloaded(plain(bank))
    assert len(bank.node.app.state.parts.stores.sealed.held) == held
    assert bank.begin("bank")


def test_after_a_while_a_client_begins_again(bank: Bank) -> None:
    begin(bank, LIMITS.logins_of_client)
    overloaded(plain(bank))
    bank.node.clock.turn(seconds=LIMITS.login_transaction.total_seconds())

    assert name_of(plain(bank))


def test_clients_that_push_nothing_have_a_share_together_and_the_others_theirs(bank: Bank) -> None:
    for number in range(0, LIMITS.logins_unpushed, LIMITS.logins_of_client):
        left = LIMITS.logins_unpushed - number
        begin(bank, min(left, LIMITS.logins_of_client), client=f"shop-{number}")

    overloaded(plain(bank))
    assert bank.begin("bank")


def test_what_one_client_is_refused_takes_nothing_from_the_others(bank: Bank) -> None:
    begin(bank, LIMITS.logins_of_client)
    for _ in range(LIMITS.logins_unpushed - LIMITS.logins_of_client):
        with pytest.raises(RequestError):
            begin(bank, 1)

    begin(bank, 1, client="another-shop")


def test_a_pushed_request_begins_a_few_logins_and_another_one_is_not_held_up(bank: Bank) -> None:
    uri = bank.pushed()
    names = {bank.begin(uri=uri) for _ in range(LIMITS.logins_of_pushed_request)}
    assert len(names) == LIMITS.logins_of_pushed_request

    overloaded(bank.authorize(client_id="bank", request_uri=uri))
    assert bank.begin("bank")


def test_shares_leave_room_in_the_store_even_when_two_times_of_counting_meet() -> None:
    assert 2 * LIMITS.logins_of_client < LIMITS.sealed_entries / 4
    assert 2 * LIMITS.logins_unpushed <= LIMITS.sealed_entries / 2


def test_a_tally_in_memory_ends_by_itself_and_is_forgotten() -> None:
    clock = HandClock(NOON)
    tallies = MemoryTallies(clock)

    async def counted(key: bytes) -> int:
        return await tallies.count(key, lasting=timedelta(seconds=10))

    assert [asyncio.run(counted(b"a")) for _ in range(2)] == [1, 2]
    clock.turn(seconds=9)
    assert [asyncio.run(counted(key)) for key in (b"a", b"b")] == [3, 1]
    clock.turn(seconds=1)
    assert [asyncio.run(counted(key)) for key in (b"a", b"b")] == [1, 2]
    clock.turn(seconds=60)
    assert asyncio.run(counted(b"c")) == 1
    assert tallies.held == 1


def test_a_tally_in_redis_counts_for_all_workers_and_ends_by_itself(server: RedisServer) -> None:
    async def counted() -> tuple[list[int], list[int]]:
        engines = [RedisEngine(server.url, prefix="idbridge:sandbox") for _ in range(2)]
        try:
            long = timedelta(minutes=1)
            counts = [await RedisTallies(engine).count(b"a", lasting=long) for engine in engines for _ in range(2)]
            lives = [await engines[0].commands.pttl(engines[0].name(b"tally", b"a"))]
            await RedisTallies(engines[1]).count(b"a", lasting=timedelta(hours=1))
            lives.append(await engines[0].commands.pttl(engines[0].name(b"tally", b"a")))
            return counts, lives
        finally:
            for engine in engines:
                await engine.close()

    counts, lives = asyncio.run(counted())
    assert counts == [1, 2, 3, 4]
    assert all(0 < life <= 60_000 for life in lives)


def test_where_the_store_does_not_answer_no_login_is_begun(tmp_path: Path) -> None:
    async def asked() -> None:
        engine = RedisEngine(f"unix://{tmp_path}/nowhere.sock", prefix="idbridge:sandbox")
        try:
            await BegunLogins(RedisTallies(engine)).admit("bank", pushed=None)
        finally:
            await engine.close()

    with pytest.raises(RequestError) as caught:
        asyncio.run(asked())
    assert caught.value.code == "system.overloaded"
