"""What a node holds of denials stays: entries, their signatures and follow-ups, against lists that lack any of it."""

from typing import Any

import pytest

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.denial import DenyEntry
from idbridge.model.region import ServiceType
from idbridge.trust import deny
from idbridge.trust.deny import DenyBook
from idbridge.trust.deny_entry import (
    STATE_TARGET,
    merged,
    service_target,
)
from tests.trust.denying import (
    ISSUED,
    LOGIN_TARGET,
    REGIONAL,
    authorities,
    book,
    code_of,
    denial,
    id_of,
    lift,
    listing,
    officers,
    own,
    quorum,
    ratified,
    region,
)
from tests.trust.editions import HOUR, KH, LOGIN, NOON, SG, TH

EMPTY = DenyBook()
SELF_MADE = denial()
BY_OFFICER = denial(officers(TH))
BY_OFFICER_2 = denial(officers(TH), target=service_target(LOGIN, ServiceType.LOGIN))
LAPSE = ISSUED + LIMITS.deny_unratified


def ids(entries: tuple[DenyEntry, ...]) -> list[str]:
    return [entry.id for entry in entries]


def test_a_list_that_lacks_an_entry_that_is_held_is_refused_whole() -> None:
    held = book(listing(1, SELF_MADE, BY_OFFICER_2))
    more = denial(target=STATE_TARGET)

    assert code_of(held, listing(2, SELF_MADE, more)) == "trust.deny_dropped"
    assert code_of(held, listing(2)) == "trust.deny_dropped"
    assert code_of(held, listing(2, SELF_MADE), at=LAPSE + HOUR) == "trust.deny_dropped"  # nor by lapsing
    assert len(held.in_force(NOON)) == 2


def test_what_a_state_denied_of_itself_stays_signed_by_it() -> None:
    by_officer = denial(officers(TH))
    both = merged([SELF_MADE, by_officer])
    held = book(listing(1, SELF_MADE))
    anew = denial(own(SG, 1))

    assert id_of(SELF_MADE) == id_of(by_officer) == id_of(anew)
    assert code_of(held, listing(2, by_officer)) == "trust.deny_dropped"  # for whoever begins with it, it would lapse
    assert code_of(book(listing(1, both)), listing(2, by_officer)) == "trust.deny_dropped"
    (entry,) = book(listing(2, both), onto=held).denials.values()
    assert entry.by == {SG, TH}
    assert book(listing(2, anew), onto=held).in_force(LAPSE)  # with another key of its own, as after an exchange


def test_a_list_without_a_ratification_that_is_held_is_refused() -> None:
    change = ratified(BY_OFFICER, region(SG, TH, KH))
    held = book(listing(1, BY_OFFICER, change))

    assert code_of(held, listing(2, BY_OFFICER)) == "trust.deny_dropped"
    assert book(listing(2, BY_OFFICER, change), onto=held).in_force(LAPSE)


def test_a_denial_and_its_lift_leave_together_once_the_lift_is_known() -> None:
    change = lift(SELF_MADE, own(SG))
    held = book(listing(1, SELF_MADE))
    lifted = book(listing(2, SELF_MADE, change), onto=held)

    assert code_of(held, listing(3)) == "trust.deny_dropped"  # who never saw the lift keeps the denial
    gone = book(listing(3), onto=lifted)
    assert (gone.denials, gone.follow_ups, gone.settled) == ({}, {}, (id_of(SELF_MADE),))
    for known in (lifted, gone):
        assert code_of(known, listing(4, SELF_MADE)) == "trust.deny_dropped"
        assert book(listing(4, SELF_MADE, change), onto=known).in_force(NOON) == ()


def test_what_a_newer_list_of_the_state_ended_may_leave() -> None:
    held = book(listing(1, SELF_MADE, BY_OFFICER_2))
    asked: list[str] = []

    def ended(entry: DenyEntry) -> bool:
        asked.append(entry.id)
        return entry.target == LOGIN_TARGET

    assert code_of(held, listing(2), ended=ended) == "trust.deny_dropped"
    left = book(listing(2, BY_OFFICER_2), onto=held, ended=ended)
    assert ids(left.standing()) == [id_of(BY_OFFICER_2)]
    assert set(asked) == {id_of(SELF_MADE), id_of(BY_OFFICER_2)}


def test_an_older_list_another_of_the_same_number_and_one_far_ahead_are_refused() -> None:
    held = book(listing(7, SELF_MADE))

    assert code_of(held, listing(6, SELF_MADE)) == "trust.rollback"
    assert code_of(held, listing(7, SELF_MADE, BY_OFFICER_2)) == "trust.equivocation"
    assert code_of(held, listing(7 + LIMITS.list_sequence_step + 1, SELF_MADE)) == "trust.sequence_jump"
    assert book(listing(7, SELF_MADE), onto=held) is held


def test_an_entry_that_is_held_is_not_asked_for_its_signatures_again() -> None:
    change = ratified(BY_OFFICER, region(SG, TH, KH))
    held = book(listing(1, BY_OFFICER, change))
    exchanged = authorities(
        on_call={SG: (), TH: ()}, quorums={}, region=quorum({KH: REGIONAL[KH]}, 1, distinct_states=True)
    )

    assert book(listing(2, BY_OFFICER, change), onto=held, authorities=exchanged).in_force(LAPSE)
    assert code_of(EMPTY, listing(2, BY_OFFICER, change), authorities=exchanged) == "trust.deny_invalid"


def test_a_book_is_written_down_and_read_back_as_it_was() -> None:
    change = lift(SELF_MADE, own(SG))
    held = book(
        listing(1, SELF_MADE, BY_OFFICER_2), listing(2, SELF_MADE, BY_OFFICER_2, change), listing(3, BY_OFFICER_2),
        listing(4, BY_OFFICER_2, ratified(BY_OFFICER_2, own(SG))),
    )  # fmt: skip

    assert deny.parse(held.document()) == held


@pytest.mark.parametrize(
    "damage",
    [
        {"number": 0},
        {"digest": "x"},
        {"denials": {}},
        {"denials": [{"entry": "{}", "by": ["SG"]}]},
        {"denials": [{"entry": SELF_MADE.decode(), "by": []}]},
        {"denials": [{"entry": ratified(SELF_MADE, own(SG)).decode(), "by": ["SG"]}]},
        {"denials": [{"entry": 1, "by": ["SG"]}]},
        {"follow_ups": ["x"]},
        {"settled": [1]},
        {"more": 1},
    ],
)
def test_a_damaged_book_is_no_empty_one(damage: dict[str, Any]) -> None:
    written = {**book(listing(1, SELF_MADE)).document(), **damage}

    with pytest.raises((TrustError, ValueError)):
        deny.parse(written)
