"""Examining a log: every entry is hashed again, every tile made again, and whatever differs is found.

Decides whether the files of a log are, octet for octet, what its checkpoint signs. It changes nothing. Of a log that
is being written it examines what is published; what was written ahead is its writer's until then.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from idbridge.errors import EvidenceError
from idbridge.evidence import places, reading, recovery, write_ahead
from idbridge.evidence.errors import BusyError, LogError
from idbridge.tlog import merkle, tile
from idbridge.tlog.checkpoint import Checkpoint
from idbridge.tlog.leaf import LeafType, parse_leaf
from idbridge.tlog.merkle import Frontier
from idbridge.tlog.note import NoteKey
from idbridge.tlog.tile import HEIGHT, WIDTH, Bundle, Tile

_KNOWN: Final = frozenset({
    places.CHECKPOINT, places.VKEY, places.PRUNED, places.WRITE_AHEAD, places.TILES, places.LOCK, places.DRAFTS,
})  # fmt: skip
_TIME: Final = re.compile(rb'[{,]"ts":([0-9]{1,16}),')


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: in which file, and what."""

    path: str
    what: str


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found: nothing, or what differs. ``written_ahead`` is ``None`` where a writer has the log."""

    size: int
    first_kept: int
    written_ahead: int | None
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Walk:
    """A walk through the tiles from the lowest level up, and what it found so far."""

    folder: Path
    checkpoint: Checkpoint
    first_kept: int
    findings: list[Finding] = field(default_factory=list)
    last_ms: int = 0

    def find(self, path: str, what: str) -> None:
        self.findings.append(Finding(path, what))


def examine(folder: Path, keys: Sequence[NoteKey] = ()) -> Examined:
    """Return what differs in the log in ``folder`` from what a key of ``keys``, or the folder's own, has signed.

    Raises:
        LogError: There is no log.
    """
    if not (folder / places.WRITE_AHEAD).is_dir():
        raise LogError(f"there is no log in {folder.name}; `idbridge log init` begins one")
    strangers = [Finding(one.name, "no file of a log") for one in folder.iterdir() if one.name not in _KNOWN]
    try:
        keys = keys or (reading.key_of(folder),)
    except LogError as damaged:
        return Examined(0, 0, None, (*strangers, Finding(places.VKEY, str(damaged))))
    try:
        signed, first = recovery.published(folder, keys), reading.pruned_below(folder)
    except LogError as damaged:
        return Examined(0, 0, None, (*strangers, Finding(places.CHECKPOINT, str(damaged))))
    walk = _Walk(folder, signed.checkpoint, first, strangers)
    _climb(walk)
    _others(walk)
    ahead = _written_ahead(walk, keys)
    return Examined(signed.checkpoint.size, first, ahead, tuple(walk.findings))


def _climb(walk: _Walk) -> None:
    """Hash every entry, make every tile from the level below, and compare the last of all with the checkpoint."""
    size = walk.checkpoint.size
    if not size and walk.checkpoint.root != merkle.EMPTY_ROOT:
        walk.find(places.CHECKPOINT, "an empty tree with the root of another")
    nodes: Sequence[bytes] | None = None
    peaks: list[bytes] = []
    level = 0
    while size >> HEIGHT * level:
        above: list[bytes] = []
        count = size >> HEIGHT * level
        for index in range(-(-count // WIDTH)):
            one = Tile(level, index, tile.width_at(size, level, index))
            wanted = _entries_of(walk, one) if nodes is None else nodes[index * WIDTH : index * WIDTH + one.width]
            hashes = _compared(walk, one, wanted)
            edge = Frontier().advance(hashes)
            if one.width == WIDTH:
                above += edge.peaks
            else:
                peaks[:0] = edge.peaks
        nodes = above
        level += 1
    if size and Frontier(size, tuple(peaks)).root() != walk.checkpoint.root:
        walk.find(places.CHECKPOINT, "the entries lead to another root")


def _entries_of(walk: _Walk, one: Tile) -> Sequence[bytes] | None:
    """Return the hashes of the entries of a tile of the lowest level; ``None`` where they are not kept."""
    bundle = Bundle(one.index, one.width)
    if (one.index + 1) * WIDTH <= walk.first_kept:
        if (walk.folder / bundle.path).exists():
            walk.find(bundle.path, "it is said to be pruned, and is there")
        return None
    try:
        entries = reading.bundle(walk.folder, one.index, size=walk.checkpoint.size)[: one.width]
    except LogError as damaged:
        walk.find(bundle.path, str(damaged))
        return None
    _times(walk, bundle, entries)
    return [merkle.leaf_hash(entry) for entry in entries]


def _times(walk: _Walk, bundle: Bundle, entries: Sequence[bytes]) -> None:
    for place, entry in enumerate(entries):
        told, index = _TIME.search(entry), bundle.index * WIDTH + place
        if told is None or (int(told[1]) < walk.last_ms and not _goes_back(entry, index)):
            walk.find(bundle.path, f"entry {index} has no time, or one before the last")
            return
        walk.last_ms = int(told[1])


def _goes_back(entry: bytes, index: int) -> bool:
    """Tell whether an entry says of itself that the time goes back from here on: an operator had a log go on."""
    try:
        leaf = parse_leaf(entry)
    except EvidenceError:
        return False
    return leaf.type is LeafType.RECOVER and leaf.members["size"] == index


def _compared(walk: _Walk, one: Tile, wanted: Sequence[bytes] | None) -> Sequence[bytes]:
    """Return the hashes of a tile: those that were made again, or where nothing is left to make them of, the file's."""
    octets: bytes | None = None
    try:
        octets = places.read_tile(walk.folder, one)
    except LogError as damaged:
        walk.find(one.path, str(damaged))
    made = None if wanted is None else b"".join(wanted)
    if octets is not None and made is not None and octets != made:
        walk.find(one.path, "it holds other hashes than what it is made of")
    if wanted is not None:
        return wanted
    return [merkle.EMPTY_ROOT] * one.width if octets is None else tile.hashes(one, octets)


def _others(walk: _Walk) -> None:
    """Look at every other file below the tiles: partial ones of an earlier size, and what should not be there."""
    for path in sorted((walk.folder / places.TILES).rglob("*")):
        name = path.relative_to(walk.folder).as_posix()
        if path.is_dir():
            continue
        try:
            one = tile.parse_path(name)
            _prefix(walk, one, path.read_bytes())
        except FileNotFoundError:
            continue  # a writer made room for a full one
        except (EvidenceError, LogError, OSError):
            walk.find(name, "no file of a log, or one that cannot be read")


def _prefix(walk: _Walk, one: Tile | Bundle, octets: bytes) -> None:
    """Compare a partial file with the beginning of the widest one; what is past the checkpoint is still to come."""
    level = one.level if isinstance(one, Tile) else 0
    width = tile.width_at(walk.checkpoint.size, level, one.index)
    if one.width >= width:
        return  # the one that was compared already, or one that no checkpoint names yet
    if isinstance(one, Bundle):
        whole: bytes | None = places.read_bundle(walk.folder, Bundle(one.index, width))
        whole = None if whole is None else tile.encode_entries(write_ahead.leaf_bundle(whole, width=width)[: one.width])
    else:
        whole = places.read_tile(walk.folder, Tile(level, one.index, width))[: one.octets]
    if whole is not None and whole != octets:
        walk.find(one.path, "it is not the beginning of what came after it")


def _written_ahead(walk: _Walk, keys: Sequence[NoteKey]) -> int | None:
    """Examine what was written ahead, unless a writer has the log; return how many entries it adds."""
    try:
        with places.locked(walk.folder):
            kept = recovery.read(walk.folder, keys)
            for path in write_ahead.segments(walk.folder):
                if not _is_whole(path):
                    what = "octets behind its last record: a write that was cut short, or damage; a start removes them"
                    walk.find(f"{places.WRITE_AHEAD}/{path.name}", what)
            return len(kept.entries)
    except BusyError:
        return None
    except LogError as refusal:
        walk.find(places.WRITE_AHEAD, str(refusal))
        return 0


def _is_whole(path: Path) -> bool:
    octets = path.read_bytes()
    end = write_ahead.end_of(octets)
    return not any(octets[end:])
