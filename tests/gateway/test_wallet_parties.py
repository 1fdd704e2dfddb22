"""A request to a wallet is its relying party's for as long as that party is registered and switched on."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.gateway.asking import Node
from tests.gateway.providing import FORM
from tests.gateway.wallets import Wallets, opaque


@pytest.fixture
def wallets(node: Node) -> Wallets:
    return Wallets(node)


def without(wallets: Wallets, how: str) -> None:
    """Switch the bank off, or remove it."""
    registry = wallets.node.app.state.parts.registry
    kept = [one for one in registry.registrations if one.id != "th-bank"]
    bank = registry.registration("th-bank")
    off = replace(bank, relying_party=replace(bank.relying_party, enabled=False))
    registry.exchange([*kept, off] if how == "switched off" else kept)


@pytest.fixture(params=["switched off", "removed"])
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def page_of(wallets: Wallets, ordered: dict[str, Any]) -> str:
    return wallets.node.send("GET", urlsplit(ordered["page"]).path).text


def test_no_request_is_signed_for_a_party_that_is_gone(wallets: Wallets, how: str) -> None:
    ordered = wallets.ordered()
    without(wallets, how)

    opaque(wallets.fetch(ordered["wallet_link"]))


def test_the_page_invites_nobody_for_a_party_that_is_gone(wallets: Wallets, how: str) -> None:
    ordered = wallets.ordered()
    assert 'data-outcome="pending"' in page_of(wallets, ordered)
    without(wallets, how)

    text = page_of(wallets, ordered)
    assert 'data-outcome="expired"' in text
    assert "<svg" not in text
    begun = wallets.node.send("POST", urlsplit(ordered["page"]).path, headers=FORM)
    assert "set-cookie" not in begun.headers
