"""Walks through a page as its reader does: every block in order, each on the machine that the page names.

The fence of a block says what it is for:

``sh on=laptop-a``
    Commands, run in the folder of that machine as in one terminal that stays open. ``exit=6`` says how the last of
    them ends if not with 0. What the page shows after it, in a ``text`` block, is what it prints: a line ``...`` stands
    for any lines, ``...`` in a line for any words, and spaces count as one.
``toml file=card.toml on=office``
    A file that the reader writes.
``sh by-hand``
    What a test does in another way, and says so.

A machine is a folder, and nothing is in two of them. ``usb/`` is a stick that is carried to where the next block is.
Commands run on a terminal, and what they ask for is typed as the page tells the reader to type it.
"""

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.source import ROOT

_FENCE: Final = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ASKED: Final = re.compile(rb"type (\w+)(?:, where the digest begins,)? to [a-z ]+: $")
_STYLE: Final = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")  # bold, dim, and where the cursor goes
_SECONDS: Final = 60
_STICK: Final = "usb"
_TERMINAL: Final = ".terminal"
_UNSET: Final = ("IDBRIDGE_REGION", "IDBRIDGE_ROOT", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, what its fence says, its text, and what is shown after it."""

    language: str
    said: Mapping[str, str]
    text: str
    shown: str | None = None

    @property
    def machine(self) -> str:
        return self.said.get("on", "")

    @property
    def is_by_hand(self) -> bool:
        return "by-hand" in self.said


def blocks(page: str) -> tuple[Block, ...]:
    """Return the blocks of a page of the documentation, each with the output shown after it."""
    found: list[Block] = []
    for language, said, text in _FENCE.findall((ROOT / "docs" / page).read_text(encoding="utf-8")):
        if language == "text":
            before = found.pop()
            assert before.shown is None, f"{page} shows two outputs of one block"
            found.append(Block(before.language, before.said, before.text, text))
        elif language != "mermaid":
            found.append(Block(language, dict(_member(one) for one in said.split()), text))
    assert found, f"{page} has no blocks"
    return tuple(found)


def _member(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value


@dataclass(frozen=True)
class Walk:
    """Somebody who follows a page below ``folder``. ``before`` stands before every shell, such as ``unshare -n``."""

    folder: Path
    before: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def through(self, *found: Block) -> str:
        """Do what blocks say; return what was printed in all."""
        return "".join(self.block(one) for one in found)

    def block(self, one: Block) -> str:
        """Do what one block says and compare what is printed with what the page shows."""
        folder = self.machine(one.machine)
        self._carried_to(folder)
        if "file" in one.said:
            (folder / one.said["file"]).write_text(one.text, encoding="utf-8")
            return ""
        assert one.language == "sh", f"nothing runs a block of {one.language}"
        code, printed = self.run(one.text, folder)
        assert code == int(one.said.get("exit", "0")), f"{one.text}\nended with {code}:\n{printed}"
        if one.shown is not None:
            assert _pattern(one.shown).fullmatch(_plain(printed)), f"{one.text}\nprinted:\n{printed}"
        return printed

    def machine(self, name: str) -> Path:
        """Return the folder of a machine; it is made when the page first comes to it."""
        folder = self.folder / (name or "machine")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _carried_to(self, folder: Path) -> None:
        """Carry the stick to a machine from where it was; at first it is empty."""
        before = next(self.folder.glob(f"*/{_STICK}"), None)
        if before is None:
            (folder / _STICK).mkdir()
        else:
            before.rename(folder / _STICK)

    def passphrase(self, machine: str) -> None:
        """Let a passphrase lie on a machine, in a file that only its owner reads."""
        place = self.machine(machine) / "passphrase"
        place.write_text(f"the passphrase of whoever sits at {machine or 'it'}\n", encoding="utf-8")
        place.chmod(0o600)

    def run(self, script: str, folder: Path) -> tuple[int, str]:
        """Run ``script`` on a terminal in ``folder``; variables last from one script to the next on that machine."""
        terminal = folder / _TERMINAL
        opened = f"set -a; [ ! -f {terminal} ] || . {terminal}\n{script}\nexport -p > {terminal}\n"
        ours, theirs = pty.openpty()
        try:
            with subprocess.Popen(
                [*self.before, "bash", "-euo", "pipefail", "-c", opened],
                cwd=folder, env=self._environment(), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            ) as process:  # fmt: skip
                os.close(theirs)
                printed = _answered(ours)
                return process.wait(timeout=_SECONDS), printed
        finally:
            os.close(ours)

    def _environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if name not in _UNSET}
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        return clean | {"PATH": path, "COLUMNS": "110", "NO_COLOR": "1", "TERM": "xterm", **self.environment}


def _answered(terminal: int) -> str:
    """Return what is printed on a terminal until its end, and type what is asked for meanwhile."""
    printed = b""
    while True:
        ready, _, _ = select.select([terminal], [], [], _SECONDS)
        assert ready, f"nothing more came after: {printed.decode()}"
        try:
            more = os.read(terminal, 65_536)
        except OSError:  # so Linux says that nobody holds the other side any more
            more = b""
        if not more:
            return _STYLE.sub(b"", printed).decode("utf-8").replace("\r\n", "\n")
        printed += more
        if asked := _ASKED.search(_STYLE.sub(b"", printed)):
            os.write(terminal, asked[1] + b"\n")


def _plain(printed: str) -> str:
    """Return what was printed without empty lines, its spaces counting as one."""
    lines = (" ".join(line.split()) for line in printed.splitlines())
    return "".join(f"{line}\n" for line in lines if line)


def _pattern(shown: str) -> re.Pattern[str]:
    lines = _plain(shown).splitlines()
    return re.compile("".join("(?:.*\n)*?" if line == "..." else f"{_words(line)}\n" for line in lines))


def _words(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.split("..."))
