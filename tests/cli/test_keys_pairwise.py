"""``idbridge keys rotate-pairwise``: what is refused changes nothing, and of no key anything is ever printed."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from idbridge.assertion.pairwise_file import (
    StillToldError,
    exchange,
    pairwise_key_text,
    read_pairwise_file,
    read_pairwise_key,
)
from idbridge.assertion.pseudonym import PairwiseKey, former_pairwise, pairwise
from idbridge.cli.groups import RootGroup
from idbridge.clock import SystemClock
from idbridge.codec import base64url
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
from tests.assertion.test_rotation import whose
from tests.cli.ended import Ended

Run = Callable[..., Ended]
OLD = PairwiseKey(bytes(range(32)))
DAY = timedelta(days=1)
MOST = LIMITS.subject_overlap.days


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The pairwise key of a live node."""
    return laid(tmp_path / "pairwise.json", OLD)


@pytest.fixture
def run(file: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the verb for that file; whatever comes of it, nothing of a key is printed."""
    monkeypatch.setenv("IDBRIDGE_PAIRWISE_KEY_FILE", str(file))
    monkeypatch.setenv("COLUMNS", "250")
    root = RootGroup("idbridge", places={"keys": "idbridge.cli.keys:keys"}, headings={})

    def run_command(*arguments: str) -> Ended:
        before = secrets_of(file)
        result = CliRunner().invoke(root, ("keys", "rotate-pairwise", *arguments))
        for secret in before | secrets_of(file):
            assert secret not in result.stdout + result.stderr
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run_command


def laid(path: Path, key: PairwiseKey, *, mode: int = 0o600) -> Path:
    path.write_text(pairwise_key_text(key, environment=Environment.LIVE), encoding="ascii")
    path.chmod(mode)
    return path


def secrets_of(file: Path) -> set[str]:
    """The keys in the file, as it spells them and in digits."""
    try:
        held = read_pairwise_file(file).key
    except ConfigurationError:
        return set()
    octets = [held.octets, *([held.former.octets] if held.former is not None else [])]
    return {text for one in octets for text in (base64url.encode(one), one.hex())}


def exchanged(*, ago: timedelta, overlap: timedelta) -> PairwiseKey:
    """A key that was exchanged some time ago."""
    at = SystemClock().now().replace(microsecond=0) - ago
    return OLD.rotated(bytes(range(32, 64)), at=at, overlap=overlap)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--leaked", "--former-for", "30"),
        ("--former-for", "0"),
        ("--former-for", "-1"),
        ("--former-for", str(LIMITS.subject_overlap.days + 1)),
        ("--former-for", "thirty"),
    ],
)
def test_who_does_not_say_for_how_long_former_names_are_told_exchanges_nothing(
    run: Run, file: Path, arguments: tuple[str, ...]
) -> None:
    before = file.read_bytes()

    ended = run(*arguments)

    assert (ended.code, ended.out) == (2, "")
    assert file.read_bytes() == before


def test_a_second_exchange_is_refused_while_the_names_of_the_first_are_told(run: Run, file: Path) -> None:
    before = laid(file, exchanged(ago=29 * DAY, overlap=30 * DAY)).read_bytes()

    real, rehearsed = run("--former-for", "30"), run("--former-for", "30", "--dry-run")

    assert (real.code, real.out) == (rehearsed.code, rehearsed.out) == (1, "")
    assert "names of the former key are told until" in real.err
    assert "--leaked" in real.err
    assert file.read_bytes() == before


def test_a_key_that_leaked_is_confirmed(run: Run, file: Path) -> None:
    before = file.read_bytes()

    ended = run("--leaked")

    assert (ended.code, ended.out) == (6, "")
    assert "hint: or confirm with `--yes`" in ended.err
    assert file.read_bytes() == before


@pytest.mark.parametrize("fault", ["absent", "open", "form", "directory", "owner"])
def test_a_file_that_cannot_be_used_stays_as_it_is(
    run: Run, file: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault == "absent":
        file.unlink()
    elif fault == "open":
        file.chmod(0o640)
    elif fault == "form":
        file.write_text('{"schema":"idbridge-pairwise-key-1","environment":"live"}', encoding="ascii")
    elif fault == "directory":
        (file.parent / f".{file.name}.{os.getpid()}").mkdir()  # where the new file would be written first
    else:
        monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    before = file.read_bytes() if file.exists() else None

    ended = run("--former-for", "30")

    assert (ended.code, ended.out) == (5, "")
    assert file.name in ended.err
    assert (file.read_bytes() if file.exists() else None) == before


def test_of_several_at_once_one_exchanges_the_key(file: Path) -> None:
    at = SystemClock().now().replace(microsecond=0)

    def once(_: int) -> bool:
        try:
            exchange(file, at=at, overlap=30 * DAY, randomness=SystemRandomness())
        except StillToldError:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(once, range(4)))

    assert sorted(done) == [False, False, False, True]
    former = read_pairwise_file(file).key.former
    assert former is not None
    assert former.octets == OLD.octets


@pytest.mark.parametrize("arguments", [("--former-for", "30"), ("--leaked",)])
def test_a_rehearsal_changes_nothing(run: Run, file: Path, arguments: tuple[str, ...]) -> None:
    before = file.read_bytes()

    shown, ended = run(*arguments, "--dry-run"), run(*arguments, "--dry-run", "--json")

    assert (shown.code, ended.code) == (0, 0)
    assert ended.json["summary"] == {"done": False, "file": str(file), "environment": "live"}
    assert ended.json["results"][0]["told"] is ("--leaked" not in arguments)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_after_an_exchange_a_relying_party_is_told_the_name_that_it_knew_for_so_long(run: Run, file: Path) -> None:
    mask = os.umask(0)
    ended = run("--former-for", str(MOST), "--json")
    os.umask(mask)

    assert ended.code == 0, ended.err
    assert "begin all workers" in ended.err
    key, said = read_pairwise_key(file, environment=Environment.LIVE), ended.json["results"][0]
    assert key.former is not None
    assert key.octets != OLD.octets
    assert key.former.until - key.former.since == LIMITS.subject_overlap
    assert json.loads(file.read_text(encoding="ascii"))["former"] | {"key": ""} == {
        "key": "", "since": said["since"], "until": said["until"],
    }  # fmt: skip
    assert former_pairwise(key, whose(), at=key.former.since) == pairwise(OLD, whose())
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("before", ["once", "exchanged"])
def test_of_a_key_that_leaked_nothing_stays_and_no_name_is_told(run: Run, file: Path, before: str) -> None:
    held = OLD if before == "once" else exchanged(ago=DAY, overlap=30 * DAY)
    laid(file, held)
    left = laid(file.parent / f".{file.name}.4711", held)  # of a process that was killed
    other = laid(file.parent / f".{file.name}.old", held)  # no file of ours

    ended = run("--leaked", "--yes")

    assert ended.code == 0, ended.err
    assert "not told" in ended.out
    key = read_pairwise_key(file, environment=Environment.LIVE)
    assert key.former is None
    assert key.octets not in {OLD.octets, held.octets}
    assert not left.exists()
    assert other.exists()


def test_a_key_whose_former_names_are_over_is_exchanged_and_a_link_stays_one(run: Run, file: Path) -> None:
    real = laid(file.parent / "real.json", exchanged(ago=31 * DAY, overlap=30 * DAY))
    held = read_pairwise_file(real).key
    file.unlink()
    file.symlink_to(real)

    ended = run("--former-for", "1")

    assert ended.code == 0, ended.err
    former = read_pairwise_file(real).key.former
    assert former is not None
    assert former.octets == held.octets
    assert file.is_symlink()
