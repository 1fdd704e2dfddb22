"""How fresh a list is, by its next update and the region's timestamp, what may be put up with, and what is shown."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from idbridge.errors import IssuerError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState, ServiceType
from idbridge.recognition.standing import Standings
from idbridge.recognition.table import StateRow, recognition_table
from idbridge.trust.deny_entry import STATE_TARGET, service_target
from idbridge.trust.freshness import RegionalFreshness
from idbridge.trust.resolver import KeyResolver
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.trust.trusted_set import TrustedSet
from tests.trust.agreements import arrangement, purposes
from tests.trust.denying import LOGIN_TARGET, denial, officers
from tests.trust.editions import (
    DAY,
    HOUR,
    LOGIN,
    LOGIN_KEY,
    NOON,
    OTHER_KEY,
    SG,
    TH,
    edition,
    service,
    statuses,
    trusted,
)
from tests.trust.test_denials import LAPSE, denying
from tests.trust.test_resolver import code_of, resolved, unverified

SECOND = timedelta(seconds=1)
DUE = NOON - HOUR + 30 * DAY
HELD = trusted(edition(1))


def timestamp(*, signed_at: datetime = NOON, expires: datetime) -> RegionalFreshness:
    return RegionalFreshness(signed_at, expires, 1, 1, 1, "0" * 64)


def over(held: TrustedSet = HELD, **regional: Any) -> TrustSnapshot:
    return snapshot_of(held, regional=timestamp(**regional) if regional else None)


def test_a_list_is_fresh_until_its_next_update_or_the_end_of_the_timestamp_whichever_is_first() -> None:
    assert over().stale_from(SG) == DUE
    assert over(expires=DUE + DAY).stale_from(SG) == DUE
    assert over(expires=NOON + DAY).stale_from(SG) == NOON + DAY
    with pytest.raises(TrustError) as caught:
        over().stale_from(TH)
    assert caught.value.code == "trust.not_configured"


def test_an_expired_timestamp_makes_a_list_stale_that_is_in_date() -> None:
    resolver = KeyResolver(over(expires=NOON + DAY))

    assert resolved(resolver, at=NOON + DAY - SECOND).until == NOON + DAY
    for _ in range(2):  # the second time from memory
        assert code_of(resolver, at=NOON + DAY) == "trust.stale"


def test_a_list_may_be_late_by_what_the_caller_allows_and_no_second_more() -> None:
    snapshot = over()

    for grace, at, good in (
        (timedelta(0), DUE - SECOND, True),
        (timedelta(0), DUE, False),
        (HOUR, DUE + HOUR, True),
        (HOUR, DUE + HOUR + SECOND, False),
    ):
        if good:
            assert snapshot.require_current(SG, at=at, grace=grace).member_state is SG
            continue
        with pytest.raises(TrustError) as caught:
            snapshot.require_current(SG, at=at, grace=grace)
        assert caught.value.code == "trust.stale"


def test_what_was_found_in_a_late_list_is_not_remembered_for_others() -> None:
    resolver = KeyResolver(over())

    found = resolver.resolve(unverified=unverified(), credential_type=None, at=DUE + HOUR, grace=HOUR)
    assert found.key.kid == "login-1"
    assert not resolver._answers
    assert code_of(resolver, at=DUE + HOUR) == "trust.stale"


def test_a_late_list_still_ends_what_it_ended() -> None:
    ended = statuses(("granted", "2026-01-01"), ("withdrawn", "2026-12-24"))
    resolver = KeyResolver(over(trusted(edition(1, service(status=ended)))))

    with pytest.raises(IssuerError) as caught:
        resolver.resolve(unverified=unverified(), credential_type=None, at=DUE + HOUR, grace=DAY)
    assert caught.value.code == "issuer.withdrawn"


def test_grace_ends_a_day_after_the_last_timestamp() -> None:
    plain, regional = over(), over(expires=NOON + 30 * DAY)
    last = NOON + LIMITS.deny_freshness

    assert plain.grace_ends() is None
    assert plain.longest_grace(at=NOON) == timedelta(0)  # nobody knows how fresh its denials are
    assert regional.grace_ends() == last
    assert regional.longest_grace(at=last) == LIMITS.grace_low
    assert regional.longest_grace(at=last + SECOND) == timedelta(0)


# The table says what a credential would meet


def row(snapshot: TrustSnapshot, *, at: datetime = NOON, state: MemberState = SG) -> StateRow:
    standings = Standings(snapshot.arrangements, snapshot.purposes, observers=frozenset())
    rows = recognition_table(snapshot.listed_states(), standings=standings, by=TH, purpose="age-check", at=at)
    return next(one for one in rows if one.member_state is state)


def agreed(*services: dict[str, Any]) -> TrustedSet:
    """Singapore's list, recognised by Thailand."""
    listed = services or (service(),)
    return trusted(edition(1, *listed)).with_arrangement(arrangement()).with_purposes(purposes())


def test_all_eleven_states_stand_in_the_table_in_one_order() -> None:
    states = snapshot_of(HELD, states_without_list={MemberState.TL: "trust.refused"}).listed_states()

    assert [one.member_state for one in states] == sorted(MemberState)
    assert [one.code for one in states if one.member_state in (SG, MemberState.TL)] == [None, "trust.refused"]


def test_the_table_calls_a_list_stale_when_the_pipeline_does() -> None:
    assert row(over(agreed())).code is None
    assert row(over(agreed()), at=DUE).code == "trust.stale"
    assert row(over(agreed(), expires=NOON + DAY), at=NOON + DAY - SECOND).code is None
    assert row(over(agreed(), expires=NOON + DAY), at=NOON + DAY).code == "trust.stale"


@pytest.mark.parametrize("target", [LOGIN_TARGET, service_target(LOGIN, ServiceType.LOGIN), STATE_TARGET])
def test_the_table_calls_denied_what_the_pipeline_denies(target: Any) -> None:
    snapshot = over(denying(agreed(), denial(officers(TH, MemberState.KH), target=target)))

    assert row(snapshot).code == "issuer.denied"
    assert row(snapshot, at=LAPSE - SECOND).code == "issuer.denied"
    assert row(snapshot, at=LAPSE).code is None
    assert code_of(KeyResolver(snapshot)) == "issuer.denied"


def test_a_service_with_a_key_that_is_not_denied_is_still_recognised() -> None:
    two = agreed(service(keys=(LOGIN_KEY, OTHER_KEY)))

    assert row(over(denying(two, denial()))).code is None
    assert code_of(KeyResolver(over(denying(two, denial())))) == "issuer.denied"


def test_a_denied_state_without_list_is_called_denied() -> None:
    denied = denying(agreed(), denial(target=STATE_TARGET))
    gone = TrustedSet(
        denied.environment, denied.pins, denied.floors, purpose_register=denied.purposes, denials=denied.denials
    )

    assert row(snapshot_of(gone)).code == "issuer.denied"
    assert row(snapshot_of(gone), state=TH).code == "trust.not_configured"
