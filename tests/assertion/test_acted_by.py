"""Who acts for another raises nothing: a decision with an actor is no higher, no longer-lived and no wider."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from idbridge.assertion.decision import kept_decision
from idbridge.assertion.login import VERIFIED_CLAIMS
from idbridge.model import assertion as members
from idbridge.model.region import AssuranceLevel
from tests.assertion.answers import report
from tests.assertion.test_login import TAN, decided

DECISION = decided(report(TAN, purpose="account-opening", claims=("name", "birthdate")))
LEVELS = st.sampled_from(AssuranceLevel)
SHORTER = st.integers(min_value=0, max_value=300).map(lambda seconds: timedelta(seconds=seconds))


@given(own=LEVELS, actors=LEVELS, sooner=SHORTER, later=SHORTER)
def test_level_and_end_are_the_lesser_of_both_and_no_claim_is_added(
    own: AssuranceLevel, actors: AssuranceLevel, sooner: timedelta, later: timedelta
) -> None:
    subject = replace(DECISION.lowered_to(own), expires_at=DECISION.expires_at - sooner)
    actor = replace(DECISION.lowered_to(actors), expires_at=DECISION.expires_at - later, subject="somebody-else")
    acted = subject.acted_by(actor)

    lower = min(members.LEVELS_BY_URI[one.core["acr"]] for one in (subject, actor))
    assert members.LEVELS_BY_URI[acted.core["acr"]] == lower
    assert acted.expires_at == min(subject.expires_at, actor.expires_at)
    assert acted.subject == subject.subject
    assert acted.core[VERIFIED_CLAIMS]["claims"] == subject.core[VERIFIED_CLAIMS]["claims"]
    assert acted.core.keys() - subject.core.keys() == {members.ACT}
    assert kept_decision(acted.document()) == acted


def test_of_the_actor_nothing_is_told_but_who_they_are_here_and_how_that_is_known() -> None:
    acted = DECISION.acted_by(replace(DECISION, subject="somebody-else"))

    assert acted.core[members.ACT] == {
        "sub": "somebody-else",
        "acr": DECISION.core["acr"],
        "origin": {"state": "SG", "issuer": DECISION.core["origin"]["issuer"]},
        "represents": None,
    }
