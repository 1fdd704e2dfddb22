"""Keys of days: made once, out of use at once when they are erased, and never made again."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from idbridge.errors import EvidenceError
from idbridge.evidence import reading
from idbridge.evidence.day_keys import DayKeys
from idbridge.evidence.errors import LogError, UnrecordedError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.tlog.leaf import LeafType
from tests.evidence.kit import Node, members
from tests.tlog.kit import CREDENTIAL

DAY = date(2026, 11, 30)
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "days"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def keys(folder: Path) -> DayKeys:
    return DayKeys(folder, SystemRandomness())


class Watch:
    """A stopwatch that is moved by hand."""

    at = 0.0

    def seconds(self) -> float:
        return self.at


def nothing(_: date) -> None:
    return None


def test_a_key_is_made_once_for_a_day_and_is_the_same_for_all_workers(keys: DayKeys, folder: Path) -> None:
    assert keys.kept(DAY) is None

    made = keys.key(DAY)

    assert keys.key(DAY) == DayKeys(folder, SystemRandomness()).key(DAY) == made
    assert keys.key(NEXT) != made
    assert keys.days() == (DAY, NEXT)
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600, 0o600]


def test_a_process_that_was_killed_while_it_made_a_key_leaves_no_copy_that_an_erasure_passes_by(
    keys: DayKeys, folder: Path
) -> None:
    keys.key(DAY)
    (folder / f".{DAY}.4711").hardlink_to(folder / f"{DAY}.key")  # a kill between the two names of one file

    keys.erase(DAY, today=NEXT, record=nothing)

    assert list(folder.iterdir()) == []


def test_the_key_of_the_next_day_takes_away_what_was_left_of_the_day_before(keys: DayKeys, folder: Path) -> None:
    keys.key(DAY)
    (folder / f".{DAY}.4711").hardlink_to(folder / f"{DAY}.key")

    strange = folder / ".2026-13-01.1"
    strange.touch()

    keys.key(NEXT)

    strange.unlink()
    assert sorted(one.name for one in folder.iterdir()) == [f"{DAY}.key", f"{NEXT}.key"]


def test_a_day_that_is_not_over_is_not_erased(keys: DayKeys) -> None:
    keys.key(DAY)

    with pytest.raises(LogError, match="over") as caught:
        keys.erase(DAY, today=DAY, record=nothing)

    assert caught.value.code == "system.configuration"
    assert keys.kept(DAY) is not None


def test_a_day_without_a_key_has_nothing_to_erase(keys: DayKeys) -> None:
    with pytest.raises(LogError, match="no key"):
        keys.erase(DAY, today=NEXT, record=nothing)


def test_an_erased_day_has_no_key_any_more_and_gets_no_other(keys: DayKeys, folder: Path) -> None:
    keys.key(DAY)
    keys.key(NEXT)

    keys.erase(DAY, today=NEXT, record=nothing)

    assert keys.kept(DAY) is None
    assert keys.days() == (NEXT,)
    with pytest.raises(LogError, match="does not get another"):
        keys.key(DAY)


def test_what_failed_between_is_out_of_use_and_is_gone_on_with(keys: DayKeys) -> None:
    keys.key(DAY)
    told: list[date] = []

    def refused(_: date) -> None:
        raise UnrecordedError("the disk failed")

    with pytest.raises(UnrecordedError) as caught:
        keys.erase(DAY, today=NEXT, record=refused)

    assert caught.value.code == "system.unrecorded"
    assert keys.being_erased() == (DAY,)
    with pytest.raises(LogError, match="does not get another"):
        keys.key(DAY)
    keys.erase(DAY, today=NEXT, record=told.append)
    assert (keys.being_erased(), told) == ((), [DAY])


def test_another_worker_that_erased_a_day_is_noticed_at_once(keys: DayKeys, folder: Path) -> None:
    keys.key(DAY)
    DayKeys(folder, SystemRandomness()).erase(DAY, today=NEXT, record=nothing)

    assert keys.kept(DAY) is None


def test_a_key_in_use_that_went_away_is_noticed_within_a_moment_and_not_made_anew(folder: Path) -> None:
    watch = Watch()
    keys = DayKeys(folder, SystemRandomness(), stopwatch=watch)
    keys.key(NEXT)
    made = keys.key(NEXT)
    DayKeys(folder, SystemRandomness()).erase(NEXT, today=NEXT + timedelta(days=1), record=nothing)
    (folder / f"{NEXT}.erasing").touch()

    watch.at += LIMITS.day_key_look.total_seconds() - 0.001
    assert keys.key(NEXT) == made
    watch.at += 0.001
    with pytest.raises(LogError, match="does not get another"):
        keys.key(NEXT)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_bytes(b"short"), "cut off"),
        (lambda path: path.chmod(0o644), "cannot be used"),
    ],
)
def test_a_key_that_others_can_read_or_that_is_cut_off_is_not_used(
    keys: DayKeys, folder: Path, spoil: Callable[[Path], None], why: str
) -> None:
    keys.key(DAY)
    spoil(folder / f"{DAY}.key")

    with pytest.raises(LogError, match=why):
        keys.kept(DAY)


def test_a_folder_that_is_not_there_or_holds_another_name_is_refused(keys: DayKeys, folder: Path) -> None:
    (folder / "mine.key").touch()

    with pytest.raises(LogError, match="another name"):
        keys.days()
    with pytest.raises(LogError, match="not there"):
        DayKeys(folder / "nowhere", SystemRandomness()).key(DAY)


def test_after_an_erasure_the_log_says_so_and_only_who_holds_an_opening_can_open(keys: DayKeys, tmp_path: Path) -> None:
    node = Node(tmp_path / "log").begin()
    writer = node.open()
    request = "rep_1"
    opening = keys.key(DAY).opening(request)
    told = {**members(0), "req": request, "com": opening.commitment(CREDENTIAL), "day": str(DAY)}
    recorded = writer.append_blocking(LeafType.VERIFY, told, opening=opening)

    keys.erase(DAY, today=NEXT, record=lambda day: _ignore(writer.append_blocking(LeafType.ERASE, {"day": str(day)})))
    writer.close()

    assert reading.entry(node.folder, 1, size=2).leaf.members == {"day": str(DAY)}
    opening.require_opens(recorded.leaf.commitment, credential=CREDENTIAL)
    with pytest.raises(EvidenceError):
        DayKeys(tmp_path / "days", SystemRandomness()).key(NEXT).opening(request).require_opens(
            recorded.leaf.commitment, credential=CREDENTIAL
        )


def _ignore(_: object) -> None:
    return None
