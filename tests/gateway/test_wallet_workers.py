"""Two workers over one Redis: a wallet reaches one of them, and the relying party asks the other."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx2
import pytest

from idbridge_gateway.app import create_app
from idbridge_gateway.serving import BackgroundServer
from idbridge_gateway.settings import read_settings
from tests.gateway.asking import Node, node_in
from tests.gateway.redis_server import RedisServer, redis_server
from tests.gateway.wallets import PURPOSE_TEXT, Wallets, opaque

pytestmark = pytest.mark.usefixtures("patient_store")

TRIES = 4


@dataclass(repr=False)
class Worker(Wallets):
    """A worker of the node, and where it answers."""

    url: str = ""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def workers(store: RedisServer, shared_files: Path) -> Iterator[tuple[Worker, Worker]]:
    """Two workers of one node, each asked over HTTP in a process of its own as far as the store can tell."""
    node = node_in(shared_files)
    settings = read_settings(**{**node.settings.model_dump(), "redis_url": store.url})
    apps = [create_app(settings, clock=node.clock) for _ in range(2)]
    with BackgroundServer(apps[0]) as one, BackgroundServer(apps[1]) as other:
        yield _over_http(node, one.url), _over_http(node, other.url)


def _over_http(node: Node, url: str) -> Worker:
    worker = Node(node.app, node.settings, node.clock, None, node.directory)

    def send(method: str, path: str, *, body: Any = b"", headers: Any = ()) -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        for _ in range(TRIES):  # a machine that stood still for a second is answered with 503, and a client asks again
            got = httpx2.request(method, url + path, content=content, headers=headers, trust_env=False, timeout=120)
            if got.status_code != 503:
                break
            time.sleep(int(got.headers["Retry-After"]))
        return got

    worker.send = send  # type: ignore[method-assign]  # everything goes to this worker
    return Worker(worker, url=url)


def test_what_one_worker_began_a_wallet_answers_at_the_other_and_once(workers: tuple[Worker, Worker]) -> None:
    here, there = workers
    ordered = here.ordered()
    asked = there.asked(ordered)

    assert there.answer(asked).status_code == 200
    assert (here.seen(ordered)["state"], here.seen(ordered)["report"]["accepted"]) == ("answered", True)
    opaque(here.answer(asked))


def test_a_stream_at_one_worker_hears_of_the_answer_at_the_other(workers: tuple[Worker, Worker]) -> None:
    here, there = workers
    ordered = here.ordered()
    asked = here.asked(ordered)
    heard: list[str] = []
    began = Event()

    def follow() -> None:
        url = f"{here.url}/v1/presentations/{ordered['id']}/events"
        with httpx2.stream("GET", url, headers=here.node.access(), timeout=120, trust_env=False) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    heard.append(json.loads(line.removeprefix("data: "))["state"])
                    began.set()

    thread = Thread(target=follow)
    thread.start()
    assert began.wait(timeout=120)
    assert there.answer(asked).status_code == 200
    thread.join(timeout=120)
    assert heard == ["pending", "answered"]


def test_nothing_of_anybody_can_be_read_in_the_store(workers: tuple[Worker, Worker], store: RedisServer) -> None:
    here, there = workers
    ordered = here.ordered()
    assert there.answer(there.asked(ordered)).status_code == 200
    name = here.seen(ordered)["report"]["claims"]["name"]["display"]

    keys = store.names()
    assert len(keys) > 3
    everything = b"".join(keys) + b"".join(store.ask(b"GET", key) for key in keys)
    for text in (name, PURPOSE_TEXT, ordered["id"], ordered["page"].rpartition("/")[2], "birthdate"):
        assert text.encode() not in everything
