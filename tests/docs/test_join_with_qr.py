"""A small state joins as its guide says, with the network cut on every machine."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.walk import Walk, blocks

PAGE = "join-with-qr.md"
MACHINES = ("region", "laos", "office", "node")
CUT = ("unshare", "--net")
CUT_AS_ANYBODY = ("unshare", "--map-root-user", "--net")
CONNECT = "import socket; socket.create_connection(('127.0.0.1', 9), timeout=2)"


def without_a_network() -> tuple[str, ...]:
    """Return the command that runs another one without any network, loopback included."""
    unshare = shutil.which("unshare")
    assert unshare is not None, "this test cuts the network with unshare, of util-linux"
    for one in (CUT, CUT_AS_ANYBODY):
        if subprocess.run((*one, "true"), capture_output=True, check=False).returncode == 0:
            return one
    pytest.fail("the kernel lets nobody cut the network here: run the tests where `unshare --net` is allowed")


@pytest.fixture
def walk(tmp_path: Path) -> Walk:
    """Everybody of the page at their machines, each with a passphrase, and nobody with a network."""
    walk = Walk(tmp_path, before=without_a_network(), environment={"IDBRIDGE_ROOT": "root.json"})
    for name in MACHINES:
        walk.passphrase(name)
    return walk


def test_there_is_no_network(walk: Walk) -> None:
    code, printed = walk.run(f'python -c "{CONNECT}"', walk.machine("laos"))

    assert code != 0
    assert "Network is unreachable" in printed


def test_a_state_joins_with_a_folder_and_a_node_elsewhere_trusts_its_card(walk: Walk) -> None:
    found = blocks(PAGE)
    walk.through(*(one for one in blocks("operators.md") if "found" in one.said))
    shutil.copy(walk.machine("region") / "root.json", walk.machine("node") / "root.json")  # confirmed by another way

    walk.through(*found)

    assert {one.machine for one in found} == set(MACHINES)
    assert sorted(path.name for path in (walk.machine("laos") / "LA" / "private").iterdir()) == [
        "list.pem", "on-call.pem", "role-1.pem", "role-2.pem", "role-3.pem",
    ]  # fmt: skip
