"""No key comes back: what a state once ended or dropped stays over, in whatever edition, role or entry."""

from typing import Any

import pytest

from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.trust import ledger
from idbridge.trust.errors import HistoryRewrittenError
from idbridge.trust.ledger import Line
from tests.trust.editions import (
    LOGIN,
    LOGIN_KEY,
    NOON,
    OTHER_KEY,
    SERVICE,
    SG,
    attestation,
    changed,
    edition,
    lote,
    refusal,
    service,
    signed,
    statuses,
    trusted,
)

GRANTED = statuses(("granted", "2026-01-01"))
SUPERSEDED = statuses(("granted", "2026-01-01"), ("superseded", "2026-03-01"))
WITHDRAWN = statuses(("granted", "2026-01-01"), ("withdrawn", "2026-03-01"))
COMPROMISED = statuses(("granted", "2026-01-01"), ("compromised", "2026-03-01"))
ENDS = {"superseded": SUPERSEDED, "withdrawn": WITHDRAWN, "compromised": COMPROMISED}
NEWCOMER = service("newcomer", keys=(generate("ES256", "new-1"),))


@pytest.mark.parametrize("end", ENDS)
def test_an_ended_service_is_never_granted_again(end: str) -> None:
    held = trusted(edition(1, service()), edition(2, service(status=ENDS[end])))

    refused = refusal(held, edition(3, service()))

    assert isinstance(refused, HistoryRewrittenError)
    assert refused.code == "trust.history_rewritten"
    assert refused.key == held.lists[SG].services[0].keys[0].thumbprint


@pytest.mark.parametrize("end", ENDS)
def test_an_ended_key_does_not_come_back_under_another_issuer_type_or_name(end: str) -> None:
    held = trusted(edition(1, service(status=ENDS[end])))
    guises: list[dict[str, Any]] = [
        service("new", issuer="https://new.sg.example"),
        attestation(keys=(LOGIN_KEY,)),
        service(credential_types=[], name={"en": "Renamed"}),
    ]

    for guise in guises:
        assert refusal(held, edition(2, guise)).code == "trust.history_rewritten"


def test_an_ended_service_may_leave_the_list_and_stays_over() -> None:
    held = trusted(edition(1, service(status=WITHDRAWN)), edition(2, NEWCOMER))

    assert [one.name for one in held.lists[SG].services] == ["Example newcomer"]
    assert refusal(held, edition(3, service(), NEWCOMER)).code == "trust.history_rewritten"
    assert refusal(held, edition(3, service(status=SUPERSEDED), NEWCOMER)).code == "trust.history_rewritten"


def test_what_a_list_drops_is_over_for_good() -> None:
    held = trusted(edition(1, service(), NEWCOMER), edition(2, NEWCOMER))

    assert refusal(held, edition(3, service(), NEWCOMER)).code == "trust.history_rewritten"
    assert refusal(held, edition(3, attestation(keys=(LOGIN_KEY,)), NEWCOMER)).code == "trust.history_rewritten"
    assert refusal(held, edition(3, service(status=SUPERSEDED), NEWCOMER)).code == "trust.history_rewritten"


def test_what_was_dropped_may_be_listed_as_ended_and_still_never_comes_back() -> None:
    held = trusted(
        edition(1, service(), NEWCOMER), edition(2, NEWCOMER), edition(3, service(status=WITHDRAWN), NEWCOMER)
    )

    assert refusal(held, edition(4, service(), NEWCOMER)).code == "trust.history_rewritten"
    again = held.with_list(edition(4, service(status=WITHDRAWN)), state=SG, at=NOON)
    assert again.floors[SG].sequence == 4


@pytest.mark.parametrize("start", ["2025-12-01", "2026-02-01"])
def test_the_start_of_a_service_does_not_move(start: str) -> None:
    held = trusted(edition(1, service()))

    assert refusal(held, edition(2, service(status=statuses(("granted", start))))).code == "trust.history_rewritten"


def test_a_compromise_may_reach_back_and_not_forward_again() -> None:
    held = trusted(edition(1, service()), edition(2, service(status=COMPROMISED)))
    earlier = statuses(("granted", "2026-01-01"), ("compromised", "2026-02-01"))

    held = held.with_list(edition(3, service(status=earlier)), state=SG, at=NOON)

    assert refusal(held, edition(4, service(status=COMPROMISED))).code == "trust.history_rewritten"


def test_a_key_in_good_standing_may_move_and_back() -> None:
    moved = service("moved", issuer="https://new.sg.example")
    held = trusted(edition(1, service()), edition(2, moved))

    assert [one.issuer for one in held.lists[SG].services] == ["https://new.sg.example"]
    assert held.with_list(edition(3, moved), state=SG, at=NOON).floors[SG].sequence == 3
    assert held.with_list(edition(3, service()), state=SG, at=NOON).floors[SG].sequence == 3
    later = service(status=statuses(("granted", "2026-02-01")))
    assert refusal(held, edition(3, later)).code == "trust.history_rewritten"


def test_a_key_in_two_roles_ends_in_each_by_itself() -> None:
    both = (service(), attestation(keys=(LOGIN_KEY,)))
    held = trusted(edition(1, *both), edition(2, service(status=WITHDRAWN), both[1]))

    assert len(held.lists[SG].services) == 2
    assert refusal(held, edition(3, *both)).code == "trust.history_rewritten"
    assert refusal(held, edition(3, both[1])).code == "trust.history_rewritten"
    assert held.with_list(edition(3, service(status=WITHDRAWN), both[1]), state=SG, at=NOON).floors[SG].sequence == 3


def test_one_key_for_several_types_may_gain_and_lose_an_entry() -> None:
    first = attestation()
    second = attestation("card", credential_types=["urn:example:card"], status=statuses(("granted", "2026-05-01")))
    held = trusted(edition(1, first))

    for number, services in enumerate([(first, second), (second,), (second, NEWCOMER), (second,)], start=2):
        held = held.with_list(edition(number, *services), state=SG, at=NOON)

    ended = attestation("card", credential_types=["urn:example:card"], status=statuses(
        ("granted", "2026-05-01"), ("superseded", "2026-06-01")
    ))  # fmt: skip
    held = held.with_list(edition(6, first, ended), state=SG, at=NOON)
    assert refusal(held, edition(7, first)).code == "trust.history_rewritten"


def test_one_key_for_several_types_does_not_swap_its_past() -> None:
    first = attestation()
    swapped = attestation(status=statuses(("granted", "2026-04-01")))
    held = trusted(edition(1, first))

    assert refusal(held, edition(2, swapped)).code == "trust.history_rewritten"


def test_an_entry_that_is_not_understood_for_a_while_neither_ends_nor_revives() -> None:
    def unknown(number: int, *services: dict[str, Any]) -> bytes:
        document = lote(*services, sequence=number)
        return signed(changed(document, *SERVICE, "ServiceTypeIdentifier", to="urn:idbridge:service:new"))

    held = trusted(edition(1, service()), unknown(2, service()))
    assert held.lists[SG].services == ()
    assert held.with_list(edition(3, service()), state=SG, at=NOON).lists[SG].services

    ended = trusted(edition(1, service(status=WITHDRAWN)), unknown(2, service()))
    assert refusal(ended, edition(3, service())).code == "trust.history_rewritten"


def test_the_memory_of_one_state_is_no_memory_of_another() -> None:
    held = trusted(edition(1, service(status=WITHDRAWN)))

    assert held.floors.keys() == {SG}


def test_more_than_a_node_can_remember_is_refused() -> None:
    told = ledger.extended(ledger.EMPTY, trusted(edition(1, attestation(keys=(OTHER_KEY,)))).lists[SG], at=NOON)
    (line,) = told.values()
    full = {(f"key-{number}", "type", LOGIN): Line(line.histories) for number in range(LIMITS.ledger_lines)}

    with pytest.raises(Exception, match="to remember") as caught:
        ledger.extended(full, trusted(edition(1, service())).lists[SG], at=NOON)

    assert caught.value.code == "trust.profile_violation"  # type: ignore[attr-defined]  # it is a TrustError
    del full["key-0", "type", LOGIN]
    assert len(ledger.extended(full, trusted(edition(1, service())).lists[SG], at=NOON)) == LIMITS.ledger_lines
