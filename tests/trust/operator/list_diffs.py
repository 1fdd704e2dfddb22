"""Differences between two editions of a list, for the tests about them."""

from typing import Any

from idbridge.crypto.signer import generate
from idbridge.model.region import Environment, MemberState
from idbridge.trust import profile
from idbridge.trust.operator.change import Change, Diff, Item
from idbridge.trust.operator.diff import diff_lists
from idbridge.trust.profile import TrustList
from tests.trust.editions import SG, edition, pins

NEXT_KEY = generate("ES256", "login-2")
Table = dict[str, Any]


def listed(*services: Table, sequence: int = 7, state: MemberState = SG, **about: Any) -> TrustList:
    """An edition as read."""
    return read(edition(sequence, *services, state=state, **about), state=state)


def read(offered: bytes, *, state: MemberState = SG) -> TrustList:
    """A list that its state signed."""
    return profile.parse(offered, state=state, environment=Environment.SANDBOX, keys=pins()[state])


def difference(before: Table, after: Table) -> Diff:
    """The difference between a list with one service and the next."""
    return diff_lists(listed(before), listed(after, sequence=8))


def the_item(diff: Diff) -> Item:
    """The one service that differs."""
    (item,) = diff.items
    return item


def the_change(diff: Diff) -> Change:
    """The one thing that differs."""
    (change,) = the_item(diff).changes
    return change
