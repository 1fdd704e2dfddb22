"""A person may leave out what is not necessary: a decision is narrowed and never widened."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.assertion.decision import Decision, kept_decision
from idbridge.assertion.login import VERIFIED_CLAIMS
from idbridge.model import assertion as members
from idbridge.model.region import AssuranceLevel
from tests.assertion.answers import report
from tests.assertion.test_login import TAN, decided

DECISION = decided(report(TAN, purpose="account-opening", claims=("name", "birthdate", "nationality")))
NAMES = st.sampled_from(("name", "birthdate", "nationality", "address", "sub", "verification", "", "age_over_18"))


def claims_of(decision: Decision) -> dict[str, Any]:
    found: dict[str, Any] = decision.core[VERIFIED_CLAIMS]["claims"]
    return found


def without_claims(decision: Decision) -> dict[str, Any]:
    """Everything that a decision says but for its claims."""
    document = decision.document()
    core = dict(document["core"])
    verified = {name: value for name, value in core.pop(VERIFIED_CLAIMS).items() if name != "claims"}
    return {**document, "core": core, "verified": verified}


def test_a_claim_that_was_never_decided_cannot_be_had_by_naming_it() -> None:
    narrowed = DECISION.narrowed_to(frozenset({"address", "email", "sub"}))

    assert claims_of(narrowed) == {}


@settings(max_examples=200, deadline=None)
@given(wanted=st.frozensets(NAMES))
def test_narrowing_leaves_claims_out_and_changes_nothing_else(wanted: frozenset[str]) -> None:
    before = DECISION.document()
    narrowed = DECISION.narrowed_to(wanted)

    assert claims_of(narrowed) == {name: value for name, value in claims_of(DECISION).items() if name in wanted}
    assert without_claims(narrowed) == without_claims(DECISION)
    assert DECISION.document() == before
    assert kept_decision(narrowed.document()) == narrowed


@settings(max_examples=200, deadline=None)
@given(first=st.frozensets(NAMES), second=st.frozensets(NAMES))
def test_narrowing_twice_is_narrowing_to_what_both_allow(first: frozenset[str], second: frozenset[str]) -> None:
    assert DECISION.narrowed_to(first).narrowed_to(second) == DECISION.narrowed_to(first & second)


def test_of_a_level_that_was_lowered_nothing_higher_is_left_in_any_word() -> None:
    assert DECISION.core["acr"] == members.LEVEL_URIS[AssuranceLevel.A3]
    lowered = DECISION.lowered_to(AssuranceLevel.A1)

    assert lowered.core["acr_national"] is None
    assert lowered.core["loa_mapping"]["rule"] == "no more than A1 is stated here"
    assert lowered.core["loa_mapping"]["framework"] == DECISION.core["loa_mapping"]["framework"]
    words = [lowered.core[name] for name in ("acr", "assurance", "acr_national", "loa_mapping")]
    assert "A3" not in str([*words, lowered.core[VERIFIED_CLAIMS]["verification"]])
    assert "loa:3" not in str(lowered.core)


def test_what_is_not_above_a_level_keeps_its_own_words() -> None:
    assert DECISION.core["acr_national"] is not None
    assert DECISION.lowered_to(AssuranceLevel.A3) == DECISION


def test_lowering_twice_is_lowering_to_the_lower() -> None:
    for first in AssuranceLevel:
        for second in AssuranceLevel:
            twice = DECISION.lowered_to(first).lowered_to(second)
            assert twice == DECISION.lowered_to(min(first, second))


@pytest.mark.parametrize("level", AssuranceLevel)
def test_narrowing_and_lowering_do_not_undo_each_other(level: AssuranceLevel) -> None:
    some = frozenset({"name"})

    assert DECISION.narrowed_to(some).lowered_to(level) == DECISION.lowered_to(level).narrowed_to(some)
