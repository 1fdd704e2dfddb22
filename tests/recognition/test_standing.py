"""Standing: one answer for the table and for the pipeline."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import AssuranceLevel, Environment, Format, MemberState, ServiceType
from idbridge.model.time import parse_instant
from idbridge.recognition.arrangement import ArrangementIndex
from idbridge.recognition.purpose import PurposeRegister
from idbridge.recognition.standing import Standing, Standings, standing
from tests.recognition.documents import (
    ID,
    LA,
    MY,
    NOON,
    SANDBOX,
    SG,
    TH,
    TL,
    accepted,
    arrangement,
    in_force,
    pins,
    register,
    rule,
    signed,
)  # fmt: skip
from tests.recognition.strategies import FORMATS, INSTANTS, PURPOSE_CODES, SERVICE_TYPES, rule_sets, versions

A0, A1, A2, A3 = AssuranceLevel
NOBODY: frozenset[MemberState] = frozenset()


def ask(index: ArrangementIndex, **changes: Any) -> Standing:
    """Does Thailand recognise a Singaporean login for opening an account at noon? With the test's changes."""
    question: dict[str, Any] = {
        "observers": NOBODY,
        "by": TH,
        "origin": SG,
        "service_type": ServiceType.LOGIN,
        "format": Format.ID_TOKEN,
        "purpose": "account-opening",
        "at": NOON,
        **changes,
    }
    return standing(index, register(), **question)


def test_without_an_arrangement_nothing_foreign_is_recognised() -> None:
    assert ask(ArrangementIndex.none(SANDBOX)).code == "recognition.no_arrangement"


def test_an_arrangement_with_a_third_state_recognises_nothing_of_the_second() -> None:
    index = in_force(arrangement(TH, MY), arrangement(MY, SG))

    assert ask(index).code == "recognition.no_arrangement"


def test_recognition_in_one_direction_is_none_in_the_other() -> None:
    index = in_force(arrangement(SG, TH, rules=[rule(TH, "SG")]))

    assert ask(index).recognised
    assert ask(index, by=SG, origin=TH).code == "recognition.no_arrangement"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"at": datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)}, "recognition.not_yet_in_force"),
        ({"at": datetime(2027, 1, 1, tzinfo=UTC)}, "recognition.repealed"),
        ({"service_type": ServiceType.ATTESTATION}, "recognition.service_not_covered"),
        ({"service_type": None}, "recognition.service_not_covered"),
        ({"format": Format.MDOC}, "recognition.service_not_covered"),
        ({"format": Format.ASSERTION}, "recognition.service_not_covered"),
        ({"purpose": "company-filing"}, "recognition.purpose_not_allowed"),
        ({"purpose": "unknown"}, "recognition.purpose_not_allowed"),
        ({"purpose": ""}, "recognition.purpose_not_allowed"),
        ({"origin": MY}, "recognition.no_arrangement"),
        ({"observers": frozenset({SG})}, "recognition.observer_state"),
    ],
)
def test_each_way_of_not_being_covered_has_its_own_code(changes: dict[str, Any], code: str) -> None:
    index = in_force(arrangement(SG, TH, until="2027-01-01T00:00:00Z"))

    assert ask(index).code is None
    assert ask(index, **changes).code == code


@pytest.mark.parametrize(
    ("status", "code"), [("suspended", "recognition.suspended"), ("repealed", "recognition.repealed")]
)
def test_what_one_party_ended_is_not_recognised_from_that_instant_on(status: str, code: str) -> None:
    ended = arrangement(SG, TH, version=2, status=status, **{"from": "2026-06-01T00:00:00Z"})
    index = accepted((arrangement(SG, TH), (SG, TH)), (ended, (SG,)))

    at_once = datetime(2026, 6, 1, tzinfo=UTC)
    assert ask(index, at=at_once - timedelta(microseconds=1)).recognised
    assert ask(index, at=at_once).code == code


@pytest.mark.parametrize(
    ("bilateral", "code"),
    [
        ({"status": "suspended"}, "recognition.suspended"),
        ({"status": "repealed"}, "recognition.repealed"),
        ({"from": "2040-01-01T00:00:00Z"}, "recognition.not_yet_in_force"),
        ({"until": "2026-02-01T00:00:00Z"}, "recognition.repealed"),
        ({"rules": [rule(SG, "TH")]}, "recognition.no_arrangement"),
        ({"rules": [rule(TH, "SG", formats=["dc+sd-jwt"])]}, "recognition.service_not_covered"),
    ],
)
def test_the_regional_arrangement_never_steps_in_for_a_bilateral_one(bilateral: dict[str, Any], code: str) -> None:
    region = arrangement(SG, TH, MY, LA)

    assert ask(in_force(region)).recognised
    assert ask(in_force(region, arrangement(SG, TH, **bilateral))).code == code


def test_a_level_that_the_minimum_leaves_out_of_reach_is_refused() -> None:
    low = in_force(arrangement(SG, TH, rules=[rule(TH, "SG", levels={"A1": "A1", "A2": "A1"})]))

    assert ask(low).code == "recognition.loa_too_low"
    assert ask(low, purpose="building-visit").recognised


def test_a_bearer_needs_the_leave_of_purpose_and_arrangement_both() -> None:
    willing = {"purposes": ["account-opening", "building-visit"]}
    either = in_force(arrangement(SG, TH, rules=[rule(TH, "SG", **willing, bearer_purposes=["account-opening"])]))

    assert not ask(either).bearer_allowed
    assert not ask(either, purpose="building-visit").bearer_allowed
    assert ask(in_force(arrangement(SG, TH)), purpose="building-visit").bearer_allowed


def test_only_claims_that_purpose_and_arrangement_both_name_may_leave() -> None:
    assert ask(in_force(arrangement(SG, TH))).claims == {"name", "birthdate"}
    assert ask(in_force(arrangement(SG, TH)), purpose="building-visit").claims == {"name"}


def test_a_state_needs_no_arrangement_with_itself_and_still_keeps_to_the_register() -> None:
    nothing = ArrangementIndex.none(SANDBOX)

    at_home = ask(nothing, by=SG)
    assert at_home.recognised
    assert (at_home.minimum_level, at_home.bearer_allowed, at_home.arrangement) == (A2, False, None)
    assert ask(nothing, by=SG, purpose="unknown").code == "recognition.purpose_not_allowed"
    assert ask(nothing, by=SG, observers=frozenset({SG})).code == "recognition.observer_state"
    assert ask(nothing, by=SG, service_type=None).code == "recognition.service_not_covered"


def test_a_mapping_lowers_and_says_which_rule_did() -> None:
    lowered = ask(in_force(arrangement(SG, TH, rules=[rule(TH, "SG", levels={"A2": "A2", "A3": "A2"})])))

    assert lowered.levels == (A0, A0, A2, A2)
    assert lowered.maximum_level is A2
    assert lowered.mappings[A3] == "SG-TH version 1: A3 counts as A2"


# Memory


def test_arrangements_and_register_of_two_environments_never_meet() -> None:
    with pytest.raises(ValueError, match="two environments"):
        Standings(ArrangementIndex.none(Environment.LIVE), register(), observers=NOBODY)


def find(memory: Standings, **changes: Any) -> Standing:
    question: dict[str, Any] = {
        "by": TH, "origin": SG, "service_type": ServiceType.LOGIN, "format": Format.ID_TOKEN,
        "purpose": "account-opening", "at": NOON, **changes,
    }  # fmt: skip
    return memory.find(**question)


def test_an_answer_is_remembered_only_as_long_as_it_holds() -> None:
    memory = Standings(in_force(arrangement(SG, TH, until="2027-01-01T00:00:00Z")), register(), observers=NOBODY)
    end = datetime(2027, 1, 1, tzinfo=UTC)

    first = find(memory)

    assert find(memory, at=NOON + timedelta(days=1)) is first
    assert find(memory, at=end).code == "recognition.repealed"
    assert find(memory, at=datetime(2025, 1, 1, tzinfo=UTC)).code == "recognition.not_yet_in_force"
    assert find(memory).recognised


def test_an_answer_ends_only_where_a_higher_version_takes_over() -> None:
    end = arrangement(SG, TH, version=2, status="suspended", **{"from": "2025-01-01T00:00:00Z"})
    index = accepted((arrangement(SG, TH), (SG, TH)), (end, (TH,)))

    # Version 1 begins in 2026 and never decides again, because version 2 has been deciding since 2025.
    answer = ask(index, at=datetime(2025, 6, 1, tzinfo=UTC))
    assert (answer.valid_from, answer.valid_until) == (datetime(2025, 1, 1, tzinfo=UTC), None)
    assert answer == ask(index)


def test_memory_is_bounded_and_a_full_one_still_answers() -> None:
    memory = Standings(in_force(arrangement(SG, TH)), register(), observers=NOBODY, max_entries=1)

    remembered, passing = find(memory), find(memory, purpose="building-visit")

    assert find(memory) is remembered
    assert find(memory, purpose="building-visit") is not passing
    assert find(memory, purpose="building-visit") == passing
    assert LIMITS.standing_cache_entries > len(MemberState) ** 2


def test_purposes_that_the_register_does_not_have_are_not_remembered() -> None:
    memory = Standings(in_force(arrangement(SG, TH)), register(), observers=NOBODY)

    assert find(memory, purpose="made-up") is not find(memory, purpose="made-up")


def questions() -> list[dict[str, Any]]:
    """Every question that the small vocabularies allow, at each instant something may change and just before."""
    moments = [parse_instant(instant) for instant in INSTANTS]
    moments += [moment - timedelta(seconds=1) for moment in moments]
    return [
        {
            "by": by, "origin": origin, "service_type": ServiceType(service), "format": Format(form),
            "purpose": code, "at": moment,
        }
        for by, origin, service, form, code, moment in product(
            (SG, TH, MY), (SG, TH, MY), SERVICE_TYPES, FORMATS, PURPOSE_CODES, moments
        )
        if by != origin
    ]  # fmt: skip


QUESTIONS = questions()


def never_more(after: Standing, before: Standing) -> bool:
    """Tell whether ``after`` grants nothing that ``before`` does not."""
    if not after.recognised:
        return True
    return (
        before.recognised
        and all(new <= old for new, old in zip(after.levels, before.levels, strict=True))
        and after.minimum_level >= before.minimum_level
        and after.bearer_allowed <= before.bearer_allowed
        and after.claims <= before.claims
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_what_one_signature_can_change_never_enlarges_what_is_recognised(data: st.DataObject) -> None:
    parties = data.draw(st.sampled_from([(SG, TH), (SG, TH, MY)]))
    first = arrangement(*parties, rules=data.draw(rule_sets(parties)), **{"from": INSTANTS[1]})
    index = in_force(first)
    payload = first
    for _ in range(2):
        payload = data.draw(versions(payload))
        alone = data.draw(st.sampled_from(parties))
        try:
            after = index.with_arrangement(signed(payload, alone), keys=pins())
        except TrustError:
            return
        for question in QUESTIONS:
            before_it = standing(index, register(), observers=NOBODY, **question)
            after_it = standing(after, register(), observers=NOBODY, **question)
            assert never_more(after_it, before_it), question
            if alone not in (question["by"], question["origin"]):
                assert never_more(before_it, after_it), question  # nor made smaller for two others
        index = after


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_memory_never_answers_otherwise_than_the_decision(data: st.DataObject) -> None:
    first = arrangement(SG, TH, rules=data.draw(rule_sets((SG, TH))), **{"from": INSTANTS[1]})
    index = accepted((first, (SG, TH)), (data.draw(versions(first)), (SG, TH)))
    memory = Standings(index, register(), observers=NOBODY)

    for question in data.draw(st.lists(st.sampled_from(QUESTIONS), min_size=1, max_size=40)):
        assert memory.find(**question) == standing(index, register(), observers=NOBODY, **question)


def test_the_register_before_the_first_recognises_nothing_even_at_home() -> None:
    memory = Standings(in_force(arrangement(SG, TH)), PurposeRegister.none(SANDBOX), observers=NOBODY)

    assert find(memory).code == "recognition.purpose_not_allowed"
    assert find(memory, by=SG).code == "recognition.purpose_not_allowed"


def test_states_outside_every_arrangement_stay_outside() -> None:
    index = in_force(arrangement(SG, TH, MY, LA))

    for outsider in (ID, TL):
        assert ask(index, origin=outsider).code == "recognition.no_arrangement"
        assert ask(index, by=outsider).code == "recognition.no_arrangement"
