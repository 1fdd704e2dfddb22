"""What becomes of what others are to be told when a node is told to end, and when a process of it is killed."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from redis import Redis

from idbridge.clock import SystemStopwatch
from idbridge.codec import base64url
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.net.calls import Call
from idbridge_gateway.deliveries import Deliveries, PostOffice
from idbridge_gateway.registration import read_registrations, write_registrations
from idbridge_gateway.settings import Settings
from idbridge_gateway.stores.outbox import Delivery, NoOutbox
from idbridge_gateway.wallet.webhooks import DELAYS
from tests.gateway.providing import FORM
from tests.gateway.redis_server import RedisServer, redis_server
from tests.gateway.test_wallet_webhooks import verified
from tests.gateway.wallets import ORDER
from tests.gateway.working import PATIENCE, await_end, working_node


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@dataclass
class Courier:
    """Somebody who is told by ``tell``, in a node of one process."""

    tell: Callable[[], Awaitable[bool]]
    told: list[Delivery] = field(default_factory=list)
    lost: list[Delivery] = field(default_factory=list)
    kind: str = "webhook"
    delays: tuple[timedelta, ...] = DELAYS
    each: int = 1

    async def attempt(self, delivery: Delivery) -> bool:
        self.told.append(delivery)
        return await self.tell()

    def given_up(self, delivery: Delivery) -> None:
        self.lost.append(delivery)


@pytest.mark.parametrize("heard", [True, False])
def test_a_node_of_one_process_tells_what_waits_once_more_before_it_ends(*, heard: bool) -> None:
    answers, paused = [False, heard], asyncio.Event()

    async def tell() -> bool:
        return answers.pop(0)

    async def pause(_: timedelta) -> None:
        paused.set()
        await asyncio.Event().wait()

    courier = Courier(tell)

    async def work() -> None:
        post = PostOffice(lambda _kind, _life: NoOutbox())
        deliveries = post.opened(courier, life=LIMITS.webhook_life, pause=pause)
        deliveries.begin(Delivery("msg_a", "th-bank", "{}"))
        await paused.wait()
        await post.close()
        assert deliveries.waiting.total() == 0

    asyncio.run(work())

    assert [one.attempts for one in courier.told] == [0, 1]
    assert [one.id for one in courier.lost] == ([] if heard else ["msg_a"])


def test_a_node_that_ends_waits_no_longer_for_an_address_than_its_bound(caplog: pytest.LogCaptureFixture) -> None:
    async def tell() -> bool:
        await asyncio.Event().wait()
        return True

    async def work() -> float:
        post = PostOffice(lambda _kind, _life: NoOutbox())
        deliveries = post.opened(Courier(tell), life=LIMITS.webhook_life)
        deliveries.begin(Delivery("msg_a", "th-bank", "{}"))
        await asyncio.sleep(0)
        began = SystemStopwatch().seconds()
        await post.close()
        return SystemStopwatch().seconds() - began

    waited = timedelta(seconds=asyncio.run(work()))

    assert LIMITS.delivery_drain <= waited + timedelta(milliseconds=50)
    assert waited < 2 * LIMITS.delivery_drain
    assert "webhook: 1 were not told, the node ends" in caplog.text


def test_what_fails_without_a_word_for_it_is_in_the_journal_and_holds_up_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def tell() -> bool:
        raise ZeroDivisionError

    async def work() -> int:
        deliveries = Deliveries(Courier(tell), NoOutbox())
        deliveries.begin(Delivery("msg_a", "th-bank", "{}"))
        await deliveries.idle()
        return deliveries.waiting.total()

    assert asyncio.run(work()) == 0
    assert "ZeroDivisionError" in caplog.text


@contextmanager
def endpoint(answers: list[int]) -> Iterator[tuple[str, Queue[Call]]]:
    """A relying party's server, which answers one after another what is in ``answers``, and 204 after these."""
    heard: Queue[Call] = Queue()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = answers.pop(0) if answers else 204
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()
            head = {name: self.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
            heard.put(Call("POST", f"http://127.0.0.1/{status}", head, body))  # type: ignore[arg-type]

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hooks", heard
        finally:
            server.shutdown()
            thread.join()


def test_a_webhook_of_a_process_that_was_killed_between_two_attempts_is_told_by_another(
    tmp_path: Path, server: RedisServer
) -> None:
    with endpoint([503]) as (address, heard):

        def prepare(settings: Settings) -> None:
            path = settings.relying_parties_file
            assert path is not None
            everybody = read_registrations(path, environment=Environment.SANDBOX)
            told = (replace(one, webhook=address) if one.id == "th-bank" else one for one in everybody)
            write_registrations(path, told, environment=Environment.SANDBOX)

        with working_node(tmp_path / "node", server.url, workers=2, prepare=prepare) as node:
            key = node.region.keys.api["th-bank"]
            headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
            with node.only(1), httpx2.Client(base_url=node.url, trust_env=False, timeout=PATIENCE) as client:
                ordered = client.post("/v1/presentations", json=ORDER, headers=headers).json()
                _refuse(client, ordered)
                first = heard.get(timeout=PATIENCE)
                _await_pause(server)
            os.kill(node.workers[1], signal.SIGKILL)
            await_end(node.workers[1])
            second = heard.get(timeout=PATIENCE)
            keys = node.get("/.well-known/webhook-keys.json")["keys"]

    assert (first.url, second.url) == ("http://127.0.0.1/503", "http://127.0.0.1/204")
    assert first.head["webhook-id"] == second.head["webhook-id"]
    assert verified(second, keys[0])["data"]["id"] == ordered["id"]


def _refuse(client: httpx2.Client, ordered: dict[str, Any]) -> None:
    """Refuse what was ordered, as a wallet does."""
    uri = urlsplit(parse_qs(urlsplit(ordered["wallet_link"]).query)["request_uri"][0]).path
    claims = json.loads(base64url.decode(client.get(uri).text.split(".")[1]))
    form = urlencode({"error": "access_denied", "state": claims["state"]}).encode()
    assert client.post(urlsplit(claims["response_uri"]).path, content=form, headers=FORM).status_code == 200


def _await_pause(server: RedisServer) -> None:
    """Wait until the worker has kept that it makes a pause."""
    stopwatch = SystemStopwatch()
    end = stopwatch.seconds() + PATIENCE
    with Redis.from_url(server.url) as redis:
        (name,) = redis.keys("*:" + b"due".hex())
        while stopwatch.seconds() < end:
            seconds, _ = redis.time()
            ((_, due),) = redis.zrange(name, 0, -1, withscores=True)
            if due / 1000 - seconds < LIMITS.delivery_lease.total_seconds() / 2:
                return
            time.sleep(0.02)
    raise AssertionError("the worker makes no pause")
