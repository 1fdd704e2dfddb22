"""Findings: what the steps found of each credential before they were done or refused, and all of them together.

Decides which credential of several speaks for a presentation: the worst. One that is refused refuses them all, because
a relying party asked for all of them.
"""

from typing import Final, NamedTuple

from idbridge.model.check import Check, decisive
from idbridge.model.credential import RecognisedIdentity, UnverifiedCredential, VerifiedCredential
from idbridge.presentation.fulfilment import Fulfilment
from idbridge.status.check import StatusFinding
from idbridge.trust.resolver import ResolvedKey


class Presented(NamedTuple):
    """What the credentials of one presentation come to together.

    ``fulfilment`` is what came of the query, ``None`` without one or where a credential was refused. ``kin`` are the
    other credentials that are shown to be of the same person as the first, and no weaker than it; ``strangers`` are the
    rest. ``reserves`` are plain words that the report must carry.
    """

    checks: tuple[Check, ...] = ()
    fulfilment: Fulfilment | None = None
    kin: tuple[RecognisedIdentity, ...] = ()
    strangers: tuple[RecognisedIdentity, ...] = ()
    reserves: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


NOTHING_TOGETHER: Final = Presented()


class Findings(NamedTuple):
    """What the steps found before they were done or refused; ``None`` for what no step reached.

    ``others`` are those of the other credentials of one presentation, in its order, and ``presented`` is what they come
    to together.

    A named tuple, because making one costs half of what a frozen dataclass does, and every verification makes one.
    """

    unverified: UnverifiedCredential | None = None
    resolved: ResolvedKey | None = None
    signed: bool = False
    credential: VerifiedCredential | None = None
    status: StatusFinding | None = None
    recognised: RecognisedIdentity | None = None
    others: tuple["Findings", ...] = ()
    presented: Presented = NOTHING_TOGETHER

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


class Judged(NamedTuple):
    """What came of one credential: the checks of V2 to V7, what was found, and the checks of V8 if it came so far."""

    checks: tuple[Check, ...]
    findings: Findings
    demands: tuple[Check, ...] = ()

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


def together(
    judged: tuple[Judged, ...], registration: tuple[Check, ...], presented: Presented = NOTHING_TOGETHER
) -> tuple[tuple[Check, ...], Findings]:
    """Return all checks of one presentation, and what was found of its worst credential, with the others beside it.

    ``judged`` is never empty. Every credential counts: one that is refused refuses the presentation. ``presented`` is
    what they come to together.
    """
    if len(judged) == 1:
        (only,) = judged
        if presented is NOTHING_TOGETHER:
            return (*only.checks, *registration, *only.demands), only.findings
        checks = (*only.checks, *registration, *only.demands, *presented.checks)
        return checks, only.findings._replace(presented=presented)
    worst = _worst(judged)
    before = tuple(check for one in judged for check in one.checks)
    after = tuple(check for one in judged for check in one.demands)
    others = tuple(one.findings for one in judged if one is not worst)
    checks = (*before, *registration, *after, *presented.checks)
    return checks, worst.findings._replace(others=others, presented=presented)


def _worst(judged: tuple[Judged, ...]) -> Judged:
    """Return the credential that decides: the first of the worst indication, or the first of all."""
    decided = decisive(tuple(check for one in judged for check in (*one.checks, *one.demands)))
    if decided is None:
        return judged[0]
    return next(one for one in judged if decided in one.checks or decided in one.demands)
