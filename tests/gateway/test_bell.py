"""The bell: each thing that happens to a node's trust material is told once, as a typed alert."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from idbridge.errors import TrustError
from idbridge.model.region import MemberState
from idbridge_gateway.bell import Bell
from idbridge_gateway.distribution import distribution_of
from idbridge_gateway.node import NodeState
from idbridge_gateway.reload import RING_AGAIN, Reload
from tests.gateway.asking import Node
from tests.gateway.distributed import deny_state, distribute, distributed_node, look
from tests.gateway.test_reload import HandStopwatch, nothing


@pytest.fixture
def distributed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Node:
    """A node by TUF that has told what there was to tell when it started."""
    caplog.set_level(logging.INFO, logger="idbridge_gateway")
    node = distributed_node(tmp_path)
    look(node)
    caplog.clear()
    return node


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str | None]]:
    """Kind, subject and code of every alert since the last time."""
    alerts: list[dict[str, Any]] = [record.alert for record in caplog.records if hasattr(record, "alert")]
    caplog.clear()
    return [(alert["kind"], alert["subject"], alert["code"]) for alert in alerts]


def test_a_spoilt_tree_is_told_once_and_again_only_after_it_was_well(
    distributed: Node, caplog: pytest.LogCaptureFixture
) -> None:
    timestamp = distributed.directory / "tree" / "metadata" / "timestamp.json"
    good = timestamp.read_bytes()
    for spoilt in (b"<html>", b"<html>busy", b"<html>gone"):
        timestamp.write_bytes(spoilt)
        look(distributed)
    assert told(caplog) == [("parse_failed", "region", "trust.metadata_invalid")]

    timestamp.write_bytes(good)
    look(distributed)
    timestamp.write_bytes(b"<html>")
    look(distributed)

    assert told(caplog) == [("parse_failed", "region", "trust.metadata_invalid")]


def test_a_new_edition_and_a_denial_are_told(distributed: Node, caplog: pytest.LogCaptureFixture) -> None:
    distribute(distributed)
    look(distributed)
    assert ("list_updated", "lists/SG", None) in told(caplog)

    denial = deny_state(distributed, MemberState.SG)
    look(distributed)
    assert ("deny_applied", f"deny/{denial}", "issuer.denied") in told(caplog)
    assert caplog.records == []

    look(distributed)
    assert told(caplog) == []


def never() -> NodeState:
    raise AssertionError("nothing changed")


def refusing() -> NodeState:
    raise TrustError("trust.clock_behind")


def reload_of(node: Node, load: Any, stopwatch: HandStopwatch) -> Reload:
    bell = Bell(node.clock)
    bell.ring(node.app.state.trust.in_force.snapshot)
    distribution = distribution_of(node.settings)
    return Reload(
        marks=distribution.marks,
        load=load,
        trust=node.app.state.trust,
        bell=bell,
        on_change=nothing,
        tidy=nothing,
        stopwatch=stopwatch,
    )


def test_what_runs_out_while_nothing_changes_is_told_once(distributed: Node, caplog: pytest.LogCaptureFixture) -> None:
    stopwatch = HandStopwatch()
    reload = reload_of(distributed, never, stopwatch)
    reload._seen = reload._marks.read()
    caplog.clear()
    regional = distributed.app.state.trust.current().snapshot.regional
    distributed.clock.instant = regional.expires

    asyncio.run(reload.look())
    assert told(caplog) == []
    for _ in range(3):
        stopwatch.now += RING_AGAIN.total_seconds()
        asyncio.run(reload.look())

    assert [alert[0] for alert in told(caplog)].count("expired") == 1


def test_a_refusal_of_everything_is_told_once(distributed: Node, caplog: pytest.LogCaptureFixture) -> None:
    stopwatch = HandStopwatch()
    reload = reload_of(distributed, refusing, stopwatch)
    caplog.clear()

    for _ in range(3):
        stopwatch.now += RING_AGAIN.total_seconds()
        asyncio.run(reload.look())

    assert told(caplog) == [("freshness", "region", "trust.clock_behind")]


def test_a_bell_that_never_rang_has_nothing_to_repeat(distributed: Node, caplog: pytest.LogCaptureFixture) -> None:
    Bell(distributed.clock).ring_again()

    assert told(caplog) == []
