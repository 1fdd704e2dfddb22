"""A checkpoint counts if a known log signed it, and its time if enough states other than the log's own cosigned it."""

from datetime import UTC, datetime, timedelta

import pytest

from idbridge.codec import base64std
from idbridge.crypto.signer import derived_signer
from idbridge.errors import EvidenceError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle, note
from idbridge.tlog.checkpoint import Checkpoint, Log, Quorum, Witness
from idbridge.tlog.note import Note
from tests.tlog.kit import (
    LOG,
    LOG_SIGNER,
    NOON,
    ORIGIN,
    QUORUM,
    STATES,
    WITNESS_SIGNERS,
    WITNESSES,
    cosigned,
    flipped,
    signed_checkpoint,
    signer,
    tree,
)

ROOT = base64std.encode(tree(70).after.root())
TH, MY, VN = STATES
LATER = timedelta(seconds=10)


def refused(octets: bytes, *, log: Log = LOG, quorum: Quorum | None = None, at: datetime = NOON) -> str:
    """The code by which the checkpoint is refused."""
    with pytest.raises(EvidenceError) as caught:
        accepted(octets, log=log, quorum=quorum, at=at)
    return caught.value.code


def accepted(
    octets: bytes, *, log: Log = LOG, quorum: Quorum | None = None, at: datetime = NOON
) -> checkpoints.LoggedCheckpoint | checkpoints.WitnessedCheckpoint:
    unverified = checkpoints.parse_unverified(octets)
    if quorum is None:
        return checkpoints.verify(unverified, log=log)
    return checkpoints.verify_witnessed(unverified, log=log, quorum=quorum, at=at)


def resigned(text: str) -> bytes:
    """A text that the log has really signed, whatever it says."""
    return note.sign(text, LOG_SIGNER).octets()


@pytest.mark.parametrize(
    "text",
    [
        "\n", f"{ORIGIN}\n", f"{ORIGIN}\n70\n", f"70\n{ROOT}\n", f"{ORIGIN}\n{ROOT}\n", f"\n70\n{ROOT}\n",
        f"{ORIGIN}\n\n{ROOT}\n", f"{ORIGIN}\n70\n\n", f"{ORIGIN}\n70\n{ROOT}\n\n", f"{ORIGIN}\n70\n{ROOT}\n\nx\n",
        f"{ORIGIN}\n070\n{ROOT}\n", f"{ORIGIN}\n+70\n{ROOT}\n", f"{ORIGIN}\n-70\n{ROOT}\n", f"{ORIGIN}\n7_0\n{ROOT}\n",
        f"{ORIGIN}\n 70\n{ROOT}\n", f"{ORIGIN}\n70 \n{ROOT}\n", f"{ORIGIN}\n0x46\n{ROOT}\n", f"{ORIGIN}\n٧٠\n{ROOT}\n",
        f"{ORIGIN}\n7²\n{ROOT}\n", f"{ORIGIN}\n{2**63}\n{ROOT}\n", f"{ORIGIN}\n{10**19}\n{ROOT}\n",
        f"{ORIGIN}\n{'9' * 5_000}\n{ROOT}\n", f"{ORIGIN}\n70\n{ROOT[:-1]}\n", f"{ORIGIN}\n70\n{ROOT}=\n",
        f"{ORIGIN}\n70\n{ROOT[4:]}\n", f"{ORIGIN}\n70\nAAAA{ROOT}\n", f"{ORIGIN}\n70\n{ROOT} \n",
        f"{ORIGIN}\n70\nnot base64\n", f"{ORIGIN}\n0\n{ROOT}\n", f"{'o' * 513}\n70\n{ROOT}\n",
        f"{ORIGIN}\n70\n{ROOT[:-2]}{chr(ord(ROOT[-2]) + 1)}=\n",
    ],
)  # fmt: skip
def test_a_text_that_is_not_exactly_a_checkpoint_is_refused_although_the_log_signed_it(text: str) -> None:
    assert refused(resigned(text)) == "time.evidence_malformed"


def test_a_checkpoint_with_something_before_or_behind_it_is_refused() -> None:
    octets = signed_checkpoint().octets()

    for changed in (b"\n" + octets, octets + b"\n", octets + b"x", octets + b"x\n", octets[:-1], b" " + octets):
        assert refused(changed) == ("time.evidence_unsigned" if changed[:1] == b" " else "time.evidence_malformed")


def test_a_checkpoint_without_a_line_of_the_log_is_refused() -> None:
    signed = signed_checkpoint()
    other = signer("other.example")
    namesake = note.note_signer(ORIGIN, derived_signer(bytes(32)))

    for lines in ((other.sign(signed.text),), (namesake.sign(signed.text),), ()):
        octets = Note(signed.text, lines).octets()
        assert refused(octets) == ("time.evidence_unsigned" if lines else "time.evidence_malformed")


def test_a_checkpoint_that_only_witnesses_have_signed_is_of_no_log() -> None:
    signed = cosigned(signed_checkpoint(), TH, MY)

    assert refused(Note(signed.text, signed.lines[1:]).octets(), quorum=QUORUM) == "time.evidence_unsigned"


def test_two_lines_of_one_key_of_the_log_are_refused_and_two_keys_are_not() -> None:
    signed = signed_checkpoint()
    successor = signer(ORIGIN, kind=note.ED25519).key
    other = signer("node.sg.example/next")
    both = Log(ORIGIN, MemberState.SG, (successor, other.key))

    assert refused(signed.with_lines(signed.lines).octets()) == "time.evidence_malformed"
    assert accepted(signed.with_lines([other.sign(signed.text)]).octets(), log=both).checkpoint.size == 70
    spoiled = signed.with_lines([note.SignatureLine(other.key.name, other.key.key_id, bytes(64))])
    assert refused(spoiled.octets(), log=both) == "time.evidence_unsigned"


def test_a_checkpoint_of_another_log_under_the_same_key_is_refused() -> None:
    other = checkpoints.sign(Checkpoint("node.th.example/log", 70, tree(70).after.root()), LOG_SIGNER)

    assert refused(other.octets()) == "time.evidence_unsigned"


def test_the_signature_of_another_tree_does_not_carry_over() -> None:
    lines = signed_checkpoint(69).lines

    assert refused(Note(signed_checkpoint(70).text, lines).octets()) == "time.evidence_unsigned"


@pytest.mark.parametrize("quorum", [None, QUORUM], ids=["logged", "witnessed"])
def test_a_checkpoint_with_one_bit_turned_is_refused_whatever_the_bit(quorum: Quorum | None) -> None:
    octets = (signed_checkpoint() if quorum is None else cosigned(signed_checkpoint(), TH, MY)).octets()
    codes = {refused(flipped(octets, bit), quorum=quorum) for bit in range(8 * len(octets))}

    expected = {"time.evidence_malformed", "time.evidence_unsigned"}
    assert codes == (expected if quorum is None else expected | {"time.evidence_unwitnessed"})
    assert accepted(octets, quorum=quorum).checkpoint == Checkpoint(ORIGIN, 70, tree(70).after.root())


def test_extension_lines_are_kept_and_counted() -> None:
    lines = tuple(f"line {number}" for number in range(LIMITS.checkpoint_extensions))
    most = Checkpoint(ORIGIN, 70, tree(70).after.root(), lines)

    assert accepted(checkpoints.sign(most, LOG_SIGNER).octets()).checkpoint == most
    assert refused(resigned(f"{most.text()}one more\n")) == "time.evidence_malformed"
    with pytest.raises(ValueError, match="too many extension lines"):
        Checkpoint(ORIGIN, 70, tree(70).after.root(), (*lines, "one more"))


@pytest.mark.parametrize(
    ("origin", "size", "root", "extensions"),
    [
        ("", 1, bytes(32), ()), ("a\nb", 1, bytes(32), ()), ("a", -1, bytes(32), ()), ("a", 1, bytes(31), ()),
        ("a", LIMITS.log_size + 1, bytes(32), ()), ("a", 1, bytes(32), ("",)), ("a", 1, bytes(32), ("b\n",)),
        ("a", 0, bytes(32), ()), ("a" * (LIMITS.identifier_characters + 1), 1, bytes(32), ()),
    ],
)  # fmt: skip
def test_what_no_checkpoint_could_say_is_not_made(origin: str, size: int, root: bytes, extensions: tuple[str]) -> None:
    with pytest.raises(ValueError, match=r"checkpoint|origin|empty tree"):
        Checkpoint(origin, size, root, extensions)


def test_the_longest_origin_names_a_log() -> None:
    longest = "o" * LIMITS.identifier_characters
    signed = checkpoints.sign(Checkpoint(longest, 1, bytes(32)), LOG_SIGNER)

    assert accepted(signed.octets(), log=Log(longest, MemberState.SG, LOG.keys)).checkpoint.origin == longest


def test_the_largest_and_the_smallest_tree_have_checkpoints() -> None:
    for size, root in ((LIMITS.log_size, bytes(32)), (0, merkle.EMPTY_ROOT)):
        signed = checkpoints.sign(Checkpoint(ORIGIN, size, root), LOG_SIGNER)
        assert accepted(signed.octets()).checkpoint.size == size


def test_too_few_states_are_no_quorum_however_many_keys_they_have() -> None:
    second = signer("second.th.example", kind=note.COSIGNATURE)
    quorum = Quorum((*WITNESSES, Witness(TH, second.key)), 2)
    signed = cosigned(signed_checkpoint(), TH)
    twice = signed.with_lines([second.sign(signed.text, at=int(NOON.timestamp()))])

    assert refused(signed_checkpoint().octets(), quorum=QUORUM) == "time.evidence_unwitnessed"
    assert refused(signed.octets(), quorum=quorum) == "time.evidence_unwitnessed"
    assert refused(twice.octets(), quorum=quorum) == "time.evidence_unwitnessed"
    assert accepted(cosigned(twice, MY).octets(), quorum=quorum)


def test_the_own_state_of_a_log_does_not_witness_it() -> None:
    signed = cosigned(signed_checkpoint(), TH, MY)
    of_thailand = Log(ORIGIN, TH, LOG.keys)

    assert refused(signed.octets(), log=of_thailand, quorum=QUORUM) == "time.evidence_unwitnessed"
    assert accepted(cosigned(signed, VN).octets(), log=of_thailand, quorum=QUORUM)


def test_a_witness_that_nobody_named_does_not_count() -> None:
    stranger = signer("witness.stranger.example", kind=note.COSIGNATURE)
    signed = cosigned(signed_checkpoint(), TH)
    more = signed.with_lines([stranger.sign(signed.text, at=int(NOON.timestamp()))])

    assert refused(more.octets(), quorum=QUORUM) == "time.evidence_unwitnessed"


def test_a_spoiled_line_of_a_witness_spoils_the_checkpoint() -> None:
    signed = cosigned(signed_checkpoint(), TH, MY)
    key = WITNESS_SIGNERS[VN].key
    spoiled = signed.with_lines([note.SignatureLine(key.name, key.key_id, bytes(72))])

    assert refused(spoiled.octets(), quorum=QUORUM) == "time.evidence_unsigned"


def test_a_cosignature_from_the_future_does_not_count() -> None:
    edge = NOON + LIMITS.clock_leeway
    early = cosigned(signed_checkpoint(), TH)

    late = cosigned(early, MY, at=edge + timedelta(seconds=1))
    assert refused(late.octets(), quorum=QUORUM) == "time.evidence_unwitnessed"
    assert accepted(cosigned(early, MY, at=edge).octets(), quorum=QUORUM)


def test_the_time_is_the_one_for_which_a_whole_quorum_would_have_to_lie() -> None:
    signed = signed_checkpoint()
    for number, state in enumerate((VN, TH, MY)):
        signed = cosigned(signed, state, at=NOON - 3 * LATER + number * LATER)

    for states, expected in ((1, NOON - 3 * LATER), (2, NOON - 2 * LATER), (3, NOON - LATER)):
        found = accepted(signed.octets(), quorum=Quorum(WITNESSES, states))
        assert isinstance(found, checkpoints.WitnessedCheckpoint)
        assert found.witnessed_at == expected
        assert [state for state, _ in found.states] == [VN, TH, MY]


def test_of_two_keys_of_one_state_the_earlier_time_counts() -> None:
    second = signer("second.th.example", kind=note.COSIGNATURE)
    quorum = Quorum((WITNESSES[0], Witness(TH, second.key)), 1)
    signed = cosigned(signed_checkpoint(), TH)
    both = signed.with_lines([second.sign(signed.text, at=int((NOON - LATER).timestamp()))])

    found = accepted(both.octets(), quorum=quorum)

    assert isinstance(found, checkpoints.WitnessedCheckpoint)
    assert found.witnessed_at == NOON - LATER


def test_a_quorum_that_demands_nothing_or_more_than_there_is_is_not_made() -> None:
    namesake = Witness(MY, note.note_key("other.example", kind=note.COSIGNATURE, octets=WITNESSES[0].key.octets))

    for witnesses, states in ((WITNESSES, 0), (WITNESSES, 4), ((), 0), ((), 1), (WITNESSES, -1)):
        with pytest.raises(ValueError, match="a quorum is of"):
            Quorum(witnesses, states)
    with pytest.raises(ValueError, match="a public key of its own"):
        Quorum((WITNESSES[0], namesake), 1)


def test_the_keys_of_logs_and_witnesses_are_not_confused() -> None:
    with pytest.raises(ValueError, match="does not sign for a log"):
        Log(ORIGIN, MemberState.SG, (WITNESSES[0].key,))
    with pytest.raises(ValueError, match="with a time"):
        Witness(TH, LOG_SIGNER.key)
    for origin, keys in (("", LOG.keys), (ORIGIN, ())):
        with pytest.raises(ValueError, match="an origin and a key"):
            Log(origin, MemberState.SG, keys)


def test_a_witness_cosigns_at_an_instant_that_is_one() -> None:
    logged = accepted(signed_checkpoint().octets())
    assert isinstance(logged, checkpoints.LoggedCheckpoint)

    for at in (datetime(2026, 11, 30, 12), datetime(1969, 1, 1, tzinfo=UTC)):  # noqa: DTZ001 - what is refused
        with pytest.raises(ValueError, match="time"):
            checkpoints.cosign(logged, WITNESS_SIGNERS[TH], at=at)
    with pytest.raises(ValueError, match="time zone"):
        accepted(signed_checkpoint().octets(), quorum=QUORUM, at=NOON.replace(tzinfo=None))
