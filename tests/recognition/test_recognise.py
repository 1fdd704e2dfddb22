"""Step V7: one credential against the standing of its kind. Every refusal with its code, and several at once."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.model.check import Refused, Result
from idbridge.model.credential import RecognisedIdentity, VerifiedCredential
from idbridge.model.region import AssuranceLevel, Environment, Format, MemberState, ServiceType
from idbridge.recognition.arrangement import ArrangementIndex
from idbridge.recognition.recognise import recognise
from idbridge.recognition.standing import Standings
from tests.recognition.credentials import BOUND, MANDATE, UNBOUND, assertion, credential, service, source
from tests.recognition.documents import (
    ASSERTION,
    LOGIN,
    MY,
    NOON,
    PID,
    SANDBOX,
    SG,
    TH,
    TL,
    accepted,
    arrangement,
    in_force,
    register,
    rule,
)  # fmt: skip

A0, A1, A2, A3 = AssuranceLevel
EVERYTHING = {
    "service_types": [LOGIN, PID, ASSERTION],
    "formats": ["id_token", "dc+sd-jwt", "idbridge-assertion+jwt"],
    "purposes": ["account-opening", "building-visit", "company-filing", "any-filing", "company-sale"],
}
WIDE = in_force(arrangement(SG, TH, rules=[rule(TH, "SG", **EVERYTHING)]))
NODES = in_force(
    arrangement(SG, TH, rules=[rule(TH, "SG", **EVERYTHING)]),
    arrangement(MY, TH, rules=[rule(TH, "MY", **EVERYTHING)]),
)


def decide(
    presented: VerifiedCredential, *, index: ArrangementIndex = WIDE, observers: frozenset[MemberState] = frozenset(),
    **changes: Any,
) -> RecognisedIdentity:  # fmt: skip
    """Recognise ``presented`` in Thailand for opening an account at noon, with the test's changes."""
    question: dict[str, Any] = {
        "by": TH, "purpose": "account-opening", "expected_entity": None, "at": NOON, **changes,
    }  # fmt: skip
    return recognise(presented, standings=Standings(index, register(), observers=observers), **question)


def reasons(presented: VerifiedCredential, **changes: Any) -> list[str]:
    """The codes of all reasons for which it is refused, in order."""
    with pytest.raises(Refused) as caught:
        decide(presented, **changes)
    codes = [check.reason.code for check in caught.value.checks if check.reason is not None]
    assert caught.value.code == codes[0]
    return codes


def test_nothing_foreign_is_recognised_without_an_arrangement() -> None:
    assert reasons(credential(), index=ArrangementIndex.none(SANDBOX)) == ["recognition.no_arrangement"]


def test_a_suspended_arrangement_recognises_nothing() -> None:
    ended = arrangement(SG, TH, version=2, status="suspended", **{"from": "2026-06-01T00:00:00Z"})
    index = accepted((arrangement(SG, TH), (SG, TH)), (ended, (TH,)))

    assert reasons(credential(), index=index) == ["recognition.suspended"]


@pytest.mark.parametrize(
    ("presented", "changes", "codes"),
    [
        (credential(environment=Environment.LIVE), {}, ["recognition.environment_mismatch"]),
        (credential(), {"observers": frozenset({SG})}, ["recognition.observer_state"]),
        (credential(), {"purpose": "unknown"}, ["recognition.purpose_not_allowed"]),
        (credential(), {"by": MY}, ["recognition.no_arrangement"]),
        (credential(service=service(TL)), {}, ["recognition.no_arrangement"]),
        (credential(A1), {}, ["recognition.loa_too_low"]),
        (credential(A0), {"purpose": "building-visit"}, ["recognition.loa_too_low"]),
        (credential(A3, UNBOUND), {}, ["recognition.holder_not_bound", "recognition.loa_too_low"]),
        (
            credential(service=service(service_type=ServiceType.ATTESTATION)),
            {},
            ["recognition.service_not_covered"],
        ),
    ],
)
def test_each_refusal_has_its_own_code(
    presented: VerifiedCredential, changes: dict[str, Any], codes: list[str]
) -> None:
    assert decide(credential(A3))

    assert reasons(presented, **changes) == codes


def test_all_reasons_are_told_at_once_and_in_order() -> None:
    ended = arrangement(SG, TH, version=2, status="repealed", **{"from": "2026-06-01T00:00:00Z"})
    index = accepted((arrangement(SG, TH), (SG, TH)), (ended, (TH,)))

    assert reasons(credential(A1, UNBOUND, environment=Environment.LIVE), index=index) == [
        "recognition.environment_mismatch",
        "recognition.repealed",
        "recognition.holder_not_bound",
        "recognition.loa_too_low",
    ]


def test_what_a_check_left_open_is_skipped_with_the_cause_and_never_passed() -> None:
    with pytest.raises(Refused) as caught:
        decide(credential(), index=ArrangementIndex.none(SANDBOX))

    made = {check.id: check for check in caught.value.checks}
    assert [made[f"recognition.{number}"].result for number in (8, 9)] == [Result.SKIPPED, Result.SKIPPED]
    assert all(check.note for check in caught.value.checks if check.result is Result.SKIPPED)


def test_under_an_unknown_purpose_nothing_else_is_held_against_a_bearer() -> None:
    assert reasons(credential(A1, UNBOUND), purpose="unknown") == ["recognition.purpose_not_allowed"]


def test_a_photocopy_is_refused_for_one_purpose_and_accepted_for_another() -> None:
    assert reasons(credential(A2, UNBOUND))[0] == "recognition.holder_not_bound"

    shown = decide(credential(A2, UNBOUND), purpose="building-visit")

    assert shown.level is A1
    assert any("copy" in limit for limit in shown.limits)


def test_a_bound_credential_is_recognised_with_the_rule_that_did_it() -> None:
    found = decide(credential(A2))

    assert (found.by, found.purpose, found.level) == (TH, "account-opening", A2)
    assert (found.arrangement, found.arrangement_version) == ("SG-TH", 1)
    assert found.mapping == "SG-TH version 1: A2 counts as A2"
    assert found.claims == {"name", "birthdate"}
    assert found.limits == ()
    assert all(check.result in (Result.PASSED, Result.SKIPPED) for check in found.checks)


def test_a_lowered_level_is_a_limit_that_the_report_must_carry() -> None:
    lower = in_force(arrangement(SG, TH, rules=[rule(TH, "SG", levels={"A2": "A2", "A3": "A2"})]))

    found = decide(credential(A3), index=lower)

    assert found.level is A2
    assert found.limits == ("counts as A2 here, below the A3 it was issued at",)


def test_at_home_the_register_alone_decides() -> None:
    nothing = ArrangementIndex.none(SANDBOX)

    assert decide(credential(A2), by=SG, index=nothing).arrangement is None
    assert reasons(credential(A1), by=SG, index=nothing) == ["recognition.loa_too_low"]
    assert reasons(credential(A2, UNBOUND), by=SG, index=nothing)[0] == "recognition.holder_not_bound"
    assert reasons(credential(A2), by=SG, index=nothing, purpose="unknown") == ["recognition.purpose_not_allowed"]


# Mandates


def representative(**changes: Any) -> VerifiedCredential:
    mandate = {name: getattr(MANDATE, name) for name in MANDATE.__slots__}
    return credential(A2, mandate=type(MANDATE)(**{**mandate, **changes}))


@pytest.mark.parametrize(
    ("presented", "entity", "codes"),
    [
        (credential(), None, ["mandate.missing"]),
        (credential(), ("UEN", "201900001A"), ["mandate.missing"]),
        (representative(scope=frozenset()), None, ["mandate.out_of_scope"]),
        (representative(scope=frozenset({"sign"})), None, ["mandate.out_of_scope"]),
        (representative(valid_until=NOON), None, ["mandate.expired"]),
        (representative(valid_from=NOON + timedelta(seconds=1)), None, ["mandate.expired"]),
        (representative(), ("UEN", "201900002B"), ["mandate.entity_mismatch"]),
        (representative(), ("TIN", "201900001A"), ["mandate.entity_mismatch"]),
        (
            representative(valid_until=NOON, scope=frozenset()),
            ("UEN", ""),
            ["mandate.expired", "mandate.out_of_scope", "mandate.entity_mismatch"],
        ),
    ],
)
@pytest.mark.parametrize("index", [WIDE, ArrangementIndex.none(SANDBOX)])
def test_a_mandate_that_does_not_serve_is_refused_abroad_and_at_home(
    index: ArrangementIndex, presented: VerifiedCredential, entity: tuple[str, str] | None, codes: list[str]
) -> None:
    by = TH if index is WIDE else SG

    assert reasons(presented, purpose="company-filing", expected_entity=entity, index=index, by=by) == codes


@pytest.mark.parametrize(
    "presented",
    [representative(), representative(valid_from=NOON, valid_until=NOON + timedelta(microseconds=1))],
)
@pytest.mark.parametrize("entity", [None, ("UEN", "201900001A")])
def test_a_mandate_that_serves_is_passed_on(presented: VerifiedCredential, entity: tuple[str, str] | None) -> None:
    assert decide(presented, purpose="company-filing", expected_entity=entity).mandate is presented.mandate


def test_a_mandate_has_to_contain_every_scope_of_the_purpose() -> None:
    assert decide(representative(scope=frozenset({"represent", "sell"})), purpose="company-sale").mandate is not None
    assert reasons(representative(scope=frozenset({"represent"})), purpose="company-sale") == ["mandate.out_of_scope"]


def test_a_purpose_for_either_needs_a_mandate_only_if_a_legal_person_is_expected() -> None:
    assert decide(credential(), purpose="any-filing").mandate is None
    assert decide(representative(), purpose="any-filing").mandate is not None
    assert reasons(credential(), purpose="any-filing", expected_entity=("UEN", "x")) == ["mandate.missing"]
    assert reasons(representative(valid_until=NOON), purpose="any-filing") == ["mandate.expired"]


def test_a_purpose_for_natural_persons_speaks_for_nobody_else() -> None:
    assert decide(representative()).mandate is None
    assert reasons(representative(), expected_entity=("UEN", "201900001A")) == ["mandate.out_of_scope"]


# Assertions of another node


def test_an_assertion_is_recognised_under_both_arrangements_at_the_lower_level() -> None:
    found = decide(assertion(MY, A3, source(SG, A2)), index=NODES)

    assert found.level is A2
    assert found.arrangement == "SG-TH"
    assert found.mapping == "SG-TH version 1: A2 counts as A2; MY-TH version 1: A3 counts as A3"
    assert decide(assertion(MY, A2, source(SG, A3)), index=NODES).level is A2


@pytest.mark.parametrize(
    ("presented", "changes", "codes"),
    [
        (assertion(MY), {"index": WIDE}, ["recognition.no_arrangement"]),
        (assertion(MY), {"index": in_force(arrangement(SG, TH), arrangement(MY, TH))},
         ["recognition.service_not_covered"]),
        (assertion(MY, A2, source(TL)), {}, ["recognition.no_arrangement"]),
        (assertion(MY, A2, source(SG, service_type="urn:made:up")), {}, ["recognition.service_not_covered"]),
        (assertion(MY, A2, source(SG, format=Format.MDOC)), {}, ["recognition.service_not_covered"]),
        (assertion(MY, A2, source(SG, format=Format.ASSERTION)), {}, ["recognition.assertion_chained"]),
        (assertion(MY, A2, source(SG, purpose="building-visit")), {}, ["recognition.purpose_not_allowed"]),
        (assertion(MY, A2, source(SG)), {"observers": frozenset({SG})}, ["recognition.observer_state"]),
        (assertion(MY, A2, source(SG)), {"observers": frozenset({MY})}, ["recognition.observer_state"]),
        (assertion(MY, A1, source(SG, A3)), {}, ["recognition.loa_too_low"]),
        (assertion(MY, A3, source(SG, A1)), {}, ["recognition.loa_too_low"]),
        (assertion(MY, A2, source(SG), holder=UNBOUND), {}, ["recognition.holder_not_bound"]),
    ],
)  # fmt: skip
def test_an_assertion_that_lacks_either_recognition_is_refused(
    presented: VerifiedCredential, changes: dict[str, Any], codes: list[str]
) -> None:
    assert decide(assertion(MY), index=NODES)

    assert reasons(presented, **{"index": NODES, **changes}) == codes


@pytest.mark.parametrize("state", [TH, MY])
def test_an_assertion_about_the_own_state_or_of_the_own_node_still_needs_the_other_arrangement(
    state: MemberState,
) -> None:
    about_home = assertion(MY, A2, source(TH))
    from_home = assertion(TH, A2, source(SG))
    presented = about_home if state is TH else from_home

    assert decide(presented, index=NODES).arrangement == ("MY-TH" if state is TH else "SG-TH")
    assert reasons(presented, index=ArrangementIndex.none(SANDBOX))[0] == "recognition.no_arrangement"


@pytest.mark.parametrize(
    "presented", [credential(origin=source()), credential(format=Format.ASSERTION), assertion(MY, origin=source(
        MY, format=Format.ASSERTION, service_type=ServiceType.ASSERTION.value))]
)  # fmt: skip
def test_what_is_half_an_assertion_is_never_taken_for_a_credential(presented: VerifiedCredential) -> None:
    assert reasons(presented, index=NODES) == ["recognition.assertion_chained"]


@pytest.mark.parametrize("stricter", [SG, MY])
@pytest.mark.parametrize(
    ("demand", "code"),
    [
        ({"bearer_purposes": []}, "recognition.holder_not_bound"),
        ({"minimum_level": "A3"}, "recognition.loa_too_low"),
    ],
)
def test_an_assertion_meets_the_demands_of_both_arrangements(
    stricter: MemberState, demand: dict[str, Any], code: str
) -> None:
    def index(**changes: Any) -> ArrangementIndex:
        demands: dict[MemberState, dict[str, Any]] = {SG: {}, MY: {}, stricter: changes}
        rules = {state: rule(TH, state.value, **EVERYTHING, **demands[state]) for state in (SG, MY)}
        return in_force(*(arrangement(state, TH, rules=[rules[state]]) for state in (SG, MY)))

    shown = assertion(MY, A2, source(SG, purpose="building-visit"), holder=UNBOUND)

    assert decide(shown, purpose="building-visit", index=index()).level is A2
    assert reasons(shown, purpose="building-visit", index=index(**demand)) == [code]


def test_claims_of_an_assertion_are_those_that_both_arrangements_release() -> None:
    narrow = in_force(
        arrangement(SG, TH, rules=[rule(TH, "SG", **EVERYTHING)]),
        arrangement(MY, TH, rules=[rule(TH, "MY", **EVERYTHING, claims=["name"])]),
    )

    assert decide(assertion(MY), index=narrow).claims == {"name"}


@settings(max_examples=60, deadline=None)
@given(
    stated=st.sampled_from(AssuranceLevel),
    at_source=st.sampled_from(AssuranceLevel),
    cap=st.sampled_from((A1, A2, A3)),
    holder=st.sampled_from((BOUND, UNBOUND)),
)
def test_recognition_never_raises_a_level(stated: Any, at_source: Any, cap: AssuranceLevel, holder: Any) -> None:
    levels = {level.name: min(level, cap).name for level in (A1, A2, A3)}
    capped = in_force(
        arrangement(SG, TH, rules=[rule(TH, "SG", **EVERYTHING, levels=levels)]),
        arrangement(MY, TH, rules=[rule(TH, "MY", **EVERYTHING)]),
    )
    for presented in (credential(stated, holder), assertion(MY, stated, source(SG, at_source), holder=holder)):
        try:
            found = decide(presented, index=capped, purpose="building-visit")
        except Refused:
            continue

        assert found.level <= min(presented.level, cap)
        assert presented.origin is None or found.level <= at_source
