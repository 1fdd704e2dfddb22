"""The doctor finds what would keep a node from starting, and touches nothing."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from idbridge.cli.doctor import examine
from tests.cli.conftest import Ended

Run = Callable[..., Ended]


@pytest.fixture
def copy(region: Path, tmp_path: Path) -> Path:
    place = tmp_path / "copy"
    shutil.copytree(region, place)
    return place


def test_an_absent_folder_is_an_error_and_is_not_made(run: Run, tmp_path: Path) -> None:
    ended = run("doctor", "--region", str(tmp_path / "absent"))

    assert ended.code == 5
    assert not (tmp_path / "absent").exists()


def test_keys_that_others_may_read_are_found_whatever_their_name(run: Run, copy: Path) -> None:
    secret = copy / "notes.txt"
    shutil.copyfile(next((copy / "private").glob("*.pem")), secret)
    secret.chmod(0o640)

    ended = run("doctor", "--region", str(copy))

    assert ended.code == 5
    assert "notes.txt" in ended.out


def test_pins_that_are_not_in_order_are_found(run: Run, copy: Path) -> None:
    (copy / "pins.json").write_text('{"schema": "idbridge-pins-1", "environment": "sandbox", "states": {}}')
    (copy / "pins.json").chmod(0o644)

    ended = run("doctor", "--region", str(copy))

    assert ended.code == 5
    assert "pins" in ended.out


def test_a_refused_list_is_a_warning_and_the_others_count(run: Run, copy: Path) -> None:
    (copy / "trust" / "lists" / "VN.jws").write_text("not a list")

    ended = run("doctor", "--region", str(copy), "--json")

    found = {row["check"]: row for row in ended.json["results"]}
    assert ended.code == 0
    assert found["lists"]["result"] == "warning"
    assert "VN" in found["offers"]["words"]


def test_no_usable_list_is_an_error_of_trust(run: Run, copy: Path) -> None:
    for path in (copy / "trust" / "lists").glob("*.jws"):
        path.write_text("not a list")

    assert run("doctor", "--region", str(copy)).code == 4


def test_lists_that_are_soon_due_are_a_warning(region: Path) -> None:
    found = {one.check: one for one in examine(region, at=datetime(2100, 1, 1, tzinfo=UTC))}

    assert found["freshness"].result == "warning"
    assert found["lists"].result == "error"


def test_a_region_in_order_has_nothing_to_say(run: Run, region: Path) -> None:
    ended = run("doctor", "--region", str(region), "--json")

    assert ended.code == 0
    assert ended.json["summary"] == {"errors": 0, "warnings": 0}
    assert {row["result"] for row in ended.json["results"]} == {"ok"}
