"""A page that is written from the code is noticed where it is missing or says something else, and written as it is."""

import sys
from functools import partial
from pathlib import Path

import pytest

from scripts.generated import stale, written_or_checked


def ran(pages: dict[Path, str], monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr(sys, "argv", ["gen.py", *options])
    return written_or_checked({path: partial(str, text) for path, text in pages.items()}, about="")


def test_what_is_missing_or_says_something_else_is_named_and_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = {tmp_path / name: f"{name}\n" for name in ("missing.md", "other.md", "current.md")}
    (tmp_path / "other.md").write_text("another\n", encoding="utf-8")
    (tmp_path / "current.md").write_text("current.md\n", encoding="utf-8")

    assert ran(pages, monkeypatch, "--check") == 1

    said = capsys.readouterr().err
    assert said.count("is not what the code says") == 2
    assert "missing.md" in said
    assert "other.md" in said
    assert not (tmp_path / "missing.md").exists()
    assert (tmp_path / "other.md").read_text(encoding="utf-8") == "another\n"


def test_what_was_written_is_current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {tmp_path / "folder" / "page.md": "page\n"}

    assert ran(pages, monkeypatch) == 0
    assert ran(pages, monkeypatch, "--check") == 0
    assert stale({path: lambda: "newer\n" for path in pages}) == [*pages]
