"""What one officer on call may do to the numbers, rounds and file of the deny list: nothing that outlasts a try."""

import pytest

from idbridge.errors import ConfigurationError, TrustError
from idbridge.trust import deny_list
from idbridge.trust.operator import deny_queue, denying, drafting, published
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.published import Published
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.proposal import Proposal
from tests.trust.distribution.places import Place
from tests.trust.operator.denials import LOGIN, denial, edition, listed, listing, on_call
from tests.trust.operator.offices import LATER, MY, SG, online_role, standing


def numbered_as(place: Place, before: Published, number: int) -> Proposal:
    """The entries that stand under a number of the officer's own."""
    octets = deny_list.written(listed(before), number=number, environment=before.environment)
    files = {roles.DENY_LIST: octets}
    payload = writing.carrier(drafting.issue(before, roles.DENY, at=LATER), roles.DENY, files=files)
    intent = Intent("deny", "a test", on_call(place, MY), LATER)
    return drafting.completed(before, roles.DENY, payload, files, intent)


@pytest.mark.parametrize("ahead", [2, 1000])
def test_a_deny_list_that_runs_ahead_is_refused_although_a_node_that_missed_some_would_take_it(
    place: Place, ahead: int
) -> None:
    before = standing(place)
    jump = numbered_as(place, before, denying.numbered(before) + ahead)

    with pytest.raises(TrustError) as caught:
        online_role(place).publish([jump], at=LATER)

    assert caught.value.code == "trust.sequence_jump"
    assert len(deny_queue.standing(before, [jump.octets()], at=LATER)) == 1  # and nobody builds on it


def test_the_same_list_goes_on_under_the_next_version(place: Place) -> None:
    before = standing(place)
    again = numbered_as(place, before, denying.numbered(before))

    online_role(place).publish([again], at=LATER)

    assert standing(place).version(roles.DENY) == before.version(roles.DENY) + 1


def laid_down(place: Place, count: int) -> None:
    """A chain of versions by one officer that bring in nothing."""
    then = standing(place)
    for number in range(count):
        found = listing(place, then, listed(then))
        place.tree.lay_down(f"my-{number:02}.proposal.json", found.octets())
        then = published.following(then, found)


def test_one_state_brings_in_no_more_than_a_few_versions_in_a_round(place: Place) -> None:
    before = standing(place)
    laid_down(place, deny_queue.MOST_OF_ONE_STATE + 3)

    round_ = online_role(place).round(at=LATER)

    assert standing(place).version(roles.DENY) == before.version(roles.DENY) + deny_queue.MOST_OF_ONE_STATE
    assert len(round_.waiting) == 3
    assert round_.refused == ()


def test_a_denial_gets_its_turn_before_the_rest_of_a_long_chain(place: Place) -> None:
    laid_down(place, 12)
    online_role(place).round(at=LATER)
    before = standing(place)
    stages = deny_queue.standing(before, [octets for _, octets in place.tree.incoming()], at=LATER)
    entry = denial(place, before, LOGIN, SG)
    intent = Intent("deny", "a test", on_call(place, SG), LATER)
    for number, copy in enumerate(deny_queue.editions(stages, entry, intent)):
        place.tree.lay_down(f"sg-{number:02}.proposal.json", copy.octets())

    online_role(place).round(at=LATER)

    assert denying.entries(standing(place))


def test_nothing_is_built_on_a_deny_list_whose_file_is_lost(place: Place) -> None:
    online_role(place).publish([edition(place, standing(place), denial(place, standing(place), LOGIN, SG))], at=LATER)
    version = standing(place).version(roles.DENY)
    (place.tree.directory / "metadata" / f"{version}.deny.json").unlink()
    before = standing(place)

    with pytest.raises(ConfigurationError, match="put it back first"):
        edition(place, before, denial(place, before, "MY", MY), by=MY)

    assert before.gaps == {roles.DENY}
