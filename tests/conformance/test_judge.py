"""No crash passes for a refusal, no refusal for another, and nothing that was expected to fail passes unseen."""

from dataclasses import replace
from typing import Any

import pytest

from idbridge.conformance.answer import Fault, FaultKind, Observation, Verdict, read_verdict, released
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.judge import Outcome, judged
from idbridge.conformance.profiles import Profile
from idbridge.conformance.run import Impatient, counts, run
from idbridge.conformance.target import Description
from idbridge.limits import LIMITS
from idbridge.reasons import Indication

EXPIRED = Verdict(Indication.FAILED, "time.expired")
ALTERED = Verdict(Indication.FAILED, "jose.signature_invalid")
UNKNOWN = Verdict(Indication.INDETERMINATE, "jose.kid_unknown")
PASSED = Verdict.passed()


def case(expect: Verdict, *, state: dict[str, Any] | None = None, name: str = "one") -> ConformanceCase:
    return ConformanceCase(
        id=name, profile=Profile.VERIFIER, tags=("qr",), title="A case", why="Because.", material=None, at=None,
        requirements=("IDB-TIME-001",), expect=expect, twin=None if expect.code is None else "other", state=state,
        frozen=False, input={},
    )  # fmt: skip


class Always:
    """A target that does the same whatever it is asked."""

    def __init__(self, answer: Verdict | Fault, *left_out: str) -> None:
        self._answer = answer
        self.description = Description("always", "1", frozenset(left_out))
        self.asked = 0

    def describe(self) -> Description:
        return self.description

    def answer(self, case: ConformanceCase) -> Observation:
        del case
        self.asked += 1
        return Observation(self._answer)


@pytest.mark.parametrize("kind", FaultKind)
@pytest.mark.parametrize("expect", [EXPIRED, UNKNOWN, PASSED], ids=str)
def test_a_fault_is_an_error_whatever_the_case_demands(kind: FaultKind, expect: Verdict) -> None:
    result = judged(case(expect), Observation(Fault(kind, "it fell over")))

    assert result.outcome is Outcome.ERROR


@pytest.mark.parametrize("kind", FaultKind)
def test_a_fault_is_no_expected_failure_either(kind: FaultKind) -> None:
    result = judged(case(EXPIRED), Observation(Fault(kind, "it fell over")), waiver="not yet")

    assert result.outcome is Outcome.ERROR


@pytest.mark.parametrize("answer", [ALTERED, UNKNOWN, PASSED, Verdict(Indication.FAILED, "time.expired ")], ids=str)
def test_a_refusal_for_another_reason_fails(answer: Verdict) -> None:
    assert judged(case(EXPIRED), Observation(answer)).outcome is Outcome.FAILED


def test_what_is_accepted_in_grace_is_not_merely_undecided() -> None:
    in_grace = Verdict(Indication.INDETERMINATE, "jose.kid_unknown", in_grace=True)

    assert judged(case(UNKNOWN), Observation(in_grace)).outcome is Outcome.FAILED


@pytest.mark.parametrize("state", [None, {}, {"spent": 1}, {"spent": "0"}], ids=str)
def test_another_state_afterwards_fails(state: dict[str, Any] | None) -> None:
    assert judged(case(EXPIRED, state={"spent": 0}), Observation(EXPIRED, state)).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("due", "told"),
    [
        (1, True), (True, 1), (True, 1.0), (1, 1.0), (0, False), (0, None), (None, 0), (None, ""), (1, "1"),
        ([1], [True]), ([1], 1), ({"n": 1}, {"n": 1.0}), ({"n": True}, {"n": 1}), ({}, []), ({}, None), ([], None),
        ({"n": None}, {}), ({}, {"n": None}), ([1, 2], [1]), ([1, 2], [2, 1]), ("a", ["a"]),
    ],
    ids=str,
)  # fmt: skip
def test_another_type_of_json_is_another_state(due: Any, told: Any) -> None:
    wanted = case(EXPIRED, state={"released": due})

    assert judged(wanted, Observation(EXPIRED, {"released": told})).outcome is Outcome.FAILED
    assert judged(wanted, Observation(EXPIRED, {"released": due})).outcome is Outcome.PASSED


def test_a_member_that_is_not_told_is_not_null() -> None:
    wanted = case(EXPIRED, state={"level": None})
    result = judged(wanted, Observation(EXPIRED, {}))

    assert (result.outcome, result.detail) == (
        Outcome.FAILED,
        "the state afterwards differs: level is not told, and expected as None",
    )


def test_the_right_verdict_with_the_right_state_passes() -> None:
    result = judged(case(EXPIRED, state={"spent": 0}), Observation(EXPIRED, {"spent": 0, "more": 1}))

    assert result.outcome is Outcome.PASSED


def test_a_target_that_declares_to_tell_no_state_is_judged_by_its_verdict() -> None:
    target = Always(EXPIRED, "state")
    (result,) = run([case(EXPIRED, state={"spent": 0})], target, description=target.description)

    assert result.outcome is Outcome.PASSED


def test_an_expected_failure_that_passes_is_wrong() -> None:
    assert judged(case(EXPIRED), Observation(EXPIRED), waiver="not yet").outcome is Outcome.UNEXPECTED_PASS
    assert judged(case(EXPIRED), Observation(PASSED), waiver="not yet").outcome is Outcome.EXPECTED_FAILURE


@pytest.mark.parametrize("left_out", ["qr", "IDB-TIME-001", "one"])
def test_what_a_target_declares_not_to_do_is_not_put_to_it(left_out: str) -> None:
    target = Always(PASSED, left_out)
    (result,) = run([case(EXPIRED)], target, description=target.description)

    assert (result.outcome, target.asked) == (Outcome.NOT_IMPLEMENTED, 0)


def test_every_outcome_is_counted_once() -> None:
    told = counts([(outcome, True) for outcome in Outcome] + [(Outcome.PASSED, False)])

    assert told == {
        "cases": 7, "passed": 2, "failed": 2, "errors": 1, "not_implemented": 1, "expected_failures": 1,
        "negative_share": 0.857,
    }  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        None, [], "PASSED", {}, {"indication": "passed"}, {"indication": "OK", "code": None}, {"indication": 1},
        {"indication": "PASSED", "code": "time.expired"}, {"indication": "FAILED"},
        {"indication": "FAILED", "code": ""},
        {"indication": "FAILED", "code": 7}, {"indication": "FAILED", "code": "time.expired", "accepted": True},
        {"indication": "PASSED", "code": None, "accepted": False}, {"indication": "PASSED", "accepted": "yes"},
        {"indication": "FAILED", "reason": {"code": None}}, {"indication": "INDETERMINATE", "accepted": False},
        {"indication": ["PASSED"]}, {"indication": "PASSED", "reason": {"code": None}, "code": "time.expired"},
        {"indication": "FAILED", "reason": {"code": "time.expired"}, "code": "jose.alg_none"},
        {"indication": "FAILED", "reason": {"code": "time.expired"}, "code": None},
    ],
    ids=str,
)  # fmt: skip
def test_an_answer_that_is_no_verdict_or_contradicts_itself_is_a_fault(document: object) -> None:
    answer = read_verdict(document)

    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.MALFORMED


@pytest.mark.parametrize(
    ("document", "verdict"),
    [
        ({"indication": "PASSED"}, PASSED),
        ({"indication": "PASSED", "reason": None, "accepted": True}, PASSED),
        ({"indication": "FAILED", "code": "time.expired"}, EXPIRED),
        ({"indication": "FAILED", "reason": {"code": "time.expired"}, "accepted": False}, EXPIRED),
        (
            {"indication": "INDETERMINATE", "reason": {"code": "trust.stale"}, "accepted": True},
            Verdict(Indication.INDETERMINATE, "trust.stale", in_grace=True),
        ),
    ],
    ids=str,
)
def test_a_verdict_reads_as_it_is_stated(document: dict[str, Any], verdict: Verdict) -> None:
    assert read_verdict(document) == verdict


@pytest.mark.parametrize(
    ("indication", "code", "in_grace"),
    [
        (Indication.PASSED, "time.expired", False),
        (Indication.FAILED, None, False),
        (Indication.FAILED, "", False),
        (Indication.FAILED, "time.expired", True),
        (Indication.PASSED, None, True),
    ],
)
def test_a_verdict_that_contradicts_itself_cannot_be_made(indication: Indication, code: str, in_grace: bool) -> None:
    with pytest.raises(ValueError, match=r"reason|grace"):
        Verdict(indication, code, in_grace)


@pytest.mark.parametrize("left_out", ["IDB-TIM", "IDB-TIME", "IDB-TIME-", "IDB-TIME-00", "TIME", "state", "*", ""])
def test_what_only_resembles_an_area_declares_nothing(left_out: str) -> None:
    target = Always(EXPIRED, left_out)

    (result,) = run([case(EXPIRED)], target, description=target.describe())

    assert (result.outcome, target.asked) == (Outcome.PASSED, 1)


def test_what_a_target_declared_not_to_tell_and_tells_all_the_same_is_judged() -> None:
    told = Observation(EXPIRED, {"released": {"everything": 1}})
    silent = Observation(EXPIRED, {})
    wanted = case(EXPIRED, state={"released": {}})

    assert judged(wanted, told, untold=frozenset({"*"})).outcome is Outcome.FAILED
    assert judged(wanted, silent, untold=frozenset({"*"})).outcome is Outcome.PASSED
    assert judged(wanted, silent).outcome is Outcome.FAILED


def test_a_refusal_that_releases_a_claim_or_states_a_level_is_told_as_it_is() -> None:
    document = {"indication": "FAILED", "code": "time.expired", "claims": {"name": "Somebody"}, "level": "A3"}

    assert released(document) == {"released": {"name": "Somebody"}, "level": "A3"}


def test_a_reason_may_be_as_long_as_a_name_and_no_longer() -> None:
    longest = "x" * LIMITS.identifier_characters

    assert read_verdict({"indication": "FAILED", "code": longest}) == Verdict(Indication.FAILED, longest)
    found = read_verdict({"indication": "FAILED", "code": f"{longest}x"})
    assert isinstance(found, Fault)
    assert found.kind is FaultKind.MALFORMED


def test_of_an_endless_state_the_beginning_is_told() -> None:
    told = Observation(EXPIRED, {"released": {"name": "x" * 10 * LIMITS.conformance_shown_characters}})

    result = judged(case(EXPIRED, state={"released": {}}), told, waiver="because")

    assert result.outcome is Outcome.EXPECTED_FAILURE
    assert result.detail.startswith("because (the state afterwards differs: released is")
    assert len(result.detail) < 2 * LIMITS.conformance_shown_characters


def test_a_report_counts_a_refused_credential_at_no_level() -> None:
    document = {"indication": "FAILED", "accepted": False, "claims": {}, "assurance": {"loa": "A2"}}

    assert released(document) == {"released": {}, "level": None}


@pytest.mark.parametrize(("left_out", "about"), [("state", "IDB-POL-010"), ("state.level", "IDB-POL-011")])
def test_who_does_not_tell_what_is_released_proves_nothing_about_it(left_out: str, about: str) -> None:
    one = replace(case(PASSED), requirements=(about,))

    assert Description("quiet", "1", frozenset({left_out})).declines(one)
    assert not Description("open", "1").declines(one)


def test_a_target_that_hangs_again_and_again_is_asked_no_more_and_passes_nothing() -> None:
    hanging = Always(Fault(FaultKind.HANG, "it did not end"))
    cases = [case(EXPIRED, name=f"case-{number}") for number in range(LIMITS.conformance_hangs + 5)]
    found = list(run(cases, Impatient(hanging), description=hanging.describe()))

    assert hanging.asked == LIMITS.conformance_hangs
    assert {one.outcome for one in found} == {Outcome.ERROR}
    assert "it was not asked any more" in found[-1].detail


def test_a_target_that_hangs_now_and_then_is_asked_everything() -> None:
    class Hesitant(Always):
        def answer(self, case: ConformanceCase) -> Observation:
            found = super().answer(case)
            return found if self.asked % LIMITS.conformance_hangs else Observation(EXPIRED)

    hesitant = Hesitant(Fault(FaultKind.HANG, "it did not end"))
    cases = [case(EXPIRED, name=f"case-{number}") for number in range(3 * LIMITS.conformance_hangs)]
    found = list(run(cases, Impatient(hesitant), description=hesitant.describe()))

    assert hesitant.asked == len(cases)
    assert [one.outcome for one in found].count(Outcome.PASSED) == 3
