"""Mutants: what a broken implementation is, and whether the suite catches it for the right reason.

A mutant is caught by a case that fails, not by one that errs, and that names one of the requirements which the mutant
breaks. One that fails for other reasons alone survives: the suite would have sent its maker looking in the wrong place.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.judge import Outcome, Result
from idbridge.conformance.profiles import Profile
from idbridge.conformance.run import run
from idbridge.conformance.target import Target

Broken = TypeVar("Broken")
_SHARE: Final = 8


@dataclass(frozen=True, slots=True)
class Mutant:
    """An implementation with one check removed or weakened.

    ``breaks`` are the requirements that it does not keep, at least one. ``opened`` makes the target and ends it.
    """

    name: str
    title: str
    profile: Profile
    breaks: tuple[str, ...]
    opened: Callable[[Corpus], AbstractContextManager[Target]]

    def __post_init__(self) -> None:
        if not self.breaks:
            raise ValueError(f"mutant {self.name} breaks nothing")


@dataclass(frozen=True, slots=True)
class Trial:
    """What the suite made of a mutant: the first case that caught it, and which cases failed for other reasons."""

    mutant: Mutant
    caught_by: Result | None
    tried: int
    other_failures: tuple[str, ...]

    @property
    def is_caught(self) -> bool:
        """Tell whether a case that names the right requirement failed."""
        return self.caught_by is not None

    def document(self) -> dict[str, Any]:
        """Return what came of it as JSON values."""
        found = self.caught_by
        return {
            "mutant": self.mutant.name,
            "title": self.mutant.title,
            "profile": self.mutant.profile.value,
            "breaks": list(self.mutant.breaks),
            "caught": found is not None,
            "caught_by": found.case.id if found is not None else None,
            "detail": found.detail if found is not None else "",
            "cases_tried": self.tried,
            "other_failures": list(self.other_failures),
        }


def tried(mutant: Mutant, corpus: Corpus) -> Trial:
    """Return what the cases of its profile made of ``mutant``; those about what it breaks are put to it first."""
    ordered = _ordered(mutant, corpus)
    others: list[str] = []
    with mutant.opened(corpus) as target:
        for number, result in enumerate(run(ordered, target, description=target.describe()), start=1):
            if result.outcome is not Outcome.FAILED:
                continue
            if _names_it(result, mutant):
                return Trial(mutant, result, number, tuple(others))
            others.append(result.case.id)
    return Trial(mutant, None, len(ordered), tuple(others))


def _ordered(mutant: Mutant, corpus: Corpus) -> Sequence[ConformanceCase]:
    cases = corpus.chosen([mutant.profile])
    return sorted(cases, key=lambda case: mutant.breaks[0] not in case.requirements)


def _names_it(result: Result, mutant: Mutant) -> bool:
    return not frozenset(mutant.breaks).isdisjoint(result.case.requirements)


def some(mutants: Iterable[Broken]) -> tuple[Broken, ...]:
    """Return every eighth mutant, for a run that has to be short; all if ``IDBRIDGE_MUTANTS`` is ``all``.

    ``make mutants`` puts every one of them to the suite.
    """
    return tuple(mutants)[:: 1 if os.environ.get("IDBRIDGE_MUTANTS") == "all" else _SHARE]


def every_mutant() -> Iterator[Mutant]:
    """Yield the mutants of all profiles."""
    from tests.mutants import gateway, idp, lists, resilience, samples, verifier

    for module in (verifier, lists, gateway, resilience, idp, samples):
        yield from module.mutants()
