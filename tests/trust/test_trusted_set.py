"""Newer, older, contradicting, too early, too late: attacks 1, 2, 4 to 6, 9, 12 and 13 of the trust-list catalogue."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.crypto.keys import parse_jwk
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust.errors import EquivocationError, RollbackError, SequenceJumpError
from idbridge.trust.floor import Floor
from idbridge.trust.snapshot import snapshot_of
from idbridge.trust.trusted_set import TrustedSet
from tests.trust.editions import (
    DAY,
    HOUR,
    KH,
    LOGIN,
    LOGIN_KEY,
    NOON,
    OTHER_KEY,
    SG,
    SIGNERS,
    TH,
    Table,
    edition,
    lote,
    pins,
    refusal,
    service,
    signed,
    statuses,
    trusted,
)

SECOND = timedelta(seconds=1)
SEVEN = edition(7)
HELD = trusted(SEVEN)


def restarted(held: TrustedSet) -> TrustedSet:
    """What a node begins with after a restart: the pins and the floors, and no list."""
    return TrustedSet(held.environment, held.pins, held.floors)


def test_an_older_list_is_refused_and_the_set_is_unchanged() -> None:
    refused = refusal(HELD, edition(6))

    assert isinstance(refused, RollbackError)
    assert (refused.code, refused.held, refused.offered) == ("trust.rollback", 7, 6)


def test_an_older_list_is_refused_after_a_restart() -> None:
    fresh = restarted(HELD)

    assert refusal(fresh, edition(6)).code == "trust.rollback"
    assert not fresh.lists


def test_an_older_list_is_refused_when_the_one_held_has_expired() -> None:
    later = NOON + 60 * DAY
    older = edition(6, issued_at=later - HOUR, lifetime=100 * DAY)

    assert HELD.lists[SG].provenance.next_update < later
    assert refusal(HELD, older, at=later).code == "trust.rollback"
    assert refusal(restarted(HELD), older, at=later).code == "trust.rollback"


def test_another_list_under_the_same_number_is_refused() -> None:
    other = edition(7, service(name={"en": "Another"}))

    for held in (HELD, restarted(HELD)):
        refused = refusal(held, other)
        assert isinstance(refused, EquivocationError)
        assert (refused.code, refused.sequence) == ("trust.equivocation", 7)
        assert refused.held == HELD.lists[SG].content


def test_the_same_list_again_changes_nothing_signed_anew_or_not() -> None:
    again = signed(lote(sequence=7))

    assert HELD.with_list(SEVEN, state=SG, at=NOON) is HELD
    assert again != SEVEN  # ECDSA signatures differ
    assert HELD.with_list(again, state=SG, at=NOON) is HELD


def test_the_same_list_is_accepted_again_after_a_restart_and_floors_stay() -> None:
    fresh = restarted(HELD).with_list(SEVEN, state=SG, at=NOON)

    assert fresh.floors == HELD.floors
    assert fresh.lists == HELD.lists


def test_a_number_that_runs_ahead_is_refused_and_the_last_allowed_is_not() -> None:
    step = LIMITS.list_sequence_step

    for held in (HELD, restarted(HELD)):
        refused = refusal(held, edition(7 + step + 1))
        assert isinstance(refused, SequenceJumpError)
        assert (refused.code, refused.held, refused.offered) == ("trust.sequence_jump", 7, 8 + step)
        assert refusal(held, edition(LIMITS.list_sequence)).code == "trust.sequence_jump"
        assert held.with_list(edition(7 + step), state=SG, at=NOON).floors[SG].sequence == 7 + step


def test_a_list_from_the_future_is_refused_beyond_the_skew() -> None:
    skew = LIMITS.list_issue_skew

    for issued_at, accepted in ((NOON + skew, True), (NOON + skew + SECOND, False)):
        offered = signed(lote(sequence=8, issued_at=issued_at), at=NOON)
        if accepted:
            assert HELD.with_list(offered, state=SG, at=NOON).floors[SG].sequence == 8
        else:
            assert refusal(HELD, offered).code == "trust.issued_in_future"


def test_a_list_past_its_next_update_is_refused_even_the_one_that_is_held() -> None:
    end = HELD.lists[SG].provenance.next_update

    assert refusal(HELD, edition(8), at=end).code == "trust.expired"
    assert refusal(HELD, SEVEN, at=end).code == "trust.expired"
    assert HELD.with_list(edition(8), state=SG, at=end - SECOND).floors[SG].sequence == 8


def test_a_list_that_is_no_more_than_expired_does_not_raise_the_floor() -> None:
    assert refusal(HELD, edition(9, lifetime=HOUR)).code == "trust.expired"
    assert HELD.with_list(edition(8), state=SG, at=NOON).floors[SG].sequence == 8


@given(offers=st.lists(st.integers(min_value=1, max_value=9), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_the_highest_sequence_ever_offered_is_the_one_held(offers: list[int]) -> None:
    held = TrustedSet(Environment.SANDBOX, pins())
    highest = 0
    for sequence in offers:
        if sequence < highest:
            assert refusal(held, edition(sequence)).code == "trust.rollback"
        else:
            held = held.with_list(edition(sequence), state=SG, at=NOON)
        highest = max(highest, sequence)

        assert held.lists[SG].provenance.sequence == held.floors[SG].sequence == highest


@given(
    offers=st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["a", "b"]), st.booleans()), min_size=1, max_size=10)
)
@settings(max_examples=40, deadline=None)
def test_no_order_of_offers_and_restarts_lowers_a_floor_or_changes_what_a_number_means(
    offers: list[tuple[int, str, bool]],
) -> None:
    held = TrustedSet(Environment.SANDBOX, pins())
    meaning: dict[int, str] = {}
    for sequence, name, restart in offers:
        before = held.floors.get(SG)
        try:
            held = held.with_list(edition(sequence, service(name={"en": name})), state=SG, at=NOON)
            assert meaning.setdefault(sequence, name) == name
        except TrustError as refused:
            assert refused.code in {"trust.rollback", "trust.equivocation"}  # noqa: PT017 - one of two outcomes
        assert before is None or held.floors[SG].sequence >= before.sequence
        held = restarted(held) if restart else held


def test_the_lists_of_two_states_do_not_touch_each_other() -> None:
    both = HELD.with_list(edition(1, state=TH), state=TH, at=NOON)

    assert refusal(both, edition(6)).code == "trust.rollback"
    assert both.lists[SG] is HELD.lists[SG]
    assert both.with_list(edition(2, state=TH), state=TH, at=NOON).lists[SG] is HELD.lists[SG]


def test_a_rotated_signer_is_accepted_while_both_are_pinned_and_the_old_one_is_not_afterwards() -> None:
    old, new = (parse_jwk(SIGNERS[state].public_jwk) for state in (SG, TH))
    both = TrustedSet(Environment.SANDBOX, MappingProxyType({SG: (old, new)}), HELD.floors)
    by_new = signed(lote(sequence=8), by=TH)

    rotated = both.with_list(by_new, state=SG, at=NOON)
    assert rotated.lists[SG].provenance.signer == new.thumbprint

    after = TrustedSet(Environment.SANDBOX, MappingProxyType({SG: (new,)}), rotated.floors)
    assert refusal(after, edition(9)).code == "trust.signer_unknown"


def test_the_list_that_is_held_is_not_taken_again_once_its_key_is_no_longer_pinned() -> None:
    for others in (pins(TH), {**pins(TH), SG: (parse_jwk(OTHER_KEY.public_jwk),)}):
        unpinned = replace(HELD, pins=MappingProxyType(others))

        assert refusal(unpinned, SEVEN).code == "trust.signer_unknown"
        assert not restarted(unpinned).holding(HELD).lists


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {SG: ()},
        {SG: pins()[SG], TH: ()},
        {SG: pins()[SG], TH: pins()[SG]},
        {SG: pins()[SG] * 2},
    ],
    ids=["none", "empty", "one empty", "in two states", "twice"],
)
def test_pins_that_are_empty_or_shared_make_no_set(keys: dict[MemberState, tuple[object, ...]]) -> None:
    with pytest.raises(ValueError, match=r"state|twice"):
        TrustedSet(Environment.SANDBOX, keys)  # type: ignore[arg-type]  # keys of the real type, in a plain mapping


def later(held: TrustedSet) -> TrustedSet:
    """What a node begins its next reading with: all that it holds was there before."""
    return restarted(held).holding(held)


def claim(state: MemberState, sequence: int = 1, *others: Table) -> tuple[MemberState, bytes]:
    """A list of ``state`` with Singapore's issuer in it."""
    own = service("own", issuer=f"https://own.{state.lower()}.example", keys=(OTHER_KEY,))
    return state, edition(sequence, own, service("claim", keys=(LOGIN_KEY,)), *others, state=state)


def read(held: TrustedSet, *offers: tuple[MemberState, bytes]) -> TrustedSet:
    """The set after one reading of these lists, in this order."""
    for state, offered in offers:
        held = held.with_list(offered, state=state, at=NOON)
    return held


def claimants(held: TrustedSet) -> list[MemberState]:
    """The states whose list gives trust for Singapore's issuer."""
    return [one.member_state for one in snapshot_of(held).by_issuer(LOGIN)]


EMPTY = TrustedSet(Environment.SANDBOX, pins())
DISPUTED = (claim(SG), claim(TH), claim(KH))


@pytest.mark.parametrize("order", list(permutations(DISPUTED)))
def test_an_issuer_that_several_states_list_at_once_is_trusted_for_none_in_any_order(
    order: tuple[tuple[MemberState, bytes], ...],
) -> None:
    first, expected = read(EMPTY, *order), read(EMPTY, *DISPUTED)

    assert claimants(first) == []
    assert snapshot_of(first).id == snapshot_of(expected).id
    assert first.floors == expected.floors
    for listed in first.lists.values():
        assert [one.name for one in listed.services] == ["Example own"]
        assert [(one.name, one.untrusted) for one in listed.untrusted] == [
            ("Example claim", "several states list this issuer")
        ]


@pytest.mark.parametrize("order", list(permutations(DISPUTED)))
def test_a_disputed_issuer_stays_disputed_after_a_restart_and_with_newer_lists(
    order: tuple[tuple[MemberState, bytes], ...],
) -> None:
    before = read(EMPTY, *DISPUTED)

    assert snapshot_of(read(restarted(before), *order)).id == snapshot_of(before).id
    assert claimants(read(restarted(before), claim(TH, 2))) == []  # while the other claimants' lists are not there
    assert claimants(read(later(before), claim(TH, 2))) == []


@pytest.mark.parametrize("again", [restarted, later])
def test_a_dispute_ends_when_all_but_one_give_the_issuer_up(again: Callable[[TrustedSet], TrustedSet]) -> None:
    before = read(EMPTY, claim(SG), claim(TH))
    gave_up = (SG, edition(2, service(issuer="https://new.sg.example")))

    for order in ((gave_up, claim(TH)), (claim(TH), gave_up)):
        after = read(again(before), *order)
        assert claimants(after) == [TH]
        assert [entry.untrusted for entry in after.lists[TH].untrusted] == []


def test_a_disputed_key_that_ended_is_remembered() -> None:
    ended = service("claim", status=statuses(("granted", "2026-01-01"), ("compromised", "2026-06-01")))
    disputed = read(EMPTY, (SG, edition(1, ended)), claim(TH))

    assert refusal(disputed, edition(2, service("claim"))).code == "trust.history_rewritten"


@pytest.mark.parametrize("again", [restarted, later])
def test_an_issuer_stays_with_the_state_that_held_it_before(again: Callable[[TrustedSet], TrustedSet]) -> None:
    for order in (((SG, SEVEN), claim(TH)), (claim(TH), (SG, SEVEN)), (claim(TH), (SG, edition(8)))):
        both = read(again(HELD), *order)
        assert claimants(both) == [SG]
        assert [one.name for one in both.lists[TH].services] == ["Example own"]
        assert [(entry.name, entry.untrusted) for entry in both.lists[TH].untrusted] == [
            ("Example claim", "another state speaks for this issuer")
        ]


def test_what_another_process_learned_of_an_issuer_counts_for_what_this_one_holds() -> None:
    elsewhere = replace(restarted(HELD), floors={**HELD.floors, **read(EMPTY, claim(TH)).floors})

    assert claimants(elsewhere.holding(HELD)) == []


def test_naming_a_neighbours_next_issuer_first_does_not_block_the_neighbours_list() -> None:
    planned = "https://next.sg.example"
    squatted = later(
        HELD.with_list(edition(1, service(issuer=planned, keys=(OTHER_KEY,)), state=TH), state=TH, at=NOON)
    )

    listed = squatted.with_list(
        edition(8, service(), service("next", issuer=planned, keys=(OTHER_KEY,))), state=SG, at=NOON
    ).lists[SG]

    assert [one.name for one in listed.services] == ["Example login"]
    assert [entry.untrusted for entry in listed.untrusted] == ["another state speaks for this issuer"]


def test_an_issuer_that_its_state_gave_up_is_free_from_the_next_reading_on() -> None:
    gave_up = (SG, edition(8, service(issuer="https://new.sg.example")))

    assert claimants(read(later(read(later(HELD), gave_up)), claim(TH))) == [TH]
    for order in ((gave_up, claim(TH)), (claim(TH), gave_up)):
        assert claimants(read(later(HELD), *order)) == []


def test_a_list_read_again_after_a_restart_speaks_for_no_more_than_it_did_before() -> None:
    intruder = edition(1, service(keys=(OTHER_KEY,)), state=TH)
    both = later(HELD).with_list(intruder, state=TH, at=NOON)
    gave_up = both.with_list(edition(8, service(issuer="https://new.sg.example")), state=SG, at=NOON)

    fresh = restarted(gave_up).with_list(intruder, state=TH, at=NOON)

    assert fresh.lists[TH].services == ()
    back = fresh.with_list(edition(9, service("new", issuer="https://new.sg.example"), service("old", keys=(
        OTHER_KEY,
    ))), state=SG, at=NOON)  # fmt: skip
    assert LOGIN in {one.issuer for one in back.lists[SG].services}


def test_a_list_read_again_after_a_restart_is_remembered_as_it_is_understood_now() -> None:
    forgetful = restarted(HELD)
    floor = replace(HELD.floors[SG], ledger=MappingProxyType({}))
    fresh = replace(forgetful, floors={SG: floor}).with_list(SEVEN, state=SG, at=NOON)

    assert fresh.floors[SG] == HELD.floors[SG]


def test_the_way_of_distribution_is_named() -> None:
    other = replace(restarted(HELD), distribution="tuf").with_list(SEVEN, state=SG, at=NOON)

    assert other.lists[SG].provenance.distribution == "tuf"
    assert HELD.lists[SG].provenance.distribution == "plain"


def test_a_set_knows_no_arrangement_and_no_purpose_before_the_first() -> None:
    assert not HELD.arrangements.histories
    assert HELD.purposes.version == 0
    assert HELD.require_whole() is HELD


@pytest.mark.parametrize(
    ("sequence", "digest"), [(0, "a" * 64), (-1, "a" * 64), (1, ""), (1, "A" * 64), (1, "a" * 63), (1, "g" * 64)]
)
def test_a_floor_without_number_or_digest_is_none(sequence: int, digest: str) -> None:
    with pytest.raises(ValueError, match="floor"):
        Floor(sequence, digest)


def test_the_higher_of_two_floors_wins() -> None:
    low, high = Floor(1, "a" * 64), Floor(2, "b" * 64)

    assert low.highest(high) is high
    assert high.highest(low) is high
    assert low.highest(replace(low, digest="c" * 64)) is low


def test_a_list_of_another_state_is_not_taken_for_this_one() -> None:
    assert refusal(HELD, edition(8, state=TH)).code == "trust.signer_unknown"
    assert refusal(HELD, signed(lote(service(keys=(LOGIN_KEY,)), state=TH), by=SG)).code == "trust.territory_mismatch"
