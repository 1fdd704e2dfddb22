"""A dispute on the command line: exported, replayed, shown and recalled; the exit code says what came of it."""

import json
import stat
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.clock import SystemClock
from idbridge.codec import base64url
from idbridge.crypto.signer import derived_signer
from idbridge.evidence.day_keys import DayKeys
from idbridge.evidence.dispute_holds import held_days, holders_of
from idbridge.evidence.prune import Prunable, prune
from idbridge.evidence.writer import LogWriter, create_log
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.time import instant_text
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.tlog import note
from idbridge.tlog.leaf import LeafType
from idbridge.tlog.tile import WIDTH
from idbridge.trust.store import SnapshotStore
from idbridge.trust.tuf.repository import STORE
from tests.cli.ended import Ended
from tests.evidence.kit import Node
from tests.tlog.kit import NOON

Run = Callable[..., Ended]
CASE = "sg-pid-opens-account"
AS = ("--for", "TH", "--as", "th-bank")
SINCE = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dispute")


@pytest.fixture
def files(_made: Path, run: Run, region: Path) -> Path:
    """A folder with a request, its report and the bundle of both, made once."""
    if not (_made / "bundle.json").exists():
        (_made / "request.json").write_text(run("sandbox", "mint", CASE, "--region", str(region)).out)
        asked = (str(_made / "request.json"), *AS, "--purpose", "account-opening", "--region", str(region))
        report = run("verify", *asked, "--detail", "evidence", "--json")
        (_made / "report.json").write_text(report.out)
        (_made / "credential.txt").write_text(json.loads((_made / "request.json").read_text())["credential"])
        ended = export(run, _made, region, "request.json", "bundle.json")
        assert ended.code == 0, ended.err
    return _made


def export(
    run: Run, files: Path, region: Path, credential: str, out: str, *more: str, report: str = "report.json"
) -> Ended:
    """Export the dispute in ``files``."""
    named = ("--report", str(files / report), "--credential", str(files / credential))
    return run("dispute", "export", *named, *AS, *more, "--out", str(files / out), "--region", str(region))


def spoilt(files: Path, tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> str:
    """The path of a bundle that was changed."""
    document = json.loads((files / "bundle.json").read_text())
    change(document)
    (tmp_path / "spoilt.json").write_text(json.dumps(document))
    return str(tmp_path / "spoilt.json")


def test_a_report_of_another_decision_is_not_exported(files: Path, run: Run, region: Path, tmp_path: Path) -> None:
    told = json.loads((files / "report.json").read_text())
    (files / "other.json").write_text(json.dumps({**told, "indication": "FAILED"}))

    ended = export(run, files, region, "request.json", "never.json", report="other.json")

    assert ended.code == 3
    assert "another decision" in ended.err
    assert not (files / "never.json").exists()


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"trust_snapshot": "0" * 64}, 5, "is not kept"),
        ({"status_snapshot": "0" * 64}, 5, "is not kept"),
    ],
)
def test_a_report_whose_snapshot_is_not_kept_is_not_exported(
    files: Path, run: Run, region: Path, change: dict[str, str], code: int, words: str
) -> None:
    told = json.loads((files / "report.json").read_text())
    (files / "other.json").write_text(json.dumps({**told, **change}))

    ended = export(run, files, region, "request.json", "never.json", report="other.json")

    assert (ended.code, words in ended.err) == (code, True)


def test_a_credential_alone_needs_the_request_as_it_was_sent(files: Path, run: Run, region: Path) -> None:
    alone = export(run, files, region, "credential.txt", "alone.json")
    both = export(run, files, region, "credential.txt", "both.json", "--request", str(files / "request.json"))

    assert alone.code == 2
    assert "`--request`" in alone.err
    assert both.code == 0


def test_who_asked_has_to_be_named_and_no_file_is_written_over(files: Path, run: Run, region: Path) -> None:
    named = ("--report", str(files / "report.json"), "--credential", str(files / "request.json"))
    unknown = run("dispute", "export", *named, "--out", str(files / "x.json"), "--region", str(region))
    again = export(run, files, region, "request.json", "bundle.json")

    assert unknown.code == 2
    assert (again.code, "is there already" in again.err) == (5, True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda one: one.update(schema="x"), 3),
        (lambda one: one["trust"]["files"].pop("lists/SG.jws"), 3),
        (lambda one: one.update(credential=None), 3),
        (lambda one: one.update(one_time="spent"), 1),
    ],
)
def test_a_bundle_that_cannot_be_replayed_ends_with_three_and_one_that_differs_with_one(
    files: Path, run: Run, tmp_path: Path, change: Callable[[dict[str, Any]], Any], code: int
) -> None:
    source = spoilt(files, tmp_path, change)

    assert run("dispute", "replay", source).code == code
    assert run("dispute", "show", source).code == code


def test_a_bundle_of_another_version_shows_what_differs_in_meaning(files: Path, run: Run, tmp_path: Path) -> None:
    def older(one: dict[str, Any], **members: Any) -> None:
        decided = {**json.loads(one["decision"]), "verifier_version": "0.0.9", **members}
        one.update(
            verifier_version="0.0.9",
            decision=json.dumps(decided, ensure_ascii=False, separators=(",", ":"), sort_keys=True),
        )

    same = run("dispute", "replay", spoilt(files, tmp_path, older))
    other = run("dispute", "replay", spoilt(files, tmp_path, lambda one: older(one, indication="FAILED")), "--json")

    assert (same.code, "0.0.9" in same.out) == (0, True)
    assert other.code == 1
    assert other.json["results"] == [{"place": "$.indication", "was": '"FAILED"', "now": '"PASSED"'}]


def test_a_bundle_is_for_its_owner_alone_and_replays_the_same(files: Path, run: Run) -> None:
    ended = run("dispute", "replay", str(files / "bundle.json"))

    assert stat.S_IMODE((files / "bundle.json").stat().st_mode) == 0o600
    assert ended.code == 0
    assert "the same" in ended.out


def test_a_bundle_without_the_credential_replays_with_the_one_that_is_brought(
    files: Path, run: Run, region: Path
) -> None:
    made = export(run, files, region, "request.json", "apart.json", "--without-credential", "--json")
    credential = (files / "credential.txt").read_text()

    assert made.json["summary"]["credential"] is False
    assert credential not in (files / "apart.json").read_text()
    assert run("dispute", "replay", str(files / "apart.json")).code == 3
    for name in ("credential.txt", "request.json"):
        brought = run("dispute", "replay", str(files / "apart.json"), "--credential", str(files / name))
        assert brought.code == 0


def test_what_is_shown_tells_proven_from_not_proven(files: Path, run: Run) -> None:
    told = run("dispute", "show", str(files / "bundle.json"))
    as_json = run("dispute", "show", str(files / "bundle.json"), "--json").json

    assert told.code == 0
    assert told.out.index("proven") < told.out.index("not proven")
    assert {one["about"]: one["proven"] for one in as_json["results"]} == {
        "decision": True, "material": True, "record": False, "time": False, "credential": False,
        "truth": False, "person": False, "roots": False, "later": False,
    }  # fmt: skip


def test_the_page_is_written_once_or_printed(files: Path, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    first = run("dispute", "show", str(files / "bundle.json"), "--html", str(target))
    again = run("dispute", "show", str(files / "bundle.json"), "--html", str(target))
    printed = run("dispute", "show", str(files / "bundle.json"), "--html", "-")

    assert (first.code, again.code, printed.code) == (0, 5, 0)
    assert target.read_text().startswith("<!doctype html>")
    assert printed.out.startswith("<!doctype html>")


def test_a_file_that_is_not_there_or_no_text_is_told(files: Path, run: Run, region: Path, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "long").write_bytes(b" " * (LIMITS.dispute_decision_bytes + 1))
    receipt = export(run, files, region, "request.json", "x.json", "--receipt", str(tmp_path / "binary"))

    assert run("dispute", "replay", str(tmp_path / "nowhere")).code == 5
    assert receipt.code == 1
    assert run("dispute", "hold", "--report", str(tmp_path / "long"), "--region", str(region)).code == 1


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of three answers, of which two relied on one key."""
    folder = tmp_path_factory.mktemp("logs") / "log"
    signer = note.note_signer("node.sg.example/log", derived_signer(b"l" * 32))
    create_log(folder, signer=signer)
    writer = LogWriter.open(folder, signer=signer, clock=SystemClock(), publish_every=None)
    for number, key in enumerate((b"k" * 32, b"o" * 32, b"k" * 32)):
        members = {"req": f"rep_{number}", "rp": f"rp-{number}", "res": "PASSED", "pol": "1"}
        digest = base64url.encode(bytes(32))
        writer.append_blocking(LeafType.VERIFY, {**members, "com": digest, "kt": base64url.encode(key)})
    writer.close()
    return folder


def test_whom_a_key_concerns_is_told_by_relying_party(log: Path, run: Run) -> None:
    key = ("--key", base64url.encode(b"k" * 32))
    asked = ("dispute", "affected", "--log", str(log), "--since", SINCE)
    everybody, one = run(*asked, *key, "--json"), run(*asked, *key, "--rp", "rp-2", "--json")

    assert everybody.code == 1
    assert everybody.json["results"] == [{"rp": "rp-0", "reports": ["rep_0"]}, {"rp": "rp-2", "reports": ["rep_2"]}]
    assert one.json["results"] == [{"rp": "rp-2", "reports": ["rep_2"]}]
    assert "rep_0" in run(*asked, *key).out


def test_where_nobody_is_concerned_or_nothing_is_named_the_exit_code_says_so(log: Path, run: Run) -> None:
    asked = ("dispute", "affected", "--log", str(log), "--since", SINCE)

    assert run(*asked, "--key", base64url.encode(b"a" * 32)).code == 0
    assert run(*asked, "--policy", "rp-0@1").code == 1
    assert run(*asked, "--list", "00" * 32).code == 0
    assert run(*asked, "--status", "00" * 32).code == 0
    # What is no thumbprint concerns nobody, and must not be taken for good news.
    for named in (
        (),
        ("--key", "another"),
        ("--key", "00" * 32),
        ("--policy", "rp-0"),
        ("--list", "xy"),
        ("--key", "a", "--policy", "b@1"),
    ):
        assert run(*asked, *named).code == 2


@pytest.fixture
def held(tmp_path: Path) -> tuple[Path, SnapshotStore]:
    """A node's folder with a report, keys of days, and a store that keeps the snapshot of the report."""
    at = SystemClock().now() - timedelta(days=1)
    told = {"report_id": "rep_1", "evaluated_at": f"{at.date().isoformat()}T12:00:00Z"}
    named = {"trust_snapshot": "a" * 64, "status_snapshot": EMPTY_STATUS.id}
    (tmp_path / "report.json").write_text(json.dumps({**told, **named}))
    (tmp_path / "days").mkdir()
    DayKeys(tmp_path / "days", SystemRandomness()).key(at.date())
    (tmp_path / "state" / STORE).mkdir(parents=True)
    store = SnapshotStore(tmp_path / "state" / STORE)
    store.keep({"a": b"b"}, {"environment": "sandbox", "trust_snapshot": "a" * 64}, at=at)
    return tmp_path, store


def test_a_report_of_which_nothing_is_kept_has_nothing_to_hold(files: Path, run: Run, region: Path) -> None:
    ended = run("dispute", "hold", "--report", str(files / "report.json"), "--region", str(region))

    assert ended.code == 1
    assert "none of the snapshots" in ended.err


def test_what_is_held_stays_until_it_is_released(held: tuple[Path, SnapshotStore], run: Run) -> None:
    folder, store = held
    days = folder / "days"
    named = ("dispute", "hold", "--report", str(folder / "report.json"), "--days", str(days), "--region", str(folder))
    day = date.fromisoformat(json.loads((folder / "report.json").read_text())["evaluated_at"][:10])

    assert run(*named, "--dry-run").code == 0
    assert (store.held(), holders_of(days, day)) == (frozenset(), ())
    assert run(*named, "--json").json["summary"] == {"report_id": "rep_1", "held": True, "done": True}
    assert (store.held(), holders_of(days, day)) == (frozenset(store.ids()), ("rep_1",))
    assert run(*named, "--release").code == 0
    assert (store.held(), holders_of(days, day)) == (frozenset(), ())


def test_an_answer_just_before_midnight_may_be_recorded_under_the_key_of_the_next_day(
    held: tuple[Path, SnapshotStore], run: Run
) -> None:
    folder, _ = held
    told, days = json.loads((folder / "report.json").read_text()), folder / "days"
    day = date.fromisoformat(told["evaluated_at"][:10])
    (folder / "late.json").write_text(json.dumps({**told, "evaluated_at": f"{day}T23:59:59Z"}))
    named = ("dispute", "hold", "--report", str(folder / "late.json"), "--days", str(days), "--region", str(folder))

    assert run(*named).code == 0
    assert held_days(days) == (day,)
    DayKeys(days, SystemRandomness()).key(day + timedelta(days=1))
    assert run(*named).code == 0
    assert held_days(days) == (day, day + timedelta(days=1))
    assert run(*named, "--release").code == 0
    assert held_days(days) == ()


def test_that_leaves_were_let_go_is_said_where_answers_may_be_missing(tmp_path: Path, run: Run) -> None:
    node = Node(tmp_path / "log").begin()
    node.filled(2 * WIDTH)
    asked = ("dispute", "affected", "--log", str(node.folder), "--key", base64url.encode(bytes(32)))
    ever, never = (("--since", instant_text(NOON + timedelta(days=days))) for days in (-1, 1))
    before = run(*asked, *ever)
    prune(node.folder, Prunable(0, WIDTH))

    after, later = run(*asked, *ever), run(*asked, *never)

    assert (before.code, before.err) == (0, "")
    assert (after.code, "warning: 256 entries before" in after.err) == (0, True)
    assert (later.code, later.err) == (0, "")
