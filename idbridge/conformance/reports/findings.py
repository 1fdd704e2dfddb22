"""Findings: the cases of a run that somebody has to look at, each with what the corpus and the catalogue say of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from idbridge.conformance.answer import IN_GRACE
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.judge import Outcome
from idbridge.conformance.profiles import Profile
from idbridge.conformance.record import Record, Row
from idbridge.conformance.requirements import Requirement
from idbridge.reasons import REASONS, Indication, Reason


class Kind(StrEnum):
    """In which way a case came out otherwise than it has to, the most dangerous first."""

    ACCEPTED = "accepted what must be refused"
    OTHERWISE = "refused for another reason, or in another state afterwards"
    REFUSED = "refused what is good"
    WANTING = "made something that is not as it has to be"
    ERROR = "gave no verdict: a crash, a hang, an empty or a malformed answer"
    UNEXPECTED = "passed, and was expected to fail"


_MAKERS: Final = frozenset({Profile.ISSUER, Profile.TRUST_LIST_PUBLISHER})
"""Profiles of those who are looked at for what they made, and refuse nothing themselves."""
_OF_REASONS: Final = frozenset({Profile.VERIFIER, Profile.TRUST_LIST_CONSUMER})
"""Profiles in which a code that came is the reason for which the target refused."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One case that came out otherwise. ``case`` is ``None`` if this corpus does not know it."""

    row: Row
    case: ConformanceCase | None
    twin: ConformanceCase | None
    requirements: tuple[Requirement, ...]

    @property
    def kind(self) -> Kind:
        """In which way it did."""
        return kind_of(self.row)

    @property
    def to_do(self) -> str:
        """What whoever makes the implementation has to do about it."""
        due, got = code_in(self.row.expected), code_in(self.row.got)
        if self.kind is Kind.ACCEPTED:
            return f"Refuse it, with the reason {due}."
        if self.kind is Kind.OTHERWISE:
            same = self.row.got == self.row.expected
            return "Leave the state as is expected afterwards." if same else f"Refuse it with the reason {due}."
        if self.kind is Kind.WANTING or (self.kind is Kind.REFUSED and self.row.profile not in _OF_REASONS):
            return "Mend what was found, which stands under Received."
        if self.kind is Kind.REFUSED:
            return f"Accept it: nothing in it calls for {got}."
        return "Take its waiver out." if self.kind is Kind.UNEXPECTED else "Answer with a verdict and its reason."

    @property
    def reason(self) -> Reason | None:
        """What the catalogue says of the reason that matters: the one that was due, or the one that came for nothing.

        ``None`` for the errors of OAuth, which are in no catalogue of ours.
        """
        due = code_in(self.row.expected) or code_in(self.row.got)
        return REASONS.get(due) if due is not None else None


def findings(record: Record, corpus: Corpus) -> tuple[Finding, ...]:
    """Return what somebody has to look at, the most dangerous first, and otherwise in the order of the run."""
    odd = [_finding(row, corpus) for row in record.rows if not row.is_good]
    kinds = list(Kind)
    return tuple(sorted(odd, key=lambda one: kinds.index(one.kind)))


def waived(record: Record) -> tuple[Row, ...]:
    """Return the cases that failed as somebody wrote down that they would."""
    return tuple(row for row in record.rows if row.outcome is Outcome.EXPECTED_FAILURE)


def kind_of(row: Row) -> Kind:
    """Return in which way ``row``, which is not good, came out."""
    if row.outcome is Outcome.ERROR:
        return Kind.ERROR
    if row.outcome is Outcome.UNEXPECTED_PASS:
        return Kind.UNEXPECTED
    if row.negative:
        accepted = row.got == Indication.PASSED or row.got.endswith(IN_GRACE)
        return Kind.ACCEPTED if accepted else Kind.OTHERWISE
    if row.got == row.expected:
        return Kind.OTHERWISE
    return Kind.WANTING if row.profile in _MAKERS else Kind.REFUSED


def tallied(found: Iterable[Finding]) -> tuple[tuple[Kind, int], ...]:
    """Return how many findings there are of each kind that there is any of."""
    kinds = [one.kind for one in found]
    return tuple((kind, kinds.count(kind)) for kind in Kind if kind in kinds)


def code_in(verdict: str) -> str | None:
    """Return the reason code in a verdict as a record writes it: ``FAILED time.expired``; ``None`` if it has none."""
    _, _, rest = verdict.partition(" ")
    return rest.partition(" ")[0] or None


def _finding(row: Row, corpus: Corpus) -> Finding:
    case = corpus.cases.get(row.case)
    twin = corpus.cases.get(case.twin) if case is not None and case.twin is not None else None
    known = tuple(corpus.requirements[name] for name in row.requirements if name in corpus.requirements)
    return Finding(row, case, twin, known)
