"""A login whose arrangement changes under way ends at the relying party with the reason that the arrangement gives."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from idbridge.model.region import AssuranceLevel, MemberState
from idbridge.recognition.arrangement import ArrangementStatus
from idbridge_gateway.node import NodeState
from idbridge_gateway.oidc.completion import Consent
from tests.gateway.providing import Bank, bank_in, error_of, told
from tests.gateway.test_resources import shown

PAIR = MemberState.TH, MemberState.SG


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


def rearranged(bank: Bank, rule: dict[str, Any] | None = None, **version: Any) -> None:
    """Put a further version of the arrangement in force, with changes to it or to the rule of Thailand."""
    trust, at = bank.node.app.state.trust, bank.node.clock.now()
    snapshot = trust.current().snapshot
    history = snapshot.arrangements.between(*PAIR)
    last = history.latest
    rules = MappingProxyType({**last.rules, PAIR: tuple(replace(one, **(rule or {})) for one in last.rules[PAIR])})
    further = replace(last, version=last.version + 1, effective_from=at, rules=rules, **version)
    histories = {**snapshot.arrangements.histories, last.id: replace(history, versions=(*history.versions, further))}
    arrangements = replace(snapshot.arrangements, histories=MappingProxyType(histories))
    assert trust.exchange(state_with(trust.current(), replace(snapshot, id="later", arrangements=arrangements)))


def state_with(state: NodeState, snapshot: Any) -> NodeState:
    return NodeState(snapshot, type(state.verifier)(trust=snapshot, status=state.verifier.status))


ENDED: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "suspended": ({}, {"status": ArrangementStatus.SUSPENDED}, "access_denied", "recognition.suspended"),
    "repealed": ({}, {"status": ArrangementStatus.REPEALED}, "access_denied", "recognition.repealed"),
    "without the purpose": (
        {"purposes": frozenset({"age-check"})}, {}, "access_denied", "recognition.purpose_not_allowed",
    ),
    "at a lower level, where that was not demanded": (
        {"levels": MappingProxyType({AssuranceLevel.A2: AssuranceLevel.A2, AssuranceLevel.A3: AssuranceLevel.A2})}, {},
        "login_required", "time.too_old",
    ),
    "with fewer claims": ({"claims": frozenset({"name"})}, {}, "login_required", "time.too_old"),
}  # fmt: skip


@pytest.mark.parametrize("what", ENDED)
def test_between_consent_page_and_yes(bank: Bank, what: str) -> None:
    rule, version, error, code = ENDED[what]
    name = bank.begin()
    bank.complete(name, bank.report())
    rearranged(bank, rule, **version)

    answer = told(bank.complete(name, Consent.YES))
    assert answer["error"] == error
    assert "code" not in answer
    assert answer["error_description"] == f"the login does not stand any more: {code}"


def test_what_is_said_of_a_provider_or_a_login_itself_is_named_to_no_browser(bank: Bank) -> None:
    name = bank.begin()
    bank.complete(name, bank.report())
    at = bank.node.clock.now()
    ended = bank.node.region.with_status("sg-login", "withdrawn", at=at).snapshot(at=at)
    assert bank.node.app.state.trust.exchange(state_with(bank.node.app.state.trust.current(), ended))

    answer = told(bank.complete(name, Consent.YES))
    assert (answer["error"], answer["error_description"]) == ("access_denied", "the login does not stand any more")


@pytest.mark.parametrize("what", ENDED)
def test_between_yes_and_token(bank: Bank, what: str) -> None:
    rule, version, _, code = ENDED[what]
    given = bank.code()
    rearranged(bank, rule, **version)

    assert error_of(bank.redeem(given)) == ("invalid_grant", code)


def test_between_token_and_userinfo(bank: Bank) -> None:
    token = bank.redeem(bank.code()).json()["access_token"]
    assert shown(bank, token).status_code == 200
    rearranged(bank, status=ArrangementStatus.SUSPENDED)

    assert error_of(shown(bank, token), 401) == ("invalid_token", "recognition.suspended")


def test_a_login_stands_where_nothing_of_its_own_arrangement_changed(bank: Bank) -> None:
    given = bank.code()
    trust = bank.node.app.state.trust
    assert trust.exchange(state_with(trust.current(), replace(trust.current().snapshot, id="later")))

    assert bank.redeem(given).status_code == 200
