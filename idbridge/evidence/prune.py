"""Pruning: entries that are old enough go, and the tree and every receipt stay as they are.

Decides which bundles may go: none that is of a day which somebody holds for a dispute, or later. Hash tiles are never
pruned, so that whoever holds a receipt can still have it proven that its leaf stands in the log of today (C2SP
tlog-tiles, pruning).
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from idbridge.errors import EvidenceError
from idbridge.evidence import places, reading
from idbridge.evidence.errors import LogError
from idbridge.tlog.leaf import parse_leaf
from idbridge.tlog.tile import WIDTH, Bundle


@dataclass(frozen=True, slots=True)
class Prunable:
    """The bundles that may go: from the first one kept, up to the entry that is the first one kept then."""

    first_kept: int
    first_kept_then: int

    @property
    def bundles(self) -> range:
        """Which bundles these are, by index."""
        return range(self.first_kept // WIDTH, self.first_kept_then // WIDTH)


def prunable(folder: Path, *, before: datetime, size: int) -> Prunable:
    """Return the bundles all of whose entries are older than ``before``; the last full one stays, for its time.

    Raises:
        LogError: A bundle cannot be read.
        ValueError: The instant is naive.
    """
    if before.tzinfo is None:
        raise ValueError("an instant has a time zone")
    first = reading.pruned_below(folder) // WIDTH
    low, high = first, max(first, size // WIDTH - 1)
    while low < high:  # times never go back, and so the first bundle that is too young is found by halving
        middle = (low + high) // 2
        if _last_ms(folder, middle, size=size) < before.timestamp() * 1_000:
            low = middle + 1
        else:
            high = middle
    return Prunable(first * WIDTH, low * WIDTH)


def unheld(before: datetime, held: Iterable[date]) -> datetime:
    """Return up to when entries may go, of those ``before``: all that is of a day which is ``held`` stays."""
    return min([before, *(datetime.combine(day, time(), UTC) for day in held)])


def prune(folder: Path, wanted: Prunable) -> None:
    """Remove bundles. What is said to be pruned is said first, and past a power failure.

    One at a time, and what another has removed meanwhile stays said: entries that are gone and not said to be would
    look like damage.

    Raises:
        LogError: The disk failed; some of them may be there still, and ``prune`` of the same removes them.
    """
    try:
        with _alone(folder):
            first = max(wanted.first_kept_then, reading.pruned_below(folder))
            if first:
                places.put(folder, {places.PRUNED: f"{first}\n".encode()})
            for number in range(first // WIDTH):
                (folder / Bundle(number).path).unlink(missing_ok=True)
    except OSError as failed:
        raise LogError(f"the log cannot be pruned: {failed.strerror}") from failed


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Be the only one who prunes; the writer of the log goes on, and takes no notice."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def _last_ms(folder: Path, number: int, *, size: int) -> int:
    try:
        return parse_leaf(reading.bundle(folder, number, size=size)[-1]).at_ms
    except EvidenceError as refusal:
        raise LogError(f"entry {(number + 1) * WIDTH - 1} is no leaf that is known here") from refusal
