"""The log when the process ends, or the disk fails, at any step: no leaf that was acknowledged is ever lost.

Every step where ``IDBRIDGE_KILLS`` is ``all``; otherwise a share of them, the same in every run, and a larger one
of the steps that somebody waits for.
"""

import os
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from idbridge.evidence import fsck, reading
from idbridge.evidence.errors import LogError
from idbridge.tlog import merkle, receipt, tile
from tests.evidence import log_driver
from tests.evidence.kit import Node, append, verified
from tests.evidence.log_driver import ACKNOWLEDGED, FIRST, OCTETS, REFUSED, STEPS
from tests.strace import CHANGING, Program

SCRIPT = Path(log_driver.__file__)
POINTS = 3  # of some hundred and fifty
OF_THE_WRITER = ("pwritev2", "fdatasync")
STEPS_OF_DISK = (*CHANGING, "pwritev2", "fsync", "fdatasync")
HARMLESS = frozenset({"mkdir", "fchmod"})  # of what is there, or so already


@pytest.fixture
def pattern(tmp_path: Path) -> Node:
    """A log whose last tile is all but full, with two leaves that are written ahead and not published."""
    node = Node(tmp_path / "pattern" / "log").begin().filled(FIRST - 2)
    return node.filled(2, publish=False)


def copy_of(pattern: Node) -> Node:
    folder = pattern.folder.parent.with_name("node")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(pattern.folder.parent, folder)
    (folder / ACKNOWLEDGED).write_bytes(bytes(OCTETS))
    return Node(folder / "log")


def program_on(node: Node) -> Program:
    return Program(SCRIPT, (str(node.folder),))


def nothing_is_lost(node: Node) -> int:
    """Fail unless the log opens, holds every leaf that was acknowledged where its receipt says, and goes on."""
    receipts = list(log_driver.acknowledged((node.folder.parent / ACKNOWLEDGED).read_bytes()))
    examined_as_it_was_left(node)
    writer = node.open()
    size = writer.state().size
    assert size >= FIRST + len(receipts)
    append(writer, 1_000)
    writer.close()
    assert fsck.examine(node.folder).findings == ()
    signed = reading.newest(node.folder)
    nodes = tile.nodes_of(signed.checkpoint.size, lambda one: (node.folder / one.path).read_bytes())
    for octets in receipts:
        told = verified(octets)
        held = reading.entry(node.folder, told.index, size=signed.checkpoint.size)
        assert held.octets == receipt.parse_unverified(octets).entry
        proof = merkle.consistency_proof(told.checkpoint.size, signed.checkpoint.size, nodes)
        merkle.require_consistent(
            old=told.checkpoint.size, old_root=told.checkpoint.root,
            new=signed.checkpoint.size, new_root=signed.checkpoint.root, proof=proof,
        )  # fmt: skip
    return len(receipts)


def examined_as_it_was_left(node: Node) -> None:
    """Whatever was left: it is examined without a fault, and nothing but the write-ahead files may be found unclean."""
    found = fsck.examine(node.folder).findings
    assert {one.path.partition("/")[0] for one in found} <= {"wal"}


def chosen(calls: list[tuple[str, int]]) -> list[tuple[str, int]]:
    if os.environ.get("IDBRIDGE_KILLS") == "all":
        return calls
    others = [one for one in calls if one[0] not in OF_THE_WRITER]
    every = len(others) // POINTS
    return [one for one in calls if one[0] in OF_THE_WRITER][1::3] + others[every // 2 :: every]


def test_a_process_that_is_killed_at_any_step_loses_no_leaf_that_was_acknowledged(
    pattern: Node, tmp_path: Path
) -> None:
    log = tmp_path / "trace"
    calls = list(program_on(copy_of(pattern)).calls(STEPS_OF_DISK, log=log))
    found: Counter[int] = Counter()

    for call, number in chosen(calls):
        node = copy_of(pattern)
        assert program_on(node).ended_at(call, number, log=log) == -signal.SIGKILL, (call, number)
        found[nothing_is_lost(node)] += 1

    assert len(calls) > 80
    assert {"pwritev2", "fdatasync", "rename", "fsync", "pwrite64"} <= {call for call, _ in calls}
    assert len(found) > 2


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_a_disk_that_fails_at_any_step_is_a_typed_refusal_and_loses_no_leaf_that_was_acknowledged(
    pattern: Node, tmp_path: Path, error: str
) -> None:
    log = tmp_path / "trace"
    calls = list(program_on(copy_of(pattern)).calls(STEPS_OF_DISK, log=log))
    found: Counter[int] = Counter()

    for call, number in chosen(calls):
        node = copy_of(pattern)
        code = program_on(node).failed_at(call, number, error, log=log)
        assert code == REFUSED or call in HARMLESS, (call, number)
        found[nothing_is_lost(node)] += 1

    assert sum(found.values()) >= POINTS
    assert max(found) <= sum(STEPS)


def test_a_leaf_whose_sync_failed_is_not_acknowledged(pattern: Node, tmp_path: Path) -> None:
    log = tmp_path / "trace"
    for number in (1, 2):
        node = copy_of(pattern)

        assert program_on(node).failed_at("fdatasync", number, "EIO", log=log) == REFUSED

        assert nothing_is_lost(node) == number - 1


def test_a_disk_that_takes_a_part_of_a_record_ends_the_writer_and_nothing_of_it_counts(
    pattern: Node, tmp_path: Path
) -> None:
    node = copy_of(pattern)

    ended = program_on(node).run("-e", "inject=pwritev2:retval=40:when=1", log=tmp_path / "trace")

    assert ended == REFUSED
    assert nothing_is_lost(node) == 0


def test_a_log_that_nobody_can_write_to_is_examined_and_not_opened(pattern: Node) -> None:
    node = copy_of(pattern)
    shutil.rmtree(node.folder / "wal")

    with pytest.raises(LogError, match="no log") as caught:
        node.open()

    assert caught.value.code == "system.configuration"
