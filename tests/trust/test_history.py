"""Status in order, and a past that only grows: attack 59 of the trust-list catalogue, and revived services."""

from datetime import UTC, datetime
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.errors import TrustError
from idbridge.model.trust import ServiceStatus
from idbridge.trust import history
from idbridge.trust.history import SEVERITY, History, continues, periods
from tests.trust.editions import NOON, SG, edition, lote, refusal, service, signed, statuses, trusted

GRANTED, SUPERSEDED, WITHDRAWN, COMPROMISED = ServiceStatus
HELD = trusted(edition(6))


def told(*entries: tuple[ServiceStatus, int]) -> History:
    """The history of statuses by the month of 2026 in which they begin; 13 is January of 2027."""
    return periods(tuple((status, month(number)) for status, number in entries))


def month(number: int) -> datetime:
    return datetime(2026 + (number - 1) // 12, (number - 1) % 12 + 1, 1, tzinfo=UTC)


def code_of(*entries: tuple[str, str]) -> str:
    """The code with which a list whose service tells this history is refused."""
    return refusal(HELD, signed(lote(service(status=statuses(*entries))))).code


@pytest.mark.parametrize(
    "entries",
    [
        [("granted", "2026-03-01"), ("superseded", "2026-01-01")],
        [("granted", "2026-03-01"), ("superseded", "2026-03-01")],
        [("granted", "2026-01-01"), ("granted", "2026-03-01")],
        [("superseded", "2026-01-01")],
        [("withdrawn", "2026-01-01")],
        [("superseded", "2026-01-01"), ("granted", "2026-03-01")],
        [("granted", "2026-01-01"), ("superseded", "2026-02-01"), ("granted", "2026-03-01")],
        [("granted", "2026-01-01"), ("withdrawn", "2026-02-01"), ("granted", "2026-03-01")],
        [("granted", "2026-01-01"), ("withdrawn", "2026-02-01"), ("superseded", "2026-03-01")],
        [("granted", "2026-01-01"), ("compromised", "2026-02-01"), ("granted", "2026-03-01")],
        [("granted", "2026-01-01"), ("compromised", "2026-02-01"), ("withdrawn", "2026-03-01")],
        [("compromised", "2026-01-01"), ("granted", "2026-03-01")],
    ],
    ids=str,
)
def test_a_history_that_repeats_runs_backwards_or_gets_better_is_refused(entries: list[tuple[str, str]]) -> None:
    assert code_of(*entries) == "trust.status_order"


def test_a_status_may_get_worse_all_the_way() -> None:
    worse = service(status=statuses(
        ("granted", "2026-01-01"), ("superseded", "2026-02-01"),
        ("withdrawn", "2026-03-01"), ("compromised", "2026-04-01"),
    ))  # fmt: skip

    (listed,) = HELD.with_list(signed(lote(worse)), state=SG, at=NOON).lists[SG].services

    assert [period.status for period in listed.history] == list(ServiceStatus)
    for earlier, later in zip(listed.history, listed.history[1:], strict=False):
        assert earlier.validity.end == later.validity.start
    assert listed.history[-1].validity.end is None


def test_a_service_that_was_never_good_may_begin_compromised() -> None:
    never = service(status=statuses(("compromised", "2026-01-01")))

    assert HELD.with_list(signed(lote(never)), state=SG, at=NOON).lists[SG].services


def test_an_empty_history_is_none() -> None:
    with pytest.raises(TrustError) as caught:
        periods(())

    assert caught.value.code == "trust.status_order"


@given(st.lists(st.tuples(st.sampled_from(ServiceStatus), st.integers(1, 12)), min_size=1, max_size=5))
def test_a_history_is_in_order_exactly_if_it_begins_well_and_both_time_and_status_move_on(
    entries: list[tuple[ServiceStatus, int]],
) -> None:
    begins = entries[0][0] in (GRANTED, COMPROMISED)
    moves = all(month(one[1]) < month(two[1]) and SEVERITY[one[0]] < SEVERITY[two[0]] for one, two in pairwise(entries))
    try:
        told(*entries)
    except TrustError as refused:
        assert refused.code == "trust.status_order"  # noqa: PT017 - both outcomes are the claim
        assert not (begins and moves)
    else:
        assert begins
        assert moves


AT = month(6)


@pytest.mark.parametrize(
    ("held", "offered"),
    [
        ([(GRANTED, 1)], [(GRANTED, 2)]),
        ([(GRANTED, 2)], [(GRANTED, 1)]),
        ([(GRANTED, 1), (SUPERSEDED, 3)], [(GRANTED, 1)]),
        ([(GRANTED, 1), (WITHDRAWN, 3)], [(GRANTED, 1)]),
        ([(GRANTED, 1), (WITHDRAWN, 3)], [(GRANTED, 1), (WITHDRAWN, 4)]),
        ([(GRANTED, 1), (WITHDRAWN, 3)], [(GRANTED, 1), (WITHDRAWN, 2)]),
        ([(GRANTED, 1), (WITHDRAWN, 3)], [(GRANTED, 1), (SUPERSEDED, 3)]),
        ([(GRANTED, 1), (COMPROMISED, 3)], [(GRANTED, 1)]),
        ([(GRANTED, 1), (COMPROMISED, 3)], [(GRANTED, 1), (WITHDRAWN, 3)]),
        ([(GRANTED, 1), (COMPROMISED, 3)], [(GRANTED, 1), (COMPROMISED, 4)]),
        ([(GRANTED, 1), (COMPROMISED, 3)], [(GRANTED, 2), (COMPROMISED, 3)]),
        ([(GRANTED, 1), (SUPERSEDED, 3), (WITHDRAWN, 5)], [(GRANTED, 1), (SUPERSEDED, 3)]),
        ([(GRANTED, 1), (SUPERSEDED, 3), (WITHDRAWN, 5)], [(GRANTED, 1), (WITHDRAWN, 5)]),
        ([(COMPROMISED, 1)], [(GRANTED, 1)]),
        ([(COMPROMISED, 1)], [(COMPROMISED, 2)]),
    ],
    ids=str,
)
def test_what_has_begun_stays_as_it_was_published(
    held: list[tuple[ServiceStatus, int]], offered: list[tuple[ServiceStatus, int]]
) -> None:
    assert not continues(told(*held), told(*offered), at=AT)


@pytest.mark.parametrize(
    ("held", "offered"),
    [
        ([(GRANTED, 1)], [(GRANTED, 1)]),
        ([(GRANTED, 1)], [(GRANTED, 1), (SUPERSEDED, 8)]),
        ([(GRANTED, 1)], [(GRANTED, 1), (WITHDRAWN, 3)]),
        ([(GRANTED, 1), (SUPERSEDED, 8)], [(GRANTED, 1)]),
        ([(GRANTED, 1), (SUPERSEDED, 8)], [(GRANTED, 1), (SUPERSEDED, 10)]),
        ([(GRANTED, 8)], [(GRANTED, 2)]),
        ([(GRANTED, 1), (SUPERSEDED, 3)], [(GRANTED, 1), (SUPERSEDED, 3), (WITHDRAWN, 4)]),
        ([(GRANTED, 1)], [(COMPROMISED, 1)]),
        ([(GRANTED, 2)], [(COMPROMISED, 1)]),
        ([(GRANTED, 1), (SUPERSEDED, 3)], [(GRANTED, 1), (COMPROMISED, 2)]),
        ([(GRANTED, 1), (SUPERSEDED, 3)], [(GRANTED, 1), (COMPROMISED, 3)]),
        ([(GRANTED, 1), (SUPERSEDED, 3), (WITHDRAWN, 5)], [(GRANTED, 1), (SUPERSEDED, 3), (COMPROMISED, 4)]),
        ([(GRANTED, 1), (COMPROMISED, 3)], [(GRANTED, 1), (COMPROMISED, 2)]),
        ([(COMPROMISED, 3)], [(COMPROMISED, 2)]),
    ],
    ids=str,
)
def test_what_is_to_come_may_change_and_compromise_reaches_back(
    held: list[tuple[ServiceStatus, int]], offered: list[tuple[ServiceStatus, int]]
) -> None:
    assert continues(told(*held), told(*offered), at=AT)


def histories() -> list[History]:
    """Every history of up to three statuses over four months."""
    found = []
    for length in (1, 2, 3):
        for statuses_ in product(ServiceStatus, repeat=length):
            for months in product((1, 3, 5, 9), repeat=length):
                try:
                    found.append(told(*zip(statuses_, months, strict=True)))
                except TrustError:
                    continue
    return found


ALL = histories()


def severity_at(one: History, instant: datetime) -> int:
    """How bad ``one`` is at ``instant``; before it begins it is worth nothing at all."""
    status = [period.status for period in one if period.validity.start <= instant]
    return SEVERITY[status[-1]] if status else 9


@given(held=st.sampled_from(ALL), offered=st.sampled_from(ALL), instant=st.sampled_from(range(1, 7)))
@settings(max_examples=500)
def test_what_continues_a_past_never_makes_any_past_instant_better(
    held: History, offered: History, instant: int
) -> None:
    settled = held[0].validity.start <= AT
    if settled and continues(held, offered, at=AT):
        assert severity_at(offered, month(instant)) >= severity_at(held, month(instant)) or (
            offered[0].status is COMPROMISED
        )


@given(st.sampled_from(ALL))
def test_every_history_continues_itself(one: History) -> None:
    assert continues(one, one, at=AT)


def test_what_begins_at_this_very_instant_has_begun() -> None:
    assert not continues(told((GRANTED, 1), (WITHDRAWN, 6)), told((GRANTED, 1)), at=AT)
    assert continues(told((GRANTED, 1), (WITHDRAWN, 7)), told((GRANTED, 1)), at=AT)


def test_the_severity_of_a_history_is_that_of_its_last_status() -> None:
    assert history.severity(told((GRANTED, 1))) == 0
    assert history.severity(told((GRANTED, 1), (WITHDRAWN, 9))) == SEVERITY[WITHDRAWN]
