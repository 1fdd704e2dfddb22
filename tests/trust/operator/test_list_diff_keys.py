"""What differs between two editions of a list in the keys of its services: exchanged, ended, added, renamed."""

import pytest

from idbridge.trust.operator.change import Change
from idbridge.trust.operator.diff import diff_lists
from tests.trust.editions import (
    LOGIN_KEY,
    SERVICE,
    attestation,
    changed,
    lote,
    service,
    signed,
    statuses,
)
from tests.trust.operator.list_diffs import NEXT_KEY, difference, listed, read, the_change, the_item


def test_a_key_exchanged_in_place_is_a_changed_key_and_nothing_ends() -> None:
    there = difference(service(), service(keys=(NEXT_KEY,)))

    assert the_change(there).what == "key changed"
    assert the_item(there).mark == "~"
    assert (there.held, there.ended) == (1, 0)


@pytest.mark.parametrize("end", ["superseded", "compromised", "withdrawn"])
def test_a_rotation_is_one_changed_key_with_the_end_of_the_one_before(end: str) -> None:
    old = service()
    over = service(status=statuses(("granted", "2026-01-01"), (end, "2026-11-01")))
    new = service("next", keys=(NEXT_KEY,), name={"en": "Next key"}, status=statuses(("granted", "2026-10-01")))
    there = diff_lists(listed(old), listed(over, new, sequence=8))

    assert [change.what for change in the_item(there).changes] == ["key changed", "status"]
    assert the_item(there).changes[1].after == f"{end} from 2026-11-01T00:00:00Z"
    assert not there.widens
    assert there.share_removed == 0.0


def test_a_rotation_does_not_hide_what_it_widens() -> None:
    over = service(status=statuses(("granted", "2026-01-01"), ("superseded", "2026-11-01")))
    new = service("next", keys=(NEXT_KEY,), leeway_seconds=300)
    there = diff_lists(listed(service()), listed(over, new, sequence=8))

    assert [change.what for change in the_item(there).changes if change.widens] == ["leeway"]
    assert there.effect == "widened"


def test_what_else_changes_with_the_end_of_a_key_is_told_of_its_own() -> None:
    over = service(leeway_seconds=300, status=statuses(("granted", "2026-01-01"), ("superseded", "2026-11-01")))
    there = diff_lists(listed(service()), listed(over, service("next", keys=(NEXT_KEY,)), sequence=8))

    assert [[change.what for change in item.changes] for item in there.items] == [["status", "leeway"], ["key changed"]]


def test_a_key_in_advance_is_an_added_key() -> None:
    there = diff_lists(listed(service()), listed(service(), service("next", keys=(NEXT_KEY,)), sequence=8))

    assert the_change(there).what == "key added"
    assert the_item(there).mark == "~"


def test_a_service_ends_with_the_last_of_its_keys_and_not_before() -> None:
    both = (service(), service("second", keys=(NEXT_KEY,)), attestation())
    over = statuses(("granted", "2026-01-01"), ("withdrawn", "2027-01-01"))
    one = (service(status=over), *both[1:])
    all_of_it = (service(status=over), service("second", keys=(NEXT_KEY,), status=over), both[2])

    assert [
        (diff.held, diff.ended, diff.share_removed)
        for diff in (diff_lists(listed(*both), listed(*after, sequence=8)) for after in (one, all_of_it))
    ] == [(2, 0, 0.0), (2, 1, 0.5)]


def test_keys_within_one_entry_come_and_go() -> None:
    both = service(keys=(LOGIN_KEY, NEXT_KEY))

    assert the_change(difference(service(), both)).what == "key added"
    assert the_change(difference(both, service())).what == "key removed"


def test_another_key_id_of_the_same_key_is_told() -> None:
    kid = (*SERVICE, "ServiceDigitalIdentity", "PublicKeyValues", 0, "kid")
    there = diff_lists(listed(), read(signed(changed(lote(sequence=8), *kid, to="renamed"))))

    assert the_change(there) == Change("key id", "login-1", "renamed")
