"""A request or login that is too long to be kept is refused as one, and is no fault of the node."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import pytest

from idbridge.assertion.decision import Decision
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.oidc.completion import Consent
from idbridge_gateway.oidc.transaction import HeldTransaction
from idbridge_gateway.stores.sealed import new_handle
from tests.gateway.providing import FORM, VERIFIED, Bank, bank_in, error_of, page_of, told

QUOTES = b'"' * (LIMITS.sealed_value_bytes // 2)  # of two octets each, once they are kept


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


def form_of(parameters: dict[str, str], member: str) -> bytes:
    """A form whose ``member`` is long, and written by no library that would escape it."""
    short = {name: value for name, value in parameters.items() if name != member}
    return urlencode(short).encode() + f"&{member}=openid+".encode() + QUOTES


@pytest.mark.parametrize("member", ["scope", "ui_locales", "acr_values"])
def test_a_request_that_is_too_long_to_be_kept_is_not_pushed(bank: Bank, member: str) -> None:
    answer = bank.post("/oauth/par", form_of({**bank.proves("shop"), **bank.asked("shop")}, member))

    assert error_of(answer)[0] == "invalid_request"


@pytest.mark.parametrize("member", ["scope", "ui_locales", "acr_values"])
def test_a_request_that_is_too_long_to_be_kept_begins_no_login(bank: Bank, member: str) -> None:
    answer = bank.node.send("POST", "/oauth/authorize", body=form_of(bank.asked("shop"), member), headers=FORM)

    page_or_redirect(answer)


@pytest.mark.parametrize("member", ["scope", "ui_locales", "acr_values", "prompt", "state", "nonce"])
@pytest.mark.parametrize("character", ["\x01", "\x7f", "\n", "\u00e9"])
def test_a_request_of_characters_that_are_longer_once_they_are_kept_is_refused_at_both_endpoints(
    bank: Bank, member: str, character: str
) -> None:
    """JSON writes each of them in up to six octets: what fits as a request would not fit as what is kept of it."""
    base = {"scope": "openid ", "prompt": "login ", "ui_locales": "en "}.get(member, "x")
    asked = {member: base + character * (LIMITS.authorization_request_bytes // len(character.encode()) - 1_000)}
    plain = urlencode(bank.asked("shop", **asked)).encode()

    assert error_of(bank.push("shop", **asked))[0] == "invalid_request"
    page_or_redirect(bank.node.send("POST", "/oauth/authorize", body=plain, headers=FORM))


def test_what_is_kept_of_the_longest_request_leaves_room_for_what_a_provider_says(bank: Bank) -> None:
    """Nobody logs in first, and hears only then that what a client asked was too long."""
    claims = bank.asked()["claims"]
    room = LIMITS.kept_request_bytes - len(json.dumps(bank.asked()))
    name = bank.begin(claims=claims + "\t" * (room // 2))

    assert bank.complete(name, bank.report()).headers["location"] == f"/consent?t={name}"
    assert bank.redeem(told(bank.complete(name, Consent.YES))["code"]).status_code == 200


def page_or_redirect(answer: Any) -> None:
    """The request is refused: at the client, which is registered, or on a page."""
    if answer.status_code == 303:
        assert "error=invalid_request" in answer.headers["location"]
    else:
        page_of(answer)


def test_of_the_longest_login_that_is_kept_a_code_and_a_token_are_kept_as_well(bank: Bank) -> None:
    """Both keep something of their own beside it, and nobody hears after the yes that it was too long."""
    name = bank.begin(purpose_text="Why", state=None, claims=json.dumps({"userinfo": VERIFIED}))
    bank.complete(name, bank.report(purpose_text="Why"))
    transactions = bank.provider.transactions

    def of(decision: Decision, letters: int) -> Decision:
        verified = decision.core["verified_claims"]
        claims = {**verified["claims"], "name": "n" * letters}
        return replace(
            decision, core=MappingProxyType({**decision.core, "verified_claims": {**verified, "claims": claims}})
        )

    async def longest() -> int:
        held = await transactions.find(bank.browser.cookies.get(bank.provider.cookies.name_of(name)))
        decision, ground = held.transaction.decision, held.transaction.ground
        assert decision is not None
        assert ground is not None
        short = len(held.transaction.with_decision(of(decision, 0), ground).octets())
        for letters in range(LIMITS.sealed_value_bytes - short, 0, -1):
            with suppress(OAuthError):
                await transactions.keep(held, of(decision, letters), ground)
                return short + letters
        raise AssertionError("none is kept")

    handle, party = new_handle(SystemRandomness()), "p" * LIMITS.identifier_characters
    own = {"access_token": handle, "session": handle, "jkt": handle, "relying_party": party, "profile": "oidc-code"}
    own |= {"consent": handle, "agreed_at": "1796009196.0"}
    assert asyncio.run(longest()) + len(json.dumps(own)) <= LIMITS.sealed_value_bytes
    answer = bank.complete(name, Consent.YES)
    assert bank.redeem(told(answer)["code"]).status_code == 200


def test_a_login_that_is_too_long_to_be_kept_ends_at_the_client(bank: Bank) -> None:
    """What a provider says of a person, beside what a client asked for."""
    name, report = bank.begin(), bank.report()
    bank.complete(name, report)
    transactions = bank.provider.transactions

    async def kept() -> None:
        held = await transactions.find(bank.browser.cookies.get(bank.provider.cookies.name_of(name)))
        long = MappingProxyType({**held.transaction.parameters, "claims": QUOTES.decode()})
        decision, ground = held.transaction.decision, held.transaction.ground
        assert decision is not None
        assert ground is not None
        await transactions.keep(
            HeldTransaction(held.handle, replace(held.transaction, parameters=long)), decision, ground
        )

    with pytest.raises(OAuthError) as caught:
        asyncio.run(kept())
    assert (caught.value.error, caught.value.code) == ("access_denied", "input.too_large")
