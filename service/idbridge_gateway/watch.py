"""What tells a node that trust material may have changed, and how often it looks. Decides nothing about trust.

Marks are compared and mean nothing else: of files on this machine, by their times and sizes; of a tree elsewhere, by
its timestamp alone, which is the last that changes and is asked for under its entity tag.
"""

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.net.conditional import ConditionalSource
from idbridge.trust.tuf.mirror import TIMESTAMP_PATH

_OCTETS: Final = 4
_JITTER: Final = 0.2


class Marks(Protocol):
    """What shows that something changed: equal while nothing did."""

    def read(self) -> Hashable:
        """Return the marks as they are now.

        Raises:
            FetchError: The source cannot be read.
        """
        ...


class FileMarks:
    """The files below ``places``: which there are, and when each was last written."""

    def __init__(self, *places: Path) -> None:
        self._places = places

    def read(self) -> Hashable:
        """Return the marks as they are now; what cannot be read is not there."""
        files = [file for place in self._places for file in (place, *place.rglob("*"))]
        marks: set[tuple[str, int, int, int]] = set()
        for file in files:
            try:
                status = file.stat()
            except OSError:  # taken away between listing and looking
                continue
            marks.add((str(file), status.st_mtime_ns, status.st_size, status.st_ino))
        return frozenset(marks)


class TimestampMarks:
    """The timestamp of a tree elsewhere."""

    def __init__(self, base: str, source: ConditionalSource) -> None:
        self._url = f"{base.removesuffix('/')}/{TIMESTAMP_PATH}"
        self._source = source
        self._tag: str | None = None
        self._mark = ""

    def read(self) -> Hashable:
        """Return the digest of the timestamp that is offered now.

        Raises:
            FetchError: It cannot be read.
        """
        document = self._source.fetch_changed(self._url, max_bytes=LIMITS.timestamp_bytes, tag=self._tag)
        if document is not None:
            self._tag, self._mark = document.tag, hashlib.sha256(document.octets).hexdigest()
        return self._mark


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait between two looks. With ``jitter``, nodes that started together do not stay together."""

    every: timedelta
    jitter: bool = False

    def seconds(self, randomness: Randomness) -> float:
        """Return the seconds until the next look: a fifth more or less where there is jitter, else just so many."""
        seconds = self.every.total_seconds()
        if not self.jitter:
            return seconds
        share = int.from_bytes(randomness.octets(_OCTETS), "big") / (256**_OCTETS - 1)
        return seconds * (1 - _JITTER + 2 * _JITTER * share)
