"""Holds: keys of days that nobody may destroy, because an answer of that day is in dispute.

Decides nothing about retention; whoever destroys a key asks here first. One empty file beside the keys for each reason,
named by the day and by who holds it, so that one dispute that ends does not end another's hold.
"""

import re
from datetime import date
from pathlib import Path
from typing import Final

from idbridge.errors import ConfigurationError
from idbridge.evidence import places
from idbridge.evidence.errors import LogError, refuse

_HELD: Final = ".held"
_HOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", re.ASCII)


def hold_day(folder: Path, day: date, *, by: str) -> None:
    """Let nobody destroy the key of ``day`` until ``by``, the id of a report or dispute, releases it.

    Raises:
        LogError: There is no key of that day any more, or the folder cannot be written.
        ConfigurationError: ``by`` is no name.
    """
    name = _name(day, by)
    try:
        (folder / name).touch(mode=0o600)
        places.sync(folder)
        # Looked at afterwards: whoever destroys keys takes the key away first, and then looks for holds.
        is_kept = has_key(folder, day)
        if not is_kept:
            (folder / name).unlink(missing_ok=True)
    except OSError as unwritable:
        raise LogError(f"the key of {day} cannot be held: {unwritable.strerror}") from unwritable
    if not is_kept:
        refuse(f"there is no key of {day}, so that there is none to hold")


def has_key(folder: Path, day: date) -> bool:
    """Tell whether there is a key of ``day`` that nobody is about to destroy."""
    return (folder / f"{day.isoformat()}.key").exists()


def release_day(folder: Path, day: date, *, by: str) -> None:
    """Take back a hold; one that is not there is none to take back.

    Raises:
        LogError: The folder cannot be written.
        ConfigurationError: ``by`` is no name.
    """
    try:
        (folder / _name(day, by)).unlink(missing_ok=True)
        places.sync(folder)
    except OSError as unwritable:
        raise LogError(f"the hold of {day} cannot be taken back: {unwritable.strerror}") from unwritable


def holders_of(folder: Path, day: date) -> tuple[str, ...]:
    """Return who holds the key of ``day``, in order.

    Raises:
        LogError: The folder cannot be read.
    """
    begins = f"{day.isoformat()}."
    held = (name for name in _holds(folder) if name.startswith(begins))
    return tuple(sorted(name.removeprefix(begins).removesuffix(_HELD) for name in held))


def held_days(folder: Path) -> tuple[date, ...]:
    """Return the days whose key somebody holds, the oldest first.

    Raises:
        LogError: The folder cannot be read, or a hold is of no day.
    """
    try:
        return tuple(sorted({date.fromisoformat(name.partition(".")[0]) for name in _holds(folder)}))
    except ValueError as strange:
        raise LogError("the folder of the keys of days has a hold of no day") from strange


def holds(folder: Path) -> frozenset[str]:
    """Return the holds that there are, each as the day and who holds it, parted by a dot.

    Raises:
        LogError: The folder cannot be read.
    """
    return frozenset(name.removesuffix(_HELD) for name in _holds(folder))


def _holds(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir() if path.name.endswith(_HELD)]
    except OSError as unreadable:
        raise LogError("the folder of the keys of days is not there or cannot be read") from unreadable


def _name(day: date, by: str) -> str:
    if _HOLDER.fullmatch(by) is None:
        raise ConfigurationError("who holds a key is named by letters, digits, `-` and `_`")
    return f"{day.isoformat()}.{by}{_HELD}"
