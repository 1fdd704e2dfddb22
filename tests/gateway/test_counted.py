"""Verdicts count wherever a credential is judged: at logins, token exchanges and answers of wallets, once each."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.reasons import Indication
from idbridge.verify.report import Report
from idbridge_gateway.oidc.transaction import HeldTransaction
from tests.gateway.asking import LOGIN, REFUSED, Node
from tests.gateway.clocks import NOON
from tests.gateway.providing import Bank, bank_in, error_of
from tests.gateway.test_exchange import exchange, exchanging, form_of
from tests.gateway.wallets import Wallets

__all__ = ["exchanging"]
PASSED = (Indication.PASSED, MemberState.SG, None)


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


def counted(node: Node) -> dict[tuple[Indication, MemberState | None, str | None], int]:
    """What the node counted, whichever hour."""
    counts = asyncio.run(node.app.state.parts.stores.counted.since(0))
    return {(kind.indication, kind.state, kind.code): count for kind, count in counts.items()}


def failed(code: str) -> tuple[Indication, MemberState | None, str | None]:
    return (Indication.FAILED, MemberState.SG, code)


def login(bank: Bank, report: Report, **asked: str) -> str:
    """Begin a login and let the provider report; where the browser goes then."""
    return str(bank.complete(bank.begin(**asked), report).headers["location"])


def test_a_login_that_is_refused_is_counted_with_its_reason(bank: Bank) -> None:
    assert "error=access_denied" in login(bank, bank.report(case=REFUSED))

    assert counted(bank.node) == {failed("jose.signature_invalid"): 1}


def test_a_login_that_was_used_before_is_counted_as_a_replay(bank: Bank) -> None:
    report = bank.report()
    assert login(bank, report).startswith("/consent")
    assert "error=access_denied" in login(bank, report)

    assert counted(bank.node) == {PASSED: 1, failed("holder.replayed"): 1}


def test_a_login_that_is_too_long_ago_for_its_request_is_counted_as_that(bank: Bank) -> None:
    report = bank.report()
    bank.node.clock.turn(minutes=3)
    assert "error=login_required" in login(bank, report, max_age="1")

    assert counted(bank.node) == {failed("time.too_old"): 1}


def test_a_login_that_is_too_long_to_be_kept_is_counted_as_that(bank: Bank) -> None:
    name, report = bank.begin(), bank.report()
    provider = bank.provider

    async def completed() -> str:
        held = await provider.transactions.find(bank.browser.cookies.get(provider.cookies.name_of(name)))
        long = replace(held.transaction, pushed="p" * LIMITS.sealed_value_bytes)
        turn = provider.turns.begin()
        answer = await provider.completion.complete(HeldTransaction(held.handle, long), report, turn=turn)
        return str(answer.headers["location"])

    assert "error=access_denied" in asyncio.run(completed())
    assert counted(bank.node) == {failed("input.too_large"): 1}


def test_a_login_that_passed_is_counted_once_whatever_the_person_says(bank: Bank) -> None:
    bank.redeem(bank.code())

    assert counted(bank.node) == {PASSED: 1}


def test_an_exchange_that_is_refused_is_counted_with_its_reason(exchanging: Node) -> None:
    form = form_of(exchanging, REFUSED, subject_token_type=form_of(exchanging)["subject_token_type"])
    assert error_of(exchange(exchanging, form)) == ("invalid_grant", "jose.signature_invalid")

    assert counted(exchanging) == {failed("jose.signature_invalid"): 1}


def test_an_exchange_that_passed_and_its_replay_are_counted(exchanging: Node) -> None:
    form = form_of(exchanging)
    assert exchange(exchanging, form).status_code == 200
    again = {**form, "client_assertion": form_of(exchanging)["client_assertion"]}
    assert error_of(exchange(exchanging, again)) == ("invalid_grant", "holder.replayed")

    assert counted(exchanging) == {PASSED: 1, failed("holder.replayed"): 1}


def test_a_question_that_is_none_counts_nothing(exchanging: Node) -> None:
    assert exchange(exchanging, form_of(exchanging, purpose="a")).status_code == 400

    assert counted(exchanging) == {}


def test_the_answers_of_wallets_are_counted(node: Node) -> None:
    wallets = Wallets(node)
    before = counted(node)
    wallets.answer(wallets.asked(wallets.ordered()))
    asked = wallets.asked(wallets.ordered())
    wallets.answer(asked, wallets.vp_token(asked, nonce="another"))
    found = {kind: count - before.get(kind, 0) for kind, count in counted(node).items() if count > before.get(kind, 0)}

    assert found == {PASSED: 1, failed("holder.nonce_mismatch"): 1}


def test_a_count_of_a_login_is_of_the_hour_and_names_nobody(bank: Bank) -> None:
    login(bank, bank.report())
    (kind,) = asyncio.run(bank.node.app.state.parts.stores.counted.since(0))

    assert kind.begins == NOON.replace(minute=0)
    assert json.loads(bank.node.case(LOGIN).body)["credential"] not in kind.field()
