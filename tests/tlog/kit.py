"""A small log with its keys, all derived from fixed texts, and the tree of RFC 6962 as its own recursive definition."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

from idbridge.crypto.signer import derived_signer
from idbridge.model.region import MemberState
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import commitment, merkle, note, receipt
from idbridge.tlog.checkpoint import Checkpoint, Log, Quorum, Witness
from idbridge.tlog.leaf import Leaf, LeafType

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ORIGIN = "node.sg.example/log"
CREDENTIAL = b"a credential as it was shown"
ASSERTION = b"the assertion that was issued"
DAY_OCTETS = hashlib.sha256(b"the key of a day").digest()
DAY_KEY = commitment.day_key(DAY_OCTETS)
REQUEST = "rep_00112233445566778899aabbccddeeff"


def signer(name: str, *, kind: int = note.ED25519) -> note.NoteSigner:
    """Return who signs notes as ``name``, always with the same key."""
    secret = hashlib.sha256(f"a key for tests: {name} {kind}".encode()).digest()
    return note.note_signer(name, derived_signer(secret), kind=kind)


LOG_SIGNER = signer(ORIGIN)
LOG = Log(ORIGIN, MemberState.SG, (LOG_SIGNER.key,))
STATES = (MemberState.TH, MemberState.MY, MemberState.VN)
WITNESS_SIGNERS = {state: signer(f"witness.{state.lower()}.example", kind=note.COSIGNATURE) for state in STATES}
WITNESSES = tuple(Witness(state, one.key) for state, one in WITNESS_SIGNERS.items())
QUORUM = Quorum(WITNESSES, 2)


def entry(index: int) -> bytes:
    """Return an entry unlike all others."""
    return f"entry {index}".encode()


@cache
def leaves(count: int) -> tuple[bytes, ...]:
    """Return the hashes of the first ``count`` entries."""
    return tuple(merkle.leaf_hash(entry(index)) for index in range(count))


@cache
def tree(count: int) -> merkle.Growth:
    """Return the tree of the first ``count`` entries, with all its nodes."""
    return merkle.Frontier().extend(leaves(count))


@cache
def recursive_root(first: int, end: int) -> bytes:
    """MTH of the entries from ``first`` to ``end`` (RFC 6962 section 2.1)."""
    if end == first:
        return hashlib.sha256(b"").digest()
    if end - first == 1:
        return hashlib.sha256(b"\x00" + entry(first)).digest()
    middle = first + split(end - first)
    return hashlib.sha256(b"\x01" + recursive_root(first, middle) + recursive_root(middle, end)).digest()


def recursive_path(index: int, first: int, end: int) -> list[bytes]:
    """PATH(m, D[n]) (RFC 6962 section 2.1.1); ``index`` counts from ``first``."""
    if end - first == 1:
        return []
    middle = first + split(end - first)
    if first + index < middle:
        return [*recursive_path(index, first, middle), recursive_root(middle, end)]
    return [*recursive_path(index - (middle - first), middle, end), recursive_root(first, middle)]


def recursive_subproof(old: int, first: int, end: int, *, known: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) (RFC 6962 section 2.1.2)."""
    if old == end - first:
        return [] if known else [recursive_root(first, end)]
    middle = first + split(end - first)
    if old <= middle - first:
        return [*recursive_subproof(old, first, middle, known=known), recursive_root(middle, end)]
    return [*recursive_subproof(old - (middle - first), middle, end, known=False), recursive_root(first, middle)]


def split(size: int) -> int:
    """The largest power of two that is smaller than ``size``."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def leaf(opening: commitment.Opening | None = None) -> Leaf:
    """Return the leaf of one request."""
    opened = opening or opening_of()
    subject = DAY_KEY.subject(REQUEST, pairwise_subject="a pairwise subject")
    members = {"req": REQUEST, "rp": "bank.my", "res": "PASSED", "com": opened.commitment(CREDENTIAL), "sub": subject}
    return Leaf(LeafType.ASSERT, int(NOON.timestamp() * 1_000), members)


def opening_of() -> commitment.Opening:
    """Return what opens the leaf of that request."""
    return DAY_KEY.opening(REQUEST, assertion=ASSERTION)


def signed_checkpoint(size: int = 70, *, root: bytes | None = None) -> note.Note:
    """Return a checkpoint of the log of the first entries."""
    return checkpoints.sign(Checkpoint(ORIGIN, size, root or tree(size).after.root()), LOG_SIGNER)


def cosigned(signed: note.Note, *states: MemberState, at: datetime = NOON) -> note.Note:
    """Return the checkpoint with the lines of the witnesses of ``states``."""
    logged = checkpoints.verify(checkpoints.parse_unverified(signed.octets()), log=LOG)
    return signed.with_lines([checkpoints.cosign(logged, WITNESS_SIGNERS[state], at=at) for state in states])


def whole_receipt(
    states: Sequence[MemberState] = STATES[:2], *, opening: commitment.Opening | None = None, before: int = 69
) -> bytes:
    """Return the receipt for ``leaf`` behind some entries, cosigned by ``states``."""
    entry_octets = leaf().octets()
    growth = merkle.Frontier().extend(leaves(before)).after.extend([merkle.leaf_hash(entry_octets)])
    signed = checkpoints.sign(Checkpoint(ORIGIN, before + 1, growth.after.root()), LOG_SIGNER)
    proof = receipt.receipt(
        index=before,
        hashes=growth.inclusion(before),
        signed=cosigned(signed, *states),
        entry=entry_octets,
        opening=opening or opening_of(),
    )
    return proof.octets()


def flipped(octets: bytes, bit: int) -> bytes:
    """Return ``octets`` with one bit turned."""
    changed = bytearray(octets)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
