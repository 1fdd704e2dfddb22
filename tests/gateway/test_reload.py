"""Reload: newer trust material is taken up whole, and whatever goes wrong leaves in force what was."""

import asyncio
from collections.abc import Callable, Hashable, Iterator
from datetime import timedelta

import httpx2
import pytest

from idbridge.clock import Stopwatch
from idbridge.errors import FetchError
from idbridge_gateway.app import create_app
from idbridge_gateway.bell import Bell
from idbridge_gateway.distribution import distribution_of, state_loader
from idbridge_gateway.node import NodeState
from idbridge_gateway.reload import RETRY, Reload
from idbridge_gateway.serving import BackgroundServer
from tests.gateway.asking import LOGIN, Node, verdict_of


class HandStopwatch:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 1000.0

    def seconds(self) -> float:
        return self.now


def nothing() -> None:
    """Clear up nothing."""


def reload_of(node: Node, *, load: Callable[[], NodeState] | None = None, stopwatch: Stopwatch | None = None) -> Reload:
    distribution = distribution_of(node.settings)
    if load is None:
        load = state_loader(node.settings, distribution, clock=node.clock)
        load()
    bell = Bell(node.clock)
    bell.ring(node.app.state.trust.in_force.snapshot)
    return Reload(
        marks=distribution.marks,
        load=load,
        trust=node.app.state.trust,
        bell=bell,
        on_change=nothing,
        tidy=nothing,
        stopwatch=stopwatch,
    )


def look(reload: Reload) -> None:
    asyncio.run(reload.look())


def snapshot_of(node: Node) -> str:
    return str(node.send("GET", "/v1/trust").json()["trust_snapshot"])


def test_a_withdrawal_takes_effect_without_a_restart(own_node: Node) -> None:
    reload = reload_of(own_node)
    own_node.clock.turn(seconds=5)
    own_node.region.with_status("sg-login", "withdrawn", at=own_node.clock.now()).publish(own_node.directory)

    before = verdict_of(own_node.ask(LOGIN))
    look(reload)

    assert before == ("PASSED", None)
    assert verdict_of(own_node.ask(LOGIN)) == ("FAILED", "issuer.withdrawn")


def counting(node: Node, stopwatch: Stopwatch | None = None) -> tuple[Reload, list[None]]:
    """A reload, and a list that grows by one whenever it reads."""
    reads: list[None] = []
    load = state_loader(node.settings, distribution_of(node.settings), clock=node.clock)
    load()

    def counted() -> NodeState:
        reads.append(None)
        return load()

    return reload_of(node, load=counted, stopwatch=stopwatch), reads


def test_nothing_is_read_again_while_nothing_changes(own_node: Node) -> None:
    reload, reads = counting(own_node)
    for _ in range(3):
        look(reload)
    (own_node.settings.trust_dir / "lists" / "SG.jws").touch()
    look(reload)
    look(reload)

    assert len(reads) == 2


def test_what_was_refused_is_looked_at_again_after_a_while_until_it_is_acceptable(own_node: Node) -> None:
    stopwatch = HandStopwatch()
    reload, reads = counting(own_node, stopwatch)
    later = own_node.clock.now() + timedelta(hours=1)
    own_node.region.with_status("sg-login", "withdrawn", at=later).publish(own_node.directory)
    look(reload)
    before = verdict_of(own_node.ask(LOGIN))
    stopwatch.now += RETRY.total_seconds() - 1
    look(reload)
    assert len(reads) == 1

    stopwatch.now += 1
    look(reload)
    look(reload)
    assert len(reads) == 2

    own_node.clock.turn(hours=1)
    for _ in range(3):
        stopwatch.now += RETRY.total_seconds()
        look(reload)

    assert before == ("PASSED", None)
    assert verdict_of(own_node.ask(LOGIN)) == ("FAILED", "issuer.withdrawn")
    assert len(reads) == 3


def test_what_is_refused_is_said_once(own_node: Node, caplog: pytest.LogCaptureFixture) -> None:
    reload, _ = counting(own_node)
    (own_node.settings.trust_dir / "lists" / "SG.jws").write_bytes(b"nonsense")

    for _ in range(3):
        look(reload)

    assert caplog.text.count(": lists/SG: ") == 1


@pytest.mark.parametrize("spoilt", [b"", b"nonsense", b"a.b.c"])
def test_a_spoilt_list_leaves_in_force_what_was_held(own_node: Node, spoilt: bytes) -> None:
    reload = reload_of(own_node)
    before = snapshot_of(own_node)
    (own_node.settings.trust_dir / "lists" / "SG.jws").write_bytes(spoilt)

    look(reload)

    assert snapshot_of(own_node) == before
    assert verdict_of(own_node.ask(LOGIN)) == ("PASSED", None)


def test_spoilt_pins_leave_in_force_what_was_held_and_are_looked_at_again(own_node: Node) -> None:
    reload = reload_of(own_node)
    pins = own_node.settings.pins_file
    good = pins.read_bytes()
    pins.write_bytes(b"nonsense")
    look(reload)

    assert verdict_of(own_node.ask(LOGIN)) == ("PASSED", None)

    own_node.clock.turn(seconds=5)
    own_node.region.with_status("sg-login", "withdrawn", at=own_node.clock.now()).publish(own_node.directory)
    pins.write_bytes(good)
    look(reload)

    assert verdict_of(own_node.ask(LOGIN)) == ("FAILED", "issuer.withdrawn")


def test_an_error_that_nobody_foresaw_leaves_in_force_what_was_held(
    own_node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> NodeState:
        raise KeyError("the name of Siti")

    reload = reload_of(own_node, load=broken)
    (own_node.settings.trust_dir / "lists" / "SG.jws").touch()

    look(reload)

    assert "KeyError" in caplog.text
    assert "Siti" not in caplog.text
    assert verdict_of(own_node.ask(LOGIN)) == ("PASSED", None)


class OutOfReach:
    """Marks that cannot be read."""

    def read(self) -> Hashable:
        raise FetchError("nobody answers")


def test_a_source_out_of_reach_leaves_in_force_what_was_held_and_is_said_once(
    own_node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    def unread() -> NodeState:
        raise AssertionError("nothing is loaded from a source that does not answer")

    reload = Reload(
        marks=OutOfReach(),
        load=unread,
        trust=own_node.app.state.trust,
        bell=Bell(own_node.clock),
        on_change=nothing,
        tidy=nothing,
    )

    for _ in range(3):
        look(reload)

    assert caplog.text.count("system.fetch_failed") == 1
    assert verdict_of(own_node.ask(LOGIN)) == ("PASSED", None)


def test_what_is_left_behind_is_cleared_up_when_something_else_came_into_force(own_node: Node) -> None:
    cleared: list[None] = []
    told: list[None] = []
    distribution = distribution_of(own_node.settings)
    load = state_loader(own_node.settings, distribution, clock=own_node.clock)
    reload = Reload(
        marks=distribution.marks,
        load=load,
        trust=own_node.app.state.trust,
        bell=Bell(own_node.clock),
        on_change=lambda: told.append(None),
        tidy=lambda: cleared.append(None),
    )
    look(reload)
    assert cleared == told == []

    own_node.clock.turn(seconds=5)
    own_node.region.with_status("sg-login", "withdrawn", at=own_node.clock.now()).publish(own_node.directory)
    look(reload)

    assert cleared == told == [None]


def test_a_request_keeps_the_trust_that_it_began_with(node: Node) -> None:
    state = node.app.state.trust.current()

    at = node.clock.now()
    newer = node.region.with_status("sg-login", "withdrawn", at=at).snapshot(at=at)
    node.app.state.trust.exchange(type(state)(newer, state.verifier))

    assert state.snapshot.id != newer.id
    assert node.app.state.trust.held(state.id) is state


@pytest.fixture
def running(own_node: Node) -> Iterator[BackgroundServer]:
    settings = own_node.settings.model_copy(update={"reload_seconds": 0.01})
    with BackgroundServer(create_app(settings, clock=own_node.clock)) as server:
        yield server


def test_a_running_node_takes_up_what_is_published(own_node: Node, running: BackgroundServer) -> None:
    with httpx2.Client(base_url=running.url, trust_env=False, timeout=60) as client:
        first = client.get("/v1/trust").headers["etag"]
        own_node.clock.turn(seconds=5)
        own_node.region.with_status("sg-login", "withdrawn", at=own_node.clock.now()).publish(own_node.directory)

        assert any(client.get("/v1/trust").headers["etag"] != first for _ in range(10_000))
