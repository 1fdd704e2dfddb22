"""What others are told is not lost with a worker: where workers share a store, another goes on where one stopped."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis

from idbridge.clock import SystemStopwatch
from idbridge.limits import LIMITS
from idbridge.net.calls import Answer, Call
from idbridge_gateway.deliveries import Deliveries
from idbridge_gateway.stores.outbox import Delivery
from idbridge_gateway.wallet.webhooks import DELAYS
from tests.gateway.asking import Node
from tests.gateway.delivering import KEY, Worker, at, let_pass
from tests.gateway.redis_server import RedisServer, redis_server
from tests.gateway.test_wallet_webhooks import ADDRESS, ENDED, HANDLE, registered, verified


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


async def kept(server: RedisServer, count: int) -> None:
    """Wait until so many deliveries are kept in the store."""
    with Redis.from_url(server.url) as redis:
        for _ in range(20_000):
            if sum(redis.zcard(name) for name in redis.keys("*:" + b"due".hex())) >= count:
                return
            await asyncio.sleep(0.005)
    raise AssertionError("the store did not take all of them")


@pytest.fixture
def bank(node: Node) -> Node:
    registered(node, ADDRESS)
    return node


def test_what_a_worker_could_not_tell_before_it_ended_another_tells_under_the_same_id(
    bank: Node, server: RedisServer
) -> None:
    ended, other = Worker(bank, server.url, [503]), Worker(bank, server.url, [500, 200])

    async def work() -> None:
        await ended.tell_in_vain()
        await other.take_over()
        assert other.calls == []
        let_pass(server, DELAYS[0] + LIMITS.delivery_margin)
        await other.deliveries.take_over()
        await other.paused.wait()
        other.on.set()
        await other.deliveries.idle()

    at(other, ended, work=work)

    told = [*ended.calls, *other.calls]
    assert len(told) == 3
    assert len({call.head["webhook-id"] for call in told}) == 1
    assert other.pauses == [DELAYS[1]]  # it goes on where the first stopped
    assert verified(other.calls[-1], KEY.public_jwk)["data"]["id"] == HANDLE


def test_a_running_worker_looks_by_itself_for_what_others_left(bank: Node, server: RedisServer) -> None:
    ended, other = Worker(bank, server.url, [503]), Worker(bank, server.url, [200])
    stopwatch = SystemStopwatch()

    async def work() -> float:
        await ended.tell_in_vain()
        let_pass(server, DELAYS[0] + LIMITS.delivery_margin)
        began = stopwatch.seconds()
        looking = asyncio.create_task(other.post.watch())
        while not other.calls:
            await asyncio.sleep(0)
        looking.cancel()
        return stopwatch.seconds() - began

    waited = at(ended, other, work=work)

    assert waited >= LIMITS.delivery_look.total_seconds()


def test_what_was_told_is_kept_no_longer_and_told_by_nobody_again(bank: Node, server: RedisServer) -> None:
    one, other = Worker(bank, server.url, [200]), Worker(bank, server.url, [])

    async def work() -> None:
        one.webhooks.settled(HANDLE, ENDED)
        await one.deliveries.idle()
        let_pass(server, timedelta(hours=1))
        await other.take_over()

    at(one, other, work=work)

    assert (len(one.calls), other.calls) == (1, [])
    assert server.names() == []


def test_a_worker_that_was_taken_for_ended_says_nothing_more(bank: Node, server: RedisServer) -> None:
    slow, other = Worker(bank, server.url, [503]), Worker(bank, server.url, [503])

    async def work() -> None:
        await slow.tell_in_vain()
        let_pass(server, DELAYS[0] + LIMITS.delivery_margin)
        await other.deliveries.take_over()
        await other.paused.wait()
        slow.on.set()
        await slow.deliveries.idle()

    at(slow, other, work=work)

    assert (len(slow.calls), len(other.calls)) == (1, 1)


def test_several_that_look_at_once_do_not_both_take_over(bank: Node, server: RedisServer) -> None:
    ended = Worker(bank, server.url, [503])
    others = [Worker(bank, server.url, [200]) for _ in range(3)]

    async def work() -> None:
        await ended.tell_in_vain()
        let_pass(server, DELAYS[0] + LIMITS.delivery_margin)
        await asyncio.gather(*(other.take_over() for other in others))

    at(ended, *others, work=work)

    assert sum(len(other.calls) for other in others) == 1


def test_after_its_last_attempt_nobody_tells_it_any_more(bank: Node, server: RedisServer) -> None:
    ended, other = Worker(bank, server.url, [503]), Worker(bank, server.url, [503] * len(DELAYS))

    async def work() -> None:
        await ended.tell_in_vain()
        other.on.set()
        let_pass(server, DELAYS[0] + LIMITS.delivery_margin)
        await other.take_over()

    at(ended, other, work=work)

    assert len(other.calls) == len(DELAYS)
    assert server.names() == []


def test_what_is_kept_cannot_be_read_or_made_up(bank: Node, server: RedisServer) -> None:
    ended, stranger = Worker(bank, server.url, [503]), Worker(bank, server.url, [200], secret=b"x" * 32)
    outbox = stranger.outbox("webhook", LIMITS.webhook_life)

    async def work() -> bytes:
        await ended.tell_in_vain()
        with Redis.from_url(server.url) as redis:
            kept = [redis.hget(name, "sealed") for name in server.names() if redis.type(name) == b"hash"]
        await outbox.keep(Delivery("msg_made_up", "th-bank", "{}"), ahead=timedelta(0))
        other = Worker(bank, server.url, [])
        await other.take_over()
        assert other.calls == []
        await other.engine.close()
        return b"".join(octets for octets in kept if isinstance(octets, bytes))

    kept = at(ended, stranger, work=work)

    assert len(kept) > 100
    for text in (HANDLE, "th-bank", "presentation"):
        assert text.encode() not in kept


def test_a_delivery_that_was_put_in_the_place_of_another_is_not_told(bank: Node, server: RedisServer) -> None:
    worker = Worker(bank, server.url, [200])
    outbox = worker.outbox("webhook", LIMITS.webhook_life)

    async def work() -> None:
        first, second = (Delivery(name, "th-bank", "{}") for name in ("msg_a", "msg_b"))
        for one in (first, second):
            assert await outbox.keep(one, ahead=timedelta(0))
        with Redis.from_url(server.url) as redis:
            a, b = sorted(name for name in server.names() if redis.type(name) == b"hash")
            redis.hset(a, "sealed", redis.hget(b, "sealed") or b"")
        await worker.take_over()

    at(worker, work=work)

    assert [call.head["webhook-id"] for call in worker.calls] == ["msg_b"]


def test_what_nobody_told_in_its_time_is_forgotten(bank: Node, server: RedisServer) -> None:
    ended, other = Worker(bank, server.url, [503]), Worker(bank, server.url, [])

    async def work() -> None:
        await ended.tell_in_vain()
        with Redis.from_url(server.url) as redis:
            (kept,) = (name for name in server.names() if redis.type(name) == b"hash")
            assert 0 < redis.pttl(kept) <= LIMITS.webhook_life / timedelta(milliseconds=1)
            redis.delete(kept)
        let_pass(server, LIMITS.webhook_life)
        await other.take_over()

    at(ended, other, work=work)

    assert other.calls == []
    assert server.names() == []


def test_no_more_are_kept_than_the_bound_and_the_others_are_told_all_the_same(
    bank: Node, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(bank, server.url, [200])
    outbox = worker.outbox("webhook", LIMITS.webhook_life)

    async def work() -> None:
        assert await outbox.keep(Delivery("msg_first", "th-bank", "{}"), ahead=LIMITS.delivery_lease)
        with Redis.from_url(server.url) as redis:
            (due,) = (name for name in server.names() if redis.type(name) == b"zset")
            far = redis.zscore(due, redis.zrange(due, 0, 0)[0])
            redis.zadd(due, {f"filler-{number}": far for number in range(LIMITS.deliveries_kept - 1)})
        worker.webhooks.settled(HANDLE, ENDED)
        await worker.deliveries.idle()

    at(worker, work=work)

    assert len(worker.calls) == 1
    assert "is told from memory alone, too many are kept" in caplog.text


def test_a_worker_takes_over_no_more_than_it_has_room_for(bank: Node, server: RedisServer) -> None:
    worker = Worker(bank, server.url, [503] * (LIMITS.deliveries_taken + 8))
    outbox = worker.outbox("webhook", LIMITS.webhook_life)

    async def work() -> None:
        for number in range(LIMITS.deliveries_taken + 8):
            await outbox.keep(Delivery(f"msg_{number}", "th-bank", "{}"), ahead=timedelta(0))
        await worker.deliveries.take_over()
        await worker.deliveries.take_over()
        assert worker.deliveries.waiting.total() == LIMITS.deliveries_taken

    at(worker, work=work)


def test_without_the_store_everybody_is_told_as_long_as_the_worker_lives(
    bank: Node, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(bank, server.url, [503, 200])
    server.stop()

    async def work() -> None:
        await worker.tell_in_vain()
        worker.on.set()
        await worker.take_over()

    at(worker, work=work)

    assert len(worker.calls) == 2
    assert "does not answer" in caplog.text


def test_a_worker_that_is_told_to_end_leaves_what_waits_to_the_others(bank: Node, server: RedisServer) -> None:
    ending, other = Worker(bank, server.url, [503]), Worker(bank, server.url, [200])

    async def work() -> None:
        await ending.tell_in_vain()
        await ending.post.close()
        assert len(ending.calls) == 1
        let_pass(server, DELAYS[0] + LIMITS.delivery_margin)
        await other.take_over()

    at(ending, other, work=work)

    assert len(other.calls) == 1


def test_a_worker_does_not_take_over_what_queues_at_itself(bank: Node, server: RedisServer) -> None:
    """A silent address makes its deliveries wait longer than they are held for; each is told once all the same."""
    worker = Worker(bank, server.url, [204] * 8)
    gate = threading.Event()
    told = worker.call

    def call(call: Call, *, max_bytes: int) -> Answer:
        assert gate.wait(120)
        return told(call, max_bytes=max_bytes)

    worker.call = call  # type: ignore[method-assign]

    async def work() -> None:
        for _ in range(8):
            worker.webhooks.settled(HANDLE, ENDED)
        await kept(server, 8)
        for _ in range(2):
            let_pass(server, LIMITS.delivery_lease + timedelta(seconds=1))
            await worker.deliveries.take_over()
            assert worker.deliveries.waiting.total() == 8
        gate.set()
        await worker.deliveries.idle()

    at(worker, work=work)
    assert len(worker.calls) == len({call.head["webhook-id"] for call in worker.calls}) == 8


def test_what_queues_at_a_worker_that_lives_is_taken_over_by_no_other(bank: Node, server: RedisServer) -> None:
    worker, other = Worker(bank, server.url, [204] * 8), Worker(bank, server.url, [])
    gate = threading.Event()
    told = worker.call

    def call(call: Call, *, max_bytes: int) -> Answer:
        assert gate.wait(120)
        return told(call, max_bytes=max_bytes)

    worker.call = call  # type: ignore[method-assign]
    looks = int(LIMITS.delivery_lease / LIMITS.delivery_look)

    async def work() -> int:
        for _ in range(8):
            worker.webhooks.settled(HANDLE, ENDED)
        await kept(server, 8)
        for _ in range(looks // 3):
            await worker.deliveries.take_over()
        let_pass(server, LIMITS.delivery_lease * 2 / 3)
        for _ in range(looks // 3):
            await worker.deliveries.take_over()
        let_pass(server, LIMITS.delivery_lease * 2 / 3)
        box = other.outbox("webhook", LIMITS.webhook_life)
        claimed = await box.claim(most=64, ahead=LIMITS.delivery_lease, waiting={})
        gate.set()
        await worker.deliveries.idle()
        return len(claimed)

    # The two that are being told are not among those that queue; one attempt is over long before their time is.
    assert at(worker, other, work=work) == 2


def test_a_silent_party_stops_no_take_over_for_the_others(bank: Node, server: RedisServer) -> None:
    worker, ended = Worker(bank, server.url, []), Worker(bank, server.url, [])
    told: list[str] = []
    gate = asyncio.Event()

    class Told:
        kind = "webhook"
        delays = ()
        each = 2

        async def attempt(self, delivery: Delivery) -> bool:
            if delivery.to == "silent":
                await gate.wait()
            told.append(delivery.id)
            return True

        def given_up(self, delivery: Delivery) -> None:
            raise AssertionError(delivery.id)

    async def work() -> None:
        left, most = ended.outbox("webhook", LIMITS.webhook_life), LIMITS.deliveries_taken
        for number in range(most * 2):
            await left.keep(Delivery(f"silent-{number}", "silent", "{}"), ahead=timedelta(0))
        await left.keep(Delivery("orphan", "honest", "{}"), ahead=timedelta(0))
        deliveries = Deliveries(Told(), worker.outbox("webhook", LIMITS.webhook_life))
        for number in range(most + 6):
            deliveries.begin(Delivery(f"own-{number}", "silent", "{}"))
        await kept(server, most * 3 + 7)
        await deliveries.take_over()
        assert deliveries.waiting["silent"] == most + 6
        for _ in range(20_000):
            await asyncio.sleep(0.005)
            if "orphan" in told:
                break
        gate.set()
        await deliveries.idle()

    at(worker, ended, work=work)
    assert len(told) == LIMITS.deliveries_taken + 7
