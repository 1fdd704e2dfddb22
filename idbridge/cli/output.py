"""How commands speak: what was asked for on standard output, words on standard error, never mixed.

Decides nothing. Everything printed passes ``printable`` first: what a credential says of itself may hold the control
characters with which a terminal is told lies.
"""

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TextIO, TypeVar

import click
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress import track
from rich.table import Table
from rich.text import Text

from idbridge.cli.exits import Exit

Item = TypeVar("Item")
WIDTH_WITHOUT_TERMINAL: Final = 120
GAP: Final = 2
_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})
# Burmese, Khmer and other scripts need joiners inside words; they move no text.
_JOINERS: Final = frozenset({"\u200b", "\u200c", "\u200d"})
_COLOURS: Final[Mapping[str, str]] = {
    "PASSED": "green",
    "FAILED": "red",
    "INDETERMINATE": "yellow",
    "SKIPPED": "dim",
    "ok": "green",
    "yes": "green",
    "no": "red",
    "error": "bold red",
    "hint": "cyan",
    "warning": "yellow",
}

json_option: Final[Callable[..., Any]] = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object instead of a table."
)


class Failure(click.ClickException):
    """A command that cannot go on: what is wrong, what to do about it, and the exit code."""

    def __init__(self, message: str, *, hint: str = "", exit_code: Exit = Exit.LOCAL) -> None:
        super().__init__(message)
        self.hint = hint
        self.code = exit_code


def printable(text: object) -> str:
    """Return ``text`` with every control, bidirectional or unassigned character spelled out."""
    return "".join(
        character
        if character in _JOINERS or unicodedata.category(character) not in _HIDDEN
        else character.encode("unicode_escape").decode("ascii")
        for character in str(text)
    )


def line(text: str = "") -> None:
    """Print one line of what was asked for."""
    _console(sys.stdout).print(Text(printable(text)), soft_wrap=True)


def paragraph(text: str) -> None:
    """Print a sentence or more, broken between words where the screen ends."""
    _show(Text(printable(text)))


def indented(text: str, *, indent: int) -> None:
    """Print a sentence or more, set in, broken between words where the screen ends."""
    _show(Padding(Text(printable(text)), (0, 0, 0, indent)))


def raw_text(text: str) -> None:
    """Print ``text`` exactly, for a file or a pipe; a terminal gets it with control characters spelled out."""
    click.echo(printable(text) if sys.stdout.isatty() else text)


def emphasis(text: str, *, colour: str) -> None:
    """Print one line that must not be overlooked."""
    _console(sys.stdout).print(Text(printable(text), style=f"bold {colour}"), soft_wrap=True)


def words(kind: str, text: str) -> None:
    """Print ``idbridge: kind: text`` to standard error."""
    message = Text.assemble("idbridge: ", (f"{kind}: ", _COLOURS.get(kind, "")), printable(text))
    _console(sys.stderr).print(message, soft_wrap=True)


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    wrap: Collection[str] = (),
    optional: Collection[str] = (),
) -> None:
    """Print a table. Columns named in ``wrap`` may break between words, no column ever loses anything.

    If it does not fit, the ``optional`` columns are left out, and after that each row is printed as facts.
    """
    kept = list(heads)
    cells = [dict(zip(heads, map(_cell, row), strict=True)) for row in rows]
    width = _console(sys.stdout).width
    if not _fits(kept, cells, wrap=wrap, width=width):
        kept = [head for head in heads if head not in optional]
    if _fits(kept, cells, wrap=wrap, width=width):
        _show(_grid(kept, cells, wrap=wrap))
        return
    for number, row in enumerate(cells):
        if number:
            line()
        facts((head.lower(), row[head]) for head in heads)


def _grid(heads: Sequence[str], rows: Iterable[Mapping[str, Text]], *, wrap: Collection[str]) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for head in heads:
        grid.add_column(head, no_wrap=head not in wrap, overflow="fold")
    for row in rows:
        grid.add_row(*(row[head] for head in heads))
    return grid


def _fits(heads: Sequence[str], rows: Sequence[Mapping[str, Text]], *, wrap: Collection[str], width: int) -> bool:
    """Tell whether every column has room for its longest cell, or its longest word if it may break between words."""

    def needed(head: str) -> int:
        texts = [head, *(row[head].plain for row in rows)]
        return max(cell_len(part) for text in texts for part in (text.split() or [""] if head in wrap else [text]))

    return sum(map(needed, heads)) + GAP * (len(heads) - 1) <= width


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names and values below each other; what is ``None`` or empty is left out."""
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for name, value in pairs:
        if value is not None and value != "":
            grid.add_row(Text(printable(name)), _cell(value))
    _show(grid)


def tracked(items: Sequence[Item], *, label: str) -> Iterable[Item]:
    """Yield ``items`` while a bar on standard error shows how far it got; without a terminal there is no bar."""
    console = _console(sys.stderr)
    return track(items, description=label, console=console, transient=True, disable=not console.is_terminal)


def grid(rows: Iterable[Sequence[object]], *, indent: int = 0) -> None:
    """Print rows without a heading, their columns below each other; the last one breaks where the screen ends."""
    table_ = Table(box=None, show_header=False, pad_edge=False, padding=(0, GAP, 0, 0))
    cells = [[_cell(value) for value in row] for row in rows]
    for column in range(max(map(len, cells), default=0)):
        table_.add_column(no_wrap=column + 1 < len(cells[0]), overflow="fold")
    for row in cells:
        table_.add_row(*row)
    if cells:
        _show(Padding(table_, (0, 0, 0, indent)))


def styled_line(text: Text) -> None:
    """Print one line that ``styled`` made, broken between words where the screen ends."""
    _show(text)


def styled(*parts: tuple[object, str]) -> Text:
    """Return a text of several parts, each with its style, none of which can tell a terminal lies."""
    return Text.assemble(*((printable(part), style) for part, style in parts))


def document(schema: str, *, summary: Mapping[str, Any], results: Sequence[Any], **counts: Any) -> None:
    """Print the envelope that every ``--json`` answers with."""
    raw({"schema": schema, "summary": dict(summary), "results": list(results), **counts})


def raw(value: Any) -> None:
    """Print ``value`` as JSON; in letters of every script where the stream can carry them."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    click.echo(_escaped(json.dumps(value, ensure_ascii=not encoding.startswith("utf"), indent=2)))


def _escaped(text: str) -> str:
    """Return the JSON ``text`` with what ``printable`` spells out as escapes of JSON, so that it reads back the same.

    Outside of strings JSON has none of it but the line breaks between members; inside them a break is escaped already.
    """
    return "".join(
        character
        if character == "\n" or character in _JOINERS or unicodedata.category(character) not in _HIDDEN
        else json.dumps(character)[1:-1]
        for character in text
    )


def _cell(value: object) -> Text:
    if isinstance(value, Text):
        return value
    return Text(printable(value), style=_COLOURS.get(str(value), ""))


def _show(what: RenderableType) -> None:
    # Cells are padded to their column; blanks at the end of a line are of no use to whoever reads a pipe.
    console = _console(sys.stdout)
    if console.is_terminal:
        console.print(what)
        return
    with console.capture() as captured:
        console.print(what)
    click.echo("\n".join(text.rstrip() for text in captured.get().rstrip("\n").split("\n")))


class _Screen(Console):
    """A console that leaves it to the command's end what a reader who has left means."""

    def on_broken_pipe(self) -> None:
        """Let the error go on; the library would end the process as failed.

        Raises:
            BrokenPipeError: Always.
        """
        raise BrokenPipeError


def _console(stream: TextIO) -> Console:
    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDTH_WITHOUT_TERMINAL
    return _Screen(file=stream, width=width, markup=False, emoji=False, highlight=False)
