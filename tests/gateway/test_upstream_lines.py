"""Lines to providers: what is asked once for many, who waits for whom, and when a provider is left alone."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from idbridge.errors import FetchError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.net.calls import Answer, Call, Method
from idbridge_gateway.oidc.upstream.lines import Line, Lines, guarded_callers
from tests.gateway.clocks import NOON
from tests.gateway.pretending import KH, PUBLIC, SG
from tests.gateway.upstreaming import Abroad


def test_a_discovery_document_is_fetched_once_in_a_while_and_by_one_of_many(alone: Abroad) -> None:
    names = [alone.begin(state=f"s-{number}") for number in range(4)]

    async def all_leave() -> None:
        side, turn = alone.provider, alone.provider.turns.begin()
        handles = [alone.browser.cookies[side.cookies.name_of(name)] for name in names]
        held = [await side.transactions.find(handle) for handle in handles]
        await asyncio.gather(*(alone.upstream.begin(one, KH, turn=turn) for one in held))

    asyncio.run(all_leave())
    alone.leave(alone.begin(), KH)
    assert alone.kh.paths == ["/.well-known/openid-configuration"]
    alone.node.clock.turn(seconds=LIMITS.upstream_discovery_life.total_seconds())
    alone.leave(alone.begin(), KH)
    assert alone.kh.paths == ["/.well-known/openid-configuration"] * 2


def test_a_document_that_is_of_no_use_is_not_held(alone: Abroad) -> None:
    alone.kh.discovery = {"issuer": PUBLIC}
    alone.refused(alone.begin(), KH)
    alone.kh.discovery = {}

    alone.leave(alone.begin(), KH)
    assert alone.kh.paths == ["/.well-known/openid-configuration"] * 2


def test_a_client_is_made_anew_when_its_hosts_are_others(alone: Abroad) -> None:
    callers = guarded_callers(Environment.LIVE)
    known = alone.upstream.providers.client(SG)
    lines = [Line(known, frozenset({host})) for host in ("a.example", "a.example", "b.example", "a.example")]
    first, again, other, back = map(callers, lines)

    assert first is again
    assert other is not first
    with pytest.raises(FetchError, match="not a host"):
        other.call(Call(Method.GET, "https://a.example/"), max_bytes=10)
    assert back is not other


def test_a_provider_that_failed_again_and_again_is_left_alone_and_seen_to_after_a_rest(alone: Abroad) -> None:
    alone.sg.down = {"/.well-known/openid-configuration"}
    name = alone.begin()
    for _ in range(LIMITS.upstream_failures):
        alone.refused(name)
    assert len(alone.sg.seen) == LIMITS.upstream_failures

    assert alone.refused(name).error == "temporarily_unavailable"
    assert len(alone.sg.seen) == LIMITS.upstream_failures
    alone.leave(name, KH)  # another provider is not held up

    alone.node.clock.turn(seconds=LIMITS.upstream_rest.total_seconds())
    alone.refused(name)  # one looks whether it is back, and it is not
    alone.sg.down = set()
    alone.refused(name)
    assert len(alone.sg.seen) == LIMITS.upstream_failures + 1
    alone.node.clock.turn(seconds=LIMITS.upstream_rest.total_seconds())
    alone.leave(name)
    alone.leave(name)


@contextmanager
def held_up(abroad: Abroad, provider: str) -> Iterator[threading.Semaphore]:
    """Let ``provider`` answer nothing until the block ends; the semaphore tells how many wait."""
    gate, waiting = threading.Event(), threading.Semaphore(0)

    def hold(_: Call) -> None:
        waiting.release()
        assert gate.wait(120)

    abroad.pretend[provider].before = hold
    try:
        yield waiting
    finally:
        gate.set()


def test_a_slow_provider_keeps_so_many_waiting_and_no_more_and_nobody_of_another(alone: Abroad) -> None:
    alone.leave(alone.begin())  # the document is known
    names = [alone.begin(state=f"s-{number}") for number in range(LIMITS.upstream_provider_calls)]
    last = alone.begin()

    async def crowd() -> None:
        side, turn = alone.provider, alone.provider.turns.begin()

        async def leaves(name: str, provider: str = SG) -> Any:
            held = await side.transactions.find(alone.browser.cookies[side.cookies.name_of(name)])
            return await alone.upstream.begin(held, provider, turn=turn)

        with held_up(alone, SG) as waiting:
            going = [asyncio.create_task(leaves(name)) for name in names]
            assert all(await asyncio.to_thread(lambda: [waiting.acquire(timeout=120) for _ in names]))
            with pytest.raises(Exception, match="too many people wait"):
                await leaves(last)
            assert (await leaves(last, KH)).status_code == 303
        assert {one.status_code for one in await asyncio.gather(*going)} == {303}

    asyncio.run(crowd())


def test_so_many_calls_are_made_at_a_time_and_the_others_wait_for_them(alone: Abroad) -> None:
    known = alone.upstream.providers.client(SG)
    under_way, most, gate = 0, 0, threading.Barrier(LIMITS.upstream_calls, timeout=120)
    lock = threading.Lock()

    class Slow:
        def call(self, call: Call, *, max_bytes: int) -> Answer:
            nonlocal under_way, most
            assert (call.url, max_bytes) == (PUBLIC, LIMITS.fetch_bytes)
            with lock:
                under_way += 1
                most = max(most, under_way)
            gate.wait()
            with lock:
                under_way -= 1
            return Answer(200, {}, b"")

    async def crowd() -> list[Answer]:
        lines = Lines(lambda _: Slow())
        each = [Line(replace(known, provider=f"p-{n}"), frozenset({"h"})) for n in range(LIMITS.upstream_calls * 2)]
        return await asyncio.gather(*(lines.call(one, Call(Method.GET, PUBLIC), at=NOON) for one in each))

    assert len(asyncio.run(crowd())) == LIMITS.upstream_calls * 2
    assert most == LIMITS.upstream_calls
