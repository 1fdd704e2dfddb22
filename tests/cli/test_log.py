"""``idbridge log``: receipts are refused with a reason, damage is found, and nothing goes without a word."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from idbridge.cli.groups import RootGroup
from idbridge.crypto.signer import generate
from idbridge.evidence.day_keys import DayKeys
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog.leaf import LeafType
from idbridge.tlog.tile import WIDTH
from tests.cli.ended import Ended
from tests.evidence.kit import Node, append, members
from tests.tlog.kit import (
    ASSERTION,
    CREDENTIAL,
    LOG_SIGNER,
    NOON,
    ORIGIN,
    WITNESS_SIGNERS,
    flipped,
    opening_of,
    signer,
    whole_receipt,
)

Run = Callable[..., Ended]
DAY = NOON.date()
SIZE = 2 * WIDTH + 5
VKEY = LOG_SIGNER.key.text()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `idbridge log` alone."""
    monkeypatch.delenv("IDBRIDGE_LOG", raising=False)
    monkeypatch.setenv("COLUMNS", "250")
    root = RootGroup("idbridge", places={"log": "idbridge.cli.log:log"}, headings={})

    def run_command(*arguments: str, stdin: str | bytes = "") -> Ended:
        result = CliRunner().invoke(root, ("log", *arguments), input=stdin)
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run_command


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """A log of two full tiles; its last leaf is about a credential and an assertion, under a key of the day."""
    top = tmp_path_factory.mktemp("made")
    (top / "days").mkdir(mode=0o700)
    node = Node(top / "log").begin()
    writer = node.open()
    for number in range(SIZE - 1):
        node.clock.at = NOON + timedelta(seconds=number)
        append(writer, number)
    opening = DayKeys(top / "days", SystemRandomness()).key(DAY).opening("rep_last", assertion=ASSERTION)
    told = {**members(0), "req": "rep_last", "com": opening.commitment(CREDENTIAL), "day": str(DAY)}
    writer.append_blocking(LeafType.ASSERT, told, opening=opening)
    writer.close()
    return node


@pytest.fixture
def folder(made: Node) -> str:
    return str(made.folder)


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "log.pem"
    path.touch(mode=0o600)
    path.write_text(generate("Ed25519").pem())
    return str(path)


@pytest.fixture
def papers(tmp_path: Path) -> dict[str, str]:
    """What somebody holds: a receipt that two states cosigned, the credential, and the assertion."""
    found = {"receipt": whole_receipt(), "credential": CREDENTIAL, "assertion": ASSERTION}
    for name, octets in found.items():
        (tmp_path / name).write_bytes(octets)
    return {name: str(tmp_path / name) for name in found}


WITNESSES = ["--at=2026-12-01T00:00:00Z"] + [
    f"--witness={state}={one.key.text()}" for state, one in WITNESS_SIGNERS.items()
]


@pytest.mark.parametrize(
    "verb", [["checkpoint"], ["fsck"], ["prove", "--index=0"], ["prune", "--before=2026-01-01T00:00:00Z", "--days=."]]
)
def test_a_folder_without_a_log_is_an_error_and_stays_empty(run: Run, tmp_path: Path, verb: list[str]) -> None:
    ended = run(*verb, "--log", str(tmp_path / "nothing"))

    assert (ended.code, ended.out) == (5, "")
    assert "there is no log" in ended.err
    assert not (tmp_path / "nothing").exists()


def test_a_receipt_with_a_bit_that_turned_is_refused(run: Run, papers: dict[str, str]) -> None:
    whole = Path(papers["receipt"]).read_bytes()
    at = whole.index(b"\n\n") - 20
    Path(papers["receipt"]).write_bytes(flipped(whole, at * 8))

    ended = run("verify", papers["receipt"], "--key", VKEY)

    assert (ended.code, ended.out) == (1, "")
    assert "time.evidence" in ended.err


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        ([], 2, "under a key of its log"),
        (["--key", signer("node.th.example/log").key.text()], 1, "time.evidence_unsigned"),
        (["--key", "mine"], 5, "cannot be read"),
        (["--key", VKEY[:-1]], 5, "no key of a log"),
        (["--key", WITNESS_SIGNERS[MemberState.TH].key.text()], 2, "of a witness and of no log"),
        (["--key", VKEY, "--witness", "mine"], 2, "--state"),
        (["--key", VKEY, "--state", "SG", "--witness", "mine"], 2, "STATE=VKEY"),
        (["--key", VKEY, "--state", "SG", "--witness", f"TH={VKEY}"], 2, "of no witness"),
        (["--key", VKEY, "--state", "SG", *WITNESSES, "--quorum", "4"], 2, "quorum"),
        (["--key", VKEY, "--state", "SG", *WITNESSES, "--quorum", "3"], 1, "time.evidence_unwitnessed"),
        (["--key", VKEY, "--state", "TH", *WITNESSES, "--quorum", "2"], 1, "time.evidence_unwitnessed"),
    ],
)
def test_what_proves_nothing_is_refused_and_says_why(
    run: Run, papers: dict[str, str], options: list[str], code: int, why: str
) -> None:
    ended = run("verify", papers["receipt"], *options)

    assert (ended.code, ended.out) == (code, "")
    assert why in ended.err


@pytest.mark.parametrize("about", ["credential", "assertion"])
def test_a_receipt_about_something_else_is_refused(
    run: Run, papers: dict[str, str], tmp_path: Path, about: str
) -> None:
    (tmp_path / "other").write_bytes(b"something else")

    ended = run("verify", papers["receipt"], "--key", VKEY, f"--{about}", str(tmp_path / "other"))

    assert (ended.code, ended.out) == (1, "")
    assert "time.evidence_mismatch" in ended.err


def test_a_receipt_verifies_offline_and_says_what_is_proven_and_what_is_said(run: Run, papers: dict[str, str]) -> None:
    quorum = ["--state", "SG", *WITNESSES, "--quorum", "2"]
    about = ["--credential", papers["credential"], "--assertion", papers["assertion"]]

    told = run("verify", papers["receipt"], "--key", VKEY, *quorum, *about, "--json")
    shown = run("verify", "-", "--key", VKEY, stdin=Path(papers["receipt"]).read_bytes())

    assert told.code == 0
    assert told.json["schema"] == "idbridge-log-verify-1"
    assert told.json["summary"] == {
        "origin": ORIGIN, "index": 69, "size": 70, "about_credential": True, "witnessed_at": "2026-11-30T12:00:00Z",
    }  # fmt: skip
    assert told.json["results"][0]["type"] == "assert"
    assert f"entry 69 of 70 in {ORIGIN}" in shown.out
    assert "no witness was asked for" in shown.out
    assert opening_of().key.hex() not in shown.out


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        ([], 2, "--index"),
        (["--index=1", "--request=rep_1"], 2, "--index"),
        ([f"--index={SIZE}"], 5, "has no entry"),
        (["--request=rep_nobody"], 5, "no entry"),
        (["--request=rep_last", "--days=DAYS"], 2, "--assertion"),
        (["--index=0", "--days=DAYS"], 1, "names no day"),
        (["--request=rep_last", "--days=EMPTY", "--assertion=ASSERTION"], 1, "no key of 2026-11-30"),
    ],
)
def test_an_entry_that_cannot_be_proven_or_opened_says_why(
    run: Run, made: Node, papers: dict[str, str], tmp_path: Path, options: list[str], code: int, why: str
) -> None:
    named = {"DAYS": str(made.folder.parent / "days"), "EMPTY": str(tmp_path), "ASSERTION": papers["assertion"]}
    given = [one.partition("=")[0] + "=" + named.get(one.partition("=")[2], one.partition("=")[2]) for one in options]

    ended = run("prove", "--log", str(made.folder), *given)

    assert (ended.code, ended.out) == (code, "")
    assert why in ended.err


def test_a_receipt_made_again_verifies_and_opens_for_who_has_the_key_of_the_day(
    run: Run, made: Node, papers: dict[str, str], tmp_path: Path
) -> None:
    days = ["--days", str(made.folder.parent / "days"), "--assertion", papers["assertion"]]
    out = str(tmp_path / "again")

    plain = run("prove", "--log", str(made.folder), "--index", "7")
    opened = run("prove", "--log", str(made.folder), "--request", "rep_last", *days, "--out", out, "--json")
    vkey = str(made.folder / "log.vkey")

    assert run("verify", "-", "--key", vkey, stdin=plain.out).code == 0
    assert opened.json["summary"] == {"index": SIZE - 1, "size": SIZE, "opened": True}
    assert run("verify", out, "--key", vkey, "--credential", papers["credential"]).code == 0
    assert run("prove", "--log", str(made.folder), "--index", "7", "--out", f"{out}/not").code == 5


def test_a_log_is_examined_and_one_bit_that_turned_ends_with_one(run: Run, made: Node, folder: str) -> None:
    copy = made.copied("copy")

    assert run("fsck", "--log", folder).code == 0
    whole = run("fsck", "--log", folder, "--key", VKEY, "--json")
    path = copy.folder / "tile/0/000"
    path.write_bytes(flipped(path.read_bytes(), 77))
    damaged = run("fsck", "--log", str(copy.folder))

    assert whole.json == {
        "schema": "idbridge-log-fsck-1",
        "summary": {"entries": SIZE, "first_kept": 0, "written_ahead": 0, "findings": 0},
        "results": [],
    }
    assert damaged.code == 1
    assert "tile/0/000" in damaged.out


def test_a_log_that_is_being_written_is_examined_as_far_as_it_is_published(run: Run, made: Node) -> None:
    node = made.copied("busy")
    node.clock.at = NOON + timedelta(hours=1)
    writer = node.open()

    ended = run("fsck", "--log", str(node.folder))

    assert ended.code == 0
    assert "a node is writing" in ended.out
    writer.close()


def test_the_checkpoint_is_shown_as_others_see_it(run: Run, made: Node, folder: str) -> None:
    shown = run("checkpoint", "--log", folder)
    told = run("checkpoint", "--log", folder, "--json")

    assert shown.out.encode() == (made.folder / "checkpoint").read_bytes()
    assert (told.json["summary"]["origin"], told.json["summary"]["size"]) == (ORIGIN, SIZE)
    assert run("checkpoint", "--log", folder, "--key", signer("other.example/log").key.text()).code == 5


def test_entries_are_removed_only_when_somebody_says_so(run: Run, made: Node) -> None:
    copy = made.copied("pruned").folder
    days = copy.parent / "days-of-the-copy"
    days.mkdir()
    unnamed = ["prune", "--log", str(copy), "--before", "2026-12-31T00:00:00Z"]
    options = [*unnamed, "--days", str(days)]

    # Without the keys of days nobody knows what is held.
    assert run(*unnamed, "--yes").code == 2
    asked = run(*options)
    assert (asked.code, asked.out) == (6, "")
    assert "256 entries would be removed" in asked.err
    assert run(*options, "--dry-run", "--json").json["summary"]["entries"] == WIDTH
    assert (copy / "tile/entries/000").exists()

    (days / f"{DAY}.rep_disputed.held").touch()
    held = run(*options, "--yes")
    assert (held.code, f"warning: {DAY} is held" in held.err) == (0, True)
    assert (copy / "tile/entries/000").exists()
    (days / f"{DAY}.rep_disputed.held").unlink()

    done = run(*options, "--yes")

    assert (done.code, done.err) == (0, "")
    assert not (copy / "tile/entries/000").exists()
    assert run(*options).code == 0
    assert run("fsck", "--log", str(copy)).code == 0


def test_a_log_is_begun_once_and_with_a_key_that_signs_notes(run: Run, tmp_path: Path, key_file: str) -> None:
    log = str(tmp_path / "log")
    begin = ["init", "--log", log, "--origin", ORIGIN, "--signer", key_file]
    wrong = tmp_path / "wrong.pem"
    wrong.touch(mode=0o600)
    wrong.write_text(generate("ES256").pem())

    assert run("init", "--log", log, "--origin", ORIGIN, "--signer", str(wrong)).code == 5
    assert run("init", "--log", log, "--origin", "a name", "--signer", key_file).code == 5
    assert run(*begin, "--dry-run").code == 0
    assert not Path(log).exists()

    told = run(*begin, "--json")
    again = run(*begin)

    assert told.json["summary"]["key"] == (tmp_path / "log/log.vkey").read_text().strip()
    assert again.code == 5
    assert "not empty" in again.err


def test_a_log_of_which_an_old_copy_is_left_is_followed_by_one_of_another_origin(
    run: Run, made: Node, tmp_path: Path, key_file: str
) -> None:
    last, log = str(made.folder / "checkpoint"), str(tmp_path / "log")
    begin = ["init", "--log", log, "--signer", key_file, "--after"]

    assert "another origin" in run(*begin, last, "--origin", ORIGIN).err
    assert run(*begin, last, "--origin", "node.sg.example/log/2").code == 1
    assert run(*begin, key_file, "--origin", "node.sg.example/log/2").code == 1
    assert not Path(log).exists()

    ended = run(*begin, last, "--after-key", VKEY, "--origin", "node.sg.example/log/2")

    assert ended.code == 0
    told = run("verify", "-", "--key", f"{log}/log.vkey", "--json", stdin=run("prove", "--log", log, "--index=0").out)
    before = checkpoints.parse_unverified((made.folder / "checkpoint").read_bytes()).checkpoint
    assert (told.json["results"][0]["type"], told.json["results"][0]["size"]) == ("recover", before.size)
