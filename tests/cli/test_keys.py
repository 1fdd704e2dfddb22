"""``idbridge keys``: what is refused says why, what is done is recorded, and no private part is ever printed."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from idbridge.cli.groups import RootGroup
from idbridge.clock import SystemClock
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.model.time import instant_text
from idbridge.trust import key_folder, records
from idbridge.trust.node_keys import KeyPurpose, NodeKey
from tests.cli.ended import Ended
from tests.crypto.tokens import PIN, reference, tokens

Run = Callable[..., Ended]
PASSPHRASE = "twelve words for a node"
DAY = timedelta(days=1)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `idbridge keys` alone."""
    monkeypatch.delenv("IDBRIDGE_KEYS", raising=False)
    monkeypatch.setenv("COLUMNS", "250")
    root = RootGroup("idbridge", places={"keys": "idbridge.cli.keys:keys"}, headings={})

    def run_command(*arguments: str) -> Ended:
        result = CliRunner().invoke(root, ("keys", *arguments))
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run_command


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """A file with a passphrase."""
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE)
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "keys")


def published(folder: str, *, ago: timedelta, purpose: KeyPurpose = KeyPurpose.ASSERTION) -> NodeKey:
    """A sandbox key that was published some time ago, in the open."""
    Path(folder).mkdir(exist_ok=True)
    at = SystemClock().now() - ago
    return key_folder.publish(Path(folder), generate("ES256"), purpose=purpose, environment=Environment.SANDBOX, at=at)


def contents(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@pytest.mark.parametrize("verb", ["list", "rotate", "needs-rotation"])
def test_a_folder_that_is_not_there_is_an_error(run: Run, folder: str, verb: str) -> None:
    ended = run(verb, "--keys", folder)

    assert (ended.code, ended.out) == (5, "")
    assert "there are no keys" in ended.err
    assert "idbridge keys generate" in ended.err


def test_the_first_key_says_what_it_is_for(run: Run, folder: str, secret: str) -> None:
    ended = run("generate", "--keys", folder, "--passphrase-file", secret)

    assert ended.code == 2
    assert "--environment" in ended.err
    assert not Path(folder).exists()


def test_a_live_key_without_a_passphrase_is_refused(run: Run, folder: str) -> None:
    ended = run("generate", "--keys", folder, "--environment", "live", "--no-passphrase")

    assert ended.code == 1
    assert "passphrase or is in a token" in ended.err
    assert not Path(folder).exists()


def test_a_passphrase_is_not_asked_for_where_nobody_sits(run: Run, folder: str) -> None:
    ended = run("generate", "--keys", folder, "--environment", "live")

    assert ended.code == 5
    assert "--passphrase-file" in ended.err
    assert not Path(folder).exists()


def test_a_short_passphrase_makes_no_key(run: Run, folder: str, tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("x" * (LIMITS.passphrase_characters - 1))
    short.chmod(0o600)

    ended = run("generate", "--keys", folder, "--environment", "live", "--passphrase-file", str(short))

    assert ended.code == 5
    assert "at least" in ended.err
    assert not Path(folder).exists()


def test_a_key_of_the_other_environment_or_in_no_token_is_refused(run: Run, folder: str) -> None:
    published(folder, ago=DAY)

    other = run("generate", "--keys", folder, "--purpose", "client", "--environment", "live")
    file = run("generate", "--keys", folder, "--purpose", "client", "--key", "/tmp/key.pem")  # noqa: S108

    assert (other.code, file.code) == (1, 2)
    assert "sandbox environment" in other.err
    assert "pkcs11:" in file.err


def test_a_second_key_does_not_wait_beside_the_first(run: Run, folder: str) -> None:
    published(folder, ago=timedelta(hours=1))
    before = contents(folder)

    ended = run("generate", "--keys", folder, "--no-passphrase")

    assert ended.code == 1
    assert "rotate first" in ended.err
    assert contents(folder) == before


def test_a_key_is_not_used_too_early_unless_there_is_need(run: Run, folder: str) -> None:
    key = published(folder, ago=LIMITS.key_publication_lead - timedelta(minutes=1))
    before = contents(folder)

    early = run("rotate", "--keys", folder)
    rehearsed = run("rotate", "--keys", folder, "--emergency", "--dry-run")
    assert early.code == 1
    assert f"before {instant_text(key.usable_from)}" in early.err
    assert rehearsed.code == 0
    assert "active" in rehearsed.out
    assert contents(folder) == before

    assert run("rotate", "--keys", folder, "--emergency", "--yes").code == 0
    assert run("list", "--keys", folder, "--json").json["results"][0]["state"] == "active"


def test_an_emergency_is_confirmed(run: Run, folder: str) -> None:
    published(folder, ago=timedelta(0))
    before = contents(folder)

    ended = run("rotate", "--keys", folder, "--emergency")

    assert (ended.code, ended.out) == (6, "")
    assert "hint: or confirm with `--yes`" in ended.err
    assert contents(folder) == before


def test_a_rehearsal_answers_in_json_too(run: Run, folder: str) -> None:
    begun = run("generate", "--keys", folder, "--environment", "sandbox", "--dry-run", "--json")
    assert not Path(folder).exists()
    published(folder, ago=3 * DAY)
    before = contents(folder)
    rotated = run("rotate", "--keys", folder, "--dry-run", "--json")

    assert (begun.code, rotated.code) == (0, 0)
    assert begun.json["summary"] == {"done": False, "folder": folder, "environment": "sandbox"}
    assert [row["state"] for row in begun.json["results"]] == ["published"]
    assert [row["state"] for row in rotated.json["results"]] == ["active"]
    assert contents(folder) == before


def test_a_folder_that_others_may_write_to_is_not_used(run: Run, folder: str) -> None:
    published(folder, ago=DAY)
    for place in (Path(folder), Path(folder) / records.FILE):
        mode = place.stat().st_mode
        place.chmod(mode | 0o020)
        ended = run("list", "--keys", folder)
        place.chmod(mode)

        assert (ended.code, ended.out) == (5, "")
        assert "writable by its owner only" in ended.err


def test_a_folder_of_somebody_else_is_not_used(run: Run, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    published(folder, ago=DAY)
    if os.geteuid() == 0:
        os.chown(folder, 65_534, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 65_533)

    ended = run("list", "--keys", folder)

    assert (ended.code, ended.out) == (5, "")
    assert "belongs to somebody else" in ended.err


def test_a_wrong_passphrase_changes_nothing(run: Run, folder: str, secret: str, tmp_path: Path) -> None:
    assert run("generate", "--keys", folder, "--environment", "live", "--passphrase-file", secret).code == 0
    before = contents(folder)
    wrong = tmp_path / "wrong"
    wrong.write_text("other words than these")
    wrong.chmod(0o600)

    ended = run("rotate", "--keys", folder, "--emergency", "--yes", "--passphrase-file", str(wrong))

    assert ended.code == 5
    assert "passphrase is wrong" in ended.err
    assert "other words" not in ended.err
    assert contents(folder) == before


def test_a_tampered_folder_is_not_listed(run: Run, folder: str) -> None:
    published(folder, ago=DAY)
    file = Path(folder) / records.FILE
    file.write_bytes(file.read_bytes().replace(b'"published"', b'"active"', 1))

    ended = run("list", "--keys", folder)

    assert (ended.code, ended.out) == (4, "")


def test_an_index_behind_its_records_is_told(run: Run, folder: str) -> None:
    published(folder, ago=DAY)
    (Path(folder) / key_folder.FILE).unlink()

    ended = run("list", "--keys", folder)

    assert ended.code == 0
    assert "behind its records" in ended.err


def test_what_is_due_ends_with_one(run: Run, folder: str) -> None:
    published(folder, ago=3 * DAY)
    due = run("needs-rotation", "--keys", folder, "--json")
    assert (due.code, due.json["summary"]) == (1, {"due": 1})
    assert due.json["results"][0]["act"] == "rotate"
    assert "one waits" in run("needs-rotation", "--keys", folder).out

    assert run("rotate", "--keys", folder).code == 0
    fine = run("needs-rotation", "--keys", folder)
    assert (fine.code, fine.out) == (0, "nothing is due\n")
    later = instant_text((SystemClock().now() + LIMITS.node_key_age).replace(microsecond=0))
    assert run("needs-rotation", "--keys", folder, "--at", later).code == 1


def test_a_rehearsal_of_the_first_key_leaves_nothing(run: Run, folder: str) -> None:
    ended = run("generate", "--keys", folder, "--environment", "live", "--dry-run")

    assert ended.code == 0
    assert "a new file" in ended.out
    assert not Path(folder).exists()


def test_a_key_lives_from_one_command_to_the_next(run: Run, folder: str, secret: str) -> None:
    made = run("generate", "--keys", folder, "--environment", "live", "--passphrase-file", secret, "--json")
    active = run("rotate", "--keys", folder, "--emergency", "--yes", "--passphrase-file", secret, "--json")
    following = run("generate", "--keys", folder, "--algorithm", "Ed25519", "--passphrase-file", secret)
    changed = run("rotate", "--keys", folder, "--emergency", "--yes", "--passphrase-file", secret)
    listed = run("list", "--keys", folder, "--json")
    shown = run("list", "--keys", folder)

    assert [ended.code for ended in (made, active, following, changed, listed, shown)] == [0] * 6
    assert active.json["results"][0]["kid"] == made.json["results"][0]["kid"]
    rows = {row["kid"]: row for row in listed.json["results"]}
    assert [row["state"] for row in rows.values()] == ["retired", "active"]
    assert [row["algorithm"] for row in rows.values()] == ["ES256", "Ed25519"]
    assert listed.json["summary"]["acts"] == 4
    assert listed.json["summary"]["index_current"]
    assert all(kid in shown.out for kid in rows)
    assert_nothing_private(folder, made, active, following, changed, listed, shown)


def test_a_key_in_a_token_is_taken_up_and_signs_the_records(run: Run, folder: str, tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.write_text(PIN)
    pin.chmod(0o600)
    (tmp_path / "softhsm").mkdir()
    with tokens(tmp_path / "softhsm") as module:
        taken = run(
            "generate", "--keys", folder, "--environment", "live", "--key", reference(module, "object=list-p384"),
            "--passphrase-file", str(pin), "--json",
        )  # fmt: skip
        rotated = run("rotate", "--keys", folder, "--emergency", "--yes", "--passphrase-file", str(pin))
        wrong = run(
            "generate", "--keys", folder, "--key", reference(module, "object=none"), "--passphrase-file", str(pin)
        )

    assert (taken.code, rotated.code, wrong.code) == (0, 0, 5)
    assert taken.json["results"][0]["algorithm"] == "ES384"
    assert "no private key of that name" in wrong.err
    assert sorted(contents(folder)) == [key_folder.FILE, records.FILE]
    assert PIN not in taken.out + rotated.out + str(contents(folder))


def assert_nothing_private(folder: str, *ended: Ended) -> None:
    """No output holds the passphrase or any line of a private part, and no private part is open to others."""
    said = "".join(one.out + one.err for one in ended)
    parts = [path for path in Path(folder).iterdir() if path.suffix == ".pem"]

    assert parts
    assert PASSPHRASE not in said
    for path in parts:
        assert path.stat().st_mode & 0o777 == 0o600
        assert "ENCRYPTED" in path.read_text()
        assert not any(row in said for row in path.read_text().splitlines()[1:-1])


def test_help_says_that_nothing_private_is_shown(run: Run) -> None:
    ended = run("--help")

    assert "No private part is ever shown" in ended.out
    assert all(verb in ended.out for verb in ("generate", "list", "rotate", "needs-rotation"))
