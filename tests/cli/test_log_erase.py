"""`idbridge log erase-day`: refused for a day that is not over, held or unknown; the node does it behind its leaf."""

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from idbridge.cli.exits import Exit
from idbridge.cli.groups import RootGroup
from idbridge.clock import SystemClock
from idbridge.evidence import dispute_holds
from idbridge.evidence.day_keys import DayKeys
from idbridge.model.randomness import SystemRandomness

TODAY = SystemClock().now().date()
OVER = TODAY - timedelta(days=40)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys = DayKeys(tmp_path, SystemRandomness())
    for day in (OVER, TODAY + timedelta(days=1)):
        keys.key(day)
    return tmp_path


def erase(folder: Path, day: object = OVER, *options: str, code: Exit = Exit.DONE) -> str:
    root = RootGroup("idbridge", places={"log": "idbridge.cli.log:log"}, headings={})
    result = CliRunner().invoke(root, ("log", "erase-day", "--days", str(folder), "--day", str(day), *options))
    assert result.exit_code == code, result.output
    return str(result.output)


def test_a_day_that_is_not_over_or_has_no_key_is_not_erased(folder: Path) -> None:
    assert "is erased when it is over" in erase(folder, TODAY + timedelta(days=1), "--yes", code=Exit.LOCAL)
    assert "there is no key" in erase(folder, OVER - timedelta(days=1), "--yes", code=Exit.REFUSED)
    assert len(DayKeys(folder, SystemRandomness()).days()) == 2


def test_a_day_that_is_held_is_not_erased_and_its_key_stays_in_use(folder: Path) -> None:
    dispute_holds.hold_day(folder, OVER, by="rep_1")

    assert "held for a dispute" in erase(folder, OVER, "--yes", code=Exit.LOCAL)
    assert DayKeys(folder, SystemRandomness()).kept(OVER) is not None


def test_nothing_is_erased_unless_it_is_confirmed(folder: Path) -> None:
    assert "--yes" in erase(folder, code=Exit.UNCONFIRMED)
    assert "would go out of use" in erase(folder, OVER, "--dry-run")
    assert DayKeys(folder, SystemRandomness()).kept(OVER) is not None


@pytest.mark.parametrize("times", [1, 2])
def test_a_key_goes_out_of_use_at_once_and_is_there_until_its_leaf_is(folder: Path, times: int) -> None:
    for _ in range(times):
        assert f"the key of {OVER}" in erase(folder, OVER, "--yes")

    keys = DayKeys(folder, SystemRandomness())
    assert keys.kept(OVER) is None
    assert keys.being_erased() == (OVER,)
    assert '"done": true' in erase(folder, OVER, "--yes", "--json")
