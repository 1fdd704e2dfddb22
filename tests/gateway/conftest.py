"""Nodes for the tests of the gateway."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge_gateway.api.faults import Faults
from idbridge_gateway.stores import redis_engine
from idbridge_gateway.stores.store_memory import SEEN
from tests.gateway.asking import Node, node_in
from tests.gateway.upstreaming import Abroad, abroad_in


@pytest.fixture(scope="session")
def shared_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of nodes lie that no test changes."""
    return tmp_path_factory.mktemp("region")


@pytest.fixture(autouse=True)
def no_store_seen_before(shared_files: Path) -> None:
    """Let nodes whose files tests share know nothing of the store of another test, which they would refuse to miss."""
    for seen in shared_files.glob(f"nodes/*/*/{SEEN}"):
        seen.unlink()


@pytest.fixture(scope="module")
def patient_store() -> Iterator[None]:
    """Let nodes in this process wait longer for the store: a busy machine may stand still for a second at any step."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(redis_engine, "LIMITS", replace(LIMITS, store_wait=4 * LIMITS.store_wait))
        yield


@pytest.fixture
def node(shared_files: Path) -> Node:
    """A node of Thailand, new for each test."""
    return node_in(shared_files)


@pytest.fixture
def faulty(shared_files: Path) -> Node:
    """A node of Thailand with switches for faults."""
    return node_in(shared_files, faults=Faults())


@pytest.fixture
def other_node(shared_files: Path) -> Node:
    """The node of Singapore, in the region of ``node``."""
    return node_in(shared_files, state=MemberState.SG)


@pytest.fixture
def own_node(tmp_path: Path) -> Node:
    """A node of Thailand whose files the test may change."""
    return node_in(tmp_path)


@pytest.fixture(scope="module")
def shared_abroad(shared_files: Path) -> Abroad:
    """A node with clients at providers, for all tests of a module that change nothing which it remembers."""
    return abroad_in(shared_files)


@pytest.fixture
def abroad(shared_abroad: Abroad) -> Abroad:
    """Somebody who logs in at a provider, at the node that the tests of the module share."""
    return shared_abroad.anew()


@pytest.fixture
def alone(shared_files: Path) -> Abroad:
    """A node that has not seen anything of a provider yet."""
    return abroad_in(shared_files)
