"""Repeated requests: one key, one body, two minutes; digests and nothing else. In memory and in Redis alike."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from inspect import signature
from pathlib import Path
from typing import Any, Protocol

import pytest

from idbridge.crypto import sealing
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.stores.idempotency import Idempotency, MemoryIdempotency, Remembered, Repetition
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_idempotency import PURPOSE, RedisIdempotency
from tests.gateway.clocks import NOON
from tests.gateway.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.usefixtures("patient_store")

KEY = b"order-0001"
BODY = b'{"credential":"a secret of Siti"}'
FIRST = Remembered("rep_1", "s1", NOON, accepted=True)
NODE_KEY = bytes(range(48))


class Stores(Protocol):
    """Questions of one node; each call has a loop of its own, as each process has."""

    def begin(self, **changes: Any) -> Repetition: ...

    def remember(self, repetition: Repetition, *, item: int = 0, first: Remembered = FIRST) -> Remembered: ...


class InMemory:
    """The questions of one process."""

    def __init__(self, **given: Any) -> None:
        self.store = MemoryIdempotency(SystemRandomness(), **given)

    def begin(self, **changes: Any) -> Repetition:
        return asyncio.run(begun(self.store, **changes))

    def remember(self, repetition: Repetition, *, item: int = 0, first: Remembered = FIRST) -> Remembered:
        return asyncio.run(self.store.remember(repetition, item=item, first=first))


class InRedis:
    """The questions of many processes: each call is one of them."""

    def __init__(self, url: str, *, node_key: bytes = NODE_KEY, **given: Any) -> None:
        self._url = url
        self._given = given
        self._secret = sealing.secret_from(node_key, label=PURPOSE)

    def begin(self, **changes: Any) -> Repetition:
        found: Repetition = self._in_a_process(lambda store: begun(store, **changes))
        return found

    def remember(self, repetition: Repetition, *, item: int = 0, first: Remembered = FIRST) -> Remembered:
        kept: Remembered = self._in_a_process(lambda store: store.remember(repetition, item=item, first=first))
        return kept

    def _in_a_process(self, work: Any) -> Any:
        async def worked() -> Any:
            engine = RedisEngine(self._url, prefix="idbridge:sandbox")
            try:
                return await work(RedisIdempotency(engine, SystemRandomness(), secret=self._secret, **self._given))
            finally:
                await engine.close()

        return asyncio.run(worked())


async def begun(
    store: Idempotency, *, key: bytes = KEY, party: str = "th-bank", body: bytes = BODY, items: int = 1,
    at: datetime = NOON,
) -> Repetition:  # fmt: skip
    return await store.begin(key, relying_party=party, body=body, items=items, at=at)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(shared: RedisServer) -> RedisServer:
    """A server that holds nothing."""
    assert shared.ask(b"FLUSHALL") == b"+OK\r\n"
    return shared


@pytest.fixture(params=["memory", "redis"])
def stores(request: pytest.FixtureRequest) -> Stores:
    return InMemory() if request.param == "memory" else InRedis(request.getfixturevalue("server").url)


def names_in(server: RedisServer) -> list[bytes]:
    return server.names()


def questions_of(server: RedisServer) -> list[bytes]:
    return [name for name in names_in(server) if server.ask(b"TYPE", name) == b"+hash\r\n"]


def refused(stores: Stores, **changes: Any) -> str:
    with pytest.raises(RequestError) as caught:
        stores.begin(**changes)
    return caught.value.code


def test_another_body_under_the_same_key_is_a_conflict(stores: Stores) -> None:
    stores.remember(stores.begin())

    assert refused(stores, body=BODY + b" ") == "input.idempotency_conflict"


@pytest.mark.parametrize(
    "key", [b"", b"short12", b"k" * 129, b"with\nbreak", b"with space", b"with\x00null", "schlüssel-1".encode()]
)
def test_a_key_of_another_form_is_refused(stores: Stores, key: bytes) -> None:
    assert refused(stores, key=key) == "input.request_malformed"


@pytest.mark.parametrize("accepted", [True, False])
def test_the_same_question_is_found_again_as_it_was(stores: Stores, accepted: bool) -> None:
    instant = NOON + timedelta(microseconds=123_457)
    exactly = Remembered("rep_1", "a" * 64 + "." + "b" * 64, instant, accepted=accepted)
    assert not stores.begin(items=3).earlier
    stores.remember(stores.begin(items=3), item=2, first=exactly)

    assert stores.begin(items=3).earlier == {2: exactly}
    assert not stores.begin(items=2).earlier


def test_two_relying_parties_never_share_a_key(stores: Stores) -> None:
    stores.remember(stores.begin())

    assert not stores.begin(party="sg-bank", body=b"another body").earlier
    assert not stores.begin(party="th-bank:10", key=KEY).earlier


def test_after_two_minutes_the_key_is_free(stores: Stores) -> None:
    stores.remember(stores.begin())
    end = NOON + LIMITS.idempotency_window

    assert stores.begin(at=end).earlier == {0: FIRST}
    assert refused(stores, body=b"another body", at=end) == "input.idempotency_conflict"
    assert not stores.begin(body=b"another body", at=end + timedelta(seconds=1)).earlier


def test_the_first_answer_stays_the_first_and_whoever_comes_later_is_told(stores: Stores) -> None:
    mine, theirs = stores.begin(), stores.begin()

    assert stores.remember(mine) == FIRST
    assert stores.remember(theirs, first=Remembered("rep_2", "s2", NOON, accepted=False)) == FIRST
    assert stores.begin().earlier == {0: FIRST}


def test_a_question_spends_under_one_mark_as_long_as_it_is_remembered_and_each_item_under_its_own(
    stores: Stores,
) -> None:
    first, again = stores.begin(items=2), stores.begin(items=2, at=NOON + LIMITS.idempotency_window)
    later = stores.begin(items=2, at=NOON + LIMITS.idempotency_window + timedelta(seconds=1))
    other = stores.begin(key=b"order-0002", items=2)

    assert first.spender(0) == again.spender(0)
    assert len({one.spender(item) for one in (first, later, other) for item in (0, 1)}) == 6


def test_an_answer_that_comes_after_its_key_was_free_again_belongs_to_no_other_question(stores: Stores) -> None:
    late, end = stores.begin(), NOON + LIMITS.idempotency_window + timedelta(seconds=1)
    new = stores.begin(body=b"another body", at=end)
    assert new.mark != late.mark

    stores.remember(late)

    assert not stores.begin(body=b"another body", at=end).earlier


def test_memory_holds_neither_key_nor_body_nor_a_digest_that_anybody_else_could_make() -> None:
    first, second = InMemory(), InMemory()
    for stores in (first, second):
        stores.remember(stores.begin())

    ((mine, of_body),), ((theirs, of_theirs),) = (list(one.store.held.items()) for one in (first, second))
    assert mine != theirs
    assert of_body != of_theirs
    assert b"Siti" not in of_body + mine
    assert KEY not in mine


def test_when_there_is_no_room_a_repeatable_question_is_refused_before_anything_is_spent() -> None:
    stores = InMemory(max_entries=2)
    stores.remember(stores.begin())

    assert refused(stores, key=b"order-0002") == "system.overloaded"
    assert stores.begin().earlier


def test_a_store_has_room_for_as_many_questions_as_the_limits_say() -> None:
    parameters = signature(MemoryIdempotency).parameters
    assert parameters["max_entries"].default == LIMITS.idempotency_entries
    assert parameters["max_each"].default == LIMITS.idempotency_entries_each < LIMITS.idempotency_entries
    assert signature(RedisIdempotency).parameters["max_each"].default == LIMITS.idempotency_entries_each


@pytest.mark.parametrize("kind", ["memory", "redis"])
def test_a_relying_party_that_repeats_without_end_leaves_room_for_the_others_and_has_its_own_again_later(
    kind: str, server: RedisServer
) -> None:
    store = InMemory(max_entries=8, max_each=4) if kind == "memory" else InRedis(server.url, max_each=4)

    def begin(number: int, *, party: str, at: datetime = NOON) -> Repetition:
        return store.begin(key=b"order-%04d" % number, party=party, at=at)

    for number in range(2):
        begin(number, party="cafe")
    with pytest.raises(RequestError) as caught:
        begin(2, party="cafe")
    assert caught.value.code == "system.overloaded"
    assert begin(1, party="cafe").earlier == {}
    for number in range(2):
        begin(number, party="bakery")
    later = NOON + LIMITS.idempotency_window + timedelta(seconds=1)
    for number in range(2, 4):
        begin(number, party="cafe", at=later)
    with pytest.raises(RequestError):
        begin(4, party="cafe", at=later)


def test_the_answers_of_a_batch_take_room_at_every_worker_of_a_node(server: RedisServer) -> None:
    one, other = (InRedis(server.url, max_each=8) for _ in range(2))
    one.begin(key=b"order-0001", items=4)

    assert refused(other, key=b"order-0002", items=3) == "system.overloaded"
    other.begin(key=b"order-0003", items=2)
    assert refused(one, key=b"order-0004", items=1) == "system.overloaded"
    assert refused(one, key=b"order-0001", items=4, body=b"another body") == "input.idempotency_conflict"


def test_room_is_counted_once_for_a_question_that_the_server_lost(server: RedisServer) -> None:
    stores = InRedis(server.url, max_each=4)
    for _ in range(3):
        stores.begin()
        (name,) = questions_of(server)
        server.ask(b"DEL", name)

    stores.begin(key=b"order-0002")


def test_workers_of_another_node_are_strangers_to_a_question(server: RedisServer) -> None:
    mine, theirs = InRedis(server.url), InRedis(server.url, node_key=bytes(range(1, 49)))
    mine.remember(mine.begin())

    assert not theirs.begin(body=b"another body").earlier
    assert mine.begin().earlier


def test_a_secret_is_made_of_a_key_that_is_long_enough() -> None:
    with pytest.raises(ValueError, match="at least 32 octets"):
        sealing.secret_from(bytes(31), label=PURPOSE)

    assert sealing.secret_from(NODE_KEY, label="a") != sealing.secret_from(NODE_KEY, label="b")


def test_a_server_that_was_written_to_makes_up_no_answer(server: RedisServer) -> None:
    stores = InRedis(server.url)
    stores.remember(stores.begin(), first=FIRST)
    (name,) = questions_of(server)
    sealed = server.ask(b"HGET", name, b"0").split(b"\r\n", 1)[1][:-2]

    for number, forged in ((b"1", sealed), (b"0", b"2026-11-24T12:00:00+00:00\nrep_1\ns1"), (b"0", sealed[:-1])):
        server.ask(b"HSET", name, number, forged)
    assert not stores.begin(items=2).earlier


def test_an_answer_older_than_the_window_is_not_believed_though_the_server_has_it(server: RedisServer) -> None:
    stores = InRedis(server.url)
    old = replace(FIRST, instant=NOON - LIMITS.idempotency_window - timedelta(seconds=1))
    stores.remember(stores.begin(), first=old)

    assert not stores.begin().earlier


def test_everything_in_redis_ends_by_itself_and_names_nobody(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        stores = InRedis(server.url)
        stores.remember(stores.begin())
        (name,) = questions_of(server)
        for one in names_in(server):
            assert 0 < int(server.ask(b"PTTL", one)[1:]) <= 181_000
        stores.remember(Repetition(b"k" * 32, b"mark", {}))
        assert len(server.names()) == 2  # the question, and the room that it takes
        assert server.ask(b"SAVE") == b"+OK\r\n"
    dump = (tmp_path / "dump.rdb").read_bytes()
    assert name in dump
    for told in (KEY, BODY, b"Siti", b"th-bank", b"rep_1", NODE_KEY, sealing.secret_from(NODE_KEY, label=PURPOSE)):
        assert told not in dump


def test_a_store_that_is_down_begins_nothing_and_its_fault_takes_no_answer_back(tmp_path: Path) -> None:
    with redis_server(tmp_path) as gone:
        stores = InRedis(gone.url)
        begun = stores.begin()

    assert refused(stores) == "system.overloaded"
    assert stores.remember(begun) == FIRST
