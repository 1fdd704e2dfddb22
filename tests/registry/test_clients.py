"""Clients of OpenID Connect out of the registry: a whole login, a secret that was told once, and the end of both."""

from dataclasses import replace
from pathlib import Path

import pytest

from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
from idbridge_gateway.app import create_app
from idbridge_gateway.registration import read_registrations, write_registrations
from idbridge_gateway.registry.act import Act
from idbridge_gateway.registry.api_keys import with_secrets
from idbridge_gateway.registry.form import read_registration, registration_document
from idbridge_gateway.registry.record import Registration
from tests.gateway import providing
from tests.gateway.asking import Node
from tests.gateway.clocks import NOON
from tests.gateway.providing import CALLBACK, KEY, Bank, error_of
from tests.registry.conftest import Database
from tests.registry.test_node import look, settings_with

BY_KEY = {
    "id": "bank", "profile": "fapi2", "redirect_uris": [CALLBACK], "jwks": {"keys": [dict(KEY.public_jwk)]},
}  # fmt: skip
BY_SECRET = {"id": "shop", "profile": "oidc-code", "redirect_uris": [CALLBACK]}


def bank_of(node: Node) -> tuple[Registration, str]:
    """The registration of the bank with two clients, and the secret of one of them."""
    path = node.settings.relying_parties_file
    assert path is not None
    (bank,) = (one for one in read_registrations(path, environment=Environment.SANDBOX) if one.id == "th-bank")
    entry = {**registration_document(bank), "oidc_clients": [BY_KEY, BY_SECRET]}
    completed, secrets = with_secrets(entry, SystemRandomness())
    made = read_registration(completed, environment=Environment.SANDBOX, api_keys=bank.api_keys)
    return made, secrets["shop"]


@pytest.fixture
def by_file(own_node: Node) -> tuple[Bank, str]:
    """A bank whose clients stand in the file."""
    made, secret = bank_of(own_node)
    path = own_node.settings.relying_parties_file
    assert isinstance(path, Path)
    write_registrations(path, (made,), environment=Environment.SANDBOX)
    own_node.app = create_app(own_node.settings, clock=own_node.clock)
    return Bank(own_node, made.party_at(NOON)), secret


def test_a_client_of_the_file_logs_somebody_in_by_its_key(by_file: tuple[Bank, str]) -> None:
    bank, _ = by_file

    redeemed = bank.redeem(bank.code())

    assert redeemed.status_code == 200, redeemed.text
    assert redeemed.json()["id_token"]


def test_a_client_of_the_file_proves_itself_by_the_secret_that_was_told(
    by_file: tuple[Bank, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, secret = by_file

    assert error_of(bank.push("shop"), 401)[0] == "invalid_client"
    monkeypatch.setattr(providing, "SECRET", secret)
    assert bank.push("shop").status_code == 201


def test_a_client_or_its_party_that_is_switched_off_in_the_database_is_unknown_a_look_later(
    own_node: Node, database: Database
) -> None:
    made, _ = bank_of(own_node)
    act = Act("change", "local", NOON)
    database.with_registry(lambda registry: registry.add(made, act))
    own_node.settings = settings_with(own_node, database)
    own_node.app = create_app(own_node.settings, clock=own_node.clock)
    bank = Bank(own_node, made.party_at(NOON))
    uri = bank.pushed()

    def without_client(held: Registration) -> Registration:
        off = (replace(one, enabled=one.id != "bank") for one in held.clients)
        return replace(held, clients=tuple(off))

    database.with_registry(lambda registry: registry.change("th-bank", without_client, act))
    assert bank.push().status_code == 201
    look(own_node)

    assert error_of(bank.push(), 401)[0] == "invalid_client"
    assert bank.authorize(client_id="bank", request_uri=uri).status_code == 400
