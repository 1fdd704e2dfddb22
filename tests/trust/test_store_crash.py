"""The snapshot store when the process ends, or the disk fails, at any of its steps: the old or the new, never half."""

import shutil
import signal
from pathlib import Path

import pytest

from idbridge.trust.store import SnapshotStore
from tests.strace import CHANGING, Program
from tests.trust import store_driver
from tests.trust.store_driver import REFUSED, content, keep

SCRIPT = Path(store_driver.__file__)
HELD, GOING, OLD, NEW, LATER = 1, 2, 3, 4, 5


@pytest.fixture
def pattern(tmp_path: Path) -> Path:
    """A store in which OLD is in force, HELD is held, and GOING goes when NEW is kept."""
    folder = tmp_path / "pattern"
    folder.mkdir()
    keep(folder, HELD)
    store = SnapshotStore(folder)
    store.hold(store.ids()[0], "dispute-1")
    keep(folder, GOING)
    keep(folder, OLD)
    assert len(store.ids()) == 3
    return folder


def copy_of(pattern: Path) -> Path:
    folder = pattern.with_name("node")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(pattern, folder)
    return folder


def number_in_force(folder: Path) -> int:
    """The number of the snapshot in force, after a look at all that the store holds."""
    store = SnapshotStore(folder)
    current = store.current()
    assert current is not None
    number = int(current.about["number"])
    assert dict(current.files) == content(number)
    for name in store.ids():
        kept = store.named(name)
        assert dict(kept.files) == content(int(kept.about["number"]))
    assert store.held() <= frozenset(store.ids())
    assert len(store.held()) == 1
    assert int((folder / "floor").read_bytes()) >= number
    return number


def goes_on(folder: Path) -> None:
    """Fail unless the next writer gets on as if nothing had been, and leaves no litter."""
    keep(folder, LATER)
    assert number_in_force(folder) == LATER
    assert not [path for path in folder.rglob(".*") if path.suffix != ".lock" and not path.name.startswith(".floor.")]


def program_on(folder: Path, *more: str) -> Program:
    return Program(SCRIPT, (str(folder), str(NEW), *more))


def test_a_process_that_is_killed_at_any_step_leaves_the_old_or_the_new(pattern: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    calls = list(program_on(copy_of(pattern)).calls(CHANGING, log=log))
    found: list[int] = []

    for call, number in calls:
        folder = copy_of(pattern)
        assert program_on(folder).ended_at(call, number, log=log) == -signal.SIGKILL, (call, number)
        found.append(number_in_force(folder))
        goes_on(folder)

    assert len(calls) > 20
    assert set(found) == {OLD, NEW}


def test_a_disk_that_fails_at_any_step_is_a_typed_refusal_and_leaves_the_old_or_the_new(
    pattern: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    tolerated = {"mkdir"}  # of a folder that is there already
    found: list[int] = []

    for call, number in program_on(copy_of(pattern)).calls((*CHANGING, "fsync"), log=log):
        folder = copy_of(pattern)
        error = "EIO" if call == "fsync" else "ENOSPC"
        code = program_on(folder).failed_at(call, number, error, log=log)
        assert code == REFUSED or call in tolerated, (call, number)
        found.append(number_in_force(folder))
        goes_on(folder)

    assert set(found) == {OLD, NEW}


@pytest.mark.parametrize("octets", [0, 1, 64, 999])
def test_a_disk_that_is_full_in_the_middle_of_a_file_leaves_the_old(pattern: Path, tmp_path: Path, octets: int) -> None:
    folder = copy_of(pattern)

    assert program_on(folder, str(octets)).run("-e", "trace=none", log=tmp_path / "log") == REFUSED

    assert number_in_force(folder) == OLD
    goes_on(folder)


def test_where_no_link_can_be_had_a_copy_is_kept(pattern: Path, tmp_path: Path) -> None:
    folder = copy_of(pattern)
    inject = "inject=link,linkat:error=EMLINK"

    assert program_on(folder).run("--seccomp-bpf", "-e", inject, log=tmp_path / "log") == 0

    assert number_in_force(folder) == NEW
    goes_on(folder)
