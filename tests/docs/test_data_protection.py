"""The page on what a node keeps says what the retention table says, and a page that does not is noticed."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge_gateway.retention.table import ROWS
from scripts import gen_data_protection
from tests.source import ROOT


@pytest.mark.parametrize("text", ["", "# What a node keeps\n\nNothing.\n"])
def test_a_page_that_says_something_else_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    monkeypatch.setattr(gen_data_protection, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(sys, "argv", ["gen_data_protection.py", "--check"])
    (tmp_path / "page.md").write_text(text, encoding="utf-8")

    assert gen_data_protection.main() == 1
    assert "is not what the code says" in capsys.readouterr().err


def test_the_page_is_current() -> None:
    ended = subprocess.run(
        [sys.executable, "scripts/gen_data_protection.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr


def test_every_row_is_on_the_page_with_its_proof() -> None:
    page = gen_data_protection.page()

    assert all(gen_data_protection.proof(row) in page for row in ROWS)
    assert page.count("\n| ") >= len(ROWS)


def test_a_time_is_told_in_all_its_units() -> None:
    assert gen_data_protection.time_of(timedelta(hours=24, minutes=15)) == "1 d 15 min"
    assert gen_data_protection.time_of(timedelta(seconds=10)) == "10 s"
