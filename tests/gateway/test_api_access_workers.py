"""Workers that share one Redis take each other's tokens, and a proof counts once for all of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from idbridge.oidc.client import CLIENT_CREDENTIALS
from idbridge.oidc.pkce import challenge_of
from idbridge_gateway.app import create_app
from idbridge_gateway.serving import BackgroundServer
from idbridge_gateway.settings import read_settings
from tests.gateway.asking import LOGIN, node_in, problem_of, verdict_of
from tests.gateway.bank_tokens import BOTH, TOKEN_PATH, VERIFY
from tests.gateway.providing import FORM, Bank, bank_at
from tests.gateway.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.usefixtures("patient_store")


@dataclass
class Workers:
    """A bank that may get tokens, and two workers of its node."""

    bank: Bank
    urls: tuple[str, str]

    def token(self) -> str:
        """A token, from the first worker."""
        form = {"grant_type": CLIENT_CREDENTIALS, **self.bank.proves("bank")}
        headers = {**FORM, "dpop": self.bank.proof(TOKEN_PATH)}
        response = httpx2.post(self.urls[0] + TOKEN_PATH, data=form, headers=headers, trust_env=False, timeout=60)
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])

    def access_by(self, token: str) -> dict[str, str]:
        proof = self.bank.proof(VERIFY, ath=challenge_of(token))
        return {"authorization": f"DPoP {token}", "dpop": proof, "content-type": "application/json"}

    def ask(self, worker: int, headers: dict[str, str]) -> httpx2.Response:
        body = json.dumps(json.loads(self.bank.node.case(LOGIN).body)).encode()
        return httpx2.post(self.urls[worker] + VERIFY, content=body, headers=headers, trust_env=False, timeout=60)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def workers(store: RedisServer, shared_files: Path) -> Iterator[Workers]:
    bank = bank_at(node_in(shared_files), grants=BOTH)
    settings = read_settings(**{**bank.node.settings.model_dump(), "redis_url": store.url})
    apps = [create_app(settings, clock=bank.node.clock, clients=bank.provider.clients) for _ in range(2)]
    with BackgroundServer(apps[0]) as one, BackgroundServer(apps[1]) as two:
        yield Workers(bank, (one.url, two.url))


def test_a_proof_that_counted_at_one_worker_counts_at_no_other(workers: Workers) -> None:
    headers = workers.access_by(workers.token())
    assert verdict_of(workers.ask(1, headers)) == ("PASSED", None)

    for worker in (0, 1):
        assert problem_of(workers.ask(worker, headers), 401) == "policy.unauthenticated"


def test_without_the_store_a_token_opens_nothing(workers: Workers, store: RedisServer) -> None:
    token = workers.token()
    store.stop()
    refused = workers.ask(1, workers.access_by(token))

    assert problem_of(refused, 503) == "system.overloaded"
    assert refused.headers["retry-after"]
