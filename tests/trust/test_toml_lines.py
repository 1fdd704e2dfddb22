"""Finding the line of a path in TOML: every path that the standard library reads must have one."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from idbridge.trust.toml_lines import lines_of
from tests.source import ROOT

ODD = '''# a comment with [brackets] = "and quotes"
title = "x # no comment"
"quoted key" = 'literal \\ text'
a.b.c = 1
many = """
several [lines]
"quoted" \\"""" # after
raw = \'\'\'
x = 1 ]
\'\'\'
numbers = [ 1, 2.5,  # with a comment ]
  1979-05-27T07:32:00Z,
]
empty = []
point = { x = 1, "y z" = [ { deep = true }, {} ] }

[table]
inner = "[[no.header]]"

[[rows]]
name = "first"
[rows.sub]
key = 1
[[rows.cells]]
v = 1
[[rows.cells]]
v = 2

[[rows]]
name = "second"
[[rows.cells]]
v = 3
[ spaced . "out" ]
end = 1'''
SOURCES = sorted((ROOT / "trust_lists").rglob("*.toml"))


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for step, child in inner for found in [(*path, step), *paths(child, (*path, step))]]


@pytest.mark.parametrize(
    "text", [ODD, *(path.read_text(encoding="utf-8") for path in SOURCES)], ids=lambda text: text[:30]
)
def test_everything_that_is_read_has_a_line(text: str) -> None:
    lines = lines_of(text)

    read = paths(tomllib.loads(text))
    assert [path for path in read if path not in lines.known] == []
    assert {path for path in lines.known if path} <= set(read)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.known.values())


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("quoted key",), 3),
        (("a", "b", "c"), 4),
        (("many",), 5),
        (("raw",), 8),
        (("numbers", 1), 11),
        (("numbers", 2), 12),
        (("empty",), 14),
        (("point", "y z", 0, "deep"), 15),
        (("table",), 17),
        (("rows",), 20),
        (("rows", 0, "sub", "key"), 23),
        (("rows", 0, "cells", 1, "v"), 27),
        (("rows", 1), 29),
        (("rows", 1, "cells", 0, "v"), 32),
        (("spaced", "out", "end"), 34),
        (("table", "missing", 3), 17),
        (("nowhere",), 1),
        ((), 1),
    ],
)
def test_a_path_is_on_its_line_and_one_that_is_not_written_on_that_of_its_table(path: Any, line: int) -> None:
    assert lines_of(ODD).of(path) == line


def test_what_is_no_toml_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="no TOML"):
        lines_of("= 1")


def test_the_shipped_documents_are_there() -> None:
    assert len(SOURCES) > 11
    assert all(isinstance(path, Path) for path in SOURCES)
