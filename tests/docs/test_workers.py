"""The guide to several workers: each block is run beside a node that has them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from idbridge.limits import LIMITS
from tests.docs.walk import Walk, blocks
from tests.gateway.redis_server import redis_server
from tests.gateway.working import WorkingNode, working_node
from tests.source import ROOT

PAGE = "workers.md"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkingNode]:
    with (
        redis_server(tmp_path_factory.mktemp("redis")) as server,
        working_node(tmp_path_factory.mktemp("node"), server.url) as node,
    ):
        yield node


def test_somebody_checks_a_node_of_several_workers_and_hints_to_it(node: WorkingNode, tmp_path: Path) -> None:
    walk = Walk(tmp_path, environment=dict(node.env))

    walk.through(*(one for one in blocks(PAGE) if not one.is_by_hand))


def test_what_the_guide_says_in_numbers_is_so() -> None:
    said = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")

    assert f"at most {LIMITS.workers}." in said
    assert LIMITS.hint_pause.total_seconds() == 1 / 5
    assert LIMITS.store_look.total_seconds() == 60
