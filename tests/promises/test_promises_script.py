"""The script that proves the promises: its commands exist, and it takes nothing for a proof that is none."""

import pytest

from scripts.promises import BESIDE, BROKEN, KEPT, PROMISES, counted, speed
from tests.source import ROOT


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, ""),
        (5, "no tests ran in 0.01s"),
        (0, "no tests ran in 0.01s"),
        (1, "1 failed, 20 passed in 3.00s"),
        (0, "19 passed, 1 skipped in 3.00s"),
        (2, "1 error in 0.50s"),
    ],
)
def test_anything_but_a_clean_pass_breaks_a_promise(code: int, text: str) -> None:
    assert counted(code, text)[0] == BROKEN


def test_a_clean_pass_keeps_it_and_is_counted() -> None:
    assert counted(0, "....\n892 passed in 18.00s\n") == (KEPT, "892 passed")


@pytest.mark.parametrize(("cost", "stands"), [("1.59", KEPT), ("1.60", KEPT), ("1.61", BESIDE)])
def test_speed_is_what_was_measured_beside_its_target(cost: str, stands: str) -> None:
    row = f" ES256 ID token                            100.0       {cost}     3.08      1.6 "

    assert speed(0, row) == (stands, f"ES256 ID token {cost} x (target 1.6)")


@pytest.mark.parametrize(("cost", "stands"), [("149.9", KEPT), ("150.1", BESIDE)])
def test_what_has_a_target_in_milliseconds_is_held_to_those(cost: str, stands: str) -> None:
    text = f" what       ms    x P-256   median ms   target ms \n first start: 11 states   {cost}   4155   185.9   150 "

    assert speed(0, text) == (stands, f"first start: 11 states {cost} ms (target 150)")


def test_a_measurement_that_failed_or_said_nothing_is_none() -> None:
    assert speed(1, "")[0] == speed(0, "nothing here")[0] == BROKEN


def test_each_of_the_five_has_one_command_whose_files_exist() -> None:
    assert [promise.name[0] for promise in PROMISES] == list("12345")
    named = [part for promise in PROMISES for part in promise.command if part.startswith("tests/")]
    assert len(named) > 10
    assert [part for part in named if not (ROOT / part).is_file()] == []
