"""Keys of days: 32 random octets for each day in UTC, of which the keys of that day's commitments are made.

Decides which day has a key and that a day that was erased never has one again. They stand in a folder of their own,
which no backup copies: to destroy a key is to make the leaves of its day say nothing of anybody any more, and a copy
would undo that. Who holds the opening of a leaf keeps it; the tree stays whole (architecture D8 and D9).
"""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final

from idbridge.clock import Stopwatch, SystemStopwatch
from idbridge.crypto.signer import read_private
from idbridge.errors import ConfigurationError
from idbridge.evidence import dispute_holds, places
from idbridge.evidence.errors import LogError, refuse
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.tlog import commitment
from idbridge.tlog.commitment import KEY_OCTETS, DayKey

_KEY: Final = ".key"
_ERASING: Final = ".erasing"
_DRAFT: Final = re.compile(r"\.(\d{4}-\d{2}-\d{2})\.\d+", re.ASCII)
_LOOK_S: Final = LIMITS.day_key_look.total_seconds()
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class DayKeys:
    """The keys of days in a folder, which has to be there. Several workers may share it."""

    def __init__(self, folder: Path, randomness: Randomness, *, stopwatch: Stopwatch | None = None) -> None:
        self._folder = folder
        self._randomness = randomness
        self._stopwatch = stopwatch or SystemStopwatch()
        self._known: tuple[date, DayKey] | None = None
        self._look_s = 0.0

    def key(self, day: date) -> DayKey:
        """Return the key of ``day``, made at its first use and kept past a power failure before anybody sees it.

        That a key in use went away is seen within ``LIMITS.day_key_look``: what is erased is a day that is over.

        Raises:
            LogError: The day was erased, or there are keys of later days and none of this one; the key cannot be read
                or written.
        """
        known, now_s = self._known, self._stopwatch.seconds()
        if known is not None and known[0] == day and (now_s < self._look_s or self._path(day).exists()):
            if now_s >= self._look_s:
                self._look_s = now_s + _LOOK_S
            return known[1]
        found = self._read(day)
        if found is None:
            found = self._made(day)
        self._known, self._look_s = (day, found), now_s + _LOOK_S
        return found

    def kept(self, day: date) -> DayKey | None:
        """Return the key of ``day`` if there is one, ``None`` if it was erased or never made.

        Raises:
            LogError: It cannot be read.
        """
        return self._read(day)

    def days(self) -> tuple[date, ...]:
        """Return the days that have a key, the oldest first.

        Raises:
            LogError: The folder cannot be read.
        """
        return self._named(_KEY)

    def being_erased(self) -> tuple[date, ...]:
        """Return the days whose keys are out of use and not destroyed yet: a node goes on with them, also at its start.

        Raises:
            LogError: The folder cannot be read.
        """
        return self._named(_ERASING)

    def holds(self) -> frozenset[str]:
        """Return the holds that there are, each as the day and who holds it, parted by a dot.

        Raises:
            LogError: The folder cannot be read.
        """
        return dispute_holds.holds(self._folder)

    def erase(self, day: date, *, today: date, record: Callable[[date], None]) -> None:
        """Destroy the key of ``day``. ``record`` writes the leaf that says so, and returns once it is durable.

        The key is out of use first, then the leaf, then the key is gone: whatever fails, no leaf says of a key in use
        that it is gone, and no key goes without a leaf. What was begun is gone on with.

        Raises:
            LogError: The day is not over, is held, has no key, or the folder cannot be written.
        """
        self.put_out_of_use(day, today=today)
        record(day)
        self.destroy(day)

    def put_out_of_use(self, day: date, *, today: date) -> None:
        """Let nobody use the key of ``day`` any more; it is destroyed once a leaf says so.

        A key that is held comes back into use: holds are looked for once it is out of it, so that nobody holds what is
        gone a moment later.

        Raises:
            LogError: The day is not over, is held, has no key, or the folder cannot be written.
        """
        if day >= today:
            refuse("a day is erased when it is over")
        key, erasing = self._path(day), self._path(day, _ERASING)
        try:
            if not erasing.exists():
                key.rename(erasing)
                places.sync(self._folder)
            if dispute_holds.holders_of(self._folder, day):
                erasing.rename(key)
                places.sync(self._folder)
                refuse(f"the key of {day} is held for a dispute")
            if self._known is not None and self._known[0] == day:
                self._known = None
        except FileNotFoundError as gone:
            raise LogError(f"there is no key of {day}") from gone
        except OSError as unwritable:
            raise LogError(f"the key of {day} cannot be destroyed: {unwritable.strerror}") from unwritable

    def destroy(self, day: date) -> None:
        """Destroy the key of ``day``, which is out of use, and what a killed process left of it.

        Raises:
            LogError: It is in use, or the folder cannot be written.
        """
        try:
            self._sweep(lambda one: one == day)
            self._path(day, _ERASING).unlink()
            places.sync(self._folder)
        except FileNotFoundError as gone:
            raise LogError(f"no key of {day} is out of use") from gone
        except OSError as unwritable:
            raise LogError(f"the key of {day} cannot be destroyed: {unwritable.strerror}") from unwritable

    def _read(self, day: date) -> DayKey | None:
        path = self._path(day)
        if not path.exists():
            return None
        try:
            octets = read_private(path)
        except ConfigurationError as unreadable:
            raise LogError(f"the key of {day} cannot be used: {unreadable}") from unreadable
        if len(octets) != KEY_OCTETS:
            refuse(f"the key of {day} is cut off")
        return commitment.day_key(octets)

    def _made(self, day: date) -> DayKey:
        """Make the key of ``day``; if another worker was quicker, it is that worker's."""
        if day in self.being_erased() or any(later > day for later in self.days()):
            refuse(f"there is no key of {day} any more, and it does not get another one")
        draft = self._folder / f".{day}.{os.getpid()}"
        try:
            with suppress(FileNotFoundError):
                draft.unlink()
            descriptor = os.open(draft, _NEW, 0o600)
            try:
                places.write_whole(descriptor, self._randomness.octets(KEY_OCTETS))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            with suppress(FileExistsError):
                self._path(day).hardlink_to(draft)
            draft.unlink()
            self._sweep(lambda one: one < day)
            places.sync(self._folder)
        except OSError as unwritable:
            raise LogError(f"the key of {day} cannot be written: {unwritable.strerror}") from unwritable
        made = self._read(day)
        if made is None:
            refuse(f"the key of {day} went away while it was made")
        return made

    def _sweep(self, is_over: Callable[[date], bool]) -> None:
        """Remove what a process that was killed while it made a key left of it: another name of the same octets.

        Raises:
            OSError: The folder cannot be written.
        """
        for path in self._folder.iterdir():
            made = _DRAFT.fullmatch(path.name)
            with suppress(ValueError):  # no day of any calendar, and no file of ours
                if made is not None and is_over(date.fromisoformat(made[1])):
                    path.unlink(missing_ok=True)

    def _named(self, suffix: str) -> tuple[date, ...]:
        try:
            names = [path.stem for path in self._folder.iterdir() if path.suffix == suffix]
        except OSError as unreadable:
            raise LogError("the folder of the keys of days is not there or cannot be read") from unreadable
        try:
            return tuple(sorted(map(date.fromisoformat, names)))
        except ValueError as strange:
            raise LogError("the folder of the keys of days holds a file of another name") from strange

    def _path(self, day: date, suffix: str = _KEY) -> Path:
        return self._folder / f"{day.isoformat()}{suffix}"
