"""A question repeated at another worker that is behind: what one refused, no other accepts under the same key."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from idbridge.sandbox.case import Exchange
from idbridge_gateway.app import create_app
from idbridge_gateway.settings import read_settings
from tests.gateway.asking import LOGIN, Node, problem_of, verdict_of
from tests.gateway.redis_server import RedisServer, redis_server
from tests.gateway.test_repeated import KEY, WITHOUT_NONCE, moved, narrow

pytestmark = pytest.mark.usefixtures("patient_store")

Ask = Callable[[Node, str], Awaitable[httpx2.Response]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def workers(node: Node, server: RedisServer) -> tuple[Node, Node]:
    """Two workers of one node, which share a store that holds nothing."""
    assert server.ask(b"FLUSHALL") == b"+OK\r\n"
    settings = read_settings(**{**node.settings.model_dump(), "redis_url": server.url})
    one, other = (replace(node, app=create_app(settings, clock=node.clock)) for _ in range(2))
    return one, other


def asked(exchange: Exchange, questions: Callable[[Ask], Awaitable[Any]]) -> Any:
    """What ``questions`` returns that asks ``exchange`` at one worker or another, under a key; all in one loop."""

    async def ask(worker: Node, key: str) -> httpx2.Response:
        headers = {**exchange.headers, "idempotency-key": key}
        async with worker.client() as client:
            return await client.request(exchange.method, exchange.path, content=exchange.body, headers=headers)

    async def all_of_them() -> Any:
        return await questions(ask)

    return asyncio.run(all_of_them())


@pytest.mark.parametrize(("case", "issuer"), [(LOGIN, "sg-login"), (WITHOUT_NONCE, "la-card")])
def test_what_newer_trust_refused_a_worker_with_older_trust_does_not_accept(
    workers: tuple[Node, Node], case: str, issuer: str
) -> None:
    newer, behind = workers
    newer.app.state.trust.exchange(moved(newer, service=issuer, status="withdrawn"))

    async def questions(ask: Ask) -> list[httpx2.Response]:
        return [await ask(newer, KEY), await ask(behind, KEY), await ask(newer, KEY)]

    first, second, third = asked(newer.case(case).exchange, questions)
    assert verdict_of(first) == verdict_of(third) == ("FAILED", "issuer.withdrawn")
    assert problem_of(second, 503) == "system.repetition_undecided"
    assert int(second.headers["retry-after"]) > 0
    assert first.json()["report_id"] == third.json()["report_id"]


def test_what_a_narrower_registration_refused_a_worker_with_a_wider_one_does_not_accept(
    workers: tuple[Node, Node],
) -> None:
    narrowed, behind = workers
    narrow(narrowed)

    async def questions(ask: Ask) -> list[httpx2.Response]:
        places = (narrowed, KEY), (behind, KEY), (behind, "order-0002"), (behind, KEY), (behind, "order-0003")
        return [await ask(worker, key) for worker, key in places]

    first, second, third, fourth, fifth = asked(narrowed.case(LOGIN).exchange, questions)
    assert verdict_of(first)[0] == "FAILED"
    assert problem_of(second, 503) == problem_of(fourth, 503) == "system.repetition_undecided"
    assert verdict_of(third) == ("PASSED", None)
    assert verdict_of(fifth) == ("FAILED", "holder.replayed")


def test_what_the_store_does_not_know_as_spent_is_not_accepted_again(
    workers: tuple[Node, Node], server: RedisServer
) -> None:
    """As after the loss of a part of it: the question is remembered, and what it spent is not."""
    worker, _ = workers

    async def questions(ask: Ask) -> list[httpx2.Response]:
        first = await ask(worker, KEY)
        for name in server.ask(b"KEYS", b"*:1t:*").split(b"\r\n")[2::2]:
            server.ask(b"DEL", name)
        return [first, await ask(worker, KEY)]

    first, again = asked(worker.case(LOGIN).exchange, questions)
    assert verdict_of(first) == ("PASSED", None)
    assert problem_of(again, 503) == "system.repetition_undecided"
