"""Evidence of time: what a caller brings to prove how old a credential is, and what was proved by it.

Decides nothing. What is brought is believed once ``verify/time_evidence`` has looked at it; ``iat`` is no evidence,
because whoever holds the key writes it. Clause: architecture D1.
"""

from dataclasses import dataclass, field
from datetime import datetime

from idbridge.model.region import MemberState


@dataclass(frozen=True, slots=True)
class TimeEvidence:
    """A receipt with its opening, as text, and what was shown when it was made, if that was another presentation.

    A holder proves possession anew each time, so what is shown now is another text than what a log committed to then,
    around the very same credential.
    """

    receipt: str = field(repr=False)
    shown: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ProvenTime:
    """By ``at``, a credential was there. Made by ``verify/time_evidence`` only.

    It stands at ``index`` in the log of ``state`` that is called ``origin``, in a tree of ``size`` entries that
    ``witnesses`` have cosigned, each a state and the instant that it named, the earliest first. ``keys`` are the
    thumbprints of all keys on whose word this is believed: those of the log, and those of the witnesses.
    """

    at: datetime
    origin: str
    state: MemberState
    index: int
    size: int
    witnesses: tuple[tuple[MemberState, datetime], ...]
    keys: frozenset[str]
