"""What a program took up: its folder as ``load`` left it, which is copied for each case and never shown to any.

Decides whether the folder can be copied as it is, and whether it still is what it was. Files, folders and links can; a
pipe or a socket would be nobody's in the copy, and what cannot be read cannot be compared.
"""

import hashlib
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.scratch import TooMuchError, places

_UNUSABLE: Final = "after `load` its folder cannot be copied for a case"


@dataclass(frozen=True, slots=True)
class TakenUp:
    """The folder as a command left it after ``load``, and its digest at that time."""

    folder: Path
    digest: str

    def copied(self, to: Path) -> Fault | None:
        """Copy it into the empty folder ``to``, unless somebody changed it."""
        try:
            if _digest(self.folder) != self.digest:
                return Fault(FaultKind.MALFORMED, "it changed what it took up for other cases")
            shutil.copytree(self.folder, to, symlinks=True, dirs_exist_ok=True)
        except (OSError, RecursionError, TooMuchError, _OddFileError) as odd:  # the library's own error is one of those
            return _unusable(odd)
        return None


def taken_up(folder: Path) -> TakenUp | Fault:
    """Return what a command left in ``folder``, or why that cannot be given to a case."""
    try:
        return TakenUp(folder, _digest(folder))
    except (OSError, TooMuchError, _OddFileError) as odd:
        return _unusable(odd)


def overfull(folder: Path) -> Fault | None:
    """Return why nobody goes on with ``folder``, in which a command remembers: it is none any more, or too full."""
    try:
        _require_folder(folder)
        for _ in places(folder):
            pass
    except (OSError, TooMuchError, _OddFileError) as odd:
        return Fault(FaultKind.MALFORMED, f"the folder in which it remembers cannot be used: {_words(odd)}")
    return None


class _OddFileError(Exception):
    """Something in the folder is no file, no folder and no link."""


def _unusable(odd: Exception) -> Fault:
    return Fault(FaultKind.MALFORMED, f"{_UNUSABLE}: {_words(odd)}")


def _words(odd: Exception) -> str:
    words = odd.strerror if isinstance(odd, OSError) else str(odd)
    return (words or type(odd).__name__).lower()


def _require_folder(folder: Path) -> None:
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise _OddFileError("it is no folder any more")


def _digest(folder: Path) -> str:
    """Return the SHA-256 of all names, kinds and contents; a name need not be text.

    Raises:
        OSError: It is no folder, or something in it cannot be read.
        TooMuchError: There is more in it than may be.
        _OddFileError: Something in it is of another kind.
    """
    _require_folder(folder)
    digest = hashlib.sha256()
    for place, found in sorted(places(folder), key=lambda one: one[0]):
        digest.update(b"%s %o\n" % (os.fsencode(place.relative_to(folder)), found.st_mode))
        digest.update(_contents(place, found.st_mode))
    return digest.hexdigest()


def _contents(place: Path, mode: int) -> bytes:
    if stat.S_ISLNK(mode):
        return hashlib.sha256(os.fsencode(place.readlink())).digest()
    if stat.S_ISREG(mode):
        return hashlib.sha256(place.read_bytes()).digest()
    if not stat.S_ISDIR(mode):
        raise _OddFileError("a pipe, a socket or a device is in it")
    return b""
