"""The calendar: a timer that runs it learns by the exit code that somebody has to do something."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.clock import SystemClock
from idbridge.model.time import instant_text
from tests.cli.ended import Ended
from tests.trust.distribution.places import begin

Run = Callable[..., Ended]


def later(days: float) -> str:
    return instant_text((SystemClock().now() + timedelta(days=days)).replace(microsecond=0))


def test_without_trust_material_there_is_no_calendar(run: Run, tmp_path: Path) -> None:
    assert run("trust", "calendar", "--region", str(tmp_path / "absent")).code == 5
    assert run("trust", "calendar", "--within", "0").code == 2


@pytest.mark.parametrize(("days", "code"), [(0, 0), (59, 0), (61, 1), (91, 1)])
def test_it_ends_with_one_as_soon_as_something_is_due(run: Run, region: Path, days: int, code: int) -> None:
    assert run("trust", "calendar", "--at", later(days), "--region", str(region)).code == code


@pytest.mark.parametrize(
    ("days", "word", "left"),
    [(70.1, "within 30 days", "19 d ! SG"), (89.52, "within 7 days", "11 h ! SG"), (95, "over", "over ! SG")],
)
def test_what_is_due_is_marked_and_says_what_is_left(run: Run, region: Path, days: float, word: str, left: str) -> None:
    rows = [
        " ".join(row.split())
        for row in run("trust", "calendar", "--at", later(days), "--region", str(region)).out.splitlines()
    ]

    assert rows[1].startswith(word)
    assert any(f"{left} list edition 1" in row for row in rows)


def test_only_what_is_asked_for_is_shown(run: Run, region: Path) -> None:
    everything = run("trust", "calendar", "--region", str(region), "--json").json
    soon = run("trust", "calendar", "--within", "100", "--region", str(region), "--json").json

    assert {row["kind"] for row in everything["results"]} == {"list", "certificate"}
    assert {row["kind"] for row in soon["results"]} == {"list"}
    assert soon["summary"]["due"] == 0
    assert soon["summary"]["entries"] == len(soon["results"]) == 11
    assert [row["expires"] for row in everything["results"]] == sorted(row["expires"] for row in everything["results"])


def test_nothing_at_all_is_said_without_a_table(run: Run, region: Path) -> None:
    ended = run("trust", "calendar", "--within", "1", "--region", str(region))

    assert ended.code == 0
    assert ended.out.splitlines()[-1].startswith("0 of 0 due at ")


def test_a_folder_in_which_nothing_was_published_is_no_tree(run: Run, region: Path, tmp_path: Path) -> None:
    ended = run("trust", "calendar", "--tree", str(tmp_path), "--region", str(region))

    assert ended.code == 5
    assert "nothing was published here" in ended.err


def test_the_roles_of_a_published_tree_are_in_the_calendar(run: Run, region: Path, tmp_path: Path) -> None:
    published = begin(tmp_path)
    ended = run("trust", "calendar", "--tree", str(published.tree.directory), "--region", str(region), "--json")

    assert {row["subject"] for row in ended.json["results"] if row["kind"] == "role"} >= {
        "root 1",
        "SG 1",
        "timestamp 1",
    }
    assert ended.code == 0
    assert run("trust", "calendar", "--at", later(0.7), "--region", str(published.folder)).code == 5
