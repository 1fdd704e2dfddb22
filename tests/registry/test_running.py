"""A node that runs by itself, and a shell beside it: what is done there is in force here without anybody telling it."""

import time
from collections.abc import Iterator

import httpx2
import pytest
from click.testing import CliRunner

from idbridge.cli.main import root
from idbridge.limits import LIMITS
from idbridge_gateway.serving import BackgroundServer
from tests.gateway.asking import Node
from tests.registry.conftest import Database
from tests.registry.test_commands import variables
from tests.registry.test_file import rewritten
from tests.registry.test_node import fill, on_database

PATIENCE = 120.0  # of a test, on a machine that is busy with others


@pytest.fixture
def running(own_node: Node, database: Database) -> Iterator[BackgroundServer]:
    fill(database, own_node)
    with BackgroundServer(on_database(own_node, database).app) as server:
        yield server


def status(server: BackgroundServer, node: Node) -> int:
    """How a question is answered that is no question: by 400 if the bank may ask at all."""
    return httpx2.post(
        f"{server.url}/v1/verify", content=b"{}", headers=node.access(), trust_env=False, timeout=60
    ).status_code


def becomes(server: BackgroundServer, node: Node, wanted: int) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if status(server, node) == wanted:
            return True
        time.sleep(LIMITS.registry_look.total_seconds() / 10)
    return False


def shell(database: Database, *words: str) -> None:
    result = CliRunner().invoke(root, words, env=variables(database))
    assert result.exit_code == 0, result.stderr


def test_a_party_that_a_shell_switches_off_is_refused_by_a_node_that_runs(
    running: BackgroundServer, own_node: Node, database: Database
) -> None:
    assert status(running, own_node) == 400

    shell(database, "rp", "disable", "th-bank")

    assert becomes(running, own_node, 403)


def test_a_key_that_a_shell_ends_is_refused_by_a_node_that_runs(
    running: BackgroundServer, own_node: Node, database: Database
) -> None:
    shell(database, "rp", "rotate-key", "th-bank", "--overlap-days", "0")

    assert becomes(running, own_node, 401)


def test_a_file_that_is_written_is_read_by_a_node_that_runs(own_node: Node) -> None:
    with BackgroundServer(own_node.app) as server:
        assert status(server, own_node) == 400
        rewritten(own_node, enabled=False)

        assert becomes(server, own_node, 403)
