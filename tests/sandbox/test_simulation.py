"""Simulation: the same questions under the present list and under a proposed one, and what a node would refuse."""

from datetime import timedelta

import pytest

from idbridge.crypto.signer import generate
from idbridge.errors import TrustError
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox import simulation
from idbridge.sandbox.case import Kind
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.mint import mint
from idbridge.sandbox.questions import question
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.sandbox.simulation import Comparison, Question
from idbridge.trust import jades
from idbridge.trust.profile import TrustList
from idbridge.trust.snapshot import TrustSnapshot
from tests.sandbox.regions import NOON, region, snapshot

SG, TH = MemberState.SG, MemberState.TH
SIGNER = generate("ES256")


def randomness() -> Randomness:
    return SeededRandomness(b"simulation")


def proposal(made: Region, state: MemberState = SG) -> bytes:
    return made.published.lists[state].encode()


def proposed(offered: bytes, *, state: MemberState = SG) -> TrustSnapshot:
    listed = simulation.proposed_list(offered, state=state, present=snapshot(), signer=SIGNER, at=NOON)
    return simulation.with_list(snapshot(), listed, signer=SIGNER)


def compared(then: TrustSnapshot) -> dict[str, Comparison]:
    chosen = simulation.asked_cases(region())
    found = simulation.compare_cases(
        chosen, region=region(), present=snapshot(), proposed=then, at=NOON, randomness=randomness()
    )
    return {one.name: one for one in found}


@pytest.mark.parametrize("offered", [b"<html>", b"a.b", b"a.%.c", b"a.\xff.c", b""])
def test_what_is_no_list_is_refused(offered: bytes) -> None:
    with pytest.raises(TrustError) as caught:
        proposed(offered)

    assert caught.value.code == "trust.profile_violation"


def test_the_list_of_another_state_or_environment_is_refused() -> None:
    live = region(Environment.LIVE).published.lists[SG].encode()

    for offered, code in ((proposal(region(), TH), "trust.territory_mismatch"), (live, "trust.environment_mismatch")):
        with pytest.raises(TrustError) as caught:
            proposed(offered)
        assert caught.value.code == code


def test_the_same_list_changes_no_verdict() -> None:
    then = proposed(proposal(region().reissued(SG, at=NOON)))

    assert [one.name for one in compared(then).values() if one.changed] == []


def test_a_withdrawn_service_changes_the_verdicts_of_its_own_cases_and_no_others() -> None:
    then = proposed(proposal(region().with_status("sg-login", "withdrawn", at=NOON)))
    found = compared(then)
    changed = [one for one in found.values() if one.changed]

    assert found["sg-login-opens-account"].document() == {
        "group": "sandbox",
        "case": "sg-login-opens-account",
        "before": "PASSED",
        "before_code": None,
        "after": "FAILED",
        "code": "issuer.withdrawn",
    }
    assert {str(one.after) for one in changed} == {"FAILED issuer.withdrawn"}
    assert {case_named(one.name).state for one in changed} == {SG}


def test_only_cases_whose_verdict_rests_on_the_lists_are_asked() -> None:
    asked = simulation.asked_cases(region())

    assert {case.kind for case in asked} <= {Kind.VERIFY, Kind.SEQUENCE}
    assert {case.environment for case in asked} == {Environment.SANDBOX}
    assert len(asked) > 100


def test_a_draft_that_nobody_signed_is_as_good_as_a_signed_list() -> None:
    offered = proposal(region().with_status("sg-login", "withdrawn", at=NOON))
    draft = jades.open_list(offered, keys=region().pins()[SG]).payload

    assert proposed(draft).lists[SG].content == proposed(offered).lists[SG].content


def test_a_proposal_takes_no_issuer_that_another_state_speaks_for() -> None:
    source = region().sources.lists[TH]
    grabbing = [
        {**one, "service": [{**service, "issuer": "https://sandbox.login.sg.example"} for service in one["service"]]}
        for one in source["provider"]
    ]
    made = region()._with_source(TH, {**source, "provider": grabbing[:1]}).reissued(TH, at=NOON)
    then = proposed(proposal(made, TH), state=TH)

    assert then.services_of(TH) == ()
    assert {one.member_state for one in then.by_issuer("https://sandbox.login.sg.example")} == {SG}


def test_everything_else_of_the_snapshot_stays() -> None:
    then, now = proposed(proposal(region().reissued(SG, at=NOON))), snapshot()

    assert then.arrangements.manifest() == now.arrangements.manifest()
    assert then.purposes.digest == now.purposes.digest
    assert {state: then.lists[state] for state in then.lists if state is not SG} == {
        state: now.lists[state] for state in now.lists if state is not SG
    }


def read(made: Region) -> TrustList:
    return simulation.proposed_list(proposal(made), state=SG, present=snapshot(), signer=SIGNER, at=NOON)


WITHDRAWN = region().with_status("sg-login", "withdrawn", at=NOON - timedelta(days=1))  # edition 2


@pytest.mark.parametrize(
    ("then", "code"),
    [
        (region(), "trust.rollback"),
        (region().reissued(SG, at=NOON), "trust.equivocation"),
        (region().reissued(SG, at=NOON).reissued(SG, at=NOON), "trust.history_rewritten"),
    ],
)
def test_what_a_node_would_refuse_for_what_came_before_is_told(then: Region, code: str) -> None:
    found = simulation.refusal(read(WITHDRAWN), read(then), at=NOON)

    assert found is not None
    assert found.code == code


def test_what_may_follow_is_not_refused() -> None:
    assert simulation.refusal(read(region()), read(WITHDRAWN), at=NOON) is None
    assert simulation.refusal(None, read(WITHDRAWN), at=NOON) is None


def test_recorded_requests_are_asked_at_their_own_instant() -> None:
    case = case_named("sg-login-opens-account")
    body = mint(case, region=region(), at=NOON, randomness=randomness()).document()
    party = region().registration(str(case.relying_party)).relying_party
    asked = [
        Question("bank", name, question(body, relying_party=party), at)
        for name, at in (("then", NOON), ("a year on", NOON + timedelta(days=365)))
    ]
    then = proposed(proposal(region().with_status("sg-login", "withdrawn", at=NOON)))
    found = list(simulation.compare_questions(asked, present=snapshot(), proposed=then))

    assert [(one.group, one.name, str(one.before), str(one.after)) for one in found] == [
        ("bank", "then", "PASSED", "FAILED issuer.withdrawn"),
        ("bank", "a year on", "INDETERMINATE trust.stale", "INDETERMINATE trust.stale"),
    ]
