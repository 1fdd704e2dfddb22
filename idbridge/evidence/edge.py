"""The right edge of a log in tiles: those that are not full yet, and how they grow into files.

Decides which files a log has after some entries, from the entries alone: what the writer has hashed is hashed again,
so that an entry which does not hash to what was signed is never published (C2SP tlog-tiles; RFC 6962 section 2.1).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from idbridge.tlog import merkle, tile
from idbridge.tlog.merkle import Frontier
from idbridge.tlog.tile import HEIGHT, WIDTH, Bundle, Tile


@dataclass(frozen=True, slots=True)
class Edge:
    """The open tiles of a tree of ``size`` entries: by level the hashes of each, and the entries of the open bundle."""

    size: int = 0
    levels: tuple[tuple[bytes, ...], ...] = ()
    entries: tuple[bytes, ...] = ()

    def frontier(self) -> Frontier:
        """Return the right edge of the tree: each open tile adds the peaks of its own hashes."""
        peaks = [peak for hashes in reversed(self.levels) for peak in Frontier().advance(hashes).peaks]
        return Frontier(self.size, tuple(peaks))

    def grown(self, entries: Sequence[bytes]) -> "Growing":
        """Return the edge after ``entries``, and the files that came about."""
        return _grown(self, entries)


@dataclass(frozen=True, slots=True)
class Growing:
    """An edge that grew: as it is now, the files to be written by path, and which tiles and bundles are full now."""

    edge: Edge
    files: dict[str, bytes] = field(default_factory=dict)
    full: tuple[Tile | Bundle, ...] = ()


def _grown(before: Edge, entries: Sequence[bytes]) -> Growing:
    levels = [list(hashes) for hashes in before.levels]
    bundle, index = list(before.entries), before.size
    files: dict[str, bytes] = {}
    full: list[Tile | Bundle] = []
    for entry in entries:
        bundle.append(entry)
        index += 1
        _push(levels, merkle.leaf_hash(entry), index=index, files=files, full=full)
        if len(bundle) == WIDTH:
            whole = Bundle((index - 1) // WIDTH)
            files[whole.path] = tile.encode_entries(bundle)
            full.append(whole)
            bundle.clear()
    for level, hashes in enumerate(levels):
        if hashes and (index >> HEIGHT * level) > (before.size >> HEIGHT * level):
            files[Tile(level, index >> HEIGHT * (level + 1), len(hashes)).path] = b"".join(hashes)
    if bundle and entries:
        files[Bundle(index // WIDTH, len(bundle)).path] = tile.encode_entries(bundle)
    return Growing(Edge(index, tuple(map(tuple, levels)), tuple(bundle)), files, tuple(full))


def _push(
    levels: list[list[bytes]], node: bytes, *, index: int, files: dict[str, bytes], full: list[Tile | Bundle]
) -> None:
    """Add the hash of the entry before ``index``; a tile that is full becomes one hash of the level above."""
    level = 0
    while True:
        if level == len(levels):
            levels.append([])
        levels[level].append(node)
        if len(levels[level]) < WIDTH:
            return
        whole = Tile(level, (index >> HEIGHT * (level + 1)) - 1)
        files[whole.path] = b"".join(levels[level])
        full.append(whole)
        (node,) = Frontier().advance(levels[level]).peaks
        levels[level] = []
        level += 1


def open_tiles(size: int) -> tuple[Tile | None, ...]:
    """Return by level the open tile of a tree of ``size`` entries, ``None`` where the last one is full."""
    found: list[Tile | None] = []
    level = 0
    while size >> HEIGHT * level:
        width = (size >> HEIGHT * level) % WIDTH
        found.append(Tile(level, size >> HEIGHT * (level + 1), width) if width else None)
        level += 1
    return tuple(found)


def load(size: int, read: Callable[[Tile], bytes], entries: Callable[[Bundle], Sequence[bytes]]) -> Edge:
    """Return the edge of a log of ``size`` entries as its files have it; whether it is true, a root has to say.

    Raises:
        EvidenceError: A tile has another length; otherwise as ``read`` and ``entries``.
    """
    levels = tuple(() if one is None else tile.hashes(one, read(one)) for one in open_tiles(size))
    width = size % WIDTH
    return Edge(size, levels, tuple(entries(Bundle(size // WIDTH, width))) if width else ())
