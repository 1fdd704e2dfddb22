"""Running: each chosen case put to a target, in order, and judged."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from idbridge.clock import Stopwatch, SystemStopwatch
from idbridge.conformance.answer import Fault, FaultKind, Observation
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.judge import Outcome, Result, declined, judged
from idbridge.conformance.target import Description, Target
from idbridge.limits import LIMITS

_NOBODY: Final[Mapping[str, str]] = MappingProxyType({})
_STOPWATCH: Final = SystemStopwatch()


def run(
    cases: Iterable[ConformanceCase],
    target: Target,
    *,
    description: Description,
    waivers: Mapping[str, str] = _NOBODY,
    stopwatch: Stopwatch = _STOPWATCH,
) -> Iterator[Result]:
    """Yield the result of each of ``cases``; ``waivers`` say by case id why it is expected to fail.

    Raises:
        ConfigurationError: The corpus is not in order, or the target does not take its material up.
    """
    for case in cases:
        if description.declines(case):
            yield declined(case, description)
            continue
        begun = stopwatch.seconds()
        observed = target.answer(case)
        observed = replace(observed, fresh=observed.fresh or case.fresh)
        spent = (stopwatch.seconds() - begun) * 1000
        result = judged(case, observed, waiver=waivers.get(case.id), untold=description.untold)
        yield replace(result, milliseconds=round(spent, 2))


class Impatient:
    """A target that is asked no more once it hung in so many cases in a row: a run would else take days.

    What it is not asked is as much of an error. Implements ``Target``.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._hung = 0

    def describe(self) -> Description:
        """Return what the target says of itself."""
        return self._target.describe()

    def answer(self, case: ConformanceCase) -> Observation:
        """Put ``case`` to the target, unless it hung in the last ``LIMITS.conformance_hangs`` cases."""
        if self._hung >= LIMITS.conformance_hangs:
            return Observation(
                Fault(FaultKind.HANG, f"it was not asked any more: it hung in {self._hung} cases in a row")
            )
        found = self._target.answer(case)
        hung = isinstance(found.answer, Fault) and found.answer.kind is FaultKind.HANG
        self._hung = self._hung + 1 if hung else 0
        return found


def grouped(cases: Iterable[ConformanceCase]) -> tuple[ConformanceCase, ...]:
    """Return ``cases`` such that those of one node with one material stand together, else in their order.

    A target that can be one node at a time loads each of them once.
    """
    return tuple(sorted(cases, key=lambda case: (case.material or "", str(case.at), str(case.input.get("node", "")))))


def drawn(cases: Iterable[ConformanceCase], seed: bytes) -> tuple[ConformanceCase, ...]:
    """Return ``cases`` in an order that follows from ``seed``: whoever counts does not know which one it is asked."""
    return tuple(sorted(cases, key=lambda case: hashlib.sha256(seed + b"\x00" + case.id.encode()).digest()))


def counts(outcomes: Sequence[tuple[Outcome, bool]]) -> dict[str, Any]:
    """Return how many cases there were, how they came out, and which share of them had to be refused.

    ``outcomes`` say of each case what came of it, and whether it had to be refused. ``failed`` counts expected
    failures out and unexpected passes in: both are what somebody has to look at.
    """
    of = {kind: sum(outcome is kind for outcome, _ in outcomes) for kind in Outcome}
    negative = sum(is_negative for _, is_negative in outcomes)
    return {
        "cases": len(outcomes),
        "passed": of[Outcome.PASSED],
        "failed": of[Outcome.FAILED] + of[Outcome.UNEXPECTED_PASS],
        "errors": of[Outcome.ERROR],
        "not_implemented": of[Outcome.NOT_IMPLEMENTED],
        "expected_failures": of[Outcome.EXPECTED_FAILURE],
        "negative_share": round(negative / len(outcomes), 3) if outcomes else 0.0,
    }
