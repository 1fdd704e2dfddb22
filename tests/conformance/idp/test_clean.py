"""The sandbox's own providers pass what the suite puts to them, at both tiers and however clients prove themselves."""

from collections.abc import Iterable

import pytest

from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.judge import Outcome, Result
from idbridge.conformance.run import run
from tests.conformance.idp.kit import FAPI, PLAIN, SEALED_FAPI, Standing, cases, standing


def put(stands: Standing, chosen: Iterable[ConformanceCase]) -> list[Result]:
    """The results of the ``chosen`` cases."""
    return list(run(chosen, stands.target, description=stands.target.describe()))


def bad(results: Iterable[Result]) -> dict[str, str]:
    """Why cases did not pass, by id."""
    return {
        result.case.id: result.detail
        for result in results
        if result.outcome not in (Outcome.PASSED, Outcome.NOT_IMPLEMENTED)
    }


def tagged(*tags: str) -> list[ConformanceCase]:
    return [case for case in cases().values() if not set(tags).isdisjoint(case.tags)]


@pytest.mark.parametrize(("service", "by_key", "least"), [(FAPI, True, 140), (PLAIN, False, 75)])
def test_a_provider_of_the_sandbox_passes_every_case_of_its_tier(service: str, by_key: bool, least: int) -> None:
    with standing(service, by_key=by_key) as stands:
        results = put(stands, cases().values())

    assert bad(results) == {}
    assert sum(result.outcome is Outcome.PASSED for result in results) >= least


def test_a_client_with_a_key_is_served_below_fapi_as_one_with_a_secret() -> None:
    chosen = tagged("private-key-jwt", "client-secret")
    with standing(PLAIN, by_key=True) as stands:
        results = put(stands, chosen)

    assert bad(results) == {}
    assert sum(result.outcome is Outcome.PASSED for result in results) >= 14


def test_a_provider_that_encrypts_is_judged_by_what_is_inside() -> None:
    with standing(SEALED_FAPI) as stands:
        results = put(stands, tagged("id-token", "logout", "logout-token"))
        userinfo = put(stands, [cases()["idp-userinfo-subject"], cases()["idp-userinfo-parties"]])

    assert bad([*results, *userinfo]) == {}
    assert {result.outcome for result in results} == {Outcome.PASSED}


def test_at_least_three_in_five_cases_have_to_be_refused_and_each_has_an_accepted_twin() -> None:
    negative = [case for case in cases().values() if case.is_negative]

    assert len(cases()) >= 140
    assert len(negative) >= 0.6 * len(cases())
    assert not [case.id for case in negative if case.twin is None or cases()[case.twin].is_negative]
