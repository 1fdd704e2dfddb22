"""The calendar: what ends when, and who has to be told while there is still time."""

from datetime import timedelta
from typing import Any

import pytest

from idbridge.crypto.certificates import Subject, make_authority
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.region import ServiceType
from idbridge.model.time import Validity
from idbridge.trust.deny import DenyBook
from idbridge.trust.deny_entry import STATE_TARGET, service_target
from idbridge.trust.freshness import RegionalFreshness
from idbridge.trust.operator.calendar import Due, DueKind, denial_dues, denied_thing, dues_of, in_order
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from tests.trust.agreements import arrangement
from tests.trust.denying import book, denial, listing, officers
from tests.trust.editions import (
    DAY,
    HOUR,
    LOGIN,
    NOON,
    TH,
    attestation,
    edition,
    lote,
    service,
    signed,
    statuses,
    trusted,
)

NEXT_KEY = generate("ES256", "login-2")


def due(begins: float, expires: float) -> Due:
    """Something that began and ends so many days from noon."""
    return Due(DueKind.LIST, "SG", "edition 1", NOON + begins * DAY, NOON + expires * DAY)


def of_kind(kind: DueKind, snapshot: TrustSnapshot) -> list[tuple[str, str]]:
    return [(one.state, one.subject) for one in dues_of(snapshot, at=NOON) if one.kind is kind]


def test_nothing_ends_before_it_begins() -> None:
    with pytest.raises(ValueError, match="begun before"):
        due(1, 0)


@pytest.mark.parametrize(
    ("begins", "expires", "expected"),
    [
        (-60, 30, True),
        (-60, 30 + 1 / 86_400, False),
        (-2 / 3, 1 / 3, True),
        (-2 / 3, 1 / 3 + 1 / 86_400, False),
        (-5_000, 180, True),
        (-5_000, 181, False),
        (-10, -1, True),
        (10, 40, False),
    ],
)
def test_the_alarm_is_raised_for_the_last_third_and_half_a_year_at_most(
    begins: float, expires: float, expected: bool
) -> None:
    assert due(begins, expires).is_due(NOON) is expected


@pytest.mark.parametrize(
    ("expires", "bucket"),
    [(0, "overdue"), (0.1, "7"), (7, "7"), (7.1, "30"), (30, "30"), (90, "90"), (180, "180"), (180.1, "later")],
)
def test_every_end_has_a_bucket(expires: float, bucket: str) -> None:
    assert due(-1, expires).bucket(NOON) == bucket
    assert due(-1, expires).document(NOON)["bucket"] == bucket


def test_what_ends_first_comes_first_and_what_is_due_is_never_left_out() -> None:
    soon, due_later, far = due(0, 10), due(-300, 100), due(0, 400)

    assert in_order((far, due_later, soon), at=NOON) == (soon, due_later, far)
    assert in_order((far, due_later, soon), at=NOON, within=20 * DAY) == (soon, due_later)


def test_lists_are_in_the_calendar_with_their_edition() -> None:
    held = trusted(edition(7)).with_list(edition(3, state=TH), state=TH, at=NOON)

    assert of_kind(DueKind.LIST, snapshot_of(held)) == [("SG", "edition 7"), ("TH", "edition 3")]


def certified(**changes: Any) -> TrustSnapshot:
    life = Validity(NOON - 100 * DAY, NOON + 50 * DAY)
    authority = make_authority(generate("ES256"), subject=Subject("authority", "SG"), validity=life).certificate
    listed = attestation(keys=(), leaf_rule={"policy": "1.2.3"}, **changes)
    return snapshot_of(trusted(signed(lote(listed, certificates={"pid": (authority,)}))))


def test_certificates_of_services_in_use_are_in_the_calendar_and_no_others() -> None:
    over = certified(status=statuses(("granted", "2026-01-01"), ("withdrawn", "2026-11-01")))
    in_use = of_kind(DueKind.CERTIFICATE, certified())

    assert of_kind(DueKind.CERTIFICATE, over) == []
    assert [state for state, _ in in_use] == ["SG"]
    assert in_use[0][1].startswith("Example pid, serial ")


ENDING = statuses(("granted", "2026-01-01"), ("superseded", "2026-12-24"))


def test_a_service_that_nobody_goes_on_with_is_due_by_its_own_life() -> None:
    snapshot = snapshot_of(trusted(edition(7, service(status=ENDING))))
    (found,) = (one for one in dues_of(snapshot, at=NOON) if one.kind is DueKind.SERVICE)

    assert found.is_due(NOON)
    assert of_kind(DueKind.KEY, snapshot) == []


def test_a_key_that_another_follows_on_has_only_its_overlap() -> None:
    follower = service("next", keys=(NEXT_KEY,), status=statuses(("granted", "2026-11-23")))
    snapshot = snapshot_of(trusted(edition(7, service(status=ENDING), follower)))
    (found,) = (one for one in dues_of(snapshot, at=NOON) if one.kind is DueKind.KEY)

    assert (found.subject, found.begins.day) == ("Example login", 23)
    assert not found.is_due(NOON)
    assert found.is_due(found.expires - 11 * DAY) is False
    assert found.is_due(found.expires - 10 * DAY)
    assert of_kind(DueKind.SERVICE, snapshot) == []


def test_an_end_that_has_come_is_not_in_the_calendar() -> None:
    over = service(status=statuses(("granted", "2026-01-01"), ("withdrawn", "2026-11-01")))
    snapshot = snapshot_of(trusted(edition(7, over, attestation())))

    assert {one.kind for one in dues_of(snapshot, at=NOON)} == {DueKind.LIST}


@pytest.mark.parametrize(
    ("status", "until", "expected"),
    [
        ("enacted", "2027-01-01T00:00:00Z", [("", "SG-TH v1")]),
        ("enacted", None, []),
        ("suspended", "2027-01-01T00:00:00Z", []),
    ],
)
def test_an_arrangement_with_an_end_is_in_the_calendar(
    status: str, until: str | None, expected: list[tuple[str, str]]
) -> None:
    held = trusted(edition(7)).with_arrangement(arrangement(status=status, until=until))

    assert of_kind(DueKind.ARRANGEMENT, snapshot_of(held)) == expected


def test_the_timestamp_of_the_region_is_due_after_two_thirds_of_its_day() -> None:
    regional = RegionalFreshness(NOON, NOON + 24 * HOUR, 1, 5, 3, "0" * 64)
    snapshot = snapshot_of(trusted(edition(7)), regional=regional)
    (found,) = (one for one in dues_of(snapshot, at=NOON) if one.kind is DueKind.ROLE)

    assert found.subject == "timestamp 5"
    assert not found.is_due(NOON + 16 * HOUR - timedelta(seconds=1))
    assert found.is_due(NOON + 16 * HOUR)


def test_a_denial_that_nobody_ratified_lapses_and_one_of_its_own_state_never_does() -> None:
    (lapsing,) = denial_dues(book(listing(1, denial(officers(TH)), denial(target=STATE_TARGET))), at=NOON)

    assert (lapsing.state, lapsing.expires) == ("SG", NOON - HOUR + LIMITS.deny_unratified)
    assert lapsing.subject.startswith("key ")
    assert lapsing.is_due(lapsing.expires - LIMITS.deny_alarm)
    assert not lapsing.is_due(lapsing.expires - LIMITS.deny_alarm - timedelta(seconds=1))
    assert denial_dues(DenyBook(), at=NOON) == ()


def test_what_a_denial_is_aimed_at_is_told_in_words() -> None:
    of_service = denial(target=service_target(LOGIN, ServiceType.LOGIN))
    told = [denied_thing(entry) for entry in book(listing(1, of_service, denial(target=STATE_TARGET))).in_force(NOON)]

    assert sorted(one.partition(", denial ")[0] for one in told) == [
        "service https://login.sg.example urn:idbridge:service:login",
        "state SG",
    ]
