"""A registration that is narrowed while a login goes on: what was seen or agreed to before does not outlast it."""

import asyncio
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from idbridge.model.region import AssuranceLevel
from idbridge.oidc.client import Profile
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.completion import Consent
from idbridge_gateway.oidc.questions import asked_by
from tests.gateway.providing import A3, Bank, bank_at, bank_in, error_of, told
from tests.gateway.test_resources import shown

A3_LEVEL = AssuranceLevel.A3
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

    def change(self, **changes: Any) -> None:
        """Let something else be registered of the bank from now on."""
        was = self.by_id["bank"]
        self.by_id["bank"] = RegisteredClient(was.client, replace(was.relying_party, **changes))

    def pass_on(self) -> None:
        """Let the client `bank` be another relying party's from now on, with the same keys."""
        was = self.by_id["bank"]
        party = replace(was.relying_party, id="th-hospital")
        self.by_id["bank"] = RegisteredClient(replace(was.client, relying_party=party.id), party)


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
    report = bank.report(claims=["name"]) if changes else bank.report()
    assert bank.complete(name, report).headers["location"] == f"/consent?t={name}"
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


def test_a_code_opens_nothing_for_a_party_that_has_another_name_than_the_person_was_told(bank: Bank) -> None:
    """The record of the yes would be another one than the person may have kept."""
    code = bank.code()
    registry(bank).change(name="Another Bank")
    refused = bank.redeem(code)
    registry(bank).change(name=bank.party.name)

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert bank.redeem(code).status_code == 200  # it was not spent


@pytest.mark.parametrize("has_receipt", [False, True])
def test_a_claim_that_is_taken_back_between_page_and_yes_is_not_released_and_the_person_is_asked_again(
    bank: Bank, *, has_receipt: bool
) -> None:
    name = at_consent(bank)
    if has_receipt:
        agree(bank, name)
    registry(bank).take_back("birthdate")
    response = bank.complete(name, Consent.YES)
    assert (response.status_code, response.headers["location"]) == (303, f"/consent?t={name}")
    document = bank.redeem(yes(bank, name)).json()
    userinfo = shown(bank, document["access_token"]).json()

    assert claims_of(document)["verified_claims"]["claims"].keys() == {"name", "nationality"}
    assert userinfo["verified_claims"]["claims"].keys() == {"name", "nationality"}


def agree(bank: Bank, name: str) -> None:
    """Say yes to everything, and have a receipt made of it."""
    transactions = bank.provider.transactions

    async def agreed() -> None:
        held = await transactions.find(bank.browser.cookies.get(bank.provider.cookies.name_of(name)))
        await transactions.agree(held, frozenset({"name", "birthdate", "nationality"}), at=bank.node.clock.now())

    asyncio.run(agreed())


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


def test_a_code_is_no_good_for_a_relying_party_that_has_the_client_by_then(bank: Bank) -> None:
    code = bank.code()
    registry(bank).pass_on()

    assert error_of(bank.redeem(code))[0] == "invalid_grant"


def test_an_access_token_opens_nothing_for_a_relying_party_that_has_the_client_by_then(bank: Bank) -> None:
    token = bank.redeem(bank.code()).json()["access_token"]
    assert shown(bank, token).status_code == 200
    registry(bank).pass_on()
    response = shown(bank, token)
    asked = bank.post("/oauth/introspect", {**bank.proves("bank"), "token": token})

    assert (response.status_code, response.json()["error"]) == (401, "invalid_token")
    assert asked.json() == {"active": False}


@pytest.mark.parametrize("changes", [{"api_key_digests": ("0" * 64,)}, {"name": "Another Name"}, {"policy_version": 9}])
def test_a_registration_that_changes_while_the_person_is_at_the_provider_ends_no_login(
    bank: Bank, changes: dict[str, Any]
) -> None:
    """Such as by a key that was rotated, or that ended, while the provider was asked for the token."""
    name, report = bank.begin(), bank.report()
    registry(bank).change(**changes)

    assert bank.complete(name, report).headers["location"] == f"/consent?t={name}"
    assert bank.redeem(yes(bank, name)).status_code == 200


@pytest.mark.parametrize("when", ["at the provider", "at the page"])
def test_a_login_ends_once_another_relying_party_has_its_client(bank: Bank, when: str) -> None:
    name, report = bank.begin(), bank.report()
    if when == "at the page":
        bank.complete(name, report)
    registry(bank).pass_on()

    with pytest.raises(OAuthError) as caught:
        bank.complete(name, report if when == "at the provider" else Consent.YES)
    assert (caught.value.error, caught.value.code) == ("invalid_request", "policy.unauthenticated")


def test_a_question_stays_that_of_its_relying_party(bank: Bank) -> None:
    with pytest.raises(ValueError, match="one relying party"):
        asked_by(bank.report().request, replace(bank.party, id="somebody-else"))


def test_what_is_taken_back_while_the_person_is_at_the_provider_is_not_decided(bank: Bank) -> None:
    name, report = bank.begin(), bank.report()
    registry(bank).take_back("birthdate")
    assert bank.complete(name, report).headers["location"] == f"/consent?t={name}"

    assert "birthdate" not in json.dumps(claims_of(bank.redeem(yes(bank, name)).json()))


def test_a_level_that_is_demanded_while_the_person_is_at_the_provider_counts(bank: Bank) -> None:
    name, report = bank.begin(), bank.report(case="vn-login-opens-account")
    assert report.accepted
    registry(bank).change(minimum_level=AssuranceLevel.A3)

    assert told(bank.complete(name, report))["error"] == "access_denied"


NARROWED: dict[str, tuple[dict[str, Any], str]] = {
    "the minimum level": ({"minimum_level": A3_LEVEL}, "policy.loa_too_low"),
    "the audiences": ({"audiences": frozenset({"th-bank"})}, "policy.audience_not_registered"),
    "the purposes": ({"purposes": frozenset({"age-check"})}, "policy.purpose_not_registered"),
}
LOW = {"case": "vn-login-opens-account"}  # of a level below the highest


@pytest.mark.parametrize("what", ["the minimum level", "the audiences"])
def test_what_is_narrowed_between_page_and_yes_is_enforced(bank: Bank, what: str) -> None:
    changes, code = NARROWED[what]
    name = bank.begin()
    assert bank.complete(name, bank.report(**LOW)).headers["location"] == f"/consent?t={name}"
    registry(bank).change(**changes)
    answer = told(bank.complete(name, Consent.YES))

    assert (answer["error"], "code" in answer) == ("access_denied", False)
    assert answer["error_description"].endswith(code)


def test_a_purpose_that_is_taken_back_between_page_and_yes_gives_no_code(bank: Bank) -> None:
    name = at_consent(bank)
    registry(bank).change(purposes=frozenset({"age-check"}))

    with pytest.raises(OAuthError) as caught:
        bank.complete(name, Consent.YES)
    assert (caught.value.error, caught.value.code) == ("invalid_request", "policy.purpose_not_registered")


@pytest.mark.parametrize("what", NARROWED)
def test_what_is_narrowed_between_code_and_token_is_enforced(bank: Bank, what: str) -> None:
    changes, code = NARROWED[what]
    given = bank.code(report=LOW)
    registry(bank).change(**changes)

    assert error_of(bank.redeem(given)) == ("invalid_grant", code)


@pytest.mark.parametrize("what", NARROWED)
def test_what_is_narrowed_between_token_and_userinfo_is_enforced(bank: Bank, what: str) -> None:
    changes, code = NARROWED[what]
    token = bank.redeem(bank.code(report=LOW)).json()["access_token"]
    assert shown(bank, token).status_code == 200
    registry(bank).change(**changes)

    assert error_of(shown(bank, token), 401) == ("invalid_token", code)


def test_a_claim_that_is_taken_back_between_token_and_userinfo_is_not_released(bank: Bank) -> None:
    token = bank.redeem(bank.code()).json()["access_token"]
    registry(bank).take_back("birthdate")

    assert shown(bank, token).json()["verified_claims"]["claims"].keys() == {"name", "nationality"}
