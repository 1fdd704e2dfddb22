"""Whatever lists are offered in whatever order, a denial is lost only where the rules let it go, and none is forged."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idbridge.codec import base64url
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.denial import DenyEntry
from idbridge.model.region import ServiceType
from idbridge.trust import deny
from idbridge.trust.deny import DenyBook
from idbridge.trust.deny_entry import STATE_TARGET, service_target
from tests.trust.denying import book, denial, id_of, lift, listing, officers, own, ratified, region
from tests.trust.editions import HOUR, KH, LOGIN, NOON, SG, TH

SELF_MADE = denial()
BY_OFFICER = denial(officers(TH), target=service_target(LOGIN, ServiceType.LOGIN))
WHOLE_STATE = denial(officers(TH, KH), target=STATE_TARGET)
DENIALS = (SELF_MADE, BY_OFFICER, WHOLE_STATE)
RATIFIED = {id_of(one): ratified(one, own(SG)) for one in DENIALS}
LIFTED = {
    id_of(SELF_MADE): lift(SELF_MADE, own(SG)),
    **{id_of(one): lift(one, region(SG, TH, KH)) for one in (BY_OFFICER, WHOLE_STATE)},
}
FORGED = (
    lift(SELF_MADE, own(SG, 1)),
    lift(BY_OFFICER, own(SG)),
    lift(WHOLE_STATE, region(SG, TH, keys=2)),
    ratified(BY_OFFICER, region(SG, TH)),
    denial(officers(TH), target=STATE_TARGET, issued_at=NOON),
)
GENUINE = (*DENIALS, *RATIFIED.values(), *LIFTED.values())
OFFER = st.tuples(
    st.integers(min_value=0, max_value=3),  # how far its number runs ahead
    st.lists(st.sampled_from((*GENUINE, *FORGED)), max_size=6, unique=True),
    st.integers(min_value=0, max_value=40),  # hours until it is offered
    st.sets(st.sampled_from([id_of(one) for one in DENIALS])),  # what the state's list has ended by then
)


def in_force(held: DenyBook, at: datetime) -> set[str]:
    return {entry.id for entry in held.in_force(at)}


def may_go(held: DenyBook, after: DenyBook, name: str, *, ended: set[str]) -> bool:
    """Tell whether the denial may be in force no more, by the rules told in one sentence each."""
    lifted = name in held.lifted or any(
        one.octets == LIFTED[name] for one in after.follow_ups.values()
    )  # fmt: skip
    return lifted or (name in ended and name not in after.denials)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(OFFER, min_size=1, max_size=5))
def test_no_order_of_lists_loses_a_denial_or_takes_up_what_too_few_signed(offers: list[Any]) -> None:
    held, at, number = DenyBook(), NOON, 1
    for ahead, entries, hours, ended in offers:
        at += timedelta(hours=hours)
        number += ahead
        gone = {one.id for one in held.denials.values() if one.id in ended}

        def has_ended(entry: DenyEntry, gone: set[str] = gone) -> bool:
            return entry.id in gone

        before = in_force(held, at)
        try:
            after = book(listing(number, *entries), onto=held, at=at, ended=has_ended)
        except TrustError:
            continue
        assert not [one for one in entries if one in FORGED] or after is held
        for name in before - in_force(after, at):
            assert may_go(held, after, name, ended=gone)
        assert deny.parse(after.document()) == after if after.number else after == DenyBook()
        held = after


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_an_entry_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    original = data.draw(st.sampled_from(GENUINE))
    entry = json.loads(original)
    place = data.draw(st.sampled_from(["payload", "protected", "signature"]))
    holder = entry if place == "payload" else entry["signatures"][0]
    text = holder[place]
    position = data.draw(st.integers(min_value=0, max_value=len(text) - 1))
    other = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="))
    if other == text[position]:
        return
    holder[place] = text[:position] + other + text[position + 1 :]
    others = [one for one in DENIALS if one is not original]
    assert book(listing(1, *others, original)).number == 1
    offered = listing(1, *others, json.dumps(entry).encode())

    with pytest.raises(TrustError) as caught:
        book(offered)
    assert caught.value.code in ("trust.deny_invalid", "trust.issued_in_future", "trust.environment_mismatch")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["state", "since", "issued_at", "reason", "target", "environment"]), st.text()))
def test_what_a_signed_entry_says_cannot_be_said_otherwise(edits: dict[str, str]) -> None:
    entry = json.loads(SELF_MADE)
    said = json.loads(base64url.decode(entry["payload"]))
    if edits and {**said, **edits} != said:
        entry["payload"] = base64url.encode(json.dumps({**said, **edits}).encode())
        with pytest.raises(TrustError):
            book(listing(1, json.dumps(entry).encode()))


@given(st.integers(min_value=-400, max_value=400))
def test_a_denial_in_force_at_an_instant_is_in_force_at_every_earlier_one(hours: int) -> None:
    held = book(listing(1, *DENIALS))
    at = NOON + hours * HOUR

    assert in_force(held, at) <= in_force(held, at - HOUR)
    assert in_force(held, NOON - LIMITS.deny_unratified) == {id_of(one) for one in DENIALS}
