"""Levels of a login: what was not proved is never stated, and a demand that is not met ends the login."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.limits import LIMITS
from idbridge.model.assertion import LEVEL_URIS
from idbridge.model.region import AssuranceLevel
from idbridge.oidc.claims_request import ClaimRequest
from idbridge.oidc.client import Profile
from idbridge.oidc.levels import CEILINGS, LevelRequest, read_levels
from tests.oidc.kit import refused

A0, A1, A2, A3 = AssuranceLevel
LEVELS = st.sampled_from(list(AssuranceLevel))


def demand(*values: Any, essential: bool = True) -> ClaimRequest:
    return ClaimRequest(essential, tuple((type(one), one) for one in values))


def levels(
    acr_values: str | None = None, acr: ClaimRequest | None = None, *, profile: Profile = Profile.FAPI2
) -> LevelRequest:
    return read_levels(acr_values, acr, profile=profile)


@pytest.mark.parametrize(
    "acr",
    [
        pytest.param(demand("urn:openbanking:psd2:sca"), id="TestEssentialAcrScaClaim"),
        pytest.param(demand("a2", "A2", "urn:idbridge:loa:a2", ""), id="levels in another spelling"),
        pytest.param(demand(2, True), id="levels that are no text"),
        pytest.param(ClaimRequest(essential=True, values=(None,)), id="a level that is no scalar"),
    ],
)
def test_a_demand_for_a_level_that_nobody_knows_is_never_met(acr: ClaimRequest) -> None:
    found = refused(levels, None, acr)

    assert (found.error, found.code) == ("unmet_authentication_requirements", "policy.loa_too_low")


@pytest.mark.parametrize("proved", [None, A0, A1])
def test_a_demand_above_what_was_proved_is_not_met(proved: AssuranceLevel | None) -> None:
    found = refused(levels(None, demand(LEVEL_URIS[A2])).stated, proved)

    assert found.error == "unmet_authentication_requirements"


def test_a_client_without_proof_of_possession_is_never_told_a3() -> None:
    assert refused(levels, None, demand(LEVEL_URIS[A3]), profile=Profile.OIDC_CODE).error == (
        "unmet_authentication_requirements"
    )
    assert levels(LEVEL_URIS[A3], profile=Profile.OIDC_CODE).stated(A3) is A2


def test_too_many_values_are_refused() -> None:
    assert refused(levels, "x " * (LIMITS.query_values + 1)).code == "input.too_large"


def test_what_the_provider_did_not_say_is_the_lowest_and_not_what_was_asked_for() -> None:
    assert levels(LEVEL_URIS[A3]).stated(None) is A0


def test_oidcc_ensure_request_with_acr_values_succeeds() -> None:
    """OIDCCEnsureRequestWithAcrValuesSucceeds: a wish that is not granted ends nothing."""
    request = levels(f"{LEVEL_URIS[A3]} unknown {LEVEL_URIS[A2]}")

    assert request.wished == (A3, A2)
    assert request.minimum is A0
    assert request.stated(A1) is A1


def test_a_demand_that_is_met_is_answered_with_one_of_the_levels_demanded() -> None:
    """TestEssentialAcrScaClaim: the level of the answer is one of those, the highest that was proved."""
    request = levels(None, demand(LEVEL_URIS[A1], LEVEL_URIS[A2], "unknown"))

    assert request.minimum is A1
    assert [request.stated(proved) for proved in (A1, A2, A3)] == [A1, A2, A2]


def test_a_claim_that_is_not_essential_is_a_wish_and_one_without_values_demands_nothing() -> None:
    assert levels(LEVEL_URIS[A3], demand(LEVEL_URIS[A2], essential=False)).wished == (A2, A3)
    assert levels(None, ClaimRequest(essential=True)).demanded is None


@given(
    st.lists(LEVELS, max_size=3),
    st.lists(LEVELS, max_size=3),
    st.booleans(),
    LEVELS | st.none(),
    st.sampled_from(Profile),
)
def test_no_request_makes_more_of_a_login_than_was_proved(
    wished: list[AssuranceLevel],
    demanded: list[AssuranceLevel],
    essential: bool,
    proved: AssuranceLevel | None,
    profile: Profile,
) -> None:
    acr = demand(*(LEVEL_URIS[level] for level in demanded), essential=essential)
    reached = min(proved or A0, CEILINGS[profile])
    if essential and not any(level <= reached for level in demanded):
        assert refused(lambda: levels(None, acr, profile=profile).stated(proved)).code == "policy.loa_too_low"
        return

    stated = levels(" ".join(LEVEL_URIS[level] for level in wished), acr, profile=profile).stated(proved)
    assert stated <= reached
    assert not essential or stated in demanded
