"""A login at a provider at a node of several workers: begun at one, ended at another, and once among all of them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from idbridge.oidc.logout_token import make_logout_token
from idbridge_gateway.stores.sealed import Kind
from tests.gateway.pretending import CLIENT_ID, SG
from tests.gateway.providing import FORM, Browser, name_of
from tests.gateway.redis_server import redis_server
from tests.gateway.upstreaming import Abroad, abroad_in

pytestmark = pytest.mark.usefixtures("patient_store")

SESSION = "session-at-the-provider"


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[tuple[Abroad, Abroad]]:
    with redis_server(tmp_path) as server:
        first, second = (abroad_in(tmp_path / "region", redis_url=server.url) for _ in range(2))
        second.pretend.update(first.pretend)
        yield first, second


async def closed(*workers: Abroad) -> None:
    for worker in workers:
        await worker.node.app.state.parts.stores.close()


async def answered(worker: Abroad) -> str:
    """Begin a login at ``worker``; the path by which the provider sends the browser back."""
    async with worker.node.client() as client:
        form = {**worker.proves("bank"), **worker.asked("bank")}
        pushed = await client.post("/oauth/par", content=urlencode(form).encode(), headers=FORM)
        query = urlencode({"client_id": "bank", "request_uri": pushed.json()["request_uri"]})
        begun = await client.get(f"/oauth/authorize?{query}", headers=worker.browser.head())
    worker.browser.take(begun)
    side, name = worker.provider, name_of(begun)
    held = await side.transactions.find(worker.browser.cookies[side.cookies.name_of(name)])
    left = await worker.upstream.begin(held, SG, turn=side.turns.begin())
    return "/" + worker.sg.authorize(left.headers["location"]).split("/", 3)[3]


async def came_back(worker: Abroad, path: str, browser: Browser) -> tuple[int, str]:
    async with worker.node.client() as client:
        response = await client.get(path, headers=browser.head())
        return response.status_code, response.headers.get("location", "")


def test_an_answer_counts_at_one_worker_whichever_began_the_login(workers: tuple[Abroad, Abroad]) -> None:
    first, second = workers

    async def at_once() -> list[tuple[int, str]]:
        path = await answered(first)
        going = [came_back(worker, path, first.browser) for worker in (second, first, second)]
        outcomes = await asyncio.gather(*going)
        await closed(first, second)
        return sorted(outcomes)

    outcomes = asyncio.run(at_once())
    assert [status for status, _ in outcomes] == [303, 400, 400]
    assert outcomes[0][1].startswith("/consent?t=")
    assert first.sg.paths.count("/token") == 1


def test_a_logout_that_one_worker_hears_ends_what_another_began(workers: tuple[Abroad, Abroad]) -> None:
    first, second = workers
    first.sg.claims = {"sid": SESSION}

    async def logged_out() -> tuple[int, int, bool]:
        path = await answered(first)
        status, _ = await came_back(first, path, first.browser)
        token = make_logout_token(
            first.sg.region.signer(SG),
            issuer=first.sg.issuer,
            client_id=CLIENT_ID,
            jti="logout-1",
            at=first.sg.clock.now(),
            subject=None,
            session=SESSION,
        )
        async with second.node.client() as client:
            body = urlencode({"logout_token": token}).encode()
            heard = await client.post(f"/login/backchannel/{SG}", content=body, headers=FORM)
        (handle,) = first.browser.cookies.values()
        kept = await first.node.app.state.parts.stores.sealed.read(Kind.TRANSACTION, handle)
        await closed(first, second)
        return status, heard.status_code, kept is None

    assert asyncio.run(logged_out()) == (303, 200, True)
