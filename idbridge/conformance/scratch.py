"""Folders that a program under test may write to: within bounds, and gone afterwards, whatever it left in them.

Decides how much may lie in such a folder, and removes one without following a link. A tree that is nested deeper than a
path is long, or in which folders were locked, is gone as well: each folder in it is first moved to where it is short.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from idbridge.limits import LIMITS

_OPEN: Final = 0o700


class TooMuchError(Exception):
    """More lies in a folder than a program may keep there."""


@contextmanager
def scratch(prefix: str, *, within: Path | None = None) -> Iterator[Path]:
    """Give a new folder, below ``within`` or where temporary files are, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
    try:
        yield folder
    finally:
        remove(folder)


def places(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield all that lies below ``folder``, none of it followed where it is a link, within bounds.

    Raises:
        OSError: Something cannot be looked at, or lies deeper than a path may be long.
        TooMuchError: There are more names than ``LIMITS.conformance_state_files``, or more octets than
            ``LIMITS.conformance_state_bytes``.
    """
    waiting, names, octets = [folder], 0, 0
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                names, octets = names + 1, octets + found.st_size
                if names > LIMITS.conformance_state_files:
                    raise TooMuchError(f"it keeps more than {LIMITS.conformance_state_files} files")
                if octets > LIMITS.conformance_state_bytes:
                    raise TooMuchError(f"it keeps more than {LIMITS.conformance_state_bytes} octets")
                yield Path(entry.path), found
                if stat.S_ISDIR(found.st_mode):
                    waiting.append(Path(entry.path))


def remove(folder: Path) -> None:
    """Remove ``folder`` and all that lies in it; what the system does not let go, stays."""
    try:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            folder.unlink()
            return
    except OSError:
        return
    try:
        flat = Path(tempfile.mkdtemp(prefix="going-", dir=folder.parent))
    except OSError:  # the disk may be full of what is to be removed
        _removed_in_place(folder)
        return
    first = flat / "0"
    _moved(folder, first)
    waiting, number = [first], 0
    while waiting:
        place = waiting.pop()
        for name in _names(place):
            number += 1
            if _is_folder(place / name):
                _moved(place / name, flat / str(number))
                waiting.append(flat / str(number))
            else:
                with suppress(OSError):
                    (place / name).unlink()
        with suppress(OSError):
            place.rmdir()
    with suppress(OSError):
        flat.rmdir()
    if folder.exists():  # it could not be moved
        _removed_in_place(folder)


def _removed_in_place(folder: Path) -> None:
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)


def _names(place: Path) -> list[str]:
    try:
        return [one.name for one in place.iterdir()]
    except OSError:
        return []


def _is_folder(place: Path) -> bool:
    try:
        return stat.S_ISDIR(place.lstat().st_mode)
    except OSError:
        return False


def _moved(place: Path, to: Path) -> None:
    with suppress(OSError):
        place.chmod(_OPEN)  # of a folder that is locked, nothing can be moved, nor can it be moved itself
        place.rename(to)
