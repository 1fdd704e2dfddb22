"""A login whose every step is taken at another worker: over one Redis they are one provider, and all counts once."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from idbridge.oidc.errors import OAuthError
from idbridge.verify.report import Report
from idbridge_gateway.app import create_app
from idbridge_gateway.oidc.completion import Consent
from idbridge_gateway.serving import BackgroundServer
from idbridge_gateway.settings import Settings, read_settings
from tests.gateway.asking import Node, node_in
from tests.gateway.providing import Bank, Browser, bank_at, error_of, told
from tests.gateway.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.usefixtures("patient_store")

WORKERS = 3


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


class Spread(Bank):
    """A bank whose every request reaches another worker than the one before."""

    settings: Settings

    def complete(
        self, name: str, outcome: Report | Consent | OAuthError, browser: Browser | None = None
    ) -> httpx2.Response:
        """What a page does, at a worker that is new."""
        browser = browser or self.browser
        app = create_app(self.settings, clock=self.node.clock, clients=self.provider.clients)

        async def completed() -> Any:
            provider = app.state.provider
            try:
                held = await provider.transactions.find(browser.cookies.get(provider.cookies.name_of(name)))
                return await provider.completion.complete(held, outcome, turn=provider.turns.begin())
            finally:
                await app.state.parts.stores.close()

        answer = asyncio.run(completed())
        response = httpx2.Response(answer.status_code, headers=answer.raw_headers, content=answer.body)
        browser.take(response)
        return response


@pytest.fixture
def bank(store: RedisServer, shared_files: Path) -> Iterator[Spread]:
    alone = bank_at(node_in(shared_files))
    settings = read_settings(**{**alone.node.settings.model_dump(), "redis_url": store.url})
    apps = [create_app(settings, clock=alone.node.clock, clients=alone.provider.clients) for _ in range(WORKERS)]
    servers = [BackgroundServer(app) for app in apps]
    with servers[0] as one, servers[1] as two, servers[2] as three:
        bank = Spread(_spread(alone.node, [one.url, two.url, three.url]), alone.party)
        bank.settings = settings
        yield bank


def _spread(node: Node, urls: list[str]) -> Node:
    following = itertools.cycle(urls)

    def send(method: str, path: str, *, body: Any = b"", headers: Any = ()) -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = next(following) + path
        return httpx2.request(method, url, content=content, headers=headers, trust_env=False, timeout=60)

    node.send = send  # type: ignore[method-assign]  # every request goes to the next worker
    return node


def test_a_code_is_redeemed_at_most_once_though_all_workers_are_asked_at_once(bank: Spread) -> None:
    code = bank.code()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: bank.redeem(code), range(6)))

    # Whoever was first may find that it was used a second time before it was answered; then nobody gets anything.
    assert [answer.status_code for answer in answers].count(200) <= 1
    assert {answer.status_code for answer in answers} <= {200, 400}
    assert {error_of(answer)[0] for answer in answers if answer.status_code == 400} == {"invalid_grant"}


def test_what_proves_a_client_or_a_key_counts_once_for_all_workers(bank: Spread) -> None:
    proved, proof = bank.proves("bank"), bank.proof("/oauth/token")
    form = {**proved, **bank.asked()}

    assert bank.post("/oauth/par", form).status_code == 201
    for _ in range(WORKERS):
        assert error_of(bank.post("/oauth/par", form), 401)[0] == "invalid_client"

    codes = [bank.code() for _ in range(2)]
    assert bank.redeem(codes[0], proof=proof).status_code == 200
    assert error_of(bank.redeem(codes[1], proof=proof))[0] == "invalid_dpop_proof"


def test_a_login_goes_through_though_no_two_steps_meet_the_same_worker(bank: Spread) -> None:
    name = bank.begin()
    bank.complete(name, bank.report())
    code = told(bank.complete(name, Consent.YES))["code"]

    tokens = bank.redeem(code).json()
    assert tokens["token_type"] == "DPoP"
    for _ in range(WORKERS):
        introspected = bank.post("/oauth/introspect", {**bank.proves("bank"), "token": tokens["access_token"]})
        assert introspected.json()["active"] is True
    assert bank.post("/oauth/revoke", {**bank.proves("bank"), "token": tokens["access_token"]}).status_code == 200
    for _ in range(WORKERS):
        introspected = bank.post("/oauth/introspect", {**bank.proves("bank"), "token": tokens["access_token"]})
        assert introspected.json() == {"active": False}
