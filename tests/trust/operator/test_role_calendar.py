"""The ends of the region's roles, as a published tree states them."""

from datetime import timedelta

import pytest

from idbridge.errors import ConfigurationError
from idbridge.trust.operator.calendar import DueKind
from idbridge.trust.operator.role_calendar import role_dues
from idbridge.trust.tuf.tree import Head, RoleFile
from tests.trust.distribution.places import NOW, Place, begin

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return begin(tmp_path_factory.mktemp("region"))


def test_a_damaged_role_is_no_calendar(place: Place) -> None:
    head = place.tree.head()

    for octets in (b"{}", b"<html>", head.timestamp.octets.replace(b"x-idbridge-signed-at", b"x-idbridge-written-at")):
        with pytest.raises(ConfigurationError, match="timestamp in the tree is damaged"):
            role_dues(Head(head.roots, RoleFile(1, octets), head.snapshot, head.roles))


def test_every_role_is_in_the_calendar_with_its_state_and_version(place: Place) -> None:
    dues = {one.subject.partition(" ")[0]: one for one in role_dues(place.tree.head())}

    assert {"root", "targets", "agreements", "deny", "snapshot", "timestamp", "SG", "TH"} <= set(dues)
    assert dues["SG"].state == "SG"
    assert dues["root"].state == ""
    assert dues["root"].subject == "root 1"
    assert {one.kind for one in dues.values()} == {DueKind.ROLE}


def test_a_timestamp_is_due_long_before_a_root(place: Place) -> None:
    dues = {one.subject.partition(" ")[0]: one for one in role_dues(place.tree.head())}

    assert [name for name, one in dues.items() if one.is_due(NOW + DAY * 2 / 3)] == ["timestamp"]
    assert not dues["root"].is_due(NOW + 240 * DAY)
    assert dues["root"].is_due(NOW + 250 * DAY)
