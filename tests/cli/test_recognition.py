"""Looking at recognition: the command says what the pipeline would say."""

from collections.abc import Callable
from pathlib import Path

import pytest

from idbridge.model.region import MemberState
from tests.cli.ended import Ended

Run = Callable[..., Ended]


def test_missing_material_is_never_an_empty_answer(run: Run, tmp_path: Path) -> None:
    assert run("recognition", "list", "--region", str(tmp_path / "absent")).code == 5


def test_an_unknown_purpose_is_a_usage_error_that_names_the_known_ones(run: Run, region: Path) -> None:
    ended = run("recognition", "show", "--for", "TH", "--purpose", "spying", "--region", str(region))

    assert ended.code == 2
    assert "account-opening" in ended.err


def test_the_state_is_never_guessed(run: Run, region: Path) -> None:
    assert run("recognition", "show", "--region", str(region)).code == 2


@pytest.mark.parametrize(
    ("state", "why"),
    [("KH", "recognition.suspended"), ("MM", "recognition.not_yet_in_force"), ("TL", "recognition.observer_state")],
)
def test_a_state_that_is_not_recognised_says_why(run: Run, region: Path, state: str, why: str) -> None:
    ended = run("recognition", "show", "--for", "TH", "--purpose", "account-opening", "--region", str(region))

    assert [row.split()[1] for row in ended.out.splitlines() if row.startswith(state)] == [why]


def test_before_anything_was_signed_nothing_foreign_is_recognised(run: Run, region: Path) -> None:
    at = ("--at", "2020-01-01T00:00:00Z")

    ended = run("recognition", "show", "--for", "TH", *at, "--region", str(region), "--json")

    assert not any(row["recognised"] for row in ended.json["results"])


def test_the_glance_and_the_detail_agree(run: Run, region: Path) -> None:
    everything = run("recognition", "show", "--for", "TH", "--region", str(region), "--json").json["results"]
    glance = run("recognition", "show", "--for", "TH", "--region", str(region)).out.splitlines()

    states = glance[0].split()[1:]
    rows = [row.split() for row in glance[1:] if row.split()[1:2] and row.split()[1] in {"A0", "A1", "A2", "A3", "-"}]
    shown = {(row[0], state): level for row in rows for state, level in zip(states, row[1:], strict=True)}
    assert states == sorted(MemberState)
    assert shown == {(row["purpose"], row["state"]): row["level"] or "-" for row in everything}


def test_arrangements_are_listed_with_the_version_that_decides(run: Run, region: Path) -> None:
    rows = {row["id"]: row for row in run("recognition", "list", "--region", str(region), "--json").json["results"]}

    assert rows["KH-TH"]["status"] == "suspended"
    assert rows["SG-TH"]["version"] == 2
    assert rows["MM-TH"]["status"] == "enacted, not yet in force"
