"""A registration that is narrowed while a login goes on: what was seen or agreed to before does not outlast it."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from idbridge.oidc.client import Profile
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.completion import Consent
from tests.gateway.providing import A3, Bank, bank_at, bank_in, error_of, told
from tests.gateway.test_resources import shown

A1 = "urn:idbridge:loa:A1"
A2 = "urn:idbridge:loa:A2"


@dataclass
class Registry:
    """Clients whose registration a test changes while a login goes on."""

    by_id: dict[str, RegisteredClient]

    def find(self, client_id: str) -> RegisteredClient | None:
        return self.by_id.get(client_id)

    def serves(self, profile: Profile) -> bool:
        return any(one.client.profile is profile for one in self.by_id.values())

    def cap(self) -> None:
        """Let the client `bank` be of the other profile from now on."""
        was = self.by_id["bank"]
        self.by_id["bank"] = RegisteredClient(replace(was.client, profile=Profile.OIDC_CODE), was.relying_party)

    def take_back(self, *claims: str) -> None:
        """Let the bank be registered for `claims` no more."""
        was = self.by_id["bank"]
        party = replace(was.relying_party, claims=was.relying_party.claims - set(claims))
        self.by_id["bank"] = RegisteredClient(was.client, party)


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    made = bank_in(shared_files)
    clients = made.provider.clients
    names = ("bank", "bank-2", "shop")
    return bank_at(made.node, directory_of=Registry({name: one for name in names if (one := clients.find(name))}))


def registry(bank: Bank) -> Registry:
    found = bank.provider.clients
    assert isinstance(found, Registry)
    return found


def claims_of(document: dict[str, Any]) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(document["id_token"], options={"verify_signature": False})
    return claims


def demanding(*levels: str) -> dict[str, str]:
    """A request whose level is essential."""
    asked = {"acr": {"essential": True, "values": list(levels)}}
    name = {"verified_claims": {"verification": {"trust_framework": None}, "claims": {"name": None}}}
    return {"claims": json.dumps({"id_token": {**asked, **name}})}


def at_consent(bank: Bank, **changes: Any) -> str:
    """A login that waits for the person's yes."""
    name = bank.begin(**changes)
    report = {"claims": ["name"]} if changes else {}
    assert bank.complete(name, bank.report(**report)).headers["location"] == f"/consent?t={name}"
    return name


def yes(bank: Bank, name: str) -> str:
    return told(bank.complete(name, Consent.YES))["code"]


def test_a_level_that_the_profile_no_longer_allows_is_not_told_after_the_yes(bank: Bank) -> None:
    name = at_consent(bank)
    registry(bank).cap()
    document = bank.redeem(yes(bank, name), proof=None).json()

    assert document["token_type"] == "Bearer"
    assert claims_of(document)["acr"] == A2
    assert claims_of(document)["profile"] == "oidc-code"


def test_a_code_opens_no_higher_level_than_the_profile_allows_by_then(bank: Bank) -> None:
    code = bank.code()
    registry(bank).cap()
    claims = claims_of(bank.redeem(code, proof=None).json())

    assert claims["acr"] == A2
    assert set(claims["assurance"].values()) == {"A2"}
    assert claims["profile"] == "oidc-code"


def test_a_claim_that_is_taken_back_between_page_and_yes_is_not_released(bank: Bank) -> None:
    name = at_consent(bank)
    registry(bank).take_back("birthdate")
    document = bank.redeem(yes(bank, name)).json()
    userinfo = shown(bank, document["access_token"]).json()

    assert claims_of(document)["verified_claims"]["claims"].keys() == {"name", "nationality"}
    assert userinfo["verified_claims"]["claims"].keys() == {"name", "nationality"}


def test_a_claim_that_is_taken_back_between_code_and_token_is_not_released(bank: Bank) -> None:
    code = bank.code()
    registry(bank).take_back("birthdate", "nationality")
    document = bank.redeem(code).json()
    userinfo = shown(bank, document["access_token"]).json()

    assert claims_of(document)["verified_claims"]["claims"].keys() == {"name"}
    assert userinfo["verified_claims"]["claims"].keys() == {"name"}


def test_a_level_that_was_demanded_and_can_no_longer_be_had_gives_no_token(bank: Bank) -> None:
    code = bank.code(**demanding(A3), report={"claims": ["name"]})
    registry(bank).cap()

    assert error_of(bank.redeem(code, proof=None))[0] == "invalid_grant"


@pytest.mark.parametrize("when", ["before the yes", "before the token"])
def test_of_the_levels_demanded_the_highest_that_is_left_is_told(bank: Bank, when: str) -> None:
    name = at_consent(bank, **demanding(A1, A3))
    if when == "before the yes":
        registry(bank).cap()
    code = yes(bank, name)
    registry(bank).cap()

    assert claims_of(bank.redeem(code, proof=None).json())["acr"] == A1


def test_a_registration_that_stays_changes_nothing(bank: Bank) -> None:
    name = at_consent(bank)
    claims = claims_of(bank.redeem(yes(bank, name)).json())

    assert claims["acr"] == A3
    assert claims["verified_claims"]["claims"].keys() == {"name", "birthdate", "nationality"}
