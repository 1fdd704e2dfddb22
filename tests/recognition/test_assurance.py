"""Assurance: unknown is lowest, a bearer is at most A1 on authentication, no mapping raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.model.credential import HolderBinding, HolderMethod
from idbridge.model.region import AssuranceLevel
from idbridge.model.trust import LadderRung
from idbridge.recognition.assurance import bearer_ceiling, map_level, rung

A0, A1, A2, A3 = AssuranceLevel
LADDER = (LadderRung("urn:loa:1", A1, A1), LadderRung("urn:loa:2", A3, A2))
LEVELS = st.sampled_from(AssuranceLevel)


@pytest.mark.parametrize("national", [None, "", "urn:loa:3", "URN:LOA:2", "urn:loa:2 "])
def test_a_national_level_that_the_ladder_does_not_name_is_worth_nothing(national: str | None) -> None:
    assert rung(LADDER, national) == (A0, A0)
    assert rung((), national) == (A0, A0)


def test_the_two_axes_stay_apart() -> None:
    assert rung(LADDER, "urn:loa:2") == (A3, A2)


@given(LEVELS, st.sampled_from(HolderMethod))
def test_authentication_without_a_bound_holder_is_at_most_a1(level: AssuranceLevel, method: HolderMethod) -> None:
    counted = bearer_ceiling(level, holder=HolderBinding(method))

    assert counted == (min(level, A1) if method is HolderMethod.NONE else level)


@given(st.dictionaries(LEVELS, LEVELS), LEVELS)
def test_no_mapping_raises_a_level_whatever_it_says(
    levels: dict[AssuranceLevel, AssuranceLevel], level: AssuranceLevel
) -> None:
    assert map_level(levels, level) <= level
    assert level not in levels or map_level(levels, level) == min(level, levels[level])


@pytest.mark.parametrize(
    ("levels", "counted"),
    [
        ({}, (A0, A0, A0, A0)),
        ({A2: A2}, (A0, A0, A2, A2)),
        ({A1: A1, A2: A1}, (A0, A1, A1, A1)),
        ({A3: A2}, (A0, A0, A0, A2)),
        ({A1: A1, A3: A3}, (A0, A1, A1, A3)),
    ],
)
def test_a_level_that_is_not_named_counts_as_the_next_lower_one_that_is(
    levels: dict[AssuranceLevel, AssuranceLevel], counted: tuple[AssuranceLevel, ...]
) -> None:
    assert tuple(map_level(levels, level) for level in AssuranceLevel) == counted
