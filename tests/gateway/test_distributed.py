"""A node that takes its trust by TUF: what changes in the tree reaches it whole, and what goes wrong takes nothing."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.region import MemberState
from idbridge_gateway.app import create_app
from idbridge_gateway.distribution import distribution_of
from idbridge_gateway.serving import BackgroundServer
from tests.gateway.asking import LOGIN, Node, problem_of, verdict_of
from tests.gateway.distributed import distribute, distributed_node, look, settings_in
from tests.gateway.test_open_endpoints import fits

TIMESTAMP = ("tree", "metadata", "timestamp.json")


@pytest.fixture
def distributed(tmp_path: Path) -> Node:
    """A node that looks when a test tells it to, and not by itself in the middle of one."""
    return distributed_node(tmp_path, reload_seconds=3600)


def snapshot_of(node: Node) -> str:
    return str(node.send("GET", "/v1/trust").json()["trust_snapshot"])


@pytest.mark.parametrize("spoilt", [b"", b"<html>temporarily unavailable</html>", b"{}", None])
def test_a_tree_that_is_spoilt_or_gone_leaves_in_force_what_was_held(
    distributed: Node, spoilt: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    before = snapshot_of(distributed)
    place = distributed.directory.joinpath(*TIMESTAMP)
    place.unlink() if spoilt is None else place.write_bytes(spoilt)

    look(distributed)

    assert snapshot_of(distributed) == before
    assert verdict_of(distributed.ask(LOGIN)) == ("PASSED", None)
    assert caplog.text.count(": region: trust.") == 1
    assert distributed.send("GET", "/readyz").status_code == 200


def test_a_tree_that_was_rolled_back_leaves_in_force_what_was_held(distributed: Node) -> None:
    place = distributed.directory.joinpath(*TIMESTAMP)
    old = place.read_bytes()
    distribute(distributed)
    look(distributed)
    place.write_bytes(old)

    look(distributed)

    assert verdict_of(distributed.ask(LOGIN)) == ("FAILED", "issuer.withdrawn")


def test_a_withdrawal_in_the_tree_takes_effect_and_nothing_is_read_while_nothing_changes(distributed: Node) -> None:
    assert verdict_of(distributed.ask(LOGIN)) == ("PASSED", None)
    distribute(distributed)
    look(distributed)

    assert verdict_of(distributed.ask(LOGIN)) == ("FAILED", "issuer.withdrawn")
    state = distributed.app.state.trust.current()
    look(distributed)
    assert distributed.app.state.trust.current() is state


def test_an_expired_timestamp_makes_every_list_stale_and_only_then_the_node_is_not_ready(distributed: Node) -> None:
    regional = distributed.app.state.trust.current().snapshot.regional
    assert len(distributed.send("GET", "/readyz").json()["usable_states"]) == len(MemberState)

    distributed.clock.instant = regional.expires

    assert problem_of(distributed.send("GET", "/readyz"), 503) == "system.not_ready"
    assert verdict_of(distributed.ask(LOGIN)) == ("INDETERMINATE", "trust.stale")
    assert distributed.send("GET", "/healthz").status_code == 200


def test_a_node_says_how_its_lists_came_and_how_fresh_that_is(distributed: Node, node: Node) -> None:
    tuf = distributed.send("GET", "/v1/trust")
    plain = node.send("GET", "/v1/trust").json()

    fits(distributed, tuf.json(), "Trust")
    fits(node, plain, "Trust")
    said = tuf.json()["distribution"]
    signed = json.loads(distributed.directory.joinpath(*TIMESTAMP).read_bytes())["signed"]
    assert (said["mode"], said["root_version"]) == ("tuf", 1)
    assert said["timestamp"]["version"] == signed["version"]
    assert said["timestamp"]["signed_at"] == signed["x-idbridge-signed-at"]
    assert re.fullmatch("[0-9a-f]{64}", said["snapshot"]["digest"])
    assert plain["distribution"] == {
        "mode": "plain", "root_version": None, "timestamp": None, "snapshot": None, "denials": [],
    }  # fmt: skip


def test_what_is_said_of_the_distribution_changes_the_entity_tag(distributed: Node) -> None:
    first = distributed.send("GET", "/v1/trust")
    distributed.clock.turn(seconds=60)
    distributed.region.distribute(distributed.directory, at=distributed.clock.now())
    look(distributed)

    second = distributed.send("GET", "/v1/trust", headers={"if-none-match": first.headers["etag"]})

    assert second.status_code == 200
    assert second.json()["states"] == first.json()["states"]
    assert second.json()["distribution"]["timestamp"]["version"] == 2


def test_a_node_starts_from_what_it_held_when_the_tree_is_out_of_reach(distributed: Node) -> None:
    distributed.directory.joinpath(*TIMESTAMP).unlink()

    again = create_app(distributed.settings, clock=distributed.clock)
    restarted = Node(again, distributed.settings, distributed.clock, None, distributed.directory, distributed.region)

    assert snapshot_of(restarted) == snapshot_of(distributed)
    assert verdict_of(restarted.ask(LOGIN)) == ("PASSED", None)


def test_a_node_that_holds_nothing_does_not_start_without_a_tree(distributed: Node, tmp_path: Path) -> None:
    distributed.directory.joinpath(*TIMESTAMP).unlink()
    fresh = distributed.settings.model_copy(update={"state_dir": tmp_path / "fresh"})
    (tmp_path / "fresh").mkdir()
    with pytest.raises(ConfigurationError, match="initialised"):
        create_app(fresh, clock=distributed.clock)
    distribution_of(fresh).repository.initialise()

    with pytest.raises(TrustError) as caught:
        create_app(fresh, clock=distributed.clock)

    assert caught.value.code == "trust.unreachable"


def test_settings_that_name_no_source_make_no_node(distributed: Node) -> None:
    nowhere = distributed.settings.model_copy(update={"trust_root_file": None})

    with pytest.raises(ConfigurationError, match="no source"):
        create_app(nowhere, clock=distributed.clock)


def test_what_was_long_not_in_force_and_is_held_by_nobody_goes(distributed: Node) -> None:
    store = distribution_of(distributed.settings).repository.store
    first = store.ids()
    distribute(distributed)
    look(distributed)
    assert len(store.ids()) == 2
    store.hold(first[0], "dispute-1")

    distribution = distribution_of(distributed.settings)
    distributed.clock.turn(days=distributed.settings.snapshot_days + 1)
    distribution.tidying(distributed.clock)()
    assert len(store.ids()) == 2

    store.release(first[0], "dispute-1")
    distribution.tidying(distributed.clock)()
    assert len(store.ids()) == 1
    assert first[0] not in store.ids()


@pytest.fixture
def mirror(distributed: Node) -> Iterator[BackgroundServer]:
    with BackgroundServer(distributed.app) as server:
        yield server


def test_a_node_behind_another_takes_up_what_that_one_verified(distributed: Node, mirror: BackgroundServer) -> None:
    settings = settings_in(
        distributed.directory, distributed.region, state=MemberState.SG, trust_url=f"{mirror.url}/trust"
    )
    behind = Node(
        create_app(settings, clock=distributed.clock), settings, distributed.clock, None, distributed.directory
    )
    assert snapshot_of(behind) == snapshot_of(distributed)

    distribute(distributed)
    look(behind)
    assert snapshot_of(behind) == snapshot_of(distributed)
    look(distributed)
    assert snapshot_of(behind) != snapshot_of(distributed)
    look(behind)

    assert snapshot_of(behind) == snapshot_of(distributed)
    with httpx2.Client(base_url=mirror.url, trust_env=False, timeout=60) as client:
        tag = client.get("/trust/metadata/timestamp.json").headers["etag"]
        held = client.get("/trust/metadata/timestamp.json", headers={"if-none-match": tag})
    assert held.status_code == 304
