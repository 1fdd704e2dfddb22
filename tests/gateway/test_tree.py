"""The static tree of a node: what it verified and nothing else, and never a path into its disk."""

import hashlib
import json
from pathlib import Path

import pytest

from idbridge.errors import FetchError
from idbridge.limits import LIMITS
from idbridge.net.source import AbsentDocumentError
from idbridge.trust.tuf.repository import TufRepository
from tests.gateway.asking import Node, problem_of
from tests.gateway.distributed import distribute, distributed_node, look

TIMESTAMP = "/trust/metadata/timestamp.json"


@pytest.fixture
def distributed(tmp_path: Path) -> Node:
    """A node whose tree the test may change."""
    return distributed_node(tmp_path)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """A node that only answers; on its disk lies what nobody published."""
    node = distributed_node(tmp_path_factory.mktemp("standing"))
    tree = node.directory / "tree"
    (tree / "metadata" / "secret.json").write_bytes(b"{}")
    (tree / "targets" / "lists" / "SG" / "secret.jws").write_bytes(b"x")
    (tree / "metadata" / "linked.json").symlink_to(node.settings.assertion_key_file)
    look(node)
    return node


def published(node: Node) -> dict[str, bytes]:
    """Every file that lies in the tree of the publisher, by its path."""
    tree = node.directory / "tree"
    return {
        str(path.relative_to(tree)): path.read_bytes()
        for folder in ("metadata", "targets")
        for path in (tree / folder).rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/metadata",
        "/metadata/",
        "/targets",
        "/targets/",
        "/metadata/snapshot.json",
        "/metadata/99.snapshot.json",
        "/metadata/1.SGX.json",
        "/metadata/Timestamp.json",
        "/metadata/timestamp.json/",
        "/metadata/%2e/timestamp.json",
        "/metadata/..%2Fmetadata%2Ftimestamp.json",
        "/metadata/%2e%2e/%2e%2e/root.json",
        "/metadata/timestamp.json%00",
        "/targets/lists/SG/list.jws",
        "/targets/lists/SG/../SG/list.jws",
        "/targets/../../root.json",
        "/targets/..%2f..%2f..%2fpins.json",
        "/targets//etc/passwd",
        "/targets/%2Fetc%2Fpasswd",
        "/incoming",
        "/records/records.jsonl",
        "/metadata/secret.json",
        "/targets/lists/SG/secret.jws",
        "/metadata/linked.json",
    ],
)
def test_a_path_that_is_none_of_the_tree_is_not_found(standing: Node, path: str) -> None:
    response = standing.send("GET", f"/trust{path}")

    assert problem_of(response, 404) == "input.not_found"
    assert response.headers["cache-control"] == "no-store"


def test_a_node_in_plain_mode_has_no_tree(node: Node) -> None:
    assert problem_of(node.send("GET", TIMESTAMP), 404) == "input.not_found"


@pytest.mark.parametrize("number", ["2", "99", "1000000000"])
def test_that_there_is_no_newer_root_is_believed_for_a_minute_at_most(standing: Node, number: str) -> None:
    response = standing.send("GET", f"/trust/metadata/{number}.root.json")

    assert problem_of(response, 404) == "input.not_found"
    assert response.headers["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize("name", ["0.root.json", "01.root.json", "10000000000.root.json", "root.json", "2.root.jsonx"])
def test_what_can_be_no_root_is_kept_by_nobody(standing: Node, name: str) -> None:
    assert standing.send("GET", f"/trust/metadata/{name}").headers["cache-control"] == "no-store"


def test_what_is_altered_or_added_on_disk_is_not_handed_on(distributed: Node) -> None:
    before = distributed.send("GET", TIMESTAMP)
    tree = distributed.directory / "tree" / "metadata"
    (tree / "timestamp.json").write_bytes(b'{"signed": {}, "signatures": []}')
    (tree / "1.snapshot.json").write_bytes(b"{}")
    look(distributed)

    after = distributed.send("GET", TIMESTAMP)

    assert after.content == before.content
    assert json.loads(distributed.send("GET", "/trust/metadata/1.snapshot.json").content)["signed"]["version"] == 1


def test_every_file_of_the_tree_is_handed_on_as_it_is(distributed: Node) -> None:
    for path, octets in published(distributed).items():
        response = distributed.send("GET", f"/trust/{path}")
        head = distributed.send("HEAD", f"/trust/{path}")

        assert (response.status_code, response.content) == (200, octets), path
        assert response.headers["etag"] == f'"{hashlib.sha256(octets).hexdigest()}"'
        media = "application/json" if path.startswith("metadata/") else "application/octet-stream"
        assert response.headers["content-type"] == media
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", response.headers["etag"])
        kept = "public, no-cache" if path == "metadata/timestamp.json" else "public, max-age=31536000, immutable"
        assert response.headers["cache-control"] == kept


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_written_to_the_tree(standing: Node, method: str) -> None:
    assert problem_of(standing.send(method, TIMESTAMP), 405) == "input.method_not_allowed"


def test_whoever_holds_the_current_copy_is_told_so(standing: Node) -> None:
    tag = standing.send("GET", TIMESTAMP).headers["etag"]

    for offered in (tag, f"W/{tag}", f'"old", {tag}', "*"):
        held = standing.send("GET", TIMESTAMP, headers={"if-none-match": offered})
        assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", tag)
    assert standing.send("GET", TIMESTAMP, headers={"if-none-match": '"old"'}).status_code == 200


class Mirror:
    """A tree that is read from a node."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self, path: str, *, max_bytes: int) -> bytes:
        response = self._node.send("GET", f"/trust/{path}")
        if response.status_code == 404:
            raise AbsentDocumentError(path)
        if response.status_code != 200 or len(response.content) > max_bytes:
            raise FetchError(path)
        return response.content


def client_of(node: Node, memory: Path) -> TufRepository:
    """Somebody who reads the tree from a node, and has only just begun."""
    memory.mkdir()
    client = TufRepository(Mirror(node), node.directory / "root.json", memory)
    client.initialise()
    return client


def test_a_client_of_the_node_trusts_what_the_node_trusts(distributed: Node, tmp_path: Path) -> None:
    found = client_of(distributed, tmp_path / "memory").load(at=distributed.clock.now())

    assert found.id == distributed.send("GET", "/v1/trust").json()["trust_snapshot"]
    assert found.refused == ()


def test_a_reader_in_the_midst_of_an_older_tree_gets_to_its_end(distributed: Node) -> None:
    older = distributed.app.state.trust.current().tree
    distribute(distributed)
    look(distributed)
    newer = distributed.app.state.trust.current().tree

    gone = older.keys() - newer.keys()
    assert "metadata/1.snapshot.json" in gone
    for path in older.keys() - {"metadata/timestamp.json"}:
        assert distributed.send("GET", f"/trust/{path}").content == older[path], path
    assert distributed.send("GET", TIMESTAMP).content == newer["metadata/timestamp.json"]

    distributed.clock.turn(seconds=LIMITS.idempotency_window.total_seconds() + 1)
    for path in gone:
        assert distributed.send("GET", f"/trust/{path}").status_code == 404
