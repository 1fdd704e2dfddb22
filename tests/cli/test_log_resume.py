"""``idbridge log resume``: only an operator lets the time in a log go back, and the log says so itself."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from idbridge.cli.groups import RootGroup
from idbridge.clock import SystemClock
from idbridge.crypto.key_files import write_key_file
from idbridge.crypto.signer import FileSigner, generate
from idbridge.evidence import fsck, reading, recovery
from idbridge.evidence.writer import LogWriter, create_log
from idbridge.tlog import note
from idbridge.tlog.leaf import LeafType, parse_leaf
from tests.cli.ended import Ended
from tests.gateway.clocks import HandClock

Run = Callable[..., Ended]
ORIGIN = "node.th.example/log"


@pytest.fixture
def key() -> FileSigner:
    return generate("Ed25519")


@pytest.fixture
def run(tmp_path: Path, key: FileSigner) -> Run:
    """Run `idbridge log resume` for the log of the test, with its key."""
    write_key_file(tmp_path / "log.pem", key, passphrase=None)
    root = RootGroup("idbridge", places={"log": "idbridge.cli.log:log"}, headings={})

    def run_command(*arguments: str) -> Ended:
        named = ("--log", str(tmp_path / "log"), "--signer", str(tmp_path / "log.pem"))
        result = CliRunner().invoke(root, ("log", "resume", *named, *arguments))
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run_command


def opened(tmp_path: Path, key: FileSigner, *, ahead: timedelta) -> LogWriter:
    clock = HandClock(SystemClock().now() + ahead)
    return LogWriter.open(tmp_path / "log", signer=note.note_signer(ORIGIN, key), clock=clock, publish_every=None)


def filled(tmp_path: Path, key: FileSigner, *, ahead: timedelta) -> None:
    create_log(tmp_path / "log", signer=note.note_signer(ORIGIN, key))
    writer = opened(tmp_path, key, ahead=ahead)
    writer.append_blocking(LeafType.START, {"ver": "1"})
    writer.close()


def test_nothing_goes_back_without_a_word_of_the_operator(tmp_path: Path, key: FileSigner, run: Run) -> None:
    filled(tmp_path, key, ahead=timedelta(days=3_650))

    refused = run()

    assert refused.code == 6
    assert "315,3" in refused.err
    assert "--yes" in refused.err
    assert reading.newest(tmp_path / "log").checkpoint.size == 1


def test_a_log_from_the_future_goes_on_now_and_says_where_it_stood(tmp_path: Path, key: FileSigner, run: Run) -> None:
    filled(tmp_path, key, ahead=timedelta(days=3_650))

    assert run("--yes", "--json").json["summary"]["done"] is True

    folder = tmp_path / "log"
    first, second = reading.bundle(folder, 0, size=2)
    leaf = parse_leaf(second)
    assert (leaf.type, leaf.members["size"]) == (LeafType.RECOVER, 1)
    assert leaf.at_ms < parse_leaf(first).at_ms - timedelta(days=3_649) / timedelta(milliseconds=1)
    assert fsck.examine(folder).findings == ()
    writer = opened(tmp_path, key, ahead=timedelta(seconds=1))
    assert writer.append_blocking(LeafType.START, {"ver": "1"}).index == 2
    writer.close()
    assert recovery.read(folder, (note.note_signer(ORIGIN, key).key,)).frontier.size == 3


def test_a_leaf_before_the_last_that_does_not_say_so_is_found(tmp_path: Path, key: FileSigner) -> None:
    filled(tmp_path, key, ahead=timedelta(days=1))
    writer = opened(tmp_path, key, ahead=timedelta())
    writer.set_back()
    writer.append_blocking(LeafType.RECOVER, {"size": 0, "root": "A" * 43})
    writer.close()

    (found,) = fsck.examine(tmp_path / "log").findings
    assert "one before the last" in found.what


def test_a_log_that_is_in_order_is_left_as_it_is(tmp_path: Path, key: FileSigner, run: Run) -> None:
    filled(tmp_path, key, ahead=timedelta(seconds=-5))

    done = run("--yes")

    assert (done.code, "as before" in done.out) == (0, True)
    assert reading.newest(tmp_path / "log").checkpoint.size == 1


def test_another_key_does_not_go_on_with_a_log(tmp_path: Path, run: Run) -> None:
    filled(tmp_path, generate("Ed25519"), ahead=timedelta(days=1))

    assert run("--yes").code == 5


def test_a_key_that_signs_no_log_is_refused(tmp_path: Path, key: FileSigner, run: Run) -> None:
    filled(tmp_path, key, ahead=timedelta(days=1))
    write_key_file(tmp_path / "other.pem", generate("ES256"), passphrase=None)

    assert run("--signer", str(tmp_path / "other.pem")).code == 5
