"""Two nodes and the command that compares them: a publication and an emergency denial on their way."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from idbridge.cli.main import root
from idbridge.model.region import MemberState
from idbridge_gateway.app import create_app
from idbridge_gateway.serving import BackgroundServer
from tests.gateway.asking import LOGIN, Node, verdict_of
from tests.gateway.distributed import deny_state, distribute, distributed_node, look, settings_in

SLOW = {"reload_seconds": 3600}  # these nodes look when the test tells them to


@pytest.fixture
def first(tmp_path: Path) -> Node:
    return distributed_node(tmp_path, **SLOW)


@pytest.fixture
def second(first: Node) -> Node:
    settings = settings_in(first.directory, first.region, state=MemberState.SG, **SLOW)
    app = create_app(settings, clock=first.clock)
    return Node(app, settings, first.clock, None, first.directory, first.region)


@pytest.fixture
def addresses(first: Node, second: Node) -> Iterator[tuple[str, str]]:
    with BackgroundServer(first.app) as one, BackgroundServer(second.app) as other:
        yield one.url, other.url


def shown(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    ended = CliRunner().invoke(root, ["trust", "propagation", *arguments, "--json"])
    return ended.exit_code, json.loads(ended.stdout)["results"]


def test_a_publication_is_seen_to_arrive_at_one_node_after_the_other(
    first: Node, second: Node, addresses: tuple[str, str]
) -> None:
    assert shown(*addresses)[0] == 0

    distribute(first)
    look(first)
    code, rows = shown(*addresses)
    assert code == 1
    assert [row["standing"] for row in rows] == ["current", "behind"]

    look(second)
    code, rows = shown(*addresses)
    assert code == 0
    assert len({row["trust_snapshot"] for row in rows}) == 1
    assert [row["timestamp_version"] for row in rows] == [2, 2]


def test_an_emergency_denial_is_seen_to_be_in_force_at_every_node(
    first: Node, second: Node, addresses: tuple[str, str]
) -> None:
    denial = deny_state(first, MemberState.SG)
    look(second)

    code, rows = shown(*addresses, "--deny", denial)
    assert code == 1
    assert [(row["standing"], row["denied"]) for row in rows] == [("behind", False), ("current", True)]
    assert verdict_of(first.ask(LOGIN)) == ("PASSED", None)

    look(first)
    code, rows = shown(*addresses, "--deny", denial)
    assert code == 0
    assert [row["denied"] for row in rows] == [True, True]
    assert verdict_of(first.ask(LOGIN)) == ("FAILED", "issuer.denied")
