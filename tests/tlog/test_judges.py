"""Programs that know nothing of our code read our logs: Go with the packages of its checksum database, and Node.

Small trees are judged whole. Without ``IDBRIDGE_LOG_SIZE`` these are the trees up to 100 entries, and every proof of
the three largest up to 300; with it, all of them up to that size.
"""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from idbridge.model.region import MemberState
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle, tile
from idbridge.tlog.checkpoint import Checkpoint
from tests.tlog import kit
from tests.tlog.judges import asked, go_judge, node_judge, spelled
from tests.tlog.kit import CREDENTIAL, LOG_SIGNER, ORIGIN, STATES, entry, flipped, tree, whole_receipt

WHOLE_TO = int(os.environ.get("IDBRIDGE_LOG_SIZE", "100"))
SIZES = sorted({*range(1, WHOLE_TO + 1), 298, 299, 300})
LARGE = 10_000
KEYS = [spelled("key", LOG_SIGNER.key.text()), *[spelled("key", one.key.text()) for one in kit.WITNESSES]]
Judge = Callable[[], Sequence[str]]
JUDGES = [pytest.param(go_judge, id="go"), pytest.param(node_judge, id="node")]


def root(size: int) -> bytes:
    return merkle.root(size, tree(LARGE).node)


def inclusion(index: int, size: int, proof: Sequence[bytes] | None = None) -> str:
    path = merkle.inclusion_proof(index, size, tree(LARGE).node) if proof is None else proof
    return spelled("inclusion", index, size, entry(index), root(size), path)


def consistency(old: int, new: int, proof: Sequence[bytes] | None = None) -> str:
    path = merkle.consistency_proof(old, new, tree(LARGE).node) if proof is None else proof
    return spelled("consistency", old, new, root(old), root(new), path)


def refused(answers: Sequence[str]) -> bool:
    return all(answer.startswith("no ") for answer in answers)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 10,000 entries as files: what a node serves and what it shows to auditors."""
    folder = tmp_path_factory.mktemp("log")
    for one in tile.grown(0, LARGE):
        write(folder / one.path, tile.tile_octets(one, tree(LARGE).node))
    for bundle in tile.bundles_grown(0, LARGE):
        first = bundle.index * tile.WIDTH
        write(folder / bundle.path, tile.encode_entries([entry(first + place) for place in range(bundle.width)]))
    write(folder / "checkpoint", kit.cosigned(kit.signed_checkpoint(LARGE), *STATES).octets())
    return folder


def write(path: Path, octets: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)


@pytest.mark.parametrize("judge", JUDGES)
def test_every_inclusion_proof_of_small_trees_is_accepted(judge: Judge) -> None:
    questions = [inclusion(index, size) for size in SIZES for index in range(size)]

    assert len(questions) == sum(SIZES)
    assert set(asked(judge(), questions)) == {"ok"}


def test_every_consistency_proof_of_small_trees_is_accepted() -> None:
    questions = [consistency(old, new) for new in SIZES for old in range(1, new + 1)]

    assert set(asked(go_judge(), questions)) == {"ok"}


@pytest.mark.parametrize("judge", JUDGES)
def test_an_inclusion_proof_with_any_bit_turned_is_refused(judge: Judge) -> None:
    proof = merkle.inclusion_proof(77, 300, tree(LARGE).node)
    questions = [inclusion(77, 300, changed) for changed in turned(proof)]
    moved = [inclusion(index, size, proof) for index, size in ((76, 300), (78, 300), (77, 299), (77, 301), (300, 300))]

    good, *others = asked(judge(), [inclusion(77, 300, proof), *questions, *moved, inclusion(77, 300, proof[1:])])

    assert good == "ok"
    assert refused(others)


def test_a_consistency_proof_with_any_bit_turned_is_refused() -> None:
    proof = merkle.consistency_proof(77, 300, tree(LARGE).node)

    good, *others = asked(go_judge(), [consistency(77, 300, changed) for changed in (proof, *turned(proof))])

    assert good == "ok"
    assert refused(others)


def turned(proof: Sequence[bytes]) -> Iterator[list[bytes]]:
    """The proof with each of its bits turned, one at a time."""
    for place in range(len(proof)):
        for bit in range(8 * merkle.HASH_OCTETS):
            yield [*proof[:place], flipped(proof[place], bit), *proof[place + 1 :]]


def test_proofs_of_a_large_tree_are_accepted_wherever_they_are() -> None:
    chosen = random.Random(6962)
    pairs = [sorted((chosen.randint(1, LARGE), chosen.randint(1, LARGE))) for _ in range(1_000)]
    within = [inclusion(old - 1, new) for old, new in pairs]

    assert set(asked(go_judge(), [*within, *[consistency(old, new) for old, new in pairs]])) == {"ok"}
    assert set(asked(node_judge(), within)) == {"ok"}


def test_go_reads_the_whole_log_from_its_tiles_and_makes_the_same_proofs(published: Path) -> None:
    places = [0, 255, 256, 4_711, 9_983, 9_984, LARGE - 1]
    chosen = ",".join(map(str, places))

    answers = asked(go_judge(), [*KEYS, f"log {published} {LARGE}", f"proofs {published} {chosen}"])

    ours = [spelled(merkle.inclusion_proof(place, LARGE, tree(LARGE).node)) for place in places]
    assert answers[len(KEYS)] == "ok"
    assert answers[len(KEYS) + 1] == " ".join(["ok", *ours])


@pytest.mark.parametrize("path", ["tile/0/017", "tile/0/039.p/16", "tile/1/000.p/39", "tile/entries/017", "checkpoint"])
def test_go_finds_a_bit_that_was_turned_in_the_log(published: Path, path: str) -> None:
    octets = (published / path).read_bytes()
    try:
        (published / path).write_bytes(flipped(octets, 8 * 40))
        answer = asked(go_judge(), [*KEYS, f"log {published} {LARGE}"])[-1]
    finally:
        (published / path).write_bytes(octets)

    assert refused([answer])


def test_checkpoints_are_signed_by_whom_go_and_node_say() -> None:
    signed = kit.signed_checkpoint(LARGE)
    cosigned = kit.cosigned(signed, MemberState.TH, MemberState.MY)
    question = spelled("note", cosigned.octets())

    assert asked(go_judge(), [*KEYS, question])[-1] == f"ok {ORIGIN},witness.my.example,witness.th.example"
    assert asked(go_judge(), [KEYS[0], question])[-1] == f"ok {ORIGIN}"
    assert asked(node_judge(), [KEYS[0], spelled("note", signed.octets())])[-1] == f"ok {ORIGIN} {LARGE}"
    assert refused([asked(go_judge(), [question])[-1], asked(node_judge(), [spelled("note", signed.octets())])[-1]])


def test_a_checkpoint_with_any_bit_of_text_or_signatures_turned_is_refused() -> None:
    octets = kit.signed_checkpoint(LARGE).octets()
    text = 8 * octets.index(b"\n\n")
    signature = range(8 * (octets.rindex(b" ") + 1), 8 * (len(octets) - 3))
    changed = [spelled("note", flipped(octets, bit)) for bit in (*range(text), *signature)]

    for judge in (go_judge, node_judge):
        first, unchanged, *others = asked(judge(), [KEYS[0], spelled("note", octets), *changed])
        assert (first, unchanged.split()[0]) == ("ok", "ok")
        assert refused(others)


def test_the_origin_and_the_size_of_every_tree_are_read_alike() -> None:
    signed = [checkpoints.sign(Checkpoint(ORIGIN, size, root(size)), LOG_SIGNER) for size in (1, 9, 10, 256, LARGE)]
    questions = [spelled("note", one.octets()) for one in signed]

    assert asked(node_judge(), [KEYS[0], *questions])[1:] == [f"ok {ORIGIN} {size}" for size in (1, 9, 10, 256, LARGE)]
    assert set(asked(go_judge(), [KEYS[0], *questions])[1:]) == {f"ok {ORIGIN}"}


def test_a_third_party_judges_a_receipt_in_go_with_nothing_but_keys_and_the_credential() -> None:
    receipts = [whole_receipt(), whole_receipt(STATES, before=0), whole_receipt((), before=256)]
    answers = asked(go_judge(), [*KEYS, *[spelled("receipt", one, CREDENTIAL) for one in receipts]])[len(KEYS) :]

    all_three = "witness.my.example,witness.th.example,witness.vn.example"
    assert answers == [
        f"ok {ORIGIN},witness.my.example,witness.th.example",
        f"ok {ORIGIN},{all_three}",
        f"ok {ORIGIN}",
    ]
    assert refused(asked(go_judge(), [*KEYS, spelled("receipt", receipts[0], CREDENTIAL + b" ")])[-1:])
