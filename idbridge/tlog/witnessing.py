"""What a witness is asked, and whether it may cosign: a log's new tree, and the proof that it continues the last one.

Decides which answer a request deserves, from what the witness remembers of the log; to remember the new tree before
the answer leaves is for whoever keeps that memory. Clause: C2SP tlog-witness, `add-checkpoint`.
"""

from dataclasses import dataclass
from typing import Final, NoReturn

from idbridge.codec import base64std
from idbridge.errors import EvidenceError
from idbridge.limits import LIMITS
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle
from idbridge.tlog.checkpoint import Log, LoggedCheckpoint, UnverifiedCheckpoint
from idbridge.tlog.note import Note

_OLD: Final = "old "


@dataclass(frozen=True, slots=True)
class Submission:
    """A request to cosign: the size of the tree cosigned last, the proof from there, and the new checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    unverified: UnverifiedCheckpoint

    def octets(self) -> bytes:
        """Return the body of the request."""
        lines = [f"{_OLD}{self.old}", *[base64std.encode(one) for one in self.proof], ""]
        return "".join([f"{line}\n" for line in lines]).encode() + self.unverified.note.octets()


@dataclass(frozen=True, slots=True)
class Remembered:
    """The tree of a log that a witness cosigned last; of a log that it has never cosigned, the empty one."""

    size: int = 0
    root: bytes = merkle.EMPTY_ROOT


def submission(signed: Note, *, old: int, proof: tuple[bytes, ...]) -> Submission:
    """Return the request to cosign ``signed``, a checkpoint that continues the tree of ``old`` entries by ``proof``.

    Raises:
        EvidenceError: ``time.evidence_malformed``: the note is no checkpoint.
    """
    return Submission(old, proof, UnverifiedCheckpoint(checkpoints.parse_text(signed.text), signed))


def parse_submission(octets: bytes) -> Submission:
    """Return the request that ``octets`` are, in the one form that there is.

    Raises:
        EvidenceError: ``time.evidence_malformed``.
    """
    if len(octets) > LIMITS.receipt_bytes:
        _malformed("a request that is too long")
    above, blank, below = octets.partition(b"\n\n")
    try:
        first, *lines = above.decode("ascii").split("\n")
    except UnicodeDecodeError:
        first, lines = "", []
    if not blank or not first.startswith(_OLD):
        _malformed("a request has an old size, a proof, an empty line and a checkpoint")
    old = checkpoints.parse_number(first.removeprefix(_OLD))
    unverified = checkpoints.parse_unverified(below)
    if old > unverified.checkpoint.size:
        _malformed("an old tree that is larger than the new one")
    return Submission(old, checkpoints.parse_hashes(lines), unverified)


def require_continued(submitted: Submission, *, log: Log, remembered: Remembered) -> LoggedCheckpoint:
    """Return the checkpoint, now to be remembered and cosigned, if it continues what is remembered of ``log``.

    Whoever asks compares ``submitted.old`` with the size remembered first: it answers a difference with that size.

    Raises:
        EvidenceError: ``time.evidence_unsigned`` or ``time.evidence_inconsistent``.
    """
    logged = checkpoints.verify(submitted.unverified, log=log)
    if submitted.old != remembered.size:
        raise EvidenceError("time.evidence_inconsistent", "another tree than the one that was cosigned last")
    merkle.require_consistent(
        old=remembered.size,
        old_root=remembered.root,
        new=logged.checkpoint.size,
        new_root=logged.checkpoint.root,
        proof=submitted.proof,
    )
    return logged


def _malformed(why: str) -> NoReturn:
    raise EvidenceError("time.evidence_malformed", why)
