"""Broken providers are caught for the right reason, and one that always answers the same is right nowhere."""

import json

import pytest

from idbridge.conformance.judge import Outcome
from idbridge.conformance.run import run
from idbridge.errors import ConfigurationError
from tests.conformance.idp.kit import FAPI, PLAIN, cases, standing
from tests.conformance.idp.test_clean import put
from tests.mutants.idp import mutants
from tests.mutants.idp_wraps import silent
from tests.mutants.mutant import Mutant, some

MUTANTS = tuple(mutants())
_REFUSAL = json.dumps({"error": "invalid_request"}).encode()


@pytest.mark.parametrize("mutant", some(MUTANTS), ids=lambda mutant: mutant.name)
def test_a_broken_provider_is_caught_by_a_case_that_names_what_it_breaks(mutant: Mutant) -> None:
    named = [case for case in cases().values() if not set(mutant.breaks).isdisjoint(case.requirements)]
    with mutant.opened(None) as target:  # type: ignore[arg-type] # the cases are those of the table
        results = run(named, target, description=target.describe())

        assert any(result.outcome is Outcome.FAILED for result in results)


def test_there_are_many_broken_providers_and_no_two_of_one_name() -> None:
    assert len(MUTANTS) >= 40
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("service", [FAPI, PLAIN])
@pytest.mark.parametrize(
    ("status", "body"), [(500, b""), (200, b""), (400, b""), (400, _REFUSAL), (200, b"{}"), (404, b"<html>")], ids=str
)
def test_a_provider_that_always_answers_the_same_passes_no_case_that_has_to_be_refused(
    service: str, status: int, body: bytes
) -> None:
    with standing(service, make=silent(body, status=status, honest_discovery=True)) as stands:
        negative = [case for case in cases().values() if case.is_negative]
        results = put(stands, negative)

    assert [result.case.id for result in results if result.outcome is Outcome.PASSED] == []


def test_a_provider_without_a_discovery_document_is_not_tested_at_all() -> None:
    with standing(make=silent()) as stands:
        with pytest.raises(ConfigurationError):
            stands.target.describe()

        assert stands.target.answer(cases()["idp-pkce-missing"]).answer != cases()["idp-pkce-missing"].expect
