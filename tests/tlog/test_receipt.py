"""A receipt proves offline that a leaf stands in a known log, by when, and about what; anything less proves nothing."""

import base64

import pytest

from idbridge.errors import EvidenceError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle, receipt, tile
from idbridge.tlog.checkpoint import Checkpoint, Log
from idbridge.tlog.commitment import Opening
from tests.tlog.kit import (
    ASSERTION,
    CREDENTIAL,
    LOG,
    LOG_SIGNER,
    NOON,
    ORIGIN,
    QUORUM,
    STATES,
    entry,
    flipped,
    leaf,
    leaves,
    opening_of,
    signed_checkpoint,
    signer,
    tree,
    whole_receipt,
)

GOOD = whole_receipt().decode()
HEAD, TAIL = GOOD.split("\n\n", 1)
LINES = HEAD.split("\n")
HASHES = "\n".join(LINES[3:])


def judged(octets: bytes) -> str:
    """Judge a receipt in full, as who relies on its time does; the code, or ``proven``."""
    try:
        found = receipt.verify_witnessed(receipt.parse_unverified(octets), log=LOG, quorum=QUORUM, at=NOON)
        found.require_about(CREDENTIAL)
    except EvidenceError as refused:
        return refused.code
    return "proven"


def test_a_receipt_proves_leaf_place_time_credential_and_assertion() -> None:
    found = receipt.verify_witnessed(receipt.parse_unverified(GOOD.encode()), log=LOG, quorum=QUORUM, at=NOON)

    assert (found.leaf, found.index, found.witnessed_at) == (leaf(), 69, NOON)
    assert found.opening is not None
    found.require_about(CREDENTIAL)
    found.opening.require_assertion(ASSERTION)
    assert judged(GOOD.encode()) == "proven"


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "\n\n", GOOD[1:], GOOD[:-1], f"{GOOD}\n", f"{GOOD}x", f"\n{GOOD}", HEAD, TAIL, f"{HEAD}\n{TAIL}",
        GOOD.replace("@v1", "@v2"), GOOD.replace("@v1\n", "@v1\n\n"), GOOD.replace("@v1", "@v1 "),
        GOOD.replace("\n", "\r\n"), GOOD.replace("extra ", "extra  "), GOOD.replace("extra ", "Extra "),
        GOOD.replace("index 69", "index 069"), GOOD.replace("index 69", "index  69"), GOOD.replace("index 69", "index"),
        GOOD.replace("index 69", "index -69"), GOOD.replace("index 69", "index ٦٩"), GOOD.replace("index 69\n", ""),
        GOOD.replace("index 69", f"index {2**63}"), GOOD.replace("index 69", "index 69\nindex 69"),
        GOOD.replace(f"{LINES[1]}\n", f"{LINES[1]}\n{LINES[1]}\n"), GOOD.replace(f"{LINES[1]}\n", "extra \n"),
        GOOD.replace(f"{LINES[1]}\n", ""), GOOD.replace(f"{LINES[1]}\n{LINES[2]}", f"{LINES[2]}\n{LINES[1]}"),
        GOOD.replace(HASHES, HASHES[4:]), GOOD.replace(HASHES, f"AAAA{HASHES}"), GOOD.replace(HASHES, "nonsense"),
        GOOD.replace(HASHES, f"{HASHES} "), GOOD.replace(HASHES, f"{HASHES[:-2]}é="), GOOD.replace("=", ""),
        GOOD.replace(HASHES, "\n".join([LINES[3]] * (LIMITS.log_size.bit_length() + 1))),
    ],
)  # fmt: skip
def test_what_is_not_exactly_a_receipt_is_refused(text: str) -> None:
    assert judged(text.encode()) == "time.evidence_malformed"


def test_octets_that_are_no_text_are_refused() -> None:
    assert judged(b"\xff" + GOOD.encode()) == "time.evidence_malformed"
    assert judged(GOOD.encode().replace(b"index", b"ind\xffx")) == "time.evidence_malformed"


def test_a_receipt_has_at_most_so_many_octets() -> None:
    proof = receipt.parse_proof(GOOD.encode())
    rest = len(receipt.Proof(proof.index, proof.hashes, proof.note, bytes(1_000)).octets()) - 1_336
    room = (LIMITS.receipt_bytes - rest) // 4 * 3

    longest = receipt.Proof(proof.index, proof.hashes, proof.note, bytes(room)).octets()
    assert LIMITS.receipt_bytes - 4 < len(longest) <= LIMITS.receipt_bytes
    assert receipt.parse_proof(longest).octets() == longest
    with pytest.raises(EvidenceError) as caught:
        receipt.parse_proof(receipt.Proof(proof.index, proof.hashes, proof.note, bytes(room + 3)).octets())
    assert caught.value.code == "time.evidence_malformed"


@pytest.mark.parametrize(
    "parts",
    [
        [], [b""], [b"not a leaf"], [leaf().octets(), bytes(32)], [leaf().octets(), bytes(32), bytes(32), b""],
        [leaf().octets(), bytes(31), bytes(32)], [leaf().octets(), bytes(32), bytes(33)], [b"", bytes(32), bytes(32)],
        [leaf().octets() + b" "],
    ],
)  # fmt: skip
def test_the_extra_line_holds_a_leaf_and_what_opens_it_or_a_leaf_alone(parts: list[bytes]) -> None:
    proof = receipt.parse_proof(GOOD.encode())
    changed = receipt.Proof(proof.index, proof.hashes, proof.note, tile.encode_entries(parts))

    assert judged(changed.octets()) == "time.evidence_malformed"


def test_a_receipt_without_an_opening_proves_the_leaf_and_nothing_of_a_credential() -> None:
    proof = receipt.parse_proof(GOOD.encode())
    alone = receipt.receipt(index=69, hashes=proof.hashes, signed=proof.note, entry=leaf().octets())

    found = receipt.verify(receipt.parse_unverified(alone.octets()), log=LOG)

    assert (found.leaf, found.opening, found.witnessed_at) == (leaf(), None, None)
    assert judged(alone.octets()) == "time.evidence_mismatch"


def test_a_receipt_about_another_credential_is_refused() -> None:
    found = receipt.verify(receipt.parse_unverified(GOOD.encode()), log=LOG)

    with pytest.raises(EvidenceError) as caught:
        found.require_about(CREDENTIAL + b"\n")

    assert caught.value.code == "time.evidence_mismatch"
    wrong = Opening(opening_of().key, bytes(32))
    assert judged(whole_receipt(opening=wrong)) == "time.evidence_mismatch"


def test_a_leaf_that_is_about_no_credential_proves_nothing_of_one() -> None:
    entries = [b'{"t":"start","ts":1,"v":1,"ver":"0.1.0"}']
    growth = merkle.Frontier().extend([merkle.leaf_hash(one) for one in entries])
    signed = checkpoints.sign(Checkpoint(ORIGIN, 1, growth.after.root()), LOG_SIGNER)
    proof = receipt.receipt(index=0, hashes=(), signed=signed, entry=entries[0], opening=opening_of())

    found = receipt.verify(receipt.parse_unverified(proof.octets()), log=LOG)

    with pytest.raises(EvidenceError) as caught:
        found.require_about(CREDENTIAL)
    assert caught.value.code == "time.evidence_mismatch"


def test_a_leaf_that_the_log_does_not_have_is_refused() -> None:
    proof = receipt.parse_proof(GOOD.encode())
    for index, hashes, signed in (
        (68, proof.hashes, proof.note),
        (70, proof.hashes, proof.note),
        (69, proof.hashes[:-1], proof.note),
        (69, (*proof.hashes, proof.hashes[0]), proof.note),
        (69, proof.hashes[::-1], proof.note),
        (69, (), proof.note),
        (69, merkle.inclusion_proof(69, 70, tree(70).node), signed_checkpoint(70)),
        (69, proof.hashes, signed_checkpoint(71)),
    ):
        changed = receipt.receipt(index=index, hashes=hashes, signed=signed, entry=leaf().octets())
        with pytest.raises(EvidenceError) as caught:
            receipt.verify(receipt.parse_unverified(changed.octets()), log=LOG)
        assert caught.value.code == "time.evidence_not_included"


def test_a_receipt_of_another_log_or_key_is_refused() -> None:
    unverified = receipt.parse_unverified(GOOD.encode())
    for log in (
        Log("node.th.example/log", MemberState.TH, LOG.keys),
        Log(ORIGIN, LOG.state, (signer("x.example").key,)),
    ):
        with pytest.raises(EvidenceError) as caught:
            receipt.verify(unverified, log=log)
        assert caught.value.code == "time.evidence_unsigned"


def test_a_receipt_that_too_few_states_confirm_has_no_time() -> None:
    assert judged(whole_receipt(STATES[:1])) == "time.evidence_unwitnessed"
    assert judged(whole_receipt(())) == "time.evidence_unwitnessed"
    assert judged(whole_receipt(STATES)) == "proven"


def test_a_receipt_with_one_bit_turned_is_refused_whatever_the_bit() -> None:
    octets = GOOD.encode()
    codes = {judged(flipped(octets, bit)) for bit in range(8 * len(octets))}

    assert codes == {
        "time.evidence_malformed", "time.evidence_unsigned", "time.evidence_not_included",
        "time.evidence_unwitnessed", "time.evidence_mismatch",
    }  # fmt: skip


def test_a_proof_of_any_other_entry_has_the_same_text_form() -> None:
    for size, index in ((1, 0), (70, 3)):
        proof = receipt.Proof(index, merkle.inclusion_proof(index, size, tree(size).node), signed_checkpoint(size))
        assert receipt.parse_proof(proof.octets()) == proof
        assert b"extra" not in proof.octets()
        with pytest.raises(EvidenceError):
            receipt.parse_unverified(proof.octets())
        merkle.require_included(
            merkle.leaf_hash(entry(index)), index=index, size=size, proof=proof.hashes, root=tree(size).after.root()
        )
    assert len(leaves(70)) == 70


def test_a_proof_is_as_long_as_the_highest_tree_and_no_longer() -> None:
    highest = receipt.Proof(0, leaves(LIMITS.log_size.bit_length()), signed_checkpoint())
    assert receipt.parse_proof(highest.octets()) == highest

    with pytest.raises(EvidenceError) as caught:
        receipt.parse_proof(receipt.Proof(0, leaves(len(highest.hashes) + 1), signed_checkpoint()).octets())
    assert caught.value.code == "time.evidence_malformed"


def test_the_extra_line_is_base64_of_a_bundle() -> None:
    extra = base64.b64decode(LINES[1].removeprefix("extra "))

    assert tile.decode_entries(extra, width=3) == (leaf().octets(), opening_of().key, opening_of().assertion)


@pytest.mark.parametrize(("before", "batch"), [(0, 1), (0, 2), (0, 300), (1, 1), (255, 2), (256, 64), (1_000, 37)])
def test_the_receipts_of_a_batch_are_those_that_are_made_one_by_one(before: int, batch: int) -> None:
    entries = [f"new entry {number}".encode() for number in range(batch)]
    growth = merkle.Frontier().extend(leaves(before)).after.extend([merkle.leaf_hash(one) for one in entries])
    signed = checkpoints.sign(Checkpoint(ORIGIN, before + batch, growth.after.root()), LOG_SIGNER)
    receipts = receipt.BatchReceipts(growth, signed)

    for opening in (None, opening_of()):
        for place, entry_octets in reversed(list(enumerate(entries))):
            index = before + place
            alone = receipt.receipt(
                index=index, hashes=growth.inclusion(index), signed=signed, entry=entry_octets, opening=opening
            )
            assert receipts.octets(index, entry=entry_octets, opening=opening) == alone.octets()
    for index in (before - 1, before + batch):
        with pytest.raises(EvidenceError) as caught:
            receipts.octets(index, entry=entries[0], opening=None)
        assert caught.value.code == "time.evidence_malformed"
