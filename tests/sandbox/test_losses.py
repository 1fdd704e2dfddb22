"""What a denial costs, in verdicts of the pretend region."""

from idbridge.model.region import MemberState, ServiceType
from idbridge.sandbox.losses import lost_verdicts, with_denial
from idbridge.sandbox.region import Region
from idbridge.trust.deny_entry import STATE_TARGET, service_target
from tests.trust.distribution.places import NOW


def test_a_denial_costs_the_verdicts_of_what_it_denies_and_no_others() -> None:
    region = Region.generate(at=NOW)
    present = region.snapshot(at=NOW)
    nothing = service_target("https://nobody.example", ServiceType.LOGIN)

    none, passed = lost_verdicts(region, present, MemberState.SG, nothing, at=NOW)
    some, _ = lost_verdicts(region, present, MemberState.SG, STATE_TARGET, at=NOW)

    assert none == 0
    assert 0 < some < passed


def test_a_denial_that_is_considered_leaves_the_snapshot_as_it_was() -> None:
    present = Region.generate(at=NOW).snapshot(at=NOW)

    proposed = with_denial(present, MemberState.SG, STATE_TARGET, at=NOW)

    assert proposed.denials.in_force(NOW)
    assert not present.denials.in_force(NOW)
    assert proposed.lists == present.lists
