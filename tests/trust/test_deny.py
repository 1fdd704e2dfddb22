"""The deny list: whose word counts, for how long, and that no denial is ever lost. Attacks on it come first."""

from datetime import timedelta
from typing import Any

import pytest

from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.denial import DenialReason, DenialTarget, DenyEntry, TargetKind
from idbridge.model.region import Environment, MemberState, ServiceType
from idbridge.trust.deny import DenyBook, Quorum
from idbridge.trust.deny_entry import (
    STATE_TARGET,
    denial_payload,
    entry_id,
    key_target,
    service_target,
    sign_entry,
)
from tests.trust.denying import (
    ISSUED,
    LOGIN_TARGET,
    MY,
    ON_CALL,
    ROLE,
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
from tests.trust.editions import KH, LOGIN, NOON, SG, TH

SECOND = timedelta(seconds=1)
EMPTY = DenyBook()
SELF_MADE = denial()
BY_OFFICER = denial(officers(TH))
BY_OFFICER_2 = denial(officers(TH), target=service_target(LOGIN, ServiceType.LOGIN))
WHOLE_STATE = denial(officers(TH, KH), target=STATE_TARGET)
LAPSE = ISSUED + LIMITS.deny_unratified


def ids(entries: tuple[DenyEntry, ...]) -> list[str]:
    return [entry.id for entry in entries]


# What may be denied by whom


@pytest.mark.parametrize(
    ("by", "target"),
    [
        (officers(TH), STATE_TARGET),  # a whole state needs two states
        ({TH: (ON_CALL[TH], ROLE[TH][0])}, STATE_TARGET),  # which two keys of one state are not
        (own(TH), LOGIN_TARGET),  # another state's list keys are no officers
        (region(TH, KH, MY), LOGIN_TARGET),  # nor is the region, which has another way
        (region(SG), LOGIN_TARGET),  # nor does a regional key speak for its state
    ],
)
def test_who_may_not_deny_this_is_refused(by: Any, target: DenialTarget) -> None:
    assert code_of(EMPTY, listing(1, denial(by, target=target))) == "trust.deny_invalid"


@pytest.mark.parametrize(
    ("by", "target", "self_made"),
    [
        (officers(SG), LOGIN_TARGET, True),
        (own(SG, 1), LOGIN_TARGET, True),
        (officers(SG), STATE_TARGET, True),
        (officers(TH), LOGIN_TARGET, False),
        (officers(TH), service_target(LOGIN, ServiceType.LOGIN), False),
        (officers(TH, KH), STATE_TARGET, False),
    ],
)
def test_one_key_of_the_state_or_enough_officers_of_others_deny(by: Any, target: DenialTarget, self_made: bool) -> None:
    held = book(listing(1, denial(by, target=target)))
    (entry,) = held.in_force(NOON)

    assert entry.self_made is self_made
    assert entry.officers_made is not self_made
    assert entry.kind is target.kind
    assert entry.target == target


def test_a_key_that_nobody_knows_denies_nothing() -> None:
    stranger = generate("ES256")

    assert code_of(EMPTY, listing(1, denial({SG: (stranger,)}))) == "trust.deny_invalid"
    assert code_of(EMPTY, listing(1, denial({SG: (ON_CALL[TH],)}))) == "trust.deny_invalid"
    assert code_of(EMPTY, listing(1, denial({SG: (ON_CALL[SG], stranger)}))) == "trust.deny_invalid"


def test_a_state_without_a_role_of_its_own_still_has_its_on_call_key() -> None:
    alone = authorities(quorums={})

    assert book(listing(1, SELF_MADE), authorities=alone).in_force(NOON)
    assert code_of(EMPTY, listing(1, denial(own(SG, 1))), authorities=alone) == "trust.deny_invalid"
    assert code_of(EMPTY, listing(1, SELF_MADE, lift(SELF_MADE, own(SG))), authorities=alone) == "trust.deny_invalid"


@pytest.mark.parametrize(
    "edits",
    [
        {"kind": "grant"},
        {"schema": "idbridge-deny-2"},
        {"target": {"kind": "key"}},
        {"target": {"kind": "everything"}},
        {"target": "SG"},
        {"target": {"kind": "state", "thumbprint": "x"}},
        {"target": {"kind": "service", "issuer": LOGIN, "type": "urn:example"}},
        {"target": {"kind": "service", "issuer": "not an address", "type": ServiceType.LOGIN.value}},
        {"reason": "because"},
        {"state": "XX"},
        {"since": "2026-11-24"},
        {"since": "2026-11-25T00:00:00Z"},
        {"remark": "trust me"},
    ],
)
def test_an_entry_that_says_anything_else_is_refused(edits: dict[str, Any]) -> None:
    payload = {**denial_payload(SG, LOGIN_TARGET, environment=Environment.SANDBOX, since=ISSUED,
                                reason=DenialReason.CESSATION, issued_at=ISSUED), **edits}  # fmt: skip
    entry = sign_entry({**payload, "id": entry_id(payload)}, officers(SG))

    assert code_of(EMPTY, listing(1, entry)) == "trust.deny_invalid"


def test_an_id_is_the_digest_of_what_the_entry_says_so_that_nobody_can_take_anothers() -> None:
    assert code_of(EMPTY, listing(1, denial(id=id_of(WHOLE_STATE)))) == "trust.deny_invalid"


def test_an_entry_of_the_other_environment_or_from_the_future_is_refused() -> None:
    latest = NOON + LIMITS.list_issue_skew
    live = denial(environment=Environment.LIVE)

    assert code_of(EMPTY, listing(1, live)) == "trust.environment_mismatch"
    assert code_of(EMPTY, listing(1, denial(issued_at=latest + SECOND))) == "trust.issued_in_future"
    assert code_of(EMPTY, listing(1, denial(issued_at=latest))) == "accepted"


# How long


def test_a_denial_by_officers_lapses_after_three_days_unless_it_is_ratified() -> None:
    held = book(listing(1, BY_OFFICER))

    assert LIMITS.deny_unratified == timedelta(hours=72)
    assert ids(held.in_force(LAPSE - SECOND)) == [id_of(BY_OFFICER)]
    assert held.in_force(LAPSE) == ()
    assert held.standing()


def test_a_denial_that_a_state_made_of_its_own_never_lapses() -> None:
    held = book(listing(1, SELF_MADE))

    assert held.lapses_at(held.denials[id_of(SELF_MADE)]) is None
    assert held.in_force(NOON + timedelta(days=3650))
    assert held.lapsing(NOON + timedelta(days=3650)) == ()


def test_a_denial_holds_for_every_instant_before_too() -> None:
    held = book(listing(1, BY_OFFICER))

    assert held.in_force(ISSUED - timedelta(days=365))


def test_the_alarm_rings_a_day_before_a_denial_lapses_and_not_after() -> None:
    held = book(listing(1, BY_OFFICER, denial(target=STATE_TARGET)))
    alarm = LAPSE - LIMITS.deny_alarm

    assert held.lapsing(alarm - SECOND) == ()
    assert ids(held.lapsing(alarm)) == [id_of(BY_OFFICER)]
    assert ids(held.lapsing(LAPSE - SECOND)) == [id_of(BY_OFFICER)]
    assert held.lapsing(LAPSE) == ()


@pytest.mark.parametrize("by", [region(SG, TH, KH), own(SG)])
def test_the_regions_quorum_or_the_states_own_ratifies(by: Any) -> None:
    held = book(listing(1, BY_OFFICER, ratified(BY_OFFICER, by)))

    assert held.in_force(LAPSE)
    assert held.lapsing(LAPSE - SECOND) == ()


@pytest.mark.parametrize(
    "by",
    [
        region(SG, TH),
        region(SG, TH, keys=2),  # four keys of two states are two states
        own(SG, 1),
        own(TH),
        officers(TH, KH, MY),
        {SG: (ROLE[SG][0], ROLE[SG][0])},  # one key twice is one key
    ],
)
def test_less_than_a_quorum_neither_ratifies_nor_lifts(by: Any) -> None:
    for change in (ratified(BY_OFFICER, by), lift(BY_OFFICER, by)):
        assert code_of(EMPTY, listing(1, BY_OFFICER, change)) == "trust.deny_invalid"
    assert code_of(EMPTY, listing(1, SELF_MADE, lift(SELF_MADE, by))) == "trust.deny_invalid"


def test_what_a_state_denied_of_itself_it_lifts_itself_and_nobody_else_does() -> None:
    assert book(listing(1, SELF_MADE, lift(SELF_MADE, own(SG)))).in_force(NOON) == ()
    assert code_of(EMPTY, listing(1, SELF_MADE, lift(SELF_MADE, region(SG, TH, KH)))) == "trust.deny_invalid"


def test_what_officers_denied_the_region_lifts_and_not_the_state_it_is_about() -> None:
    assert book(listing(1, BY_OFFICER, lift(BY_OFFICER, region(SG, TH, KH)))).in_force(NOON) == ()
    assert code_of(EMPTY, listing(1, BY_OFFICER, lift(BY_OFFICER, own(SG)))) == "trust.deny_invalid"


def test_a_state_that_signs_the_officers_denial_too_cannot_lift_it_alone_afterwards() -> None:
    both = denial({**officers(SG), **officers(TH)})
    stripped = denial(officers(SG))
    held = book(listing(1, both))
    assert id_of(both) == id_of(stripped) == id_of(BY_OFFICER)

    assert held.in_force(LAPSE)
    assert code_of(EMPTY, listing(1, both, lift(both, own(SG)))) == "trust.deny_invalid"
    for known in (held, book(listing(1, BY_OFFICER))):
        assert code_of(known, listing(2, stripped, lift(stripped, own(SG)))) == "trust.deny_invalid"
        assert book(listing(2, stripped), onto=known).in_force(LAPSE)
        assert book(listing(2, stripped, lift(stripped, region(TH, KH, MY))), onto=known).in_force(NOON) == ()


def test_a_ratification_or_lift_of_nothing_that_is_listed_is_refused() -> None:
    for change in (ratified(BY_OFFICER, region(SG, TH, KH)), lift(BY_OFFICER, region(SG, TH, KH))):
        assert code_of(EMPTY, listing(1, change)) == "trust.deny_invalid"
        assert code_of(book(listing(1, BY_OFFICER)), listing(2, change)) in ("trust.deny_invalid", "trust.deny_dropped")


# Who is a quorum, and what is a target


@pytest.mark.parametrize(("threshold", "distinct_states"), [(0, False), (4, False), (2, True)])
def test_a_quorum_that_needs_nobody_or_cannot_be_reached_is_refused(threshold: int, distinct_states: bool) -> None:
    with pytest.raises(ValueError, match="quorum"):
        quorum({SG: ROLE[SG]}, threshold, distinct_states=distinct_states)


def test_a_key_that_is_no_part_of_a_quorum_does_not_count() -> None:
    held: Quorum = quorum({SG: ROLE[SG]}, 1, distinct_states=False)

    assert not held.met_by({LOGIN_TARGET.thumbprint or ""})
    assert not held.met_by(())


@pytest.mark.parametrize(
    "names",
    [
        {"kind": TargetKind.KEY},
        {"kind": TargetKind.STATE, "thumbprint": "x"},
        {"kind": TargetKind.SERVICE, "issuer": LOGIN},
        {"kind": TargetKind.SERVICE, "service_type": ServiceType.LOGIN},
        {"kind": TargetKind.KEY, "thumbprint": "x", "issuer": LOGIN},
    ],
)
def test_a_target_is_a_key_a_service_or_a_state_and_no_mixture(names: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a denial names"):
        DenialTarget(**names)


def test_a_state_can_only_be_denied_what_it_lists_itself() -> None:
    held = book(listing(1, denial(officers(TH), state=TH, target=key_target("a-key-of-singapore"))))

    assert [entry.state for entry in held.in_force(NOON)] == [MemberState.TH]


# That nobody fills the list


def test_one_state_cannot_fill_the_list() -> None:
    keys = [generate("ES256").kid for _ in range(LIMITS.deny_entries_each + 1)]
    entries = [denial(officers(TH), target=key_target(key)) for key in keys]

    assert code_of(EMPTY, listing(1, *entries)) == "trust.deny_invalid"
    assert len(book(listing(1, *entries[:-1])).denials) == LIMITS.deny_entries_each
