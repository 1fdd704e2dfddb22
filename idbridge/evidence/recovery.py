"""What the files of a log hold, read again: the published tiles, and behind them what was written ahead.

Decides whether files are the log that they say to be: the root of the tiles is the one that the checkpoint signs, every
record goes on where the one before ended, and leads to the root that it names. A write that was cut short at the very
end counts for nothing, because nobody was told of it. Anything else that does not add up is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idbridge.errors import EvidenceError
from idbridge.evidence import edge as edges
from idbridge.evidence import places, write_ahead
from idbridge.evidence.edge import Edge
from idbridge.evidence.errors import LogError, refuse
from idbridge.limits import LIMITS
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle, note, tile
from idbridge.tlog.checkpoint import Checkpoint
from idbridge.tlog.leaf import parse_leaf
from idbridge.tlog.merkle import Frontier
from idbridge.tlog.note import Note, NoteKey
from idbridge.tlog.tile import WIDTH, Bundle, Tile


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint that a key of the log has signed, taken apart and whole."""

    checkpoint: Checkpoint
    note: Note


@dataclass(frozen=True, slots=True)
class Kept:
    """A log as its files have it: the edge that is published, the entries behind it, and the newest tree of all.

    ``at_ms`` is the time of the last leaf, 0 in an empty log.
    """

    edge: Edge
    entries: tuple[bytes, ...]
    frontier: Frontier
    signed: Signed
    at_ms: int


def signed_by(octets: bytes, keys: Sequence[NoteKey]) -> Signed:
    """Return the checkpoint that ``octets`` are, of the log whose keys these are.

    Raises:
        LogError: They are none, of another log, or none of the keys has signed.
    """
    try:
        unverified = checkpoints.parse_unverified(octets)
        if unverified.checkpoint.origin not in {key.name for key in keys}:
            refuse("the checkpoint is of another log")
        if not note.signed_by(unverified.note, keys):
            refuse("no key of this log has signed its checkpoint")
    except EvidenceError as refusal:
        raise LogError(f"the checkpoint cannot be relied on: {refusal.detail}") from refusal
    return Signed(unverified.checkpoint, unverified.note)


def published(folder: Path, keys: Sequence[NoteKey]) -> Signed:
    """Return the checkpoint that the log in ``folder`` shows to others.

    Raises:
        LogError: There is none, or it cannot be relied on.
    """
    octets = places.read(folder, places.CHECKPOINT, max_bytes=LIMITS.note_bytes)
    if octets is None:
        refuse(f"there is no log in {folder.name}; `idbridge log init` begins one")
    return signed_by(octets, keys)


def read(folder: Path, keys: Sequence[NoteKey]) -> Kept:
    """Return what the log in ``folder`` holds. Whoever reads it has it alone.

    Raises:
        LogError: The files are not those of a log, are damaged, or are of other keys.
    """
    signed = published(folder, keys)
    edge = read_edge(folder, signed.checkpoint)
    entries, frontier, newest = _written_ahead(folder, edge, signed, keys)
    return Kept(edge, entries, frontier, newest, _last_time(folder, edge, entries))


def read_edge(folder: Path, checkpoint: Checkpoint) -> Edge:
    """Return the right edge of the published tiles.

    Raises:
        LogError: A tile or bundle is not there, or does not lead to the root of the checkpoint.
    """

    def entries(bundle: Bundle) -> tuple[bytes, ...]:
        octets = places.read_bundle(folder, bundle)
        if octets is None:
            refuse(f"{bundle.path} is not there")
        return write_ahead.leaf_bundle(octets, width=bundle.width)

    edge = edges.load(checkpoint.size, lambda one: places.read_tile(folder, one), entries)
    lowest = edge.levels[0] if edge.levels else ()
    if edge.frontier().root() != checkpoint.root or tuple(map(merkle.leaf_hash, edge.entries)) != lowest:
        refuse("the tiles of the log do not lead to the root that its checkpoint signs")
    return edge


def root_at(folder: Path, kept: Kept, size: int) -> bytes:
    """Return the root that the log had when it was ``size`` entries long, at most as many as it has now.

    Raises:
        LogError: A tile is not there.
    """
    edge = kept.edge
    if size >= edge.size:
        hashes = [merkle.leaf_hash(entry) for entry in kept.entries[: size - edge.size]]
        return edge.frontier().advance(hashes).root()
    return merkle.root(size, tile.nodes_of(edge.size, lambda one: places.read_tile(folder, one)))


def _written_ahead(
    folder: Path, edge: Edge, signed: Signed, keys: Sequence[NoteKey]
) -> tuple[tuple[bytes, ...], Frontier, Signed]:
    entries: list[bytes] = []
    frontier, last = edge.frontier(), None
    for record in write_ahead.read_records(folder):
        if record.end <= edge.size:
            continue  # the tiles have it; the file was about to be removed
        if record.first != frontier.size:
            refuse("the write-ahead files do not go on where the tiles end")
        frontier = frontier.advance([merkle.leaf_hash(entry) for entry in record.entries])
        if frontier.root() != record.root:
            refuse("a write-ahead record does not lead to the root that it names")
        entries += record.entries
        last = record
    if last is None:
        return (), frontier, signed
    newest = signed_by(last.checkpoint, keys)
    if (newest.checkpoint.size, newest.checkpoint.root) != (frontier.size, last.root):
        refuse("the last write-ahead record holds the checkpoint of another tree")
    return tuple(entries), frontier, newest


def _last_time(folder: Path, edge: Edge, entries: Sequence[bytes]) -> int:
    last = entries or edge.entries
    if not last and edge.size:
        whole = Bundle(edge.size // WIDTH - 1)
        octets = places.read_bundle(folder, whole)
        if octets is None:
            refuse(f"{whole.path} is not there")
        last = write_ahead.leaf_bundle(octets, width=WIDTH)
        lowest = places.read_tile(folder, Tile(0, whole.index))
        if b"".join(map(merkle.leaf_hash, last)) != lowest:
            refuse(f"{whole.path} holds other entries than its tile says")
    try:
        return parse_leaf(last[-1]).at_ms if last else 0
    except EvidenceError as refusal:
        raise LogError("the last entry of the log is no leaf that is known here") from refusal
