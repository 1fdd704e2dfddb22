"""Broken gateways are caught for the right reason, each by a case that names what it breaks."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import shipped
from idbridge.conformance.making.gateway import cases
from idbridge.conformance.profiles import Profile
from tests.conformance.live import failing_requirements, naming, read_all, results
from tests.mutants.gateway import mutants
from tests.mutants.mutant import Mutant

MUTANTS = tuple(mutants())
FEW = ("gw-any-key", "gw-redirect-prefix", "gw-assertion-higher", "gw-wallet-told-why", "gw-echoes")


@cache
def _cases(profile: Profile) -> tuple[ConformanceCase, ...]:
    with TemporaryDirectory() as folder:
        return read_all(cases(profile), Path(folder))


@pytest.mark.parametrize(
    "mutant", [one for one in MUTANTS if one.name in FEW], ids=lambda mutant: str(mutant.name)
)  # the others have their time in `conformance mutants`
def test_a_broken_gateway_is_caught_by_a_case_that_names_what_it_breaks(mutant: Mutant) -> None:
    with mutant.opened(shipped()) as target:
        found = results(naming(_cases(mutant.profile), mutant.breaks), target)

    assert not failing_requirements(found).isdisjoint(mutant.breaks)


def test_there_are_many_broken_gateways_and_no_two_of_one_name() -> None:
    assert len(MUTANTS) >= 40
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert {mutant.profile for mutant in MUTANTS} == {Profile.GATEWAY, Profile.PRIVACY}


def test_each_breaks_what_a_case_is_about() -> None:
    known = {
        name for profile in (Profile.GATEWAY, Profile.PRIVACY) for case in _cases(profile) for name in case.requirements
    }

    assert {name for mutant in MUTANTS for name in mutant.breaks} <= known
