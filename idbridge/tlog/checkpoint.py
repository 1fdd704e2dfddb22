"""Checkpoints: what a log says of its tree, signed by the log and cosigned by witnesses of other states.

Decides whether a checkpoint is of a log that the caller knows, and whether so many other states have cosigned it that
its time counts. It does not know what stands in the log. Clauses: C2SP tlog-checkpoint; tlog-cosignature.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NoReturn

from idbridge.codec import base64std
from idbridge.errors import EvidenceError, InputError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.tlog import note
from idbridge.tlog.merkle import EMPTY_ROOT, HASH_OCTETS
from idbridge.tlog.note import Note, NoteKey, NoteSigner, SignatureLine

_LINES: Final = 3
_SIZE_DIGITS: Final = 19  # as many as `LIMITS.log_size` has


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree of some size: which log's, how many entries, and the root. Whether it is true, a signature has to say.

    Raises:
        ValueError: The origin or an extension is empty or no line, or size or root is out of range.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= LIMITS.log_size or len(self.root) != HASH_OCTETS:
            raise ValueError(f"a checkpoint has a size up to {LIMITS.log_size} and a root of {HASH_OCTETS} octets")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise ValueError("an empty tree has one root")
        if len(self.origin) > LIMITS.identifier_characters or len(self.extensions) > LIMITS.checkpoint_extensions:
            raise ValueError("an origin that is too long, or too many extension lines")
        if any(not line or "\n" in line for line in (self.origin, *self.extensions)):
            raise ValueError("a line of a checkpoint is not empty and has no line break")

    def text(self) -> str:
        """Return the text that is signed."""
        lines = (self.origin, str(self.size), base64std.encode(self.root), *self.extensions)
        return "".join([f"{line}\n" for line in lines])


@dataclass(frozen=True, slots=True)
class Log:
    """A log that the caller knows: its origin, whose it is, and the keys that sign for it.

    Raises:
        ValueError: There is no key, the origin is empty, or a key is one of a witness.
    """

    origin: str
    state: MemberState
    keys: tuple[NoteKey, ...]

    def __post_init__(self) -> None:
        if not self.origin or not self.keys:
            raise ValueError("a log has an origin and a key")
        if any(note.KINDS[key.kind].timed for key in self.keys):
            raise ValueError("the key of a witness does not sign for a log")


@dataclass(frozen=True, slots=True)
class Witness:
    """A key that cosigns for a state.

    Raises:
        ValueError: The key signs without a time.
    """

    state: MemberState
    key: NoteKey

    def __post_init__(self) -> None:
        if not note.KINDS[self.key.kind].timed:
            raise ValueError("a witness cosigns with a time")


@dataclass(frozen=True, slots=True)
class Quorum:
    """How many states other than the log's own have to cosign, and with which keys.

    Raises:
        ValueError: No state is demanded, more than could ever cosign, or one public key stands for two witnesses.
    """

    witnesses: tuple[Witness, ...]
    states: int

    def __post_init__(self) -> None:
        if not 0 < self.states <= len({witness.state for witness in self.witnesses}):
            raise ValueError("a quorum is of one state at least, and of as many as there are witnesses of")
        if len({witness.key.octets for witness in self.witnesses}) != len(self.witnesses):
            raise ValueError("each witness has a public key of its own")


@dataclass(frozen=True, slots=True)
class UnverifiedCheckpoint:
    """A note whose text is a checkpoint; nobody has looked at its signatures."""

    checkpoint: Checkpoint
    note: Note


@dataclass(frozen=True, slots=True)
class LoggedCheckpoint:
    """A checkpoint that a known log has signed. It says nothing of time. Made by ``verify``."""

    checkpoint: Checkpoint
    note: Note
    log: Log


@dataclass(frozen=True, slots=True)
class WitnessedCheckpoint:
    """A checkpoint that a known log has signed and a quorum of other states has cosigned. Made by ``verify_witnessed``.

    ``witnessed_at``: by this instant the tree was there, unless as many states as the quorum demands all say what is
    not so. ``states`` are those that have cosigned, each with the earliest instant that it has named.
    """

    checkpoint: Checkpoint
    note: Note
    log: Log
    witnessed_at: datetime
    states: tuple[tuple[MemberState, datetime], ...]


def sign(checkpoint: Checkpoint, *signers: NoteSigner) -> Note:
    """Return ``checkpoint`` as a note that ``signers`` of the log have signed.

    Raises:
        ValueError: There is no signer, one of them is a witness, or a line cannot stand in a note.
    """
    return note.sign(checkpoint.text(), *signers)


def cosign(logged: LoggedCheckpoint, witness: NoteSigner, *, at: datetime) -> SignatureLine:
    """Return the line of ``witness`` for a checkpoint of a known log that it has found to continue the last one.

    Raises:
        ValueError: The signer adds no time, or the instant is naive or before 1970.
    """
    return witness.sign(logged.note.text, at=_seconds(at))


def parse_unverified(octets: bytes) -> UnverifiedCheckpoint:
    """Return the checkpoint that ``octets`` are, in the one form that there is.

    Raises:
        EvidenceError: ``time.evidence_malformed``.
    """
    unverified = note.parse(octets)
    return UnverifiedCheckpoint(parse_text(unverified.text), unverified)


def parse_text(text: str) -> Checkpoint:
    """Return the checkpoint that the text of a note is.

    Raises:
        EvidenceError: ``time.evidence_malformed``.
    """
    lines = text.split("\n")
    if len(lines) <= _LINES or lines.pop():
        _malformed("a checkpoint has an origin, a size and a root")
    origin, size, root, *extensions = lines
    try:
        return Checkpoint(origin, parse_number(size), base64std.decode(root), tuple(extensions))
    except (ValueError, InputError):
        _malformed("a line of the checkpoint cannot be what it should be")


def parse_number(text: str) -> int:
    """Return the size or index that ``text`` spells, in decimal without leading zeros.

    Raises:
        EvidenceError: ``time.evidence_malformed``.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= _SIZE_DIGITS) or str(int(text)) != text:
        _malformed("no decimal number without leading zeros")
    number = int(text)
    if number > LIMITS.log_size:
        _malformed("a number past the size of any log")
    return number


def parse_hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    """Return the hashes of a proof that ``lines`` spell as base64, one each.

    Raises:
        EvidenceError: ``time.evidence_malformed``, also for more of them than any tree is high.
    """
    if len(lines) > LIMITS.log_size.bit_length():
        _malformed("more hashes than any tree is high")
    try:
        hashes = tuple([base64std.decode(line) for line in lines])
    except InputError as refusal:
        raise EvidenceError("time.evidence_malformed", refusal.detail) from refusal
    if any(len(one) != HASH_OCTETS for one in hashes):
        _malformed("a hash of another length")
    return hashes


def verify(unverified: UnverifiedCheckpoint, *, log: Log) -> LoggedCheckpoint:
    """Return the checkpoint if it is one of ``log``.

    Raises:
        EvidenceError: ``time.evidence_unsigned``; ``time.evidence_malformed`` if one key has signed twice.
    """
    if unverified.checkpoint.origin != log.origin:
        raise EvidenceError("time.evidence_unsigned", "a checkpoint of another log")
    if not note.signed_by(unverified.note, log.keys):
        raise EvidenceError("time.evidence_unsigned", "no known key of the log has signed")
    return LoggedCheckpoint(unverified.checkpoint, unverified.note, log)


def verify_witnessed(
    unverified: UnverifiedCheckpoint, *, log: Log, quorum: Quorum, at: datetime
) -> WitnessedCheckpoint:
    """Return the checkpoint if it is one of ``log`` and enough other states have cosigned it by ``at``.

    A cosignature later than ``at``, by more than the leeway of clocks, does not count, nor does one of the log's state.

    Raises:
        EvidenceError: As ``verify``; ``time.evidence_unsigned`` also if the line of a known witness does not verify;
            ``time.evidence_unwitnessed``: too few states.
        ValueError: The instant is naive.
    """
    logged = verify(unverified, log=log)
    earliest = _earliest(logged, quorum.witnesses, latest=_seconds(at + LIMITS.clock_leeway))
    if len(earliest) < quorum.states:
        raise EvidenceError("time.evidence_unwitnessed")
    # As many as the quorum demands would all have to lie for the tree to be younger than the last of them says.
    instants = [instant for _, instant in earliest]
    return WitnessedCheckpoint(logged.checkpoint, logged.note, log, instants[quorum.states - 1], earliest)


def _earliest(
    logged: LoggedCheckpoint, witnesses: Sequence[Witness], *, latest: int
) -> tuple[tuple[MemberState, datetime], ...]:
    """Return the states that have cosigned, each with its earliest instant, in the order of the instants."""
    others = {witness.key: witness.state for witness in witnesses if witness.state is not logged.log.state}
    found: dict[MemberState, int] = {}
    for signed in note.signed_by(logged.note, tuple(others)):
        state = others[signed.key]
        if signed.at is not None and signed.at <= latest:
            found[state] = min(signed.at, found.get(state, signed.at))
    ordered = sorted(found.items(), key=lambda item: (item[1], item[0]))
    return tuple((state, datetime.fromtimestamp(seconds, UTC)) for state, seconds in ordered)


def _seconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("an instant has a time zone")
    return int(at.timestamp())


def _malformed(why: str) -> NoReturn:
    raise EvidenceError("time.evidence_malformed", why)
