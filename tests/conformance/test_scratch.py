"""A folder that a program may write to is bounded, and gone afterwards, whatever the program left in it."""

import errno
import os
import sys
from pathlib import Path
from typing import Final

import pytest

from idbridge.conformance.answer import Fault
from idbridge.conformance.corpus import shipped
from idbridge.conformance.scratch import TooMuchError, places, remove, scratch
from idbridge.conformance.targets.cli_lists import CliLists
from idbridge.conformance.targets.cli_verifier import CliVerifier
from idbridge.conformance.targets.taken_up import taken_up
from idbridge.limits import LIMITS

DEEP: Final = 2_000  # deeper than any recursion goes, and than any path is long
# Answers `describe`, and at the verb of its first argument leaves in its folder what its second says.
LEAVING: Final = f"""
import json, os, sys
at, what, verb = sys.argv[1:4]
told = dict(zip(sys.argv[4::2], sys.argv[5::2]))
if verb == "describe":
    print(json.dumps({{"name": "x", "version": "1", "not_implemented": ["state"] if at == "verify" else []}}))
    sys.exit()
if verb == at:
    os.chdir(told["--state"])
    if what == "deep":
        for _ in range({DEEP}):
            os.mkdir("d" * 20)
            os.chdir("d" * 20)
    elif what == "large":
        with open("large", "wb") as file:
            file.truncate({LIMITS.conformance_state_bytes + 1})
    elif what == "many":
        for number in range({LIMITS.conformance_state_files + 1}):
            open(str(number), "wb").close()
    elif what == "locked":
        os.makedirs("a/b")
        open("a/b/c", "wb").close()
        os.chmod("a/b", 0)
        os.chmod("a", 0)
    elif what == "away":
        os.rmdir(os.getcwd())
    elif what == "elsewhere":
        os.rmdir(os.getcwd())
        os.symlink(os.environ["ELSEWHERE"], told["--state"])
print(json.dumps({{"indication": "PASSED", "code": None}}))
"""


def nested(folder: Path) -> None:
    """Make folders in ``folder``, one in the other."""
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(folder)
        for _ in range(DEEP):
            Path("d" * 20).mkdir()
            os.chdir("d" * 20)
        Path("at the bottom").touch()
    finally:
        os.fchdir(before)
        os.close(before)


def test_a_tree_that_is_deeper_than_a_path_is_long_is_gone_afterwards(tmp_path: Path) -> None:
    with scratch("deep-", within=tmp_path) as folder:
        nested(folder)

    assert list(tmp_path.iterdir()) == []


def test_locked_folders_are_gone_afterwards(tmp_path: Path) -> None:
    with scratch("locked-", within=tmp_path) as folder:
        (folder / "a" / "b").mkdir(parents=True)
        (folder / "a" / "b" / "c").touch()
        (folder / "a" / "b").chmod(0)
        (folder / "a").chmod(0)
        folder.chmod(0)

    assert list(tmp_path.iterdir()) == []


def test_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    with scratch("link-", within=tmp_path) as folder:
        (folder / "link").symlink_to(elsewhere)
    linked = tmp_path / "folder"
    linked.symlink_to(elsewhere)
    remove(linked)

    assert {place.name for place in tmp_path.rglob("*")} == {"elsewhere", "kept"}


def test_a_folder_is_gone_afterwards_although_the_disk_has_no_room_for_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_named: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with scratch("full-", within=tmp_path) as folder:
        (folder / "a").mkdir()
        (folder / "a" / "large").write_bytes(b"1")
        monkeypatch.setattr("tempfile.mkdtemp", full)

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_already_is_no_error(tmp_path: Path) -> None:
    with scratch("gone-", within=tmp_path) as folder:
        folder.rmdir()

    assert list(tmp_path.iterdir()) == []


def test_as_many_files_and_octets_may_lie_there_as_the_bounds_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "whole").open("wb") as file:
        file.truncate(LIMITS.conformance_state_bytes)
    assert len(list(places(tmp_path))) == 1

    (tmp_path / "more").write_bytes(b"1")
    with pytest.raises(TooMuchError, match="octets"):
        list(places(tmp_path))
    assert isinstance(taken_up(tmp_path), Fault)

    for number in range(LIMITS.conformance_state_files):
        (tmp_path / str(number)).touch()
    (tmp_path / "whole").unlink()
    with pytest.raises(TooMuchError, match="files"):
        list(places(tmp_path))
    (tmp_path / "more").unlink()
    assert len(list(places(tmp_path))) == LIMITS.conformance_state_files


@pytest.mark.parametrize("what", ["deep", "large", "many", "locked", "away", "elsewhere"])
@pytest.mark.parametrize("at", ["load", "verify"])
def test_what_a_verifier_leaves_in_its_folder_is_an_error_and_is_gone(
    at: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, temporary, program = tmp_path / "elsewhere", tmp_path / "temporary", tmp_path / "program.py"
    for folder in (elsewhere, temporary):
        folder.mkdir()
    (elsewhere / "kept").touch()
    program.write_text(LEAVING, "utf-8")
    monkeypatch.setenv("ELSEWHERE", str(elsewhere))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    target = CliVerifier([sys.executable, "-S", str(program), at, what], shipped(), temporary)
    found = target.answer(shipped().case("sg-mdoc-opens-account"))
    del target

    assert isinstance(found.answer, Fault) or what == "locked"  # which stops nobody who may do everything
    assert list(temporary.iterdir()) == []
    assert (elsewhere / "kept").exists()


def test_what_a_consumer_of_lists_leaves_in_its_folder_is_an_error_and_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, temporary = tmp_path / "program.py", tmp_path / "temporary"
    temporary.mkdir()
    program.write_text(LEAVING, "utf-8")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    for what in ("deep", "large", "many"):
        target = CliLists([sys.executable, "-S", str(program), "load", what], shipped())

        assert isinstance(target.answer(shipped().case("attack-01-rollback-sequence")).answer, Fault), what
        assert list(temporary.iterdir()) == []
