"""The tree agrees with the recursive definition of RFC 6962, and no proof but the right one is believed."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.errors import EvidenceError
from idbridge.limits import LIMITS
from idbridge.tlog import merkle
from idbridge.tlog.merkle import Frontier
from tests.tlog.kit import flipped, leaves, recursive_path, recursive_root, recursive_subproof, tree

EXHAUSTIVE = 300
LARGE = 5_000
# The entries and roots that the authors of RFC 6962 test their own programs with.
ENTRIES = (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
pairs = st.tuples(st.integers(1, LARGE - 1), st.integers(1, LARGE - 1)).map(sorted).map(tuple)


def included(index: int, size: int, proof: tuple[bytes, ...], **changed: bytes) -> None:
    merkle.require_included(
        changed.get("leaf", leaves(size)[index]),
        index=index,
        size=size,
        proof=proof,
        root=changed.get("root", tree(size).after.root()),
    )


def consistent(old: int, new: int, proof: tuple[bytes, ...], **changed: bytes) -> None:
    merkle.require_consistent(
        old=old,
        old_root=changed.get("old_root", tree(LARGE).before.root() if old == 0 else root_of(old)),
        new=new,
        new_root=changed.get("new_root", root_of(new)),
        proof=proof,
    )


def root_of(size: int) -> bytes:
    return merkle.root(size, tree(LARGE).node)


def test_the_roots_are_those_that_other_programs_know() -> None:
    hashes = [merkle.leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES]

    assert [Frontier().extend(hashes[:size]).after.root().hex() for size in range(1, 9)] == list(ROOTS)
    assert Frontier().root() == hashlib.sha256(b"").digest() == merkle.EMPTY_ROOT


def test_every_inclusion_proof_of_small_trees_is_the_one_of_the_definition_and_verifies() -> None:
    everything = tree(EXHAUSTIVE)
    for size in range(1, EXHAUSTIVE + 1):
        root = recursive_root(0, size)
        assert merkle.root(size, everything.node) == root
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, everything.node)
            assert list(proof) == recursive_path(index, 0, size)
            merkle.require_included(leaves(EXHAUSTIVE)[index], index=index, size=size, proof=proof, root=root)


def test_every_consistency_proof_of_small_trees_is_the_one_of_the_definition_and_verifies() -> None:
    everything = tree(EXHAUSTIVE)
    for new in range(EXHAUSTIVE + 1):
        new_root = recursive_root(0, new)
        for old in range(new + 1):
            proof = merkle.consistency_proof(old, new, everything.node)
            assert list(proof) == (recursive_subproof(old, 0, new, known=True) if old else [])
            merkle.require_consistent(old=old, old_root=recursive_root(0, old), new=new, new_root=new_root, proof=proof)


@settings(deadline=None)
@given(pairs)
def test_proofs_of_larger_trees_verify_and_no_proof_fits_another_place(sizes: tuple[int, int]) -> None:
    old, new = sizes
    node = tree(LARGE).node
    proof = merkle.inclusion_proof(old - 1, new, node)
    leaf, root = leaves(LARGE)[old - 1], root_of(new)

    merkle.require_included(leaf, index=old - 1, size=new, proof=proof, root=root)
    consistent(old, new, merkle.consistency_proof(old, new, node))

    for index, size in ((old, new), (old - 2, new), (old - 1, new + 1)):
        with pytest.raises(EvidenceError) as caught:
            merkle.require_included(leaf, index=index, size=size, proof=proof, root=root_of(size))
        assert caught.value.code == "time.evidence_not_included"


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), max_size=12))
def test_a_tree_that_grows_in_batches_proves_each_new_entry_as_the_whole_tree_does(batches: list[int]) -> None:
    edge = Frontier()
    for count in batches:
        growth = edge.extend(leaves(LARGE)[edge.size : edge.size + count])
        for index in range(edge.size, growth.after.size):
            proof = merkle.inclusion_proof(index, growth.after.size, tree(LARGE).node)
            assert growth.inclusion(index) == proof
        assert growth.after.root() == root_of(growth.after.size)
        assert growth.after == merkle.frontier(growth.after.size, tree(LARGE).node)
        assert growth.after == edge.advance(leaves(LARGE)[edge.size : edge.size + count])
        edge = growth.after


def test_a_batch_proves_no_older_entry() -> None:
    growth = tree(5).after.extend(leaves(8)[5:])

    for index in (-1, 0, 4):
        with pytest.raises(EvidenceError) as caught:
            growth.inclusion(index)
        assert caught.value.code == "time.evidence_malformed"
    with pytest.raises(EvidenceError):
        growth.node(0, 0)
    with pytest.raises(EvidenceError):
        growth.inclusion(8)
    assert growth.inclusion(5) == merkle.inclusion_proof(5, 8, tree(8).node)


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (6, 7), (69, 70), (32, 65), (128, 300)])
def test_every_bit_of_an_inclusion_proof_counts(index: int, size: int) -> None:
    proof = merkle.inclusion_proof(index, size, tree(size).node)
    leaf, root = leaves(size)[index], tree(size).after.root()
    joined = b"".join((leaf, root, *proof))
    included(index, size, proof)

    for bit in range(8 * len(joined)):
        first, second, *rest = _parts(flipped(joined, bit))
        with pytest.raises(EvidenceError) as caught:
            included(index, size, tuple(rest), leaf=first, root=second)
        assert caught.value.code == "time.evidence_not_included"


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 4), (4, 7), (6, 8), (64, 65), (127, 300), (256, 299), (7, 7)])
def test_every_bit_of_a_consistency_proof_counts(old: int, new: int) -> None:
    proof = merkle.consistency_proof(old, new, tree(new).node)
    joined = b"".join((root_of(old), root_of(new), *proof))
    consistent(old, new, proof)

    for bit in range(8 * len(joined)):
        first, second, *rest = _parts(flipped(joined, bit))
        with pytest.raises(EvidenceError) as caught:
            consistent(old, new, tuple(rest), old_root=first, new_root=second)
        assert caught.value.code == "time.evidence_inconsistent"


@pytest.mark.parametrize(
    "change",
    [lambda proof: proof[1:], lambda proof: proof[:-1], lambda proof: (*proof, proof[-1]), lambda proof: proof[::-1],
     lambda proof: (proof[0][:-1], *proof[1:]), lambda proof: (proof[0] + b"\0", *proof[1:]), lambda _: ()],
)  # fmt: skip
def test_a_proof_of_another_length_or_order_proves_nothing(change) -> None:  # type: ignore[no-untyped-def] # a lambda
    with pytest.raises(EvidenceError) as of_entry:
        included(37, 70, change(merkle.inclusion_proof(37, 70, tree(70).node)))
    with pytest.raises(EvidenceError) as of_tree:
        consistent(37, 70, change(merkle.consistency_proof(37, 70, tree(70).node)))

    assert of_entry.value.code == "time.evidence_not_included"
    assert of_tree.value.code == "time.evidence_inconsistent"


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 5), (5, 5), (6, 5), (0, LIMITS.log_size + 1)])
def test_no_tree_has_an_entry_outside_of_it(index: int, size: int) -> None:
    with pytest.raises(EvidenceError) as caught:
        merkle.require_included(bytes(32), index=index, size=size, proof=(), root=bytes(32))

    assert caught.value.code == "time.evidence_not_included"


@pytest.mark.parametrize(("old", "new"), [(-1, 5), (6, 5), (1, 0), (0, LIMITS.log_size + 1)])
def test_a_log_does_not_shrink(old: int, new: int) -> None:
    with pytest.raises(EvidenceError) as caught:
        merkle.require_consistent(old=old, old_root=bytes(32), new=new, new_root=bytes(32), proof=())

    assert caught.value.code == "time.evidence_inconsistent"


def test_an_empty_tree_is_continued_by_every_tree_and_has_one_root() -> None:
    for old_root, old, new_root, new in ((bytes(32), 0, root_of(5), 5), (root_of(4), 5, root_of(5), 5)):
        with pytest.raises(EvidenceError) as caught:
            merkle.require_consistent(old=old, old_root=old_root, new=new, new_root=new_root, proof=())
        assert caught.value.code == "time.evidence_inconsistent"

    merkle.require_consistent(old=0, old_root=merkle.EMPTY_ROOT, new=5, new_root=root_of(5), proof=())
    with pytest.raises(EvidenceError):
        merkle.require_consistent(old=0, old_root=merkle.EMPTY_ROOT, new=0, new_root=root_of(5), proof=())


def test_the_right_edge_of_a_full_log_takes_nothing_more() -> None:
    full = Frontier(LIMITS.log_size, tuple(leaves(LIMITS.log_size.bit_count())))

    with pytest.raises(ValueError, match="full"):
        full.extend(leaves(1))
    with pytest.raises(ValueError, match="one node for each bit"):
        full.advance(leaves(1))
    with pytest.raises(ValueError, match="one node for each bit"):
        Frontier(LIMITS.log_size + 1, leaves(1))


@pytest.mark.parametrize(
    ("size", "peaks"), [(0, leaves(1)), (1, ()), (3, leaves(1)), (-1, leaves(1)), (1, (b"short",)), (1, (bytes(33),))]
)
def test_a_right_edge_has_one_node_for_each_bit_of_its_size(size: int, peaks: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match=r"a right edge has|a node has"):
        Frontier(size, peaks)


def test_only_hashes_are_appended() -> None:
    for grown in (Frontier().extend, Frontier().advance):
        with pytest.raises(ValueError, match="32 octets"):
            grown([b"an entry"])


def test_a_leaf_is_no_node_and_a_node_no_leaf() -> None:
    left, right = leaves(2)

    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)
    assert len({merkle.leaf_hash(left), left, merkle.node_hash(left, left)}) == 3


def test_the_subtrees_of_a_proof_lie_side_by_side() -> None:
    for index, size in ((0, 1), (5, 70), (69, 70), (2**40, 2**63 - 1)):
        ranges = sorted([*merkle.inclusion_subtrees(index, size), (index, index + 1)])

        assert (ranges[0][0], ranges[-1][1]) == (0, size)
        assert all(left[1] == right[0] for left, right in pairwise(ranges))


def _parts(joined: bytes) -> list[bytes]:
    return [joined[start : start + 32] for start in range(0, len(joined), 32)]
