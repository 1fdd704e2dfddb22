"""Tiles: the nodes and entries of a log cut into files that never change, and proofs made from them.

Decides how a tile is called, how wide it is in a tree of some size, and whether octets are one. It does not know where
tiles are kept. What is read from tiles proves nothing by itself: a proof made from them has to lead to the root of a
checkpoint. Clause: C2SP tlog-tiles.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from idbridge.errors import EvidenceError
from idbridge.limits import LIMITS
from idbridge.tlog import merkle
from idbridge.tlog.merkle import HASH_OCTETS

HEIGHT: Final = 8  # levels of the tree within one tile
WIDTH: Final = 256  # hashes or entries in a full one
MAX_LEVEL: Final = 63
_ENTRIES: Final = "entries"
_LENGTH_OCTETS: Final = 2
_GROUP_DIGITS: Final = 3
_LEAST_PARTS: Final = 3  # the word, the level and a number
_PATH_CHARACTERS: Final = 64  # the longest has `tile/entries/`, seven groups of four and `.p/255`


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Hashes of one level, side by side; ``level`` 0 holds hashes of entries, each level above spans 256 times more.

    Raises:
        ValueError: Level, index or width is out of range.
    """

    level: int
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        if not 0 <= self.level <= MAX_LEVEL:
            raise ValueError(f"a level is 0 to {MAX_LEVEL}")
        _require_place(self.index, self.width)

    @property
    def path(self) -> str:
        """Where the tile is, below the prefix of the log."""
        return _path(str(self.level), self.index, self.width)

    @property
    def octets(self) -> int:
        """How long the tile is."""
        return self.width * HASH_OCTETS


@dataclass(frozen=True, slots=True, order=True)
class Bundle:
    """Entries side by side, those whose hashes the tile of level 0 with the same index and width holds.

    Raises:
        ValueError: Index or width is out of range.
    """

    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        _require_place(self.index, self.width)

    @property
    def path(self) -> str:
        """Where the bundle is, below the prefix of the log."""
        return _path(_ENTRIES, self.index, self.width)

    @property
    def tile(self) -> Tile:
        """The tile of the hashes of these entries."""
        return Tile(0, self.index, self.width)


# Given a tile, returns its octets. Whoever keeps tiles raises an error of ours for one that is not there.
TileReader = Callable[[Tile], bytes]


def parse_path(path: str) -> Tile | Bundle:
    """Return the tile or bundle that ``path`` names: ``tile/0/x001/234``, ``tile/entries/000.p/17``.

    Raises:
        EvidenceError: ``time.evidence_malformed``: another form, or a second spelling.
    """
    parts = path.split("/") if len(path) <= _PATH_CHARACTERS and path.isascii() else []
    if len(parts) < _LEAST_PARTS or parts[0] != "tile":
        _malformed("no path of a tile")
    width = WIDTH
    if parts[-2].endswith(".p"):
        width = _number(parts.pop())
        parts[-1] = parts[-1].removesuffix(".p")
    index = _number("".join(part.removeprefix("x") for part in parts[2:]).lstrip("0") or "0")
    try:
        found = Bundle(index, width) if parts[1] == _ENTRIES else Tile(_number(parts[1]), index, width)
    except ValueError:
        _malformed("no tile has this place")
    if found.path != path:
        _malformed("a second spelling of the path of a tile")
    return found


def width_at(size: int, level: int, index: int) -> int:
    """Return how many hashes the tile has in a tree of ``size`` entries: 0 if the tree has none of it yet."""
    return max(0, min(WIDTH, (size >> (HEIGHT * level)) - index * WIDTH))


def tile_of(level: int, index: int, *, size: int) -> tuple[Tile, int, int]:
    """Return the tile that a node is made of in a tree of ``size`` entries, and which hashes of it, first and end.

    Raises:
        EvidenceError: ``time.evidence_malformed``: the tree does not have this node yet.
    """
    if level < 0 or index < 0 or (index + 1) << level > size:
        _malformed("a node that the tree does not have")
    tile_level, within = divmod(level, HEIGHT)
    first = index << within
    tile_index = first // WIDTH
    tile = Tile(tile_level, tile_index, width_at(size, tile_level, tile_index))
    first %= WIDTH
    return tile, first, first + (1 << within)


def grown(old: int, new: int) -> tuple[Tile, ...]:
    """Return the tiles to be written when a tree grows from ``old`` to ``new`` entries, the lowest level first.

    Raises:
        ValueError: A log does not shrink.
    """
    if not 0 <= old <= new <= LIMITS.log_size:
        raise ValueError("a log does not shrink")
    found = []
    level = 0
    while new >> (HEIGHT * level):
        before, after = old >> (HEIGHT * level), new >> (HEIGHT * level)
        if after > before:
            last = (after - 1) // WIDTH
            found += [Tile(level, index, width_at(new, level, index)) for index in range(before // WIDTH, last + 1)]
        level += 1
    return tuple(found)


def bundles_grown(old: int, new: int) -> tuple[Bundle, ...]:
    """Return the bundles to be written when a tree grows from ``old`` to ``new`` entries.

    Raises:
        ValueError: A log does not shrink.
    """
    return tuple(Bundle(tile.index, tile.width) for tile in grown(old, new) if tile.level == 0)


def tile_octets(tile: Tile, nodes: merkle.Nodes) -> bytes:
    """Return what stands in ``tile``, of the tree with these ``nodes``.

    Raises:
        EvidenceError: As ``nodes``.
    """
    first, level = tile.index * WIDTH, tile.level * HEIGHT
    return b"".join([nodes(level, first + place) for place in range(tile.width)])


def hashes(tile: Tile, octets: bytes) -> tuple[bytes, ...]:
    """Return the hashes that stand in ``tile``.

    Raises:
        EvidenceError: ``time.evidence_malformed``: the tile has another length.
    """
    if len(octets) != tile.octets:
        _malformed("a tile of another length than its width")
    return tuple(octets[start : start + HASH_OCTETS] for start in range(0, len(octets), HASH_OCTETS))


def nodes_of(size: int, read: TileReader) -> merkle.Nodes:
    """Return the nodes of the tree of ``size`` entries, from its tiles; each tile is read once for each node.

    A tile that gives a wrong node gives a proof that leads nowhere: whoever makes a proof verifies it as well.
    """

    def node(level: int, index: int) -> bytes:
        tile, first, end = tile_of(level, index, size=size)
        level_hashes = list(hashes(tile, read(tile))[first:end])
        while len(level_hashes) > 1:
            pairs = zip(level_hashes[::2], level_hashes[1::2], strict=True)
            level_hashes = [merkle.node_hash(left, right) for left, right in pairs]
        return level_hashes[0]

    return node


def needed(subtrees: Sequence[tuple[int, int]], *, size: int) -> frozenset[Tile]:
    """Return the tiles that a proof of these subtrees is made from, so that they can be fetched at once.

    ``subtrees`` are those of ``merkle.inclusion_subtrees`` or ``merkle.consistency_subtrees``.
    """
    nodes = [node for first, end in subtrees for node in merkle.subtree_nodes(first, end)]
    return frozenset(tile_of(level, index, size=size)[0] for level, index in nodes)


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """Return ``entries`` as a bundle holds them, each behind its length in two octets.

    Raises:
        ValueError: An entry is longer than ``LIMITS.log_entry_bytes``, or they are more than a bundle holds.
    """
    if len(entries) > WIDTH or any(len(entry) > LIMITS.log_entry_bytes for entry in entries):
        raise ValueError(f"a bundle holds {WIDTH} entries of {LIMITS.log_entry_bytes} octets")
    return b"".join([len(entry).to_bytes(_LENGTH_OCTETS, "big") + entry for entry in entries])


def decode_entries(octets: bytes, *, width: int) -> tuple[bytes, ...]:
    """Return the ``width`` entries that a bundle holds.

    Raises:
        EvidenceError: ``time.evidence_malformed``: an entry is cut off, or there are fewer or more.
    """
    found: list[bytes] = []
    start = 0
    while start < len(octets) and len(found) < width:
        begin = start + _LENGTH_OCTETS
        start = begin + int.from_bytes(octets[start:begin], "big")
        if begin > len(octets) or start > len(octets):
            _malformed("an entry is cut off")
        found.append(octets[begin:start])
    if len(found) != width or start != len(octets):
        _malformed("a bundle holds another number of entries")
    return tuple(found)


def require_bundle(bundle: Bundle, entries: Sequence[bytes], *, tile: bytes) -> None:
    """Return if ``entries`` are those whose hashes stand in ``tile``, the octets of ``bundle.tile``.

    Raises:
        EvidenceError: ``time.evidence_not_included``, or ``time.evidence_malformed`` for a tile of another length.
    """
    if tuple(merkle.leaf_hash(entry) for entry in entries) != hashes(bundle.tile, tile):
        raise EvidenceError("time.evidence_not_included", "an entry does not hash to what its tile says")


def _require_place(index: int, width: int) -> None:
    if not 0 <= index <= LIMITS.log_size // WIDTH or not 0 < width <= WIDTH:
        raise ValueError(f"a tile has 1 to {WIDTH} hashes, at an index that a log reaches")


def _path(level: str, index: int, width: int) -> str:
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // _GROUP_DIGITS) * _GROUP_DIGITS)
    groups = [digits[start : start + _GROUP_DIGITS] for start in range(0, len(digits), _GROUP_DIGITS)]
    partial = "" if width == WIDTH else f".p/{width}"
    return "/".join(("tile", level, *[f"x{group}" for group in groups[:-1]], groups[-1])) + partial


def _number(text: str) -> int:
    if not text.isdecimal() or not text.isascii():
        _malformed("no number in the path of a tile")
    return int(text)


def _malformed(why: str) -> NoReturn:
    raise EvidenceError("time.evidence_malformed", why)
