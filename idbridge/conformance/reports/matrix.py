"""The matrix of requirements: what a run says of each, from its cases. One line for each requirement of each profile.

Decides how several outcomes add up: one failure outweighs everything, and what was left out is never called passed. It
does not know whether the record is genuine.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from idbridge.conformance.corpus import Corpus
from idbridge.conformance.judge import Outcome
from idbridge.conformance.profiles import Profile
from idbridge.conformance.record import Record, Row
from idbridge.conformance.requirements import Level

_OTHER_CORPUS: Final = "This installation does not know it: the run was made with another corpus."
_NOT_CHOSEN: Final = "No case of this run is about it."


class Standing(StrEnum):
    """What a run says of a requirement."""

    FAILED = "failed"
    WAIVED = "expected failure"
    IN_PART = "passed in part"  # some of its cases were not put to the target
    PASSED = "passed"
    NOT_IMPLEMENTED = "not implemented"
    NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement. ``passed`` of ``cases`` passed; ``why`` is why nothing tested it, empty if something did."""

    id: str
    level: str
    text: str
    clause: str
    standing: Standing
    cases: int
    passed: int
    why: str = ""


def matrix(record: Record, corpus: Corpus) -> Mapping[Profile, tuple[Line, ...]]:
    """Return the requirements of each profile that was run, the worst first, and otherwise in the order of their table.

    Texts are those of ``corpus``; what it does not know has none, and is told.
    """
    worst = list(Standing)
    return MappingProxyType(
        {
            profile: tuple(sorted(_lines(record, corpus, profile), key=lambda line: worst.index(line.standing)))
            for profile in record.profiles
        }
    )


def _lines(record: Record, corpus: Corpus, profile: Profile) -> Iterator[Line]:
    by_requirement: dict[str, list[Row]] = {}
    for row in record.rows:
        if row.profile is profile:
            for name in row.requirements:
                by_requirement.setdefault(name, []).append(row)
    for known in corpus.requirements.values():
        if profile in known.profiles or known.id in by_requirement:
            rows = by_requirement.pop(known.id, [])
            why = "" if rows else known.not_tested or _NOT_CHOSEN
            yield _line(known.id, (known.level.value, known.text, known.clause), rows, why)
    for name, rows in sorted(by_requirement.items()):
        yield _line(name, ("", _OTHER_CORPUS, ""), rows, "")


def _line(name: str, said: tuple[str, str, str], rows: Sequence[Row], why: str) -> Line:
    outcomes = [row.outcome for row in rows]
    return Line(name, *said, standing(outcomes), len(outcomes), outcomes.count(Outcome.PASSED), why)


def uncovered(record: Record, corpus: Corpus) -> tuple[int, int]:
    """Return how many MUST requirements no case is left of by what the target declared, and how many lost some."""
    lines = [line for lines in matrix(record, corpus).values() for line in lines if line.level == Level.MUST]
    none = {line.id for line in lines if line.standing is Standing.NOT_IMPLEMENTED}
    part = {row.requirements for row in record.rows if row.outcome is Outcome.NOT_IMPLEMENTED}
    touched = {name for names in part for name in names} & {line.id for line in lines}
    return len(none), len(touched - none)


def uncompared(record: Record, corpus: Corpus) -> tuple[int, int]:
    """Return in how many cases no member of the state was compared, and in how many more not every one.

    The target declared not to tell it: of such a case the verdict alone is proved.
    """
    known = [corpus.cases[row.case] for row in record.rows if row.got and row.case in corpus.cases]
    silent = [(case, record.description.silent_about(case)) for case in known]
    none = sum(bool(members) and members == (case.state or {}).keys() for case, members in silent)
    return none, sum(bool(members) for _, members in silent) - none


def uncovered_words(record: Record, corpus: Corpus) -> str:
    """Return what the declaration of the target leaves unproved, in words for a headline; empty if nothing."""
    said = []
    without, in_part = uncompared(record, corpus)
    if without:
        more = f", and in {in_part} more in part only" if in_part else ""
        said.append(f"the state was not compared in {without} cases{more}")
    elif in_part:
        said.append(f"the state was compared in part only in {in_part} cases")
    none, part = uncovered(record, corpus)
    if none or part:
        said.append(f"declared as not implemented: {none} MUST requirements are not covered, {part} more in part")
    return "; ".join(said)


def standing(outcomes: Sequence[Outcome]) -> Standing:
    """Return what the outcomes of its cases say of a requirement."""
    found = frozenset(outcomes)
    if not found:
        return Standing.NOT_TESTED
    if not found.isdisjoint({Outcome.FAILED, Outcome.ERROR, Outcome.UNEXPECTED_PASS}):
        return Standing.FAILED
    if Outcome.EXPECTED_FAILURE in found:
        return Standing.WAIVED
    if Outcome.NOT_IMPLEMENTED not in found:
        return Standing.PASSED
    return Standing.IN_PART if Outcome.PASSED in found else Standing.NOT_IMPLEMENTED
