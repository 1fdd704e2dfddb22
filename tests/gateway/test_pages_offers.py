"""What can be chosen: asked of the table of recognition, whatever becomes of lists and services."""

from dataclasses import replace
from datetime import timedelta

import pytest

from idbridge.model.region import AssuranceLevel, MemberState, ServiceType
from idbridge.model.trust import ServiceStatus, StatusPeriod
from idbridge.reasons import REASONS
from idbridge.recognition.table import ListedState, StateRow, recognition_table
from idbridge_gateway.pages import offers
from idbridge_gateway.pages.catalogue import catalogues
from idbridge_gateway.pages.offers import StateOffer, Why
from tests.gateway.asking import Node
from tests.gateway.logging_in import PROVIDERS


def row_of(node: Node, state: MemberState, **changes: object) -> StateRow:
    """The row of a state of which something has changed."""
    current = node.app.state.trust.current()
    [listed] = [one for one in current.snapshot.listed_states() if one.member_state is state]
    [row] = recognition_table(
        (replace(listed, **changes),),
        standings=current.verifier.standings,
        by=MemberState.TH,
        purpose="account-opening",
        at=node.clock.now(),
    )
    return row


def offered(row: StateRow, *, required: AssuranceLevel = AssuranceLevel.A2) -> StateOffer:
    return offers.state_offer(row, required, PROVIDERS)


def test_a_state_whose_list_is_gone_is_named_with_what_to_do(node: Node) -> None:
    for code in ("trust.refused", "trust.not_configured"):
        [row] = recognition_table(
            (ListedState(MemberState.SG, None, (), code),),
            standings=node.app.state.trust.current().verifier.standings,
            by=MemberState.TH,
            purpose="account-opening",
            at=node.clock.now(),
        )
        one = offered(row)
        assert (one.open, one.why, one.providers) == (False, Why("selector.why_list"), ())
        assert one.ways == ("selector.way_counter", "selector.way_other")


def test_a_list_that_is_out_of_date_offers_nothing(node: Node) -> None:
    one = offered(row_of(node, MemberState.SG, stale_from=node.clock.now()))

    assert (one.open, one.why) == (False, Why("selector.why_list"))


def test_a_state_that_is_denied_is_said_to_be(node: Node) -> None:
    one = offered(row_of(node, MemberState.SG, denied_until=node.clock.now() + timedelta(hours=1)))

    assert (one.open, one.why) == (False, Why("selector.why_denied"))


@pytest.mark.parametrize(
    ("status", "key"),
    [
        (ServiceStatus.WITHDRAWN, "selector.why_ended"),
        (ServiceStatus.COMPROMISED, "selector.why_denied"),
        (ServiceStatus.SUPERSEDED, "selector.why_ended"),
    ],
)
def test_a_service_that_ended_is_shown_with_the_reason(node: Node, status: ServiceStatus, key: str) -> None:
    [listed] = [
        one for one in node.app.state.trust.current().snapshot.listed_states() if one.member_state is MemberState.KH
    ]
    ended = tuple(
        replace(service, history=(StatusPeriod(status, service.history[-1].validity),))
        for service in listed.services
        if service.service_type is ServiceType.LOGIN
    )
    one = offered(row_of(node, MemberState.KH, services=ended))

    assert [provider.why for provider in one.providers] == [Why(key)]
    assert (one.open, one.why) == (False, Why("selector.why_none_does"))


def test_services_that_do_come_first_and_the_higher_level_before_the_lower(node: Node) -> None:
    one = offered(row_of(node, MemberState.SG))

    assert [(provider.id, str(provider.level)) for provider in one.providers] == [
        ("lionpass", "A3"), ("lioncorp", "A2"), ("", "A3"),
    ]  # fmt: skip
    assert one.providers[-1].why == Why("selector.why_unconnected")
    assert offers.chosen((one,), "lioncorp") == one.providers[1]
    assert offers.chosen((one,), "") is None


def test_a_wallet_is_no_way_where_it_does_not_reach_the_level(node: Node) -> None:
    laos = row_of(node, MemberState.LA)

    assert "selector.way_wallet" in offered(laos).ways
    assert "selector.way_wallet" not in offered(laos, required=AssuranceLevel.A3).ways


def test_every_reason_that_the_table_gives_has_words(node: Node) -> None:
    assert set(offers.WORDS) <= REASONS.keys()
    assert set(offers.WORDS.values()) <= catalogues()["en"].sentences.keys()
    current = node.app.state.trust.current()
    for by in MemberState:
        for purpose in current.snapshot.purposes.purposes:
            told = offers.offers(
                current, provider_ids=PROVIDERS, by=by, purpose=purpose, required=AssuranceLevel.A1, at=node.clock.now()
            )
            assert {one.state for one in told} == set(MemberState)
            assert all(one.open is not bool(one.ways) for one in told)
