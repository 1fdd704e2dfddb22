"""The judgement: is what a target answered what the case demands, verdict, reason and state afterwards?

A crash, a hang and an empty answer are errors, whatever the case demands: a program that always falls over would
otherwise pass every refused case. An expected failure is waived with a reason, and turns into an error when it passes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from idbridge.conformance.answer import Fault, Observation
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.reports.shown import shortened
from idbridge.conformance.target import ALL, Description


class Outcome(StrEnum):
    """What came of a case."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    NOT_IMPLEMENTED = "not-implemented"
    EXPECTED_FAILURE = "expected-failure"
    UNEXPECTED_PASS = "unexpected-pass"  # noqa: S105 - the name of an outcome


GOOD = frozenset({Outcome.PASSED, Outcome.NOT_IMPLEMENTED, Outcome.EXPECTED_FAILURE})


@dataclass(frozen=True, slots=True)
class Result:
    """One case with what came of it; ``observed`` is ``None`` if it was not put to the target."""

    case: ConformanceCase
    outcome: Outcome
    observed: Observation | None
    detail: str
    milliseconds: float = 0.0


def judged(
    case: ConformanceCase, observed: Observation, *, waiver: str | None = None, untold: frozenset[str] = frozenset()
) -> Result:
    """Return the judgement on ``observed``; ``waiver`` is why the case is expected to fail.

    The state afterwards counts but for the members that the target declared not to tell.
    """
    outcome, detail = _plain(case, observed, untold=untold)
    if waiver is not None:
        if outcome is Outcome.PASSED:
            return Result(case, Outcome.UNEXPECTED_PASS, observed, f"expected to fail, and passed: {waiver}")
        if outcome is Outcome.FAILED:
            return Result(case, Outcome.EXPECTED_FAILURE, observed, f"{waiver} ({detail})")
    return Result(case, outcome, observed, detail)


def declined(case: ConformanceCase, description: Description) -> Result:
    """Return the result of a case that was not put to the target, because it declares not to do that."""
    return Result(case, Outcome.NOT_IMPLEMENTED, None, f"{description.name} declares not to implement this")


def _plain(case: ConformanceCase, observed: Observation, *, untold: frozenset[str]) -> tuple[Outcome, str]:
    if isinstance(observed.answer, Fault):
        return Outcome.ERROR, str(observed.answer)
    if observed.before:
        return Outcome.FAILED, shortened(observed.before)
    if observed.answer != case.expect:
        return Outcome.FAILED, f"expected {case.expect}, got {observed.answer}"
    unlike = differing(_compared(case, observed, untold=untold), observed.state)
    if unlike:
        return Outcome.FAILED, f"the state afterwards differs: {shortened(unlike)}"
    return Outcome.PASSED, ""


def _compared(case: ConformanceCase, observed: Observation, *, untold: frozenset[str]) -> Mapping[str, Any] | None:
    """Return what of the state counts: all, but for what the target declared not to tell and indeed does not."""
    told = observed.state or {}
    silent = (case.state or {}).keys() if ALL in untold else untold
    return {name: value for name, value in (case.state or {}).items() if name in told or name not in silent} or None


def differing(expected: Mapping[str, Any] | None, got: Mapping[str, Any] | None) -> str:
    """Return in which members the state is another one; a target that tells no state fails where one is expected."""
    if expected is None:
        return ""
    if got is None:
        return "the target tells none"
    return ", ".join(filter(None, (_differing(name, value, got) for name, value in expected.items())))


def _differing(name: str, value: Any, got: Mapping[str, Any]) -> str:
    if name not in got:
        return f"{name} is not told, and expected as {value!r}"
    return "" if _same(value, got[name]) else f"{name} is {got[name]!r} and not {value!r}"


def _same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are the same one: ``true`` is no number, and ``1.0`` is not how ``1`` is counted."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return _type_of(one) is _type_of(other) and bool(one == other)


def _type_of(value: Any) -> type:
    return next((kind for kind in (bool, int, float, str) if isinstance(value, kind)), type(value))
