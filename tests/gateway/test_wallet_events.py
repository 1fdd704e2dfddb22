"""A relying party follows its request by a stream, which says how it stands, in time, and nothing of anybody."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx2
import pytest

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.app import create_app
from idbridge_gateway.serving import BackgroundServer
from idbridge_gateway.wallet.events import EventStreams, Followed, FollowedResponse
from idbridge_gateway.wallet.presentations import Presentations
from tests.gateway.asking import Node, node_in, problem_of
from tests.gateway.test_wallet_parties import without
from tests.gateway.wallets import Wallets


@dataclass
class Following:
    """Streams over the store of a node, whose pauses turn its clock and let things happen."""

    wallets: Wallets
    happens: dict[int, Callable[[], Any]] = field(default_factory=dict)
    pauses: int = 0

    def streams(self) -> EventStreams:
        parts = self.wallets.node.app.state.parts
        presentations = Presentations(store=parts.stores.sealed, randomness=SystemRandomness())
        return EventStreams(
            presentations=presentations, registry=parts.registry, clock=self.wallets.node.clock, pause=self.pause
        )

    async def pause(self, time: timedelta) -> None:
        self.pauses += 1
        self.wallets.node.clock.turn(seconds=time.total_seconds())
        if self.pauses in self.happens:
            await asyncio.to_thread(self.happens[self.pauses])

    def followed(self, ordered: dict[str, Any]) -> list[bytes]:
        """Everything that a stream about ``ordered`` says, to its end."""

        async def read() -> list[bytes]:
            stream = await self.streams().begin(ordered["id"], owner=self.wallets.party)
            return [octets async for octets in stream]

        return asyncio.run(read())


@pytest.fixture
def wallets(node: Node) -> Wallets:
    return Wallets(node)


@pytest.fixture
def following(wallets: Wallets) -> Following:
    return Following(wallets)


def states(octets: list[bytes]) -> list[str]:
    events = [one.decode().splitlines() for one in octets if one.startswith(b"event:")]
    assert all(event[0] == "event: state" for event in events)
    return [json.loads(event[1].removeprefix("data: "))["state"] for event in events]


def test_nobody_follows_what_is_not_theirs(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    path = f"/v1/presentations/{ordered['id']}/events"

    assert problem_of(wallets.node.send("GET", path), 401) == "policy.unauthenticated"
    assert problem_of(wallets.node.send("GET", path, headers=wallets.node.access("th-hospital")), 404)
    assert problem_of(wallets.node.send("GET", "/v1/presentations/x/events", headers=wallets.node.access()), 404)


async def _opened(streams: EventStreams, ordered: dict[str, Any], owner: str) -> Followed:
    """A stream that has said its first word."""
    stream = await streams.begin(ordered["id"], owner=owner)
    await anext(aiter(stream))
    return stream


def test_more_streams_than_one_relying_party_may_have_are_refused_until_one_ends(
    wallets: Wallets, following: Following
) -> None:
    ordered, others = wallets.ordered(), Wallets(wallets.node, party="vn-trade")
    other = others.ordered(purpose="account-opening")
    streams = following.streams()

    async def fill() -> None:
        held: list[Any] = [await _opened(streams, ordered, "th-bank") for _ in range(LIMITS.event_streams_each)]
        with pytest.raises(RequestError) as caught:
            await streams.begin(ordered["id"], owner="th-bank")
        assert caught.value.code == "system.overloaded"
        held.append(await _opened(streams, other, "vn-trade"))
        await held.pop(0).aclose()
        held.append(await _opened(streams, ordered, "th-bank"))
        for stream in held:
            await stream.aclose()
        assert streams._open.total() == 0

    asyncio.run(fill())


def test_more_streams_than_one_worker_may_have_are_refused(
    wallets: Wallets, following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = wallets.ordered()
    streams = following.streams()
    streams._open.update({f"party-{number}": 1 for number in range(LIMITS.event_streams)})

    with pytest.raises(RequestError) as caught:
        asyncio.run(streams.begin(ordered["id"], owner="th-bank"))
    assert caught.value.code == "system.overloaded"


def test_streams_count_from_their_beginning_and_not_from_their_first_word(
    wallets: Wallets, following: Following
) -> None:
    ordered = wallets.ordered()
    streams = following.streams()

    async def begin() -> None:
        held: list[Any] = [
            await streams.begin(ordered["id"], owner="th-bank") for _ in range(LIMITS.event_streams_each)
        ]
        with pytest.raises(RequestError) as caught:
            await streams.begin(ordered["id"], owner="th-bank")
        assert caught.value.code == "system.overloaded"
        for stream in held:
            await stream.aclose()
        assert streams._open.total() == 0

    asyncio.run(begin())


def test_a_stream_whose_client_left_before_its_first_word_counts_no_more(
    wallets: Wallets, following: Following
) -> None:
    ordered = wallets.ordered()
    streams = following.streams()

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(_: Any) -> None:
        raise OSError

    async def leave() -> None:
        response = FollowedResponse(await streams.begin(ordered["id"], owner="th-bank"), headers={})
        assert streams._open.total() == 1
        with suppress(Exception):
            await response({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
        assert streams._open.total() == 0

    asyncio.run(leave())


@pytest.mark.parametrize("how", ["switched off", "removed"])
def test_a_stream_ends_with_the_registration_of_its_relying_party(following: Following, how: str) -> None:
    ordered = following.wallets.ordered()
    following.happens[2] = lambda: without(following.wallets, how)

    assert states(following.followed(ordered)) == ["pending"]
    assert following.pauses == 2


def test_a_sign_of_life_comes_before_the_proxy_of_the_manual_gives_up() -> None:
    assert LIMITS.event_heartbeat + LIMITS.event_look < timedelta(seconds=15)


def test_a_stream_says_how_it_stands_at_the_start_at_every_change_and_then_ends(following: Following) -> None:
    ordered = following.wallets.ordered()
    asked = following.wallets.asked(ordered)
    following.happens[3] = lambda: following.wallets.answer(asked)

    octets = following.followed(ordered)
    assert octets[0] == b"retry: 2000\n\n"
    assert states(octets) == ["pending", "answered"]
    assert following.pauses == 3
    assert b"name" not in b"".join(octets)


@pytest.mark.parametrize("ends", ["cancelled", "refused"])
def test_a_stream_ends_with_the_request_however_that_ends(following: Following, ends: str) -> None:
    wallets = following.wallets
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    refusing = {"error": "access_denied", "state": asked.claims["state"]}
    following.happens[1] = (
        (lambda: wallets.cancel(ordered)) if ends == "cancelled" else (lambda: wallets.post(asked, refusing))
    )

    assert states(following.followed(ordered)) == ["pending", ends]


def test_a_stream_shows_signs_of_life_and_ends_at_the_end_of_the_request(following: Following) -> None:
    ordered = following.wallets.ordered(expires_in=60)

    octets = following.followed(ordered)
    assert states(octets) == ["pending", "expired"]
    assert octets.count(b":\n\n") == 60 // LIMITS.event_heartbeat.total_seconds() - 1


def test_a_stream_ends_after_a_while_even_if_nothing_happens(following: Following) -> None:
    ordered = following.wallets.ordered()

    assert states(following.followed(ordered)) == ["pending"]
    assert following.pauses == LIMITS.event_stream_life / LIMITS.event_look


def test_a_stream_about_what_is_over_says_so_and_ends(following: Following) -> None:
    ordered = following.wallets.ordered()
    following.wallets.cancel(ordered)

    assert states(following.followed(ordered)) == ["cancelled"]
    assert following.pauses == 0


def test_a_client_over_http_hears_of_the_answer_while_it_waits(shared_files: Path) -> None:
    node = node_in(shared_files)
    wallets = Wallets(node)
    with BackgroundServer(create_app(node.settings, clock=node.clock)) as server:

        def send(method: str, path: str, *, body: Any = b"", headers: Any = ()) -> httpx2.Response:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            return httpx2.request(
                method, server.url + path, content=content, headers=headers, trust_env=False, timeout=60
            )

        node.send = send  # type: ignore[method-assign]  # everything goes to the one server
        ordered = wallets.ordered()
        asked = wallets.asked(ordered)
        heard, pending = [], Event()

        def follow() -> None:
            url = f"{server.url}/v1/presentations/{ordered['id']}/events"
            with httpx2.stream("GET", url, headers=node.access(), timeout=120, trust_env=False) as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                for line in stream.iter_lines():
                    if line.startswith("data: "):
                        heard.append(json.loads(line.removeprefix("data: ")))
                        pending.set()

        thread = Thread(target=follow)
        thread.start()
        assert pending.wait(timeout=120)
        assert wallets.answer(asked).status_code == 200
        thread.join(timeout=120)

    assert heard == [{"id": ordered["id"], "state": "pending"}, {"id": ordered["id"], "state": "answered"}]
