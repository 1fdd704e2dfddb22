"""Checks: what was looked at, at which step, by which clause, and what came of it."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from idbridge.errors import IdBridgeError
from idbridge.reasons import Indication, Reason, reason


class Step(StrEnum):
    """The nine steps of a verification; the numbers are the same in docs, report, vectors and comments."""

    V1 = "V1"
    V2 = "V2"
    V3 = "V3"
    V4 = "V4"
    V5 = "V5"
    V6 = "V6"
    V7 = "V7"
    V8 = "V8"
    V9 = "V9"


class Result(StrEnum):
    """What came of one check. ``SKIPPED`` always says why and is never a pass."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INDETERMINATE = "INDETERMINATE"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class Check:
    """One check and its result. ``reason`` is there exactly if it was refused. ``note`` carries no personal data.

    Raises:
        ValueError: A refusal without a reason, or a reason without a refusal.
    """

    id: str
    step: Step
    result: Result
    clause: str
    reason: Reason | None = None
    note: str = ""

    def __post_init__(self) -> None:
        refused = self.result in (Result.FAILED, Result.INDETERMINATE)
        if refused is not (self.reason is not None):
            raise ValueError("a check has a reason exactly if it was refused")


@dataclass(frozen=True, slots=True)
class CheckPoint:
    """A check that a module makes: its id, step and clause, declared once.

    ``passed`` is made in advance, so that noting a success on the hot path allocates nothing.
    """

    id: str
    step: Step
    clause: str
    passed: Check = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "passed", Check(self.id, self.step, Result.PASSED, self.clause))

    def refused(self, code: str, note: str = "") -> Check:
        """Return this check as failed or indeterminate, as the catalogue says of ``code``."""
        why = reason(code)
        return Check(self.id, self.step, Result(why.indication.value), self.clause, why, note)

    def skipped(self, why: str) -> Check:
        """Return this check as not made, with the cause in plain words."""
        return _skipped(self, why)

    def __hash__(self) -> int:
        """Return the hash of the id: it tells all points apart, and hashing every field costs more than a check."""
        return hash(self.id)


@lru_cache(maxsize=1024)
def _skipped(point: CheckPoint, why: str) -> Check:
    """Return ``point`` as not made; kept, because the words come from code and nearly every credential has some."""
    return Check(point.id, point.step, Result.SKIPPED, point.clause, None, why)


class Refused(IdBridgeError):
    """The pipeline stops here; ``checks`` holds every check made so far in this step, at least one refused.

    Raises:
        ValueError: No check was refused (empty is not success, and success is not a refusal).
    """

    def __init__(self, *checks: Check) -> None:
        worst = decisive(checks)
        if worst is None or worst.reason is None:
            raise ValueError("a refusal needs a refused check")
        super().__init__(worst.reason.code)
        self.code = worst.reason.code
        self.checks = checks


def decisive(checks: tuple[Check, ...] | list[Check]) -> Check | None:
    """Return the first FAILED check, else the first INDETERMINATE one, else ``None``."""
    refused = [check for check in checks if check.reason is not None]  # what was not refused has no reason
    for check in refused:
        if check.result is Result.FAILED:
            return check
    return refused[0] if refused else None


def worst_indication(checks: tuple[Check, ...] | list[Check]) -> Indication:
    """Return the worst indication among ``checks``: FAILED, then INDETERMINATE, then PASSED.

    Raises:
        ValueError: There is no check at all, or none that passed or was refused.
    """
    worst = decisive(checks)
    if worst is not None:
        return Indication(worst.result.value)
    if not any(check.result is Result.PASSED for check in checks):
        raise ValueError("no check was made: empty is not success")
    return Indication.PASSED
