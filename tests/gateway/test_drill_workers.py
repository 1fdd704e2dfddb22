"""The parts of the attack catalogue that need Redis and workers, under its numbers: what `idbridge trust drill` leaves.

Case 2 is an older edition after a restart, here after the server was wiped as well. Case 72 is that nothing is accepted
because something is out of order: here the server, and a worker that is behind. Each for the verdict and the assertion.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from idbridge.model.region import MemberState
from idbridge.sandbox.distribution import TREE
from idbridge.sandbox.drill.not_here import NOT_HERE
from idbridge_gateway.app import create_app
from idbridge_gateway.settings import Settings, read_settings
from tests.gateway.asking import BASE, LOGIN, REFUSED, Node, problem_of, verdict_of
from tests.gateway.distributed import deny_state, distribute, distributed_node
from tests.gateway.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.usefixtures("patient_store")

FORMS = pytest.mark.parametrize("assertion", [False, True], ids=["verify", "assertion"])
Ask = Callable[..., Awaitable[httpx2.Response]]


def with_server(node: Node, server: RedisServer) -> Settings:
    """The settings of a worker of the node that looks when a test makes it look."""
    return read_settings(**{**node.settings.model_dump(), "redis_url": server.url, "reload_seconds": 3600.0})


@asynccontextmanager
async def worker(settings: Settings, node: Node) -> AsyncIterator[tuple[Any, Ask]]:
    """A worker that is new, and how it is asked."""
    app = create_app(settings, clock=node.clock)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client, app.router.lifespan_context(app):
        await app.state.reload.look()

        async def ask(item: Any, **headers: str) -> httpx2.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.post("/v1/verify", json=item, headers={**node.access(), **named})

        yield app, ask


def question(node: Node, name: str = LOGIN, *, assertion: bool) -> dict[str, Any]:
    more = {"assertion": {"audience": node.region.registration("th-bank").audience}} if assertion else {}
    return node.item(name, **more)


@FORMS
def test_attack_02_an_older_edition_is_refused_after_a_restart_and_a_wiped_server(
    tmp_path: Path,
    assertion: bool,
) -> None:
    (tmp_path / "redis").mkdir()
    node = distributed_node(tmp_path / "node")
    old = tmp_path / "old"
    shutil.copytree(node.directory / TREE, old)

    async def attacked(settings: Settings, server: RedisServer) -> None:
        async with worker(settings, node) as (app, ask):
            distribute(node)
            await app.state.reload.look()
            newest = app.state.trust.current().snapshot.id
            assert verdict_of(await ask(question(node, assertion=assertion))) == ("FAILED", "issuer.withdrawn")
        assert server.ask(b"FLUSHALL") == b"+OK\r\n"
        shutil.rmtree(node.directory / TREE)
        shutil.copytree(old, node.directory / TREE)
        async with worker(settings, node) as (app, ask):
            assert app.state.trust.current().snapshot.id == newest
            answer = await ask(question(node, assertion=assertion))
            assert verdict_of(answer) == ("FAILED", "issuer.withdrawn")
            assert answer.json()["assertion"] is None

    with redis_server(tmp_path / "redis") as server:
        asyncio.run(attacked(with_server(node, server), server))


@FORMS
def test_attack_72_redis_down_accepts_nothing_refuses_as_ever_and_trust_moves_on(
    tmp_path: Path,
    assertion: bool,
) -> None:
    (tmp_path / "redis").mkdir()
    node = distributed_node(tmp_path / "node")

    async def attacked(settings: Settings, server: RedisServer) -> None:
        async with worker(settings, node) as (app, ask):
            assert verdict_of(await ask(question(node, assertion=assertion))) == ("PASSED", None)
            server.stop()
            for headers in ({}, {"idempotency_key": "order-0001"}):
                refused = await ask(question(node, assertion=assertion), **headers)
                assert problem_of(refused, 503) == "system.overloaded"
                assert int(refused.headers["retry-after"]) > 0
            indication, _ = verdict_of(await ask(question(node, REFUSED, assertion=assertion)))
            assert indication == "FAILED"
            deny_state(node, MemberState.SG)
            await app.state.reload.look()
            assert verdict_of(await ask(question(node, assertion=assertion))) == ("FAILED", "issuer.denied")

    with redis_server(tmp_path / "redis") as server:
        asyncio.run(attacked(with_server(node, server), server))


@FORMS
def test_attack_72_a_worker_on_an_old_snapshot_says_which_and_accepts_nothing_that_another_refused(
    tmp_path: Path,
    assertion: bool,
) -> None:
    """Until it looks it answers by what it holds, whole, and names it: within a second with a hint, two without."""
    (tmp_path / "redis").mkdir()
    node = distributed_node(tmp_path / "node")

    async def attacked(settings: Settings) -> None:
        async with worker(settings, node) as (ahead, ask_ahead), worker(settings, node) as (behind, ask_behind):
            old = behind.state.trust.current().snapshot.id
            distribute(node)
            await ahead.state.reload.look()
            asked = question(node, assertion=assertion)
            first = await ask_ahead(asked, idempotency_key="order-0001")
            assert verdict_of(first) == ("FAILED", "issuer.withdrawn")

            answer = await ask_behind(asked, idempotency_key="order-0001")
            assert problem_of(answer, 503) == "system.repetition_undecided"
            other = await ask_behind(question(node, assertion=assertion))
            assert (other.json()["trust_snapshot"], verdict_of(other)) == (old, ("PASSED", None))

            await behind.state.reload.look()
            again = await ask_behind(asked, idempotency_key="order-0001")
            assert verdict_of(again) == ("FAILED", "issuer.withdrawn")
            for member in ("report_id", "evaluated_at", "trust_snapshot"):
                assert again.json()[member] == first.json()[member]

    with redis_server(tmp_path / "redis", "--rename-command", "PUBLISH", "") as server:
        asyncio.run(attacked(with_server(node, server)))


def test_everything_that_the_drill_leaves_is_tried_here_under_its_number() -> None:
    tried = {name for name in globals() if name.startswith("test_attack_")}

    for left in NOT_HERE:
        assert Path(__file__).name in left.why
        assert any(name.startswith(f"test_attack_{int(left.number):02}_") for name in tried)
    assert len(NOT_HERE) == len(tried)
