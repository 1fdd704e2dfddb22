"""The suite is put to the test itself: what falls over catches nothing, what is broken is caught for its own fault."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from idbridge.conformance.answer import Fault, FaultKind, Observation
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus, shipped
from idbridge.conformance.judge import Outcome
from idbridge.conformance.profiles import Profile
from idbridge.conformance.run import run
from idbridge.conformance.target import Description, Target
from tests.mutants import lists, verifier
from tests.mutants.mutant import Mutant, every_mutant, tried

LEAST = 60
FEW = (
    "deaf-id-token-5-oidc-audience-mismatch",
    "deaf-kb-9-holder-sd-hash-mismatch",
    "deaf-mdoc-8-mdoc-digest-mismatch",
    "deaf-tsl-7-status-revoked",
    "signature-unchecked",
    "nonce-reusable",
    "claims-too-wide",
    "mapping-raises-a-level",
    "refuses-everything",
    "lists-forgets-the-floor",
    "lists-deny-dropped",
    "lists-right-verdict-wrong-state",
)
QUICK = {mutant.name: mutant for mutant in (*verifier.mutants(), *lists.mutants())}


class Faulty:
    """A target that never gives a verdict."""

    def __init__(self, kind: FaultKind) -> None:
        self._kind = kind

    def describe(self) -> Description:
        return Description("faulty", "1")

    def answer(self, case: ConformanceCase) -> Observation:
        return Observation(Fault(self._kind, f"nothing to {case.id}"))


@pytest.mark.parametrize("kind", FaultKind)
def test_a_program_that_never_gives_a_verdict_passes_nothing_in_any_profile(kind: FaultKind) -> None:
    target = Faulty(kind)
    results = run(shipped().chosen(Profile), target, description=target.describe())

    assert {result.outcome for result in results} == {Outcome.ERROR}


def test_a_crash_catches_no_mutant() -> None:
    @contextmanager
    def opened(_corpus: Corpus) -> Iterator[Target]:
        yield Faulty(FaultKind.CRASH)

    trial = tried(Mutant("crashes", "Falls over", Profile.VERIFIER, ("IDB-JOSE-001",), opened), shipped())

    assert not trial.is_caught


def test_a_mutant_that_fails_for_another_reason_than_its_own_survives() -> None:
    mutant = replace(QUICK["deaf-tsl-7-status-revoked"], breaks=("IDB-JOSE-001",))
    trial = tried(mutant, shipped())

    assert not trial.is_caught
    assert trial.other_failures


def test_a_mutant_breaks_something() -> None:
    with pytest.raises(ValueError, match="breaks nothing"):
        replace(QUICK["nonce-reusable"], breaks=())


@pytest.mark.parametrize("name", FEW)
def test_a_broken_implementation_is_caught_by_a_case_that_names_what_it_breaks(name: str) -> None:
    trial = tried(QUICK[name], shipped())

    assert trial.is_caught


def test_there_are_enough_mutants_each_with_a_name_of_its_own_and_requirements_that_there_are() -> None:
    mutants = list(every_mutant())
    strange = {one for mutant in mutants for one in mutant.breaks} - shipped().requirements.keys()

    assert len(mutants) >= LEAST
    assert [name for name, count in Counter(one.name for one in mutants).items() if count > 1] == []
    assert strange == set()
