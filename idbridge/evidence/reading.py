"""Reading a log that somebody may be writing: its key, its entries, and receipts made again.

Decides which entry is meant, and that no receipt leaves that does not verify. It sees what is published: that is all
but the last second of a log that is being written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from idbridge.errors import EvidenceError
from idbridge.evidence import places, recovery, write_ahead
from idbridge.evidence.errors import LogError, refuse
from idbridge.evidence.recovery import Signed
from idbridge.limits import LIMITS
from idbridge.tlog import merkle, note, tile
from idbridge.tlog import receipt as receipts
from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import Leaf, parse_leaf
from idbridge.tlog.note import NoteKey
from idbridge.tlog.receipt import Proof
from idbridge.tlog.tile import WIDTH, Bundle

_NUMBER_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a log: where it stands, its octets, and the leaf that they are."""

    index: int
    octets: bytes
    leaf: Leaf


def key_of(folder: Path) -> NoteKey:
    """Return the key that the folder of a log names as the log's own: enough against damage, not against a forger.

    Raises:
        LogError: There is no log, or what it says is no key.
    """
    octets = places.read(folder, places.VKEY, max_bytes=LIMITS.note_bytes)
    if octets is None:
        refuse(f"there is no log in {folder.name}; `idbridge log init` begins one")
    try:
        text = octets.decode()
        if not text.endswith("\n"):
            refuse(f"{places.VKEY} holds no key")
        return note.parse_key(text[:-1])
    except (EvidenceError, UnicodeDecodeError) as damaged:
        raise LogError(f"{places.VKEY} holds no key") from damaged


def pruned_below(folder: Path) -> int:
    """Return the first entry that is still kept; 0 if nothing was pruned.

    Raises:
        LogError: What is said of it is no number of whole bundles.
    """
    octets = places.read(folder, places.PRUNED, max_bytes=_NUMBER_BYTES)
    if octets is None:
        return 0
    text = octets.decode("latin-1")
    number = int(text) if text.removesuffix("\n").isdecimal() and text.isascii() else 0
    if not number or number % WIDTH or f"{number}\n" != text:
        refuse(f"{places.PRUNED} names no bundle")
    return number


def bundle(folder: Path, number: int, *, size: int) -> tuple[bytes, ...]:
    """Return the entries of a bundle of a log of ``size`` entries.

    Raises:
        LogError: It was pruned, is not there, or is damaged.
    """
    wanted = Bundle(number, tile.width_at(size, 0, number))
    octets = places.read_bundle(folder, wanted)
    if octets is None and wanted.width < WIDTH:
        wanted = Bundle(number)  # it has become full since the checkpoint was read
        octets = places.read_bundle(folder, wanted)
    if octets is None:
        refuse(f"{wanted.path} is not there" if number * WIDTH >= pruned_below(folder) else "this entry was pruned")
    return write_ahead.leaf_bundle(octets, width=wanted.width)


def entry(folder: Path, index: int, *, size: int) -> Entry:
    """Return the entry ``index`` of a log of ``size`` entries.

    Raises:
        LogError: There is no such entry, or it cannot be read.
    """
    if not 0 <= index < size:
        refuse(f"the log has no entry {index}; it has {size} that are published")
    octets = bundle(folder, index // WIDTH, size=size)[index % WIDTH]
    try:
        return Entry(index, octets, parse_leaf(octets))
    except EvidenceError as refusal:
        raise LogError(f"entry {index} is no leaf that is known here") from refusal


def find(folder: Path, request: str, *, size: int) -> Entry:
    """Return the last entry about ``request``: the log is looked through from its end.

    Raises:
        LogError: There is none, or a bundle cannot be read.
    """
    told = f'"req":"{request}"'.encode()
    first = pruned_below(folder) // WIDTH
    for number in range((size - 1) // WIDTH, first - 1, -1):
        entries = bundle(folder, number, size=size)[: size - number * WIDTH]
        for place in range(len(entries) - 1, -1, -1):
            if told in entries[place]:
                found = entry(folder, number * WIDTH + place, size=size)
                if found.leaf.members.get("req") == request:
                    return found
    raise LogError(f"no entry that is kept is about {request}")


def prove(folder: Path, wanted: Entry, signed: Signed, *, opening: Opening | None = None) -> Proof:
    """Return the receipt of an entry under a checkpoint of the log.

    Raises:
        LogError: A tile is not there, or the tiles do not lead to the root of the checkpoint.
    """
    told = signed.checkpoint
    try:
        nodes = tile.nodes_of(told.size, lambda one: places.read_tile(folder, one))
        proof = merkle.inclusion_proof(wanted.index, told.size, nodes)
        leaf = merkle.leaf_hash(wanted.octets)
        merkle.require_included(leaf, index=wanted.index, size=told.size, proof=proof, root=told.root)
    except EvidenceError as refusal:
        raise LogError("the tiles do not lead to the checkpoint; `idbridge log fsck` finds out where") from refusal
    return receipts.receipt(index=wanted.index, hashes=proof, signed=signed.note, entry=wanted.octets, opening=opening)


def newest(folder: Path, keys: Sequence[NoteKey] = ()) -> Signed:
    """Return the published checkpoint, verified under ``keys``, or under the key that the folder names.

    Raises:
        LogError: There is none, or none of the keys has signed it.
    """
    return recovery.published(folder, keys or (key_of(folder),))
