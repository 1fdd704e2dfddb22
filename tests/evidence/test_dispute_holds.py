"""Keys of days that are held for a dispute: nobody destroys them until everybody who holds them has let go."""

from datetime import date
from pathlib import Path

import pytest

from idbridge.errors import ConfigurationError
from idbridge.evidence.day_keys import DayKeys
from idbridge.evidence.dispute_holds import held_days, hold_day, holders_of, release_day
from idbridge.evidence.errors import LogError
from idbridge.sandbox.seeded import SeededRandomness

DAY, TODAY = date(2026, 11, 30), date(2026, 12, 1)


@pytest.fixture
def keys(tmp_path: Path) -> DayKeys:
    made = DayKeys(tmp_path, SeededRandomness(b"days"))
    made.key(DAY)
    return made


def test_a_key_that_is_held_is_not_destroyed_and_nothing_is_recorded(keys: DayKeys, tmp_path: Path) -> None:
    hold_day(tmp_path, DAY, by="rep_1")
    recorded: list[date] = []

    with pytest.raises(LogError, match="held"):
        keys.erase(DAY, today=TODAY, record=recorded.append)

    assert recorded == []
    assert (keys.days(), keys.being_erased()) == ((DAY,), ())
    assert keys.kept(DAY) is not None


def test_a_day_without_key_cannot_be_held(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="none to hold"):
        hold_day(tmp_path, DAY, by="rep_1")

    assert (held_days(tmp_path), list(tmp_path.iterdir())) == ((), [])


def test_a_key_that_is_being_destroyed_is_held_by_nobody_who_comes_meanwhile(keys: DayKeys, tmp_path: Path) -> None:
    refused: list[str] = []

    def recorded(day: date) -> None:
        with pytest.raises(LogError, match="none to hold") as caught:
            hold_day(tmp_path, day, by="rep_1")
        refused.append(str(caught.value))

    keys.erase(DAY, today=TODAY, record=recorded)

    assert len(refused) == 1
    assert (keys.days(), held_days(tmp_path)) == ((), ())


@pytest.mark.parametrize("by", ["", "../rep", "a b", "x" * 129, "-"])
def test_who_holds_has_a_name_that_leads_nowhere(keys: DayKeys, tmp_path: Path, by: str) -> None:
    assert keys.days() == (DAY,)

    with pytest.raises(ConfigurationError):
        hold_day(tmp_path, DAY, by=by)


def test_a_folder_that_is_not_there_holds_nothing_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(LogError):
        holders_of(tmp_path / "nowhere", DAY)


def test_a_key_goes_once_the_last_dispute_about_its_day_is_over(keys: DayKeys, tmp_path: Path) -> None:
    for by in ("rep_1", "rep_2", "rep_1"):
        hold_day(tmp_path, DAY, by=by)
    assert holders_of(tmp_path, DAY) == ("rep_1", "rep_2")
    assert held_days(tmp_path) == (DAY,)
    release_day(tmp_path, DAY, by="rep_1")
    with pytest.raises(LogError, match="held"):
        keys.erase(DAY, today=TODAY, record=lambda _: None)

    release_day(tmp_path, DAY, by="rep_2")
    release_day(tmp_path, DAY, by="rep_2")
    keys.erase(DAY, today=TODAY, record=lambda _: None)

    assert keys.days() == ()
