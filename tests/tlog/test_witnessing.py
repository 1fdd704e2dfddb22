"""A witness cosigns only what continues the tree that it cosigned last, for logs that it knows."""

import pytest

from idbridge.errors import EvidenceError
from idbridge.limits import LIMITS
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle, witnessing
from idbridge.tlog.checkpoint import Checkpoint
from idbridge.tlog.witnessing import Remembered, Submission
from tests.tlog.kit import LOG, LOG_SIGNER, ORIGIN, leaves, signed_checkpoint, signer, tree

OLD, NEW = 37, 70
PROOF = merkle.consistency_proof(OLD, NEW, tree(NEW).node)
HELD = Remembered(OLD, tree(OLD).after.root())
GOOD = witnessing.submission(signed_checkpoint(NEW), old=OLD, proof=PROOF)
TEXT = GOOD.octets().decode()
HEAD = TEXT.split("\n\n")[0]


def refused(submitted: Submission, *, remembered: Remembered = HELD) -> str:
    with pytest.raises(EvidenceError) as caught:
        witnessing.require_continued(submitted, log=LOG, remembered=remembered)
    return caught.value.code


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", TEXT[1:], TEXT[:-1], f"{TEXT}\n", f"\n{TEXT}", HEAD, TEXT.replace("old ", "old  "),
        TEXT.replace("old ", "Old "), TEXT.replace("old 37", "old 037"), TEXT.replace("old 37", "old -1"),
        TEXT.replace("old 37", "old 71"), TEXT.replace("old 37\n", ""), TEXT.replace("\n", "\r\n"),
        TEXT.replace(HEAD, f"{HEAD} "), TEXT.replace(HEAD, f"{HEAD}\nnonsense"), TEXT.replace(HEAD, f"{HEAD}é"),
        TEXT.replace(HEAD, "\n".join([HEAD] + [HEAD.split("\n")[1]] * LIMITS.log_size.bit_length())),
        "old 37\n" * LIMITS.receipt_bytes,
    ],
)  # fmt: skip
def test_what_is_not_exactly_a_submission_is_refused(text: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        witnessing.parse_submission(text.encode())

    assert caught.value.code == "time.evidence_malformed"


def test_a_submission_comes_back() -> None:
    assert witnessing.parse_submission(GOOD.octets()) == GOOD
    first = witnessing.submission(signed_checkpoint(NEW), old=0, proof=())
    assert witnessing.parse_submission(first.octets()) == first


@pytest.mark.parametrize(
    "proof",
    [(), PROOF[:-1], PROOF[::-1], (*PROOF, PROOF[0]), (bytes(32), *PROOF[1:]), (PROOF[0][:-1], *PROOF[1:])],
)
def test_a_tree_that_is_not_proven_to_continue_the_last_one_is_not_cosigned(proof: tuple[bytes, ...]) -> None:
    assert refused(witnessing.submission(signed_checkpoint(NEW), old=OLD, proof=proof)) == "time.evidence_inconsistent"


def test_two_histories_of_one_log_are_not_both_cosigned() -> None:
    forked = tree(OLD).after.extend(leaves(NEW)[: NEW - OLD])
    fork = checkpoints.sign(Checkpoint(ORIGIN, NEW, forked.after.root()), LOG_SIGNER)

    other = Remembered(OLD, tree(OLD - 1).after.extend(leaves(1)).after.root())
    assert refused(GOOD, remembered=other) == "time.evidence_inconsistent"
    same_size = witnessing.submission(fork, old=NEW, proof=())
    assert refused(same_size, remembered=Remembered(NEW, tree(NEW).after.root())) == "time.evidence_inconsistent"


def test_an_old_size_other_than_the_one_remembered_is_refused() -> None:
    for remembered in (Remembered(), Remembered(OLD - 1, tree(OLD - 1).after.root()), Remembered(NEW, HELD.root)):
        assert refused(GOOD, remembered=remembered) == "time.evidence_inconsistent"


def test_a_checkpoint_of_an_unknown_key_is_not_cosigned() -> None:
    stranger = checkpoints.sign(Checkpoint(ORIGIN, NEW, tree(NEW).after.root()), signer("stranger.example"))

    assert refused(witnessing.submission(stranger, old=OLD, proof=PROOF)) == "time.evidence_unsigned"


def test_a_tree_that_continues_the_last_one_is_to_be_cosigned() -> None:
    assert witnessing.require_continued(GOOD, log=LOG, remembered=HELD).checkpoint.size == NEW
    first = witnessing.submission(signed_checkpoint(NEW), old=0, proof=())
    assert witnessing.require_continued(first, log=LOG, remembered=Remembered()).checkpoint.size == NEW
    again = witnessing.submission(signed_checkpoint(NEW), old=NEW, proof=())
    held = Remembered(NEW, tree(NEW).after.root())
    assert witnessing.require_continued(again, log=LOG, remembered=held).checkpoint.size == NEW
