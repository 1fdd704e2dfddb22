"""Which pages are looked at in which language and width: all in each for `make e2e`, and in each some in any run."""

import ast
from itertools import product
from pathlib import Path

from tests.e2e import browser
from tests.e2e.browser import LANGUAGES, NARROW, WIDE, looks
from tests.source import called_name

FOLDER = Path(__file__).parent
SIZES = {"NARROW": NARROW, "WIDE": WIDE}


def named() -> list[browser.Look]:
    """The look that each page names for the short run."""
    trees = (ast.parse(path.read_text("utf-8")) for path in sorted(FOLDER.glob("test_*.py")))
    marks = (
        one
        for tree in trees
        for test in ast.walk(tree)
        if isinstance(test, ast.FunctionDef)
        for one in test.decorator_list
        if isinstance(one, ast.Call) and called_name(one) == "in_each_look"
    )
    return [(ast.literal_eval(mark.args[0]), SIZES[ast.unparse(mark.args[1])]) for mark in marks]


def test_the_long_run_looks_at_a_page_in_each_language_at_each_width() -> None:
    found = looks(("en", WIDE), every=True)

    assert sorted(found) == sorted(product(("en", "th", "vi"), ((360, 800), (1280, 900))))


def test_the_short_run_looks_at_six_walks_and_so_into_each_language_and_each_width() -> None:
    short = named()

    assert all(looks(one, every=False) == (one,) for one in short)
    assert len(short) >= 6
    assert {language for language, _ in short} == set(LANGUAGES)
    assert {size for _, size in short} == {NARROW, WIDE}
    assert len(set(short)) >= 5, "the same look again and again leaves others out"
