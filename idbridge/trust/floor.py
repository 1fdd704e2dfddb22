"""Floors: what a node has accepted before, and below which it never goes again.

A floor outlives the process. Whoever wipes a cache, restarts a node or hands it an old bundle meets the same floor
(TUF calls the attack rollback; ETSI TS 119 602 has no defence of its own). Floors only ever rise.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from idbridge.limits import LIMITS
from idbridge.trust.errors import EquivocationError, RollbackError, SequenceJumpError
from idbridge.trust.ledger import EMPTY, Ledger


@dataclass(frozen=True, slots=True)
class Floor:
    """The newest edition of one document that was accepted: its number and the SHA-256 (hex) of its content.

    For a state's list also when it was issued, which issuers it spoke for, and the ledger of its keys.

    Raises:
        ValueError: The number is below 1, or the digest is none.
    """

    sequence: int
    digest: str
    issued_at: datetime | None = None
    issuers: frozenset[str] = frozenset()
    ledger: Ledger = field(default_factory=lambda: EMPTY)

    def __post_init__(self) -> None:
        if self.sequence < 1 or len(self.digest) != 64 or not set(self.digest) <= set("0123456789abcdef"):
            raise ValueError("a floor has a sequence from 1 and a SHA-256 digest")

    def admits(self, sequence: int, digest: str) -> bool:
        """Tell whether the offer is a newer edition; ``False`` means that it is the very one on which this stands.

        Raises:
            RollbackError: It is older.
            EquivocationError: It is another text under the same number.
            SequenceJumpError: It runs ahead by more than the allowed step.
        """
        if sequence < self.sequence:
            raise RollbackError(held=self.sequence, offered=sequence)
        if sequence > self.sequence + LIMITS.list_sequence_step:
            raise SequenceJumpError(held=self.sequence, offered=sequence)
        if sequence == self.sequence and digest != self.digest:
            raise EquivocationError(sequence=sequence, held=self.digest, offered=digest)
        return sequence > self.sequence

    def highest(self, other: Self) -> Self:
        """Return the higher of two floors of one document; of two with one number, this one."""
        return other if other.sequence > self.sequence else self
