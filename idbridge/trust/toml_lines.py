"""On which line of a TOML text each of its keys and values stands, which the reader of the standard library forgets.

Decides nothing: the text must be TOML that ``tomllib`` has read. Knows as much of TOML v1.0.0 as it takes to walk past
a value. A path names what ``tomllib`` returns: ``("provider", 1, "service", 0, "status", 2)``.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

Step = str | int
Path = tuple[Step, ...]

_BLANK: Final = re.compile(r"[ \t\r\n]*(?:#[^\n]*\n[ \t\r\n]*)*(?:#[^\n]*)?")  # one way through any text
_SPACE: Final = re.compile(r"[ \t]*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' r"'''.*?'{3,5}|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'", re.DOTALL
)
_PLAIN: Final = re.compile(r"[^,\]}#\n]*")


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a document by path, counted from 1."""

    known: Mapping[Path, int]

    def of(self, path: Path) -> int:
        """Return the line of ``path``, or of what is next around it where it is not written down."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.known:
                return self.known[path[:length]]
        return 1


def lines_of(text: str) -> Lines:
    """Return where everything in ``text`` stands; ``text`` is TOML."""
    walker = _Walker(text)
    walker.document()
    return Lines(MappingProxyType(walker.known))


class _Walker:
    """Walks once from the first character to the last."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._at = 0
        self._rows: dict[Path, int] = {}  # how many tables an array of tables has so far
        self.known: dict[Path, int] = {}

    def document(self) -> None:
        here: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            here = self._header() if self._text[self._at] == "[" else self._pair(here)
            self._skip(_BLANK)

    def _header(self) -> Path:
        start, brackets = self._at, 2 if self._text.startswith("[[", self._at) else 1
        self._at += brackets
        *outer, last = self._key()
        self._at += brackets
        path: Path = ()
        for step in outer:
            self._note((*path, step), start)
            path = self._current((*path, step))
        path = (*path, last)
        if brackets == 2:
            self._note(path, start)
            self._rows[path] = self._rows.get(path, 0) + 1
        path = self._current(path)
        self._note(path, start)
        return path

    def _current(self, path: Path) -> Path:
        """Return the table that ``path`` means in a header: of an array of tables, the last one so far."""
        return (*path, self._rows[path] - 1) if path in self._rows else path

    def _pair(self, table: Path) -> Path:
        start = self._at
        path = table
        for step in self._key():
            path = (*path, step)
            self._note(path, start)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)
        return table

    def _key(self) -> list[str]:
        """Return the steps of a dotted key and stop after the white space behind it."""
        steps = []
        while True:
            self._skip(_SPACE)
            quoted = self._text[self._at] in "\"'"
            word = self._skip(_STRING if quoted else _BARE_KEY)
            steps.append(_unquoted(word) if quoted else word)
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return steps
            self._at += 1

    def _value(self, path: Path) -> None:
        self._note(path, self._at)
        first = self._text[self._at]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._skip(_STRING if first in "\"'" else _PLAIN)

    def _array(self, path: Path) -> None:
        index = 0
        self._at += 1
        self._skip(_BLANK)
        while self._text[self._at] != "]":
            self._value((*path, index))
            index += 1
            self._past_comma()
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        self._skip(_BLANK)
        while self._text[self._at] != "}":
            self._pair(path)
            self._past_comma()
        self._at += 1

    def _past_comma(self) -> None:
        self._skip(_BLANK)
        if self._text[self._at] == ",":
            self._at += 1
            self._skip(_BLANK)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError("this is no TOML")
        self._at = found.end()
        return found[0]

    def _note(self, path: Path, offset: int) -> None:
        self.known.setdefault(path, bisect_right(self._starts, offset))


def _unquoted(word: str) -> str:
    """Return a quoted key without its quotes; keys with escapes in them name nothing that a list has."""
    return word[1:-1]
