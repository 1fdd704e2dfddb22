"""Standing: what takes a node out of readiness though it holds usable lists, or keeps it from asserting anything.

The disks that it writes to: below a share of free space or files it is not ready, below another it decides nothing. The
canary's word, a file that whoever runs the canary wrote because something forged was accepted: it stays until an
operator takes it away, so every worker, and a node that begins anew by itself, sees it. A log that cannot be written:
nothing could be answered. And that the node was told to end: who sends it requests has to learn that before it stops to
listen.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.trust import files
from idbridge_gateway.clock_watch import MOVED
from idbridge_gateway.journal import JOURNAL

LATCH: Final = "canary-latched"
ENDING: Final = "it was told to end"
FULL: Final = "a disk that it writes to is nearly full"
LATCHED: Final = "something forged was accepted; an operator has to look"
UNRECORDED: Final = "its log cannot be written"


def _recorded() -> bool:
    return False


def _unmoved() -> bool:
    return False


class Standing:
    """How one worker stands. ``free`` returns the share of free space of the file system of a directory.

    ``unrecorded`` tells whether nothing can be written down now, ``clock_moved`` whether the clock jumped.
    """

    def __init__(
        self,
        directory: Path,
        *,
        on_latch: Callable[[], None],
        free: Callable[[Path], float] | None = None,
        unrecorded: Callable[[], bool] = _recorded,
        clock_moved: Callable[[], bool] = _unmoved,
    ) -> None:
        self._directory = directory
        self._unrecorded = unrecorded
        self._clock_moved = clock_moved
        self._on_latch = on_latch
        self._free_of = free or free_share
        self._free = 1.0
        self._latched = False
        self._ending = False
        self._told: tuple[str, ...] = ()
        self._beside: tuple[Path, ...] = ()

    def needs_room(self, *folders: Path) -> None:
        """Look at the disks of ``folders`` too, for what is decided is written there."""
        self._beside = folders

    @property
    def free(self) -> float:
        """The share of the fullest of its disks that was free at the last look."""
        return self._free

    @property
    def is_full(self) -> bool:
        """Tell whether nothing may be decided because it might not be written down."""
        return self._free < LIMITS.disk_refuse

    @property
    def against(self) -> tuple[str, ...]:
        """Why this node is not ready, whatever its lists are; nothing if it is."""
        found = (
            (self._ending, ENDING),
            (self._latched, LATCHED),
            (self._free < LIMITS.disk_unready, FULL),
            (self._unrecorded(), UNRECORDED),
            (self._clock_moved(), MOVED),
        )
        return tuple(words for is_so, words in found if is_so)

    def end(self) -> None:
        """Say from now on that the node is not ready, because it was told to end."""
        self._ending = True

    def look(self) -> None:
        """Look once. A disk that cannot be asked is taken for a full one: nothing could be written on it."""
        try:
            self._free = min(self._free_of(place) for place in (self._directory, *map(_there, self._beside)))
        except OSError:
            self._free = 0.0
        self.look_at_latch()
        self._tell()

    def look_at_latch(self) -> None:
        """Look whether something forged was accepted; asked once before anybody is answered.

        Where that cannot be asked, nothing is decided until the next look.
        """
        if self._latched:
            return
        try:
            self._latched = is_latched(self._directory)
        except OSError:
            self._free = 0.0
            return
        if self._latched:
            self._on_latch()

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(LIMITS.standing_look.total_seconds())

    def _tell(self) -> None:
        """Write what changed, once."""
        against = self.against
        for words in against:
            if words not in self._told:
                JOURNAL.error("not ready: %s", words)
        if self._told and not against:
            JOURNAL.info("ready again")
        self._told = against


def free_share(directory: Path) -> float:
    """Return the share of the file system of ``directory`` that is free to us: of its space or of its files, the less.

    A tile of the log and a snapshot are files of their own, so either can run out. Some file systems count no files.

    Raises:
        OSError: It cannot be asked.
    """
    found = os.statvfs(directory)
    counted = ((found.f_bavail, found.f_blocks), (found.f_favail, found.f_files))
    return min((free / whole for free, whole in counted if whole), default=1.0)


def _there(folder: Path) -> Path:
    """Return ``folder``, or the one above in which it is yet to be made."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def latch(directory: Path, words: str) -> None:
    """Keep this node, and every worker of it, from readiness and assertions until an operator has looked.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    files.write(directory, LATCH, f"{words}\n".encode(), mode=0o600)


def is_latched(directory: Path) -> bool:
    """Tell whether something forged was accepted and no operator has looked since.

    Raises:
        OSError: It cannot be asked.
    """
    return (directory / LATCH).exists()


def release(directory: Path) -> None:
    """Take the canary's word away: an operator has looked.

    Raises:
        ConfigurationError: The file cannot be taken away.
    """
    try:
        (directory / LATCH).unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot release the canary: {error.strerror}") from None
