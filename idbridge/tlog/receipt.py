"""Receipts: the proof, in one text, that an entry stands in a log, and what opens the commitment in it.

Decides whether a receipt proves that its leaf is in a log that the caller knows, and by when, and whether the leaf is
about a credential that the caller has. Everything is decided offline. Clause: C2SP tlog-proof.

The line ``extra`` is a bundle, as of tiles: the leaf, and for whom the leaf is about, the key and the assertion's
digest that open its commitment. Nothing of it is believed for itself: the leaf by its place in the tree, the rest by
the commitment.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn

from idbridge.codec import base64std
from idbridge.errors import EvidenceError, InputError
from idbridge.limits import LIMITS
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle, tile
from idbridge.tlog.checkpoint import Checkpoint, Log, Quorum, UnverifiedCheckpoint
from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import Leaf, parse_leaf
from idbridge.tlog.merkle import Growth
from idbridge.tlog.note import Note

HEADER: Final = "c2sp.org/tlog-proof@v1"
_EXTRA: Final = "extra "
_INDEX: Final = "index "
_HEAD: Final = f"{HEADER}\n{_EXTRA}".encode("ascii")
_BEFORE_INDEX: Final = f"\n{_INDEX}".encode("ascii")
_ALONE: Final = 1  # parts of the extra line: a leaf alone, or with what opens it
_OPENED: Final = 3


@dataclass(frozen=True, slots=True)
class Proof:
    """A tlog-proof as its text has it; nothing of it is verified. ``extra`` is opaque; ``None`` if there is no line."""

    index: int
    hashes: tuple[bytes, ...]
    note: Note
    extra: bytes | None = None

    def octets(self) -> bytes:
        """Return the proof as it travels."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(_EXTRA + base64std.encode(self.extra))
        lines.append(f"{_INDEX}{self.index}")
        lines += [base64std.encode(one) for one in self.hashes]
        return "".join([f"{line}\n" for line in lines]).encode() + b"\n" + self.note.octets()


@dataclass(frozen=True, slots=True)
class UnverifiedReceipt:
    """A receipt that was taken apart; nothing of it is verified. ``entry`` are the octets of the leaf."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: UnverifiedCheckpoint
    entry: bytes
    leaf: Leaf
    opening: Opening | None


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """A leaf that stands in a known log. Made by ``verify`` and ``verify_witnessed``.

    ``witnessed_at``: by this instant it stood there, by the word of a quorum of other states; ``None`` if nobody asked
    for that. ``opening`` is believed only once ``require_about`` has returned.
    """

    leaf: Leaf
    index: int
    checkpoint: Checkpoint
    log: Log
    opening: Opening | None
    witnessed_at: datetime | None

    def require_about(self, credential: bytes) -> None:
        """Return if the leaf is about ``credential``, and about an assertion with the digest that the opening names.

        Raises:
            EvidenceError: ``time.evidence_mismatch``, also if the receipt opens nothing.
        """
        if self.opening is None:
            raise EvidenceError("time.evidence_mismatch", "the receipt does not open its commitment")
        self.opening.require_opens(self.leaf.commitment, credential=credential)


class BatchReceipts:
    """The receipts of entries that came to a log under one checkpoint, each made when somebody asks for it.

    Neighbours have all of their paths in common but the first steps, and one checkpoint: each line is written once.
    """

    def __init__(self, growth: Growth, signed: Note) -> None:
        self._growth = growth
        self._paths: dict[tuple[int, int], bytes] = {}
        self._checkpoint = b"\n" + signed.octets()

    def octets(self, index: int, *, entry: bytes, opening: Opening | None) -> bytes:
        """Return the receipt for ``entry`` at ``index`` as it travels.

        Raises:
            EvidenceError: ``time.evidence_malformed``: the entry is not one of the batch.
        """
        if not self._growth.before.size <= index < self._growth.after.size:
            _malformed("an entry of another batch")
        return b"".join((
            _HEAD, base64std.encode(_extra(entry, opening)).encode("ascii"), _BEFORE_INDEX, str(index).encode("ascii"),
            b"\n", self._path(0, index), self._checkpoint,
        ))  # fmt: skip

    def _path(self, level: int, position: int) -> bytes:
        """Return the lines of a proof from ``level`` up."""
        if (self._growth.after.size - 1) >> level == 0:
            return b""
        found = self._paths.get((level, position))
        if found is None:
            sibling, above = self._growth.sibling(level, position), self._path(level + 1, position >> 1)
            found = above if sibling is None else base64std.encode(sibling).encode("ascii") + b"\n" + above
            self._paths[level, position] = found
        return found


def _extra(entry: bytes, opening: Opening | None) -> bytes:
    return tile.encode_entries([entry] if opening is None else [entry, opening.key, opening.assertion])


def receipt(
    *, index: int, hashes: tuple[bytes, ...], signed: Note, entry: bytes, opening: Opening | None = None
) -> Proof:
    """Return the receipt for ``entry`` at ``index``; ``hashes`` prove it to be in the tree of ``signed``.

    Raises:
        ValueError: The entry is longer than a bundle allows.
    """
    return Proof(index, hashes, signed, _extra(entry, opening))


def parse_proof(octets: bytes) -> Proof:
    """Return the tlog-proof that ``octets`` are, in the one form that there is, whatever its extra line holds.

    Raises:
        EvidenceError: ``time.evidence_malformed``.
    """
    if len(octets) > LIMITS.receipt_bytes:
        _malformed("a receipt that is too long")
    above, blank, below = octets.partition(b"\n\n")
    try:
        lines = above.decode("ascii").split("\n")
    except UnicodeDecodeError:
        lines = []
    if not blank or not lines or lines.pop(0) != HEADER:
        _malformed("no proof of this version")
    extra = _base64(lines.pop(0).removeprefix(_EXTRA)) if lines and lines[0].startswith(_EXTRA) else None
    if not lines or not lines[0].startswith(_INDEX) or extra == b"":
        _malformed("a proof has an index, and an extra line only if it says something")
    index = checkpoints.parse_number(lines.pop(0).removeprefix(_INDEX))
    return Proof(index, checkpoints.parse_hashes(lines), checkpoints.parse_unverified(below).note, extra)


def parse_unverified(octets: bytes) -> UnverifiedReceipt:
    """Return the receipt that ``octets`` are: a proof with a leaf of ours in its extra line.

    Raises:
        EvidenceError: ``time.evidence_malformed``.
    """
    proof = parse_proof(octets)
    entry, opening = _opened(proof.extra or b"")
    unverified = UnverifiedCheckpoint(checkpoints.parse_text(proof.note.text), proof.note)
    return UnverifiedReceipt(proof.index, proof.hashes, unverified, entry, parse_leaf(entry), opening)


def verify(unverified: UnverifiedReceipt, *, log: Log) -> VerifiedReceipt:
    """Return the receipt if its leaf stands in ``log``.

    Raises:
        EvidenceError: ``time.evidence_unsigned``, ``time.evidence_malformed`` or ``time.evidence_not_included``.
    """
    logged = checkpoints.verify(unverified.checkpoint, log=log)
    return _included(unverified, logged.checkpoint, log, None)


def verify_witnessed(unverified: UnverifiedReceipt, *, log: Log, quorum: Quorum, at: datetime) -> VerifiedReceipt:
    """Return the receipt if its leaf stands in ``log`` and enough other states have cosigned the checkpoint by ``at``.

    Raises:
        EvidenceError: As ``verify``, and ``time.evidence_unwitnessed``.
    """
    witnessed = checkpoints.verify_witnessed(unverified.checkpoint, log=log, quorum=quorum, at=at)
    return _included(unverified, witnessed.checkpoint, log, witnessed.witnessed_at)


def _included(
    unverified: UnverifiedReceipt, checkpoint: Checkpoint, log: Log, witnessed_at: datetime | None
) -> VerifiedReceipt:
    merkle.require_included(
        merkle.leaf_hash(unverified.entry),
        index=unverified.index,
        size=checkpoint.size,
        proof=unverified.hashes,
        root=checkpoint.root,
    )
    return VerifiedReceipt(unverified.leaf, unverified.index, checkpoint, log, unverified.opening, witnessed_at)


def _opened(extra: bytes) -> tuple[bytes, Opening | None]:
    """Take apart the extra line: a leaf, or a leaf with the key and the digest that open it."""
    try:
        return tile.decode_entries(extra, width=_ALONE)[0], None
    except EvidenceError:
        entry, key, assertion = tile.decode_entries(extra, width=_OPENED)
    try:
        return entry, Opening(key, assertion)
    except ValueError:
        _malformed("what opens the entry has another length")


def _base64(text: str) -> bytes:
    try:
        return base64std.decode(text)
    except InputError as refusal:
        raise EvidenceError("time.evidence_malformed", refusal.detail) from refusal


def _malformed(why: str) -> NoReturn:
    raise EvidenceError("time.evidence_malformed", why)
