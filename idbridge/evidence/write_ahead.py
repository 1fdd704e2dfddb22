"""The write-ahead files of a log: what was promised and does not stand in tiles yet, one record a batch.

Decides whether octets are records, and whether what stands behind the last whole one is a write that was cut short,
which nobody was ever told of, or damage, which is refused. A record is::

    mark 4 | length of entries 4 | length of checkpoint 4 | first index 8 | count 4 | crc of these 4 | end 1
    entries, each behind its length in two octets | root 32 | checkpoint | crc of these 4 | end 1

The head has a checksum of its own: a bit that turned in a length must not make the last record look cut off. Behind the
last record a file is empty: it is filled with zeros beforehand, since a disk takes long to make a file longer, and is
emptied to be used again once its records are published. So what was cut short ends in zeros, and no bit that turns
makes a zero of an end.
"""

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from idbridge.clock import SystemStopwatch
from idbridge.errors import EvidenceError
from idbridge.evidence import places
from idbridge.evidence.errors import LogError, refuse
from idbridge.limits import LIMITS
from idbridge.tlog import tile
from idbridge.tlog.merkle import HASH_OCTETS

_STOPWATCH: Final = SystemStopwatch()
_MARK: Final = b"idw1"
_END: Final = b"\n"
_HEAD: Final = struct.Struct(">4sIIQIIc")
_TAIL: Final = struct.Struct(">Ic")
_LENGTH: Final = struct.Struct(">H")
_SECTOR: Final = 512  # what a disk writes wholly or not at all
_DIGITS: Final = 16
_PREPARED: Final = 1024 * 1024  # octets of a new file; one that had to grow stays as long as it became
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Record:
    """One batch: the entries from index ``first`` on, the root of the tree behind them, and the signed checkpoint."""

    first: int
    entries: tuple[bytes, ...]
    root: bytes
    checkpoint: bytes

    @property
    def end(self) -> int:
        """The size of the tree behind the batch."""
        return self.first + len(self.entries)


def encode(first: int, entries: Sequence[bytes], *, root: bytes, checkpoint: bytes) -> bytes:
    """Return the record of a batch."""
    pack = _LENGTH.pack
    told = b"".join([part for entry in entries for part in (pack(len(entry)), entry)])
    head = _HEAD.pack(_MARK, len(told), len(checkpoint), first, len(entries), 0, _END)[: -_TAIL.size]
    body = told + root + checkpoint
    return b"".join((head, _TAIL.pack(zlib.crc32(head), _END), body, _TAIL.pack(zlib.crc32(body), _END)))


def records(octets: bytes, *, last: bool) -> Iterator[Record]:
    """Yield the records of one write-ahead file; ``last``: it is the one that was being written.

    A write that was cut short is the end of the last file: a part of a record, with nothing or zeros behind it, or one
    with sectors that never came to the disk. Nobody was told of it, because telling waits for the disk.

    Raises:
        LogError: Anything else that is not a record.
    """
    start = 0
    while any(octets[start : start + _HEAD.size]):
        found = _parse(octets, start)
        if found is None:
            if not last:
                refuse("a write-ahead file is damaged before its end")
            return
        record, start = found
        yield record


def end_of(octets: bytes) -> int:
    """Return where the whole records of a write-ahead file end.

    Raises:
        LogError: A record is damaged.
    """
    start = 0
    while any(octets[start : start + _HEAD.size]) and (found := _parse(octets, start)) is not None:
        start = found[1]
    return start


def _parse(octets: bytes, start: int) -> tuple[Record, int] | None:
    """Return the record at ``start`` and where it ends; ``None`` if it was cut short."""
    head = octets[start : start + _HEAD.size]
    if len(head) < _HEAD.size:
        return None
    mark, told, signed, first, count, crc, ended = _HEAD.unpack(head)
    if (mark, crc, ended) != (_MARK, zlib.crc32(head[: -_TAIL.size]), _END):
        if not any(ended):
            return None
        refuse("a write-ahead record is damaged: its head does not add up")
    begin = start + _HEAD.size
    tail = begin + told + HASH_OCTETS + signed
    end = tail + _TAIL.size
    if end > len(octets):
        return None
    body = octets[begin:tail]
    crc, ended = _TAIL.unpack_from(octets, tail)
    if (crc, ended) != (zlib.crc32(body), _END):
        if not any(ended) or _has_lost_sector(octets, begin, end):
            return None
        refuse("a write-ahead record is damaged: its body does not add up")
    return Record(first, _entries(body[:told], count), body[told : told + HASH_OCTETS], body[-signed:]), end


def _has_lost_sector(octets: bytes, start: int, end: int) -> bool:
    """Tell whether a whole sector, or what the record has of one, is empty: written in name only."""
    places_ = range(start - start % _SECTOR, end, _SECTOR)
    parts = [octets[max(place, start) : min(place + _SECTOR, end)] for place in places_]
    return any(not any(part) for part in parts)


def _entries(told: bytes, count: int) -> tuple[bytes, ...]:
    """Return the entries of a record whose checksums are right: a batch may hold more than one bundle does."""
    found, start = [], 0
    try:
        for _ in range(count):
            (length,) = _LENGTH.unpack_from(told, start)
            start += _LENGTH.size
            found.append(told[start : start + length])
            start += length
    except struct.error as short:
        raise LogError("a write-ahead record holds fewer entries than it says") from short
    if start != len(told):
        refuse("a write-ahead record holds other entries than it says")
    return tuple(found)


class Segment:
    """One write-ahead file that is being written, and used again. After any failure it is written to no more."""

    def __init__(self, folder: Path, number: int) -> None:
        """Make the file, filled with zeros, and let its name last.

        Raises:
            LogError: The disk is full.
            OSError: It failed.
        """
        self._folder = folder / places.WRITE_AHEAD
        self.number = number
        self.octets = 0
        self._descriptor = os.open(self._path, _FLAGS, 0o600)
        try:
            places.write_whole(self._descriptor, bytes(_PREPARED))
            os.fsync(self._descriptor)
            places.sync(self._folder)
        except BaseException:
            self.close()
            raise

    @property
    def _path(self) -> Path:
        return self._folder / f"{self.number:0{_DIGITS}d}"

    def write(self, record: bytes) -> float:
        """Write a record with one call; return once the disk has it, for how many seconds it was waited for.

        Raises:
            LogError: The disk is full.
            OSError: It failed; what became of the record is not known, and the same descriptor would not tell.
        """
        if os.pwritev(self._descriptor, (record,), self.octets) != len(record):
            refuse("the disk is full")
        begun = _STOPWATCH.seconds()
        os.fdatasync(self._descriptor)
        self.octets += len(record)
        return _STOPWATCH.seconds() - begun

    def empty(self, *, number: int) -> None:
        """Empty the file, whose records are published, and put it behind the others.

        Its beginning goes first: without that no record in it is looked at, whatever became of the rest.

        Raises:
            LogError: The disk is full.
            OSError: It failed.
        """
        beginning = min(_SECTOR, self.octets)
        for start, length in ((0, beginning), (beginning, self.octets - beginning)):
            if os.pwrite(self._descriptor, bytes(length), start) != length:
                refuse("the disk is full")
            os.fsync(self._descriptor)
        before, self.number, self.octets = self._path, number, 0
        before.rename(self._path)
        places.sync(self._folder)

    def close(self) -> None:
        """Write no more; the file stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def segments(folder: Path) -> tuple[Path, ...]:
    """Return the write-ahead files of a log, the oldest first.

    Raises:
        LogError: There are files of other names, or the folder cannot be read.
    """
    try:
        found = sorted((folder / places.WRITE_AHEAD).iterdir())
    except OSError as unreadable:
        raise LogError("the write-ahead files cannot be read") from unreadable
    for path in found:
        if not (path.name.isascii() and path.name.isdecimal() and len(path.name) == _DIGITS):
            refuse(f"{places.WRITE_AHEAD} holds something else than write-ahead files")
    return tuple(found)


def read_records(folder: Path) -> Iterator[Record]:
    """Yield the records of all write-ahead files, in their order.

    The one that was being written is the last that holds anything: the next one is there before it is needed.

    Raises:
        LogError: One of them is damaged, or cannot be read.
    """
    held: list[bytes] = []
    for path in segments(folder):
        octets = places.read(folder, f"{places.WRITE_AHEAD}/{path.name}", max_bytes=LIMITS.log_write_ahead_bytes)
        if octets is not None and any(octets[: _HEAD.size]):
            held.append(octets)
    for octets in held:
        yield from records(octets, last=octets is held[-1])


def leaf_bundle(octets: bytes, *, width: int) -> tuple[bytes, ...]:
    """Return the entries of a bundle of our own log.

    Raises:
        LogError: It holds others.
    """
    try:
        return tile.decode_entries(octets, width=width)
    except EvidenceError as refusal:
        raise LogError("an entry bundle is cut off, or holds another number of entries") from refusal
