"""Reload: newer trust material is taken up whole, and whatever goes wrong leaves in force what was."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest

from idbridge_gateway.app import create_app, state_loader
from idbridge_gateway.node import NodeState
from idbridge_gateway.reload import Reload
from idbridge_gateway.serving import BackgroundServer
from tests.gateway.asking import LOGIN, Node, verdict_of


def reload_of(node: Node) -> Reload:
    settings = node.settings
    load = state_loader(settings, clock=node.clock)
    load()
    return Reload(places=(settings.trust_dir, settings.pins_file), load=load, trust=node.app.state.trust)


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


def counting(node: Node) -> tuple[Reload, list[None]]:
    """A reload, and a list that grows by one whenever it reads."""
    reads: list[None] = []
    load = state_loader(node.settings, clock=node.clock)
    load()

    def counted() -> NodeState:
        reads.append(None)
        return load()

    return Reload(places=(node.settings.trust_dir,), load=counted, trust=node.app.state.trust), reads


def test_nothing_is_read_again_while_nothing_changes(own_node: Node) -> None:
    reload, reads = counting(own_node)
    for _ in range(3):
        look(reload)
    (own_node.settings.trust_dir / "lists" / "SG.jws").touch()
    look(reload)
    look(reload)

    assert len(reads) == 2


def test_what_was_refused_is_looked_at_again_until_it_is_acceptable(own_node: Node) -> None:
    reload, reads = counting(own_node)
    later = own_node.clock.now() + timedelta(hours=1)
    own_node.region.with_status("sg-login", "withdrawn", at=later).publish(own_node.directory)
    look(reload)
    before = verdict_of(own_node.ask(LOGIN))
    look(reload)

    own_node.clock.turn(hours=1)
    look(reload)
    look(reload)

    assert before == ("PASSED", None)
    assert verdict_of(own_node.ask(LOGIN)) == ("FAILED", "issuer.withdrawn")
    assert len(reads) == 3


def test_what_is_refused_is_said_once(own_node: Node, caplog: pytest.LogCaptureFixture) -> None:
    reload, _ = counting(own_node)
    (own_node.settings.trust_dir / "lists" / "SG.jws").write_bytes(b"nonsense")

    for _ in range(3):
        look(reload)

    assert caplog.text.count("not accepted: lists/SG") == 1


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

    reload = Reload(places=(own_node.settings.trust_dir,), load=broken, trust=own_node.app.state.trust)
    (own_node.settings.trust_dir / "lists" / "SG.jws").touch()

    look(reload)

    assert "KeyError" in caplog.text
    assert "Siti" not in caplog.text
    assert verdict_of(own_node.ask(LOGIN)) == ("PASSED", None)


def test_a_request_keeps_the_trust_that_it_began_with(node: Node) -> None:
    state = node.app.state.trust.current()

    at = node.clock.now()
    newer = node.region.with_status("sg-login", "withdrawn", at=at).snapshot(at=at)
    node.app.state.trust.exchange(type(state)(newer, state.verifier))

    assert state.snapshot.id != newer.id
    assert node.app.state.trust.held(state.snapshot.id) is state


@pytest.fixture
def running(own_node: Node) -> Iterator[BackgroundServer]:
    settings = own_node.settings.model_copy(update={"reload_seconds": 0.01})
    with BackgroundServer(create_app(settings, clock=own_node.clock)) as server:
        yield server


def test_a_running_node_takes_up_what_is_published(own_node: Node, running: BackgroundServer) -> None:
    with httpx2.Client(base_url=running.url, trust_env=False) as client:
        first = client.get("/v1/trust").headers["etag"]
        own_node.clock.turn(seconds=5)
        own_node.region.with_status("sg-login", "withdrawn", at=own_node.clock.now()).publish(own_node.directory)

        assert any(client.get("/v1/trust").headers["etag"] != first for _ in range(10_000))
