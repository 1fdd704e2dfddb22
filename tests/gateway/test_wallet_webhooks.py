"""A relying party is told by its registered address that its request was answered, signed, and nothing of anybody."""

import asyncio
import base64
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from threading import Event, Lock, Thread
from typing import Any

import httpx2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from idbridge.codec import base64url
from idbridge.crypto.signer import generate, load_signer
from idbridge.errors import ConfigurationError, FetchError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
from idbridge.net.calls import Answer, Call, Caller
from idbridge_gateway.app import create_app
from idbridge_gateway.deliveries import PostOffice
from idbridge_gateway.serving import BackgroundServer
from idbridge_gateway.stores.outbox import NoOutbox
from idbridge_gateway.wallet.records import Outcome, Presentation
from idbridge_gateway.wallet.webhooks import DELAYS, Webhooks, guarded_callers
from idbridge_gateway.webhook_key import read_webhook_key
from tests.gateway.asking import Node, node_in
from tests.gateway.clocks import NOON
from tests.gateway.test_wallet_parties import without
from tests.gateway.wallets import Wallets

KEY = generate("Ed25519")
ADDRESS = "https://bank.th.example/hooks"
ENDED = Presentation("th-bank", NOON, "link", Outcome.ANSWERED)
HANDLE = "H" * 43


@dataclass
class Receiver:
    """Where webhooks arrive: it answers, fails or is not there, one after another, and keeps what it heard."""

    answers: list[int | Exception]
    calls: list[Call] = field(default_factory=list)

    def call(self, call: Call, *, max_bytes: int) -> Answer:
        assert max_bytes == LIMITS.webhook_answer_bytes
        self.calls.append(call)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer, {}, b"")


@dataclass
class Telling:
    """Webhooks of a node whose bank has an address, and how long they waited."""

    node: Node
    receiver: Receiver
    pauses: list[timedelta] = field(default_factory=list)
    happens: Callable[[], object] = list

    def webhooks(self, *, signed: bool = True) -> Webhooks:
        def callers(address: str) -> Caller:
            assert address.startswith("https://bank.th.example/")
            return self.receiver

        return Webhooks(
            signer=KEY if signed else None,
            registry=self.node.app.state.parts.registry,
            callers=callers,
            clock=self.node.clock,
            randomness=SystemRandomness(),
            pause=self.pause,
            post=PostOffice(lambda _kind, _life: NoOutbox()),
        )

    async def pause(self, time: timedelta) -> None:
        self.pauses.append(time)
        self.happens()
        self.node.clock.turn(seconds=time.total_seconds())

    def tell(self, presentation: Presentation = ENDED, *, times: int = 1, signed: bool = True) -> None:
        async def told() -> None:
            webhooks = self.webhooks(signed=signed)
            for _ in range(times):
                webhooks.settled(HANDLE, presentation)
            await webhooks.deliveries.idle()

        asyncio.run(told())


def registered(node: Node, webhook: str | None) -> None:
    registry = node.app.state.parts.registry
    registry.exchange(replace(one, webhook=webhook) if one.id == "th-bank" else one for one in registry.registrations)


def everybody_registered(node: Node) -> None:
    registry = node.app.state.parts.registry
    registry.exchange(replace(one, webhook=ADDRESS) for one in registry.registrations)


@pytest.fixture
def telling(node: Node) -> Telling:
    registered(node, ADDRESS)
    return Telling(node, Receiver([200]))


def verified(call: Call, jwk: Any = KEY.public_jwk) -> dict[str, Any]:
    """The document of a webhook whose signature a receiver would accept."""
    head = call.head
    version, _, signature = head["webhook-signature"].partition(",")
    signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + call.body
    Ed25519PublicKey.from_public_bytes(base64url.decode(jwk["x"])).verify(base64.b64decode(signature), signed)
    assert version == "v1a"
    document: dict[str, Any] = json.loads(call.body)
    return document


def test_nobody_is_told_without_an_address_or_by_a_node_without_a_key(telling: Telling) -> None:
    telling.tell(replace(ENDED, owner="th-hospital"))
    telling.tell(replace(ENDED, owner="nobody"))
    telling.tell(signed=False)

    assert telling.receiver.calls == []


def test_a_webhook_is_signed_and_says_nothing_but_which_and_what(telling: Telling) -> None:
    telling.tell(replace(ENDED, report={"claims": {"name": "Tan Hui Ling"}}))

    (call,) = telling.receiver.calls
    assert (call.method, call.url, call.head["Content-Type"]) == ("POST", ADDRESS, "application/json")
    assert verified(call) == {
        "type": "presentation.answered",
        "timestamp": "2026-06-01T12:00:00Z",
        "data": {"id": HANDLE, "relying_party": "th-bank"},
    }
    assert call.head["webhook-timestamp"] == str(int(NOON.timestamp()))
    with pytest.raises(InvalidSignature):
        verified(replace(call, body=call.body.replace(b"th-bank", b"vn-bank")))


@pytest.mark.parametrize("how", ["switched off", "removed"])
def test_a_party_that_is_gone_is_told_nothing(telling: Telling, how: str) -> None:
    without(Wallets(telling.node), how)
    telling.tell()

    assert telling.receiver.calls == []


@pytest.mark.parametrize("now", ["https://bank.th.example/moved", None])
def test_another_attempt_goes_to_the_address_of_that_moment(telling: Telling, now: str | None) -> None:
    telling.receiver.answers = [500, 200]
    telling.happens = lambda: registered(telling.node, now)
    telling.tell()

    assert [call.url for call in telling.receiver.calls] == ([ADDRESS, now] if now else [ADDRESS])


def test_one_silent_address_keeps_few_threads_from_the_others(telling: Telling) -> None:
    """As many calls are under way as one party may have; those of another go out beside them."""
    silent, heard, calling = Event(), Queue[str](), Queue[str]()

    class Silent:
        def call(self, call: Call, *, max_bytes: int) -> Answer:
            assert max_bytes == LIMITS.webhook_answer_bytes
            owner = json.loads(call.body)["data"]["relying_party"]
            (heard if owner == "vn-trade" else calling).put(owner)
            if owner != "vn-trade":
                assert silent.wait(timeout=120)
            return Answer(200, {}, b"")

    everybody_registered(telling.node)
    webhooks = telling.webhooks()
    webhooks._callers = lambda _: Silent()

    async def tell() -> None:
        for _ in range(2 * LIMITS.webhook_calls):
            webhooks.settled(HANDLE, ENDED)
        webhooks.settled(HANDLE, replace(ENDED, owner="vn-trade"))
        assert await asyncio.to_thread(heard.get, timeout=120) == "vn-trade"
        assert calling.qsize() <= LIMITS.webhook_calls_each
        silent.set()
        await webhooks.deliveries.idle()

    try:
        asyncio.run(tell())
    finally:
        silent.set()
    assert calling.qsize() == 2 * LIMITS.webhook_calls


@pytest.mark.parametrize("failure", [500, 404, 302, FetchError("no answer")])
def test_an_address_that_fails_is_tried_again_under_one_id_and_in_the_end_left_alone(
    telling: Telling, failure: int | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    telling.receiver.answers = [failure] * (len(DELAYS) + 1)

    with caplog.at_level(logging.WARNING):
        telling.tell()
    calls = telling.receiver.calls
    assert telling.pauses == list(DELAYS)
    assert len({call.head["webhook-id"] for call in calls}) == 1
    assert len({call.head["webhook-timestamp"] for call in calls}) == len(DELAYS) + 1
    assert [verified(call)["data"]["id"] for call in calls] == [HANDLE] * (len(DELAYS) + 1)
    assert sum(DELAYS, timedelta()) < LIMITS.presentation_kept
    assert HANDLE not in caplog.text
    assert ADDRESS not in caplog.text


def test_an_address_that_hears_at_last_is_not_told_again(telling: Telling) -> None:
    telling.receiver.answers = [503, FetchError("no answer"), 204]

    telling.tell()
    assert telling.pauses == list(DELAYS[:2])


@pytest.mark.parametrize("answer", [410, ConfigurationError("the key does not sign")])
def test_an_address_that_is_gone_is_not_tried_again(telling: Telling, answer: int | Exception) -> None:
    telling.receiver.answers = [answer]

    telling.tell()
    assert telling.pauses == []


def test_what_waits_for_one_relying_party_is_bounded(telling: Telling, caplog: pytest.LogCaptureFixture) -> None:
    telling.receiver.answers = [200] * (LIMITS.webhooks_waiting + 5)

    with caplog.at_level(logging.WARNING):
        telling.tell(times=LIMITS.webhooks_waiting + 5)
    assert len(telling.receiver.calls) == LIMITS.webhooks_waiting
    assert caplog.text.count("dropped") == 5


def test_so_many_are_told_at_a_time_and_the_others_wait(telling: Telling) -> None:
    """Every call waits until as many are under way as may be; one more at a time would be seen."""
    under_way, most, full = [0], [0], Event()
    lock = Lock()

    class Slow(Receiver):
        def call(self, call: Call, *, max_bytes: int) -> Answer:
            with lock:
                under_way[0] += 1
                most[0] = max(most[0], under_way[0])
                if under_way[0] == LIMITS.webhook_calls:
                    full.set()
            assert full.wait(timeout=120)
            with lock:
                under_way[0] -= 1
            return super().call(call, max_bytes=max_bytes)

    telling.receiver = Slow([200] * (3 * LIMITS.webhook_calls))
    registrations = telling.node.app.state.parts.registry.registrations
    owners = [one.id for one in registrations if one.relying_party.enabled][: LIMITS.webhook_calls]
    everybody_registered(telling.node)
    webhooks = telling.webhooks()

    async def tell() -> None:
        for number in range(3 * LIMITS.webhook_calls):
            webhooks.settled(HANDLE, replace(ENDED, owner=owners[number % len(owners)]))
        await webhooks.deliveries.idle()

    asyncio.run(tell())
    assert most[0] == LIMITS.webhook_calls
    assert len(telling.receiver.calls) == 3 * LIMITS.webhook_calls


def test_an_address_that_never_answers_is_waited_for_as_long_as_the_standard_advises() -> None:
    caller = guarded_callers(Environment.SANDBOX)(ADDRESS)

    assert caller._total == LIMITS.webhook_wait  # type: ignore[attr-defined]
    assert timedelta(seconds=15) <= LIMITS.webhook_wait <= timedelta(seconds=30)


def test_a_live_node_calls_no_address_on_this_machine_and_no_plain_one() -> None:
    call = Call("POST", "http://127.0.0.1:9/hooks")  # type: ignore[arg-type]  # as it stands on the line

    for address in ("http://127.0.0.1:9/hooks", "https://localhost:9/hooks"):
        with pytest.raises(FetchError):
            guarded_callers(Environment.LIVE)(address).call(replace(call, url=address), max_bytes=1)
    with pytest.raises(FetchError):
        guarded_callers(Environment.SANDBOX)(ADDRESS).call(call, max_bytes=1)


def test_a_key_of_another_kind_signs_no_webhooks(node: Node, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text(generate("ES256").pem(), encoding="ascii")
    key.chmod(0o600)

    with pytest.raises(ConfigurationError, match="Ed25519"):
        read_webhook_key(node.settings.model_copy(update={"webhook_key_file": key}))
    assert read_webhook_key(node.settings.model_copy(update={"webhook_key_file": None})) is None


@pytest.fixture
def endpoint() -> Iterator[tuple[str, Queue[Call]]]:
    """A relying party's own server on this machine."""
    heard: Queue[Call] = Queue()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            head = {name: self.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
            heard.put(Call("POST", "http://127.0.0.1/", head, body))  # type: ignore[arg-type]
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hooks", heard
        server.shutdown()
        thread.join()


def test_a_running_node_tells_the_registered_address_under_a_key_that_it_publishes(
    shared_files: Path, endpoint: tuple[str, Queue[Call]]
) -> None:
    address, heard = endpoint
    node = node_in(shared_files)
    registered(node, address)
    app = create_app(node.settings, clock=node.clock)
    app.state.parts.registry.exchange(node.app.state.parts.registry.registrations)
    with BackgroundServer(app) as server:

        def send(method: str, path: str, *, body: Any = b"", headers: Any = ()) -> httpx2.Response:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            return httpx2.request(
                method, server.url + path, content=content, headers=headers, trust_env=False, timeout=60
            )

        node.send = send  # type: ignore[method-assign]  # everything goes to the one server
        wallets = Wallets(node)
        ordered, refused = wallets.ordered(), wallets.ordered()
        wallets.answer(wallets.asked(ordered))
        first = heard.get(timeout=120)
        asked = wallets.asked(refused)
        wallets.post(asked, {"error": "access_denied", "state": asked.claims["state"]})
        second = heard.get(timeout=120)
        keys = send("GET", "/.well-known/webhook-keys.json").json()["keys"]
        others = send("GET", "/.well-known/jwks.json").json()["keys"]

    (jwk,) = keys
    assert jwk["kid"] not in {key["kid"] for key in others}  # what is signed with it is no assertion
    assert jwk["kid"] == load_signer(node.settings.webhook_key_file or Path()).kid
    assert "d" not in jwk
    told = [verified(call, jwk) for call in (first, second)]
    assert [(one["type"], one["data"]["id"]) for one in told] == [
        ("presentation.answered", ordered["id"]), ("presentation.refused", refused["id"]),
    ]  # fmt: skip
