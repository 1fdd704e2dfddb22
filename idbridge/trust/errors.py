"""Refusals of trust material that carry facts; every other refusal of this package is a plain ``TrustError``.

A refused offer changes nothing: what was held before stays in force (architecture D1).
"""

from idbridge.errors import TrustError


class RollbackError(TrustError):
    """An edition older than the one held, or than the persisted floor, was offered."""

    def __init__(self, *, held: int, offered: int) -> None:
        super().__init__("trust.rollback", f"sequence {offered} is older than {held}")
        self.held = held
        self.offered = offered


class EquivocationError(TrustError):
    """A second text was offered under a sequence number that is already taken."""

    def __init__(self, *, sequence: int, held: str, offered: str) -> None:
        super().__init__("trust.equivocation", f"sequence {sequence} has two texts, {held[:12]} and {offered[:12]}")
        self.sequence = sequence
        self.held = held
        self.offered = offered


class SequenceJumpError(TrustError):
    """A sequence number runs so far ahead that it could lock out every later edition."""

    def __init__(self, *, held: int, offered: int) -> None:
        super().__init__("trust.sequence_jump", f"sequence {offered} runs ahead of {held}")
        self.held = held
        self.offered = offered


class HistoryRewrittenError(TrustError):
    """A newer edition tells another past, or revives what had ended. ``key`` is the thumbprint of the key."""

    def __init__(self, *, key: str, why: str) -> None:
        super().__init__("trust.history_rewritten", f"key {key}: {why}")
        self.key = key


def violation(detail: str) -> TrustError:
    """Return the refusal of a list that breaks the strict profile, with what is wrong in it."""
    return TrustError("trust.profile_violation", detail)
