"""The Merkle tree of a log: hashes, its right edge as it grows, and proofs, made and verified.

Decides whether an entry stands in a tree, and whether a tree continues another. It does not know who signed a root.
Clauses: RFC 6962 sections 2.1, 2.1.1 and 2.1.2; verification as RFC 9162 sections 2.1.3.2 and 2.1.4.2.

A *node* is the hash of a perfect subtree: node ``index`` of ``level`` spans the entries from ``index * 2**level`` up to
``(index + 1) * 2**level``. Every root and every proof is made of nodes, wherever they are kept.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from idbridge.errors import EvidenceError
from idbridge.limits import LIMITS

HASH_OCTETS: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"

# Given level and index, returns the node. Whoever keeps nodes raises `EvidenceError` for one that it cannot give.
Nodes = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry: the node of level 0."""
    return hashlib.sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return hashlib.sha256(_NODE + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: the nodes that a growing tree still needs, the largest subtree first.

    Raises:
        ValueError: The nodes are not as many as ``size`` has bits that are set, or a hash has another length.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= LIMITS.log_size or len(self.peaks) != self.size.bit_count():
            raise ValueError("a right edge has one node for each bit that is set in its size")
        if any(len(peak) != HASH_OCTETS for peak in self.peaks):
            raise ValueError(f"a node has {HASH_OCTETS} octets")

    def root(self) -> bytes:
        """Return the root of the tree; of the empty tree, the hash of nothing."""
        return _folded(self.peaks) if self.peaks else EMPTY_ROOT

    def extend(self, leaves: Sequence[bytes]) -> "Growth":
        """Return how the tree grows by the hashes of entries, in their order.

        Raises:
            ValueError: A hash has another length, or the tree would exceed ``LIMITS.log_size``.
        """
        return _grown(self, leaves)

    def advance(self, leaves: Iterable[bytes]) -> "Frontier":
        """Return the right edge after the hashes of entries, of which nothing else is kept: for a whole log again.

        Raises:
            ValueError: As ``extend``.
        """
        stack, index = list(self.peaks), self.size
        sha256 = hashlib.sha256
        for leaf in leaves:
            node, position = leaf, index
            while position & 1:
                node, position = sha256(_NODE + stack.pop() + node).digest(), position >> 1
            stack.append(node)
            index += 1
            if len(leaf) != HASH_OCTETS:
                raise ValueError(f"the hash of an entry has {HASH_OCTETS} octets")
        return Frontier(index, tuple(stack))


@dataclass(frozen=True, slots=True)
class Growth:
    """A tree that grew by some entries at once, and the proof of each of them, without looking at anything older.

    Made by ``Frontier.extend``. ``nodes`` are those of the old right edge and all that came about: every subtree beside
    the path of a new entry either was a peak of the old edge or was completed by a new entry.
    """

    before: Frontier
    after: Frontier
    nodes: Mapping[tuple[int, int], bytes]

    def node(self, level: int, index: int) -> bytes:
        """Return a node that the growth knows.

        Raises:
            EvidenceError: ``time.evidence_malformed``: it lies in the older part of the tree.
        """
        found = self.nodes.get((level, index))
        if found is None:
            raise EvidenceError("time.evidence_malformed", "a node that this growth does not know")
        return found

    def over(self, older: Nodes) -> Nodes:
        """Return the nodes of the whole tree, of which ``older`` gives those that the growth does not know."""
        known = self.nodes

        def node(level: int, index: int) -> bytes:
            found = known.get((level, index))
            return older(level, index) if found is None else found

        return node

    def sibling(self, level: int, position: int) -> bytes | None:
        """Return the hash beside ``position`` of ``level``, in the tree as it is now; ``None`` if there is none.

        Raises:
            EvidenceError: ``time.evidence_malformed``: it lies in the older part of the tree.
        """
        return _sibling(level, position, self.after.size, self.node)

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """Return the inclusion proof of the new entry ``index`` in the tree as it is now.

        Raises:
            EvidenceError: ``time.evidence_malformed``: the entry is not one of the new ones.
        """
        if index < self.before.size:
            raise EvidenceError("time.evidence_malformed", "an entry that was there before")
        return inclusion_proof(index, self.after.size, self.node)


def _grown(before: Frontier, leaves: Sequence[bytes]) -> Growth:
    """One hash a leaf on average. A peak is kept with its level, the smallest last, as on a binary counter."""
    if before.size + len(leaves) > LIMITS.log_size:
        raise ValueError("the log is full")
    stack: list[bytes] = list(before.peaks)
    nodes = dict(zip(edge(before.size), before.peaks, strict=True))
    sha256, index = hashlib.sha256, before.size
    for leaf in leaves:
        if len(leaf) != HASH_OCTETS:
            raise ValueError(f"the hash of an entry has {HASH_OCTETS} octets")
        level, position, node = 0, index, leaf
        nodes[0, position] = node
        while position & 1:
            node = sha256(_NODE + stack.pop() + node).digest()
            level, position = level + 1, position >> 1
            nodes[level, position] = node
        stack.append(node)
        index += 1
    return Growth(before, Frontier(index, tuple(stack)), MappingProxyType(nodes))


def edge(size: int) -> tuple[tuple[int, int], ...]:
    """Return level and index of the nodes of the right edge of a tree, the largest subtree first."""
    return subtree_nodes(0, size)


def frontier(size: int, nodes: Nodes) -> Frontier:
    """Return the right edge of the tree of ``size`` entries whose nodes are ``nodes``.

    Raises:
        EvidenceError: As ``nodes``.
    """
    return Frontier(size, tuple([nodes(level, index) for level, index in edge(size)]))


def root(size: int, nodes: Nodes) -> bytes:
    """Return the root of the tree of ``size`` entries.

    Raises:
        EvidenceError: As ``nodes``.
    """
    return frontier(size, nodes).root()


def inclusion_subtrees(index: int, size: int) -> tuple[tuple[int, int], ...]:
    """Return what an inclusion proof consists of: each a range of entries, first and end, from the leaf's sibling up.

    Raises:
        EvidenceError: ``time.evidence_not_included``: the tree has no such entry.
    """
    _require_within(index, size)
    found = []
    level, position, last = 0, index, size - 1
    while last:  # there is more than one subtree of this level, and so the root is above it
        first = (position ^ 1) << level
        if first < size:
            found.append((first, min(first + (1 << level), size)))
        level, position, last = level + 1, position >> 1, last >> 1
    return tuple(found)


def consistency_subtrees(old: int, new: int) -> tuple[tuple[int, int], ...]:
    """Return what a consistency proof consists of, as ``inclusion_subtrees`` does.

    Raises:
        EvidenceError: ``time.evidence_inconsistent``: the old tree is the larger one.
    """
    if not 0 <= old <= new <= LIMITS.log_size:
        raise EvidenceError("time.evidence_inconsistent", "a log does not shrink")
    if old in (0, new):
        return ()
    found = []
    first, end = 0, new
    while old != end:
        middle = first + _largest_power_below(end - first)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((first, middle))
            first = middle
    # Unless what is left is the whole old tree, whose root the verifier has, it has to be told.
    if first:
        found.append((first, end))
    return tuple(reversed(found))


def subtree_nodes(first: int, end: int) -> tuple[tuple[int, int], ...]:
    """Return level and index of the nodes that the hash of a subtree is folded from, from left to right.

    ``first`` and ``end`` are those of a subtree of some tree, as the two functions above name them.
    """
    found = []
    while first < end:
        level = (end - first).bit_length() - 1
        found.append((level, first >> level))
        first += 1 << level
    return tuple(found)


def inclusion_proof(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Return the proof that entry ``index`` is in the tree of ``size`` entries whose nodes are ``nodes``.

    Raises:
        EvidenceError: ``time.evidence_not_included``: the tree has no such entry; otherwise as ``nodes``.
    """
    _require_within(index, size)
    found = []
    level, position, last = 0, index, size - 1
    while last:  # as in `inclusion_subtrees`
        sibling = _sibling(level, position, size, nodes)
        if sibling is not None:
            found.append(sibling)
        level, position, last = level + 1, position >> 1, last >> 1
    return tuple(found)


def _sibling(level: int, position: int, size: int, nodes: Nodes) -> bytes | None:
    """Return the hash of the subtree beside ``position`` of ``level`` in a tree of ``size``, if it has one."""
    beside, last = position ^ 1, (size - 1) >> level
    if beside < last:
        return nodes(level, beside)
    # The last subtree of a level is the one that may not be perfect.
    return _subtree(beside << level, size, nodes) if beside == last else None


def consistency_proof(old: int, new: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Return the proof that the tree of ``new`` entries continues the tree of ``old`` ones.

    Raises:
        EvidenceError: ``time.evidence_inconsistent``: the old tree is the larger one; otherwise as ``nodes``.
    """
    return tuple([_subtree(first, end, nodes) for first, end in consistency_subtrees(old, new)])


def require_included(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return if ``proof`` leads from the hash of an entry at ``index`` to the ``root`` of a tree of ``size`` entries.

    Raises:
        EvidenceError: ``time.evidence_not_included``.
    """
    subtrees = inclusion_subtrees(index, size)
    if len(proof) != len(subtrees) or not _are_hashes(leaf, root, *proof):
        raise EvidenceError("time.evidence_not_included", "the proof has not the length that index and size give it")
    reached = leaf
    for (first, _), sibling in zip(subtrees, proof, strict=True):
        reached = node_hash(reached, sibling) if index < first else node_hash(sibling, reached)
    if not hmac.compare_digest(reached, root):
        raise EvidenceError("time.evidence_not_included")


def require_consistent(*, old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Return if ``proof`` shows that the tree of ``new`` entries continues the tree of ``old`` ones.

    Raises:
        EvidenceError: ``time.evidence_inconsistent``.
    """
    if len(proof) != len(consistency_subtrees(old, new)) or not _are_hashes(old_root, new_root, *proof):
        raise EvidenceError("time.evidence_inconsistent", "the proof has not the length that the sizes give it")
    if old == new:
        reached = (EMPTY_ROOT, EMPTY_ROOT) if old == 0 else (old_root, old_root)
    elif old == 0:
        reached = EMPTY_ROOT, new_root
    else:
        reached = _reached(old, new, old_root, proof)
    if not (hmac.compare_digest(reached[0], old_root) and hmac.compare_digest(reached[1], new_root)):
        raise EvidenceError("time.evidence_inconsistent")


def _reached(old: int, new: int, old_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the two roots that a consistency proof leads to (RFC 9162 section 2.1.4.2, step by step)."""
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    inner, outer = old - 1, new - 1
    while inner & 1:
        inner, outer = inner >> 1, outer >> 1
    old_reached = new_reached = path[0]
    for sibling in path[1:]:
        if inner & 1 or inner == outer:
            old_reached, new_reached = node_hash(sibling, old_reached), node_hash(sibling, new_reached)
            while inner and not inner & 1:
                inner, outer = inner >> 1, outer >> 1
        else:
            new_reached = node_hash(new_reached, sibling)
        inner, outer = inner >> 1, outer >> 1
    return old_reached, new_reached


def _require_within(index: int, size: int) -> None:
    if not 0 <= index < size <= LIMITS.log_size:
        raise EvidenceError("time.evidence_not_included", "the tree has no entry of this index")


def _are_hashes(*several: bytes) -> bool:
    return all(len(one) == HASH_OCTETS for one in several)


def _largest_power_below(number: int) -> int:
    """Return the largest power of two that is smaller than ``number``, which is at least two."""
    return 1 << ((number - 1).bit_length() - 1)


def _subtree(first: int, end: int, nodes: Nodes) -> bytes:
    span = end - first
    if span & (span - 1) == 0:  # a node, as all subtrees of a proof are but one
        level = span.bit_length() - 1
        return nodes(level, first >> level)
    return _folded([nodes(level, index) for level, index in subtree_nodes(first, end)])


def _folded(peaks: Sequence[bytes]) -> bytes:
    """Fold nodes of falling size into one hash: the smallest two first."""
    reached = peaks[-1]
    for peak in reversed(peaks[:-1]):
        reached = node_hash(peak, reached)
    return reached
