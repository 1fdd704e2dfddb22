"""The generated reference says what the code says, and a page that does not is noticed."""

from pathlib import Path

import pytest

from idbridge.limits import LIMITS
from idbridge.model.check import CheckPoint, Step
from idbridge.reasons import REASONS
from scripts import gen_reference


def test_a_page_that_was_edited_by_hand_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gen_reference, "REFERENCE", tmp_path)
    for name, page in gen_reference.PAGES.items():
        (tmp_path / name).write_text(page(), encoding="utf-8")
    assert gen_reference.differences() == []
    (tmp_path / "limits.md").write_text("# Limits\n\nNone.\n", encoding="utf-8")

    assert gen_reference.differences() == ["limits.md"]


def test_a_page_that_is_missing_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gen_reference, "REFERENCE", tmp_path)

    assert gen_reference.differences() == list(gen_reference.PAGES)


def test_the_reference_is_current() -> None:
    stale = gen_reference.differences()

    assert stale == [], "run `python scripts/gen_reference.py`"


def test_every_code_and_every_limit_has_its_row() -> None:
    reasons, limits = gen_reference.reasons_page(), gen_reference.limits_page()

    assert all(reasons.count(f"| `{code}` |") == 2 for code in REASONS)
    assert all(f"| `{name}` |" in limits for name in type(LIMITS).__dataclass_fields__)


def test_check_points_are_found_in_groups_too() -> None:
    one, two = CheckPoint("x.1", Step.V5, "RFC 1"), CheckPoint("x.2", Step.V5, "RFC 2")

    assert list(gen_reference._points({"a": (one,), "b": [two, "text"]})) == [one, two]


def test_a_pipe_in_a_sentence_does_not_break_its_table() -> None:
    assert "a\\|b" in gen_reference.table(("Head",), [("a|b",)])
