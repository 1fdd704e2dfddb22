"""Admission: what cannot be worked on now is refused at the door, and nobody alone fills a worker."""

import asyncio
import json
from collections import Counter
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from idbridge.errors import LaterError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.admission import OUTSIDE, Admission, Arriving, Rank, Turn, rank_of
from idbridge_gateway.transport import ARRIVED
from tests.gateway.asking import Node, problem_of, verdict_of

ORDINARY = (Rank.VERIFY, Rank.OTHER, Rank.OPERATOR)


class Disk:
    """A disk that a test fills."""

    is_full = False


class Door:
    """A door, and why it refused."""

    def __init__(self) -> None:
        self.disk = Disk()
        self.why: Counter[str] = Counter()
        self.admission = Admission(disk=self.disk, randomness=SystemRandomness(), note=self._noted)

    def _noted(self, why: str) -> None:
        self.why[why] += 1

    def refused(self, rank: Rank, *, waited: float = 0.0) -> LaterError:
        with pytest.raises(LaterError) as caught:
            self.admission.enter(rank, waited=waited)
        assert caught.value.code == "system.overloaded"
        return caught.value

    def filled(self, count: int) -> list[Turn]:
        return [self.admission.enter(Rank.VERIFY) for _ in range(count)]


def test_past_its_bound_a_worker_refuses_and_takes_again_once_one_has_left() -> None:
    door = Door()
    turns = door.filled(LIMITS.requests_at_once)

    door.refused(Rank.VERIFY)
    turns[0].leave()
    turns[0].leave()

    assert door.admission.enter(Rank.VERIFY) is not OUTSIDE
    door.refused(Rank.VERIFY)
    assert door.why == {"at-once": 2}


def test_verifications_come_before_everything_else_and_operators_last() -> None:
    door = Door()
    door.filled(int(LIMITS.requests_at_once * LIMITS.admission_operator))
    door.refused(Rank.OPERATOR)
    door.admission.enter(Rank.OTHER)
    door.filled(int(LIMITS.requests_at_once * (LIMITS.admission_other - LIMITS.admission_operator)) - 1)
    door.refused(Rank.OTHER)

    door.admission.enter(Rank.VERIFY)


@pytest.mark.parametrize("rank", ORDINARY)
def test_what_waited_too_long_for_its_turn_is_refused_the_later_its_rank_the_sooner(rank: Rank) -> None:
    door = Door()
    shares = {Rank.VERIFY: 1.0, Rank.OTHER: LIMITS.admission_other, Rank.OPERATOR: LIMITS.admission_operator}
    longest = LIMITS.queue_wait.total_seconds() * shares[rank]

    door.refused(rank, waited=longest + 0.001)
    door.admission.enter(rank, waited=longest)

    assert door.why == {"queue": 1}


def test_health_is_answered_whatever_is_full() -> None:
    door = Door()
    door.filled(LIMITS.requests_at_once)
    door.disk.is_full = True

    assert door.admission.enter(Rank.HEALTH, waited=3600) is OUTSIDE


@pytest.mark.parametrize("rank", ORDINARY)
def test_nothing_is_begun_that_could_not_be_written_down(rank: Rank) -> None:
    door = Door()
    door.disk.is_full = True

    door.refused(rank)

    assert door.why == {"disk": 1}


def test_one_party_fills_a_quarter_of_a_worker_and_no_more() -> None:
    door = Door()
    turns = door.filled(LIMITS.requests_at_once_each)
    for turn in turns:
        turn.belongs_to("bank")
        turn.belongs_to("bank")
    late = door.admission.enter(Rank.VERIFY)

    with pytest.raises(LaterError):
        late.belongs_to("bank")
    late.belongs_to("shop")
    turns[0].leave()
    again = door.admission.enter(Rank.VERIFY)
    again.belongs_to("bank")

    assert door.why == {"party": 1}
    assert LIMITS.requests_at_once_each * 4 == LIMITS.requests_at_once


def test_what_was_let_in_and_is_refused_then_is_counted_by_why() -> None:
    door = Door()

    refused = door.admission.enter(Rank.VERIFY).refusal("bytes", "too much is arriving at once")

    assert (refused.code, door.why) == ("system.overloaded", {"bytes": 1})
    assert OUTSIDE.refusal("bytes", "too much").code == "system.overloaded"


def test_room_for_bodies_is_given_back_whatever_ends_them_and_of_empty_ones_nothing_is_kept() -> None:
    door, arriving = Door(), Arriving()

    with pytest.raises(LookupError), arriving.room(LIMITS.arriving_bytes_each, party="bank", turn=OUTSIDE):
        raise LookupError
    with arriving.room(0, party="bank", turn=OUTSIDE), arriving.room(0, party="bank", turn=OUTSIDE):
        pass
    with (
        arriving.room(LIMITS.arriving_bytes_each, party="bank", turn=OUTSIDE),
        pytest.raises(LaterError),
        arriving.room(1, party="bank", turn=door.admission.enter(Rank.VERIFY)),
    ):
        pass

    assert (arriving._all, arriving._each, door.why) == (0, {}, {"bytes": 1})


def test_of_parties_that_have_gone_nothing_is_kept() -> None:
    door = Door()
    for number in range(1_000):
        turn = door.admission.enter(Rank.VERIFY)
        turn.belongs_to(f"party-{number}")
        turn.leave()

    assert not door.admission._each
    assert door.admission._at_once == 0


def test_whose_request_still_arrives_is_not_in_work_and_comes_back_only_where_there_is_room() -> None:
    door = Door()
    slow = [door.admission.enter(Rank.OTHER) for _ in range(int(LIMITS.requests_at_once * LIMITS.admission_other))]
    door.refused(Rank.OTHER)
    for turn in slow:
        turn.pause()

    working = door.filled(LIMITS.requests_at_once - 1)
    with pytest.raises(LaterError) as caught:
        slow[0].resume()
    assert caught.value.code == "system.overloaded"
    for turn in working:
        turn.leave()
    for turn in slow[1:]:
        turn.resume()
    for turn in slow:
        turn.leave()
        turn.leave()
        turn.resume()
    OUTSIDE.pause()
    OUTSIDE.resume()
    assert door.admission._at_once == 0


def test_those_who_are_refused_together_are_not_told_to_come_back_together() -> None:
    door = Door()
    door.disk.is_full = True

    pauses = Counter(int(door.refused(Rank.VERIFY).retry_after.total_seconds()) for _ in range(500))

    assert sorted(pauses) == list(range(1, int(LIMITS.overload_pause.total_seconds()) + 1))
    assert all(one / other < 3 for one, other in pairwise(sorted(pauses.values(), reverse=True)))


def test_every_path_has_its_rank() -> None:
    assert rank_of("/v1/verify", is_front=True) is Rank.VERIFY
    assert rank_of("/readyz", is_front=False) is Rank.HEALTH
    assert rank_of("/healthz", is_front=False) is Rank.HEALTH
    assert rank_of("/v1/trust", is_front=False) is Rank.OTHER
    assert rank_of("/oauth/token", is_front=False) is Rank.OTHER
    assert rank_of("/admin/v1/relying-parties", is_front=False) is Rank.OPERATOR
    assert rank_of("/console", is_front=False) is Rank.OPERATOR


def late(node: Node) -> httpx2.AsyncClient:
    """A client whose requests waited for their turn since the machine was started."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await node.app({**scope, ARRIVED: 0.0}, receive, send)

    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1:8080")


def test_a_busy_node_answers_503_with_a_pause_and_says_how_it_is(node: Node) -> None:
    minted = node.case("sg-login-opens-account")

    async def asked() -> tuple[httpx2.Response, httpx2.Response, httpx2.Response]:
        async with late(node) as client:
            verdict = await client.post(minted.path, content=minted.body, headers=minted.headers)
            return verdict, await client.get("/v1/trust"), await client.get("/readyz")

    verdict, trust, ready = asyncio.run(asked())

    for refused in (verdict, trust):
        assert problem_of(refused, 503) == "system.overloaded"
        assert 1 <= int(refused.headers["retry-after"]) <= LIMITS.overload_pause.total_seconds()
        assert json.loads(refused.content)["retry_after_s"] == int(refused.headers["retry-after"])
    assert ready.status_code == 200
    assert verdict_of(node.put(minted.exchange))[0] == "PASSED"


def test_a_party_that_has_its_share_in_work_is_refused_and_another_is_answered(node: Node) -> None:
    admission = node.app._admission
    turns = [admission.enter(Rank.VERIFY) for _ in range(LIMITS.requests_at_once_each)]
    for turn in turns:
        turn.belongs_to("th-bank")

    assert problem_of(node.ask(), 503) == "system.overloaded"
    for turn in turns:
        turn.leave()
    assert verdict_of(node.ask())[0] == "PASSED"
    assert admission._at_once == 0
    assert not admission._each


def test_a_request_that_fails_or_is_passed_on_makes_room_too(node: Node) -> None:
    assert node.send("POST", "/v1/verify", body=b"{").status_code == 401
    assert node.send("GET", "/v1/trust").status_code == 200
    assert node.send("GET", "/nowhere").status_code == 404

    assert node.app._admission._at_once == 0


@pytest.mark.parametrize("path", ["/oauth/token", "/wallet/request/any"])
def test_bodies_that_nobody_sends_to_their_end_keep_nobody_out(node: Node, path: str) -> None:
    """Whoever has no name here begins as many requests as are worked on at once, and sends the rest of none."""
    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"9")]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": headers, "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1),
             "server": ("127.0.0.1", 8080), "asgi": {"version": "3.0"}}  # fmt: skip

    async def flooded() -> tuple[int, int]:
        ended, began = asyncio.Event(), 0

        async def slow() -> None:
            async def receive() -> Any:
                nonlocal began
                began += 1
                await ended.wait()
                return {"type": "http.disconnect"}

            async def send(message: Any) -> None:
                """Nobody is there to be told."""

            await node.app({**scope, "state": {}}, receive, send)

        waiting = [asyncio.create_task(slow()) for _ in range(LIMITS.requests_at_once)]
        while began < len(waiting) and not any(one.done() for one in waiting):
            await asyncio.sleep(0)
        transport = httpx2.ASGITransport(app=node.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            answers = (await client.get("/v1/trust")).status_code, (await client.get("/console")).status_code
        ended.set()
        await asyncio.gather(*waiting)
        return answers

    trust, console = asyncio.run(flooded())

    assert (trust, console != 503) == (200, True)
    assert node.app._admission._at_once == 0
