"""The registrations in force: a key that ended and a party that was switched off open nothing, and nobody waits."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idbridge.errors import ConfigurationError, RequestError
from idbridge.model.region import Environment
from idbridge.oidc.client import Profile
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.record import ApiKey, Company, Registration
from tests.gateway.clocks import NOON, HandClock
from tests.registry.kit import CLIENT, SECRET_CLIENT, registration

OLD, NEW = f"idb_test_bakery_{'o' * 43}", f"idb_test_bakery_{'n' * 43}"
HOUR = timedelta(hours=1)


def key(text: str, **more: Any) -> ApiKey:
    return ApiKey(hashlib.sha256(text.encode()).hexdigest(), text[-4:], **more)


def bakery(*keys: ApiKey, **more: Any) -> Registration:
    return replace(registration(**more), api_keys=keys or (key(NEW),))


def in_force(*registrations: Registration, clock: HandClock | None = None) -> RegistryInForce:
    return RegistryInForce(registrations, environment=Environment.SANDBOX, clock=clock or HandClock())


def refusal(registry: RegistryInForce, text: str) -> str:
    with pytest.raises(RequestError) as caught:
        registry.authenticate(b"Bearer " + text.encode())
    return caught.value.code


def test_a_key_that_has_ended_opens_nothing_though_nobody_looked_at_the_registry_since() -> None:
    clock = HandClock()
    registry = in_force(bakery(key(OLD, expires_at=NOON + HOUR), key(NEW)), clock=clock)

    assert registry.authenticate(b"Bearer " + OLD.encode()).id == "bakery"
    clock.instant = NOON + HOUR
    assert refusal(registry, OLD) == "policy.unauthenticated"
    assert registry.authenticate(b"Bearer " + NEW.encode()).id == "bakery"


def test_keys_end_one_after_the_other_and_each_at_its_own_instant() -> None:
    clock = HandClock()
    registry = in_force(bakery(key(OLD, expires_at=NOON + HOUR), key(NEW, expires_at=NOON + 2 * HOUR)), clock=clock)

    clock.instant = NOON + HOUR
    assert refusal(registry, OLD) == "policy.unauthenticated"
    assert registry.authenticate(b"Bearer " + NEW.encode()).id == "bakery"
    clock.instant = NOON + 2 * HOUR
    assert refusal(registry, NEW) == "policy.unauthenticated"


def test_a_party_that_is_switched_off_is_out_with_its_clients_as_soon_as_that_is_in_force() -> None:
    registry = in_force(bakery())
    client = registry.find("bakery-web")
    assert client is not None
    assert client.enabled

    registry.exchange((bakery(enabled=False),))

    assert refusal(registry, NEW) == "policy.relying_party_disabled"
    client = registry.find("bakery-web")
    assert client is not None
    assert not client.enabled


def test_a_profile_is_served_while_a_client_of_it_is_switched_on() -> None:
    registry = in_force(bakery())
    assert registry.serves(Profile.OIDC_CODE)

    registry.exchange((bakery(oidc_clients=[CLIENT, {**SECRET_CLIENT, "enabled": False}]),))

    assert registry.serves(Profile.FAPI2)
    assert not registry.serves(Profile.OIDC_CODE)


def test_what_does_not_go_together_leaves_in_force_what_is() -> None:
    registry = in_force(bakery())

    with pytest.raises(ConfigurationError, match="registered twice"):
        registry.exchange((bakery(), registration(id="cafe")))  # both have the client `bakery-web`
    with pytest.raises(ConfigurationError, match="environment"):
        registry.exchange((registration(environment=Environment.LIVE),))

    assert registry.authenticate(b"Bearer " + NEW.encode()).id == "bakery"


def test_the_id_of_its_own_client_is_an_audience_of_a_party() -> None:
    registry = in_force(bakery())

    party = registry.authenticate(b"Bearer " + NEW.encode())

    assert party.audiences == {"https://bakery.th.example", "bakery-web", "bakery-till"}
    client = registry.find("bakery-web")
    assert client is not None
    assert client.relying_party == party


def test_what_is_agreed_with_a_party_is_found_by_its_id() -> None:
    registry = in_force(bakery())

    assert registry.registration("bakery").withdrawal == "mailto:privacy@bakery.th.example"
    assert registry.find("nobody") is None
    with pytest.raises(RequestError) as caught:
        registry.registration("nobody")
    assert caught.value.code == "input.not_found"


def test_a_registry_without_anybody_lets_nobody_in() -> None:
    assert refusal(in_force(), NEW) == "policy.unauthenticated"


def nobody_for(registry: RegistryInForce, company: Company) -> str:
    with pytest.raises(RequestError) as caught:
        registry.signing_in_as(company)
    return caught.value.code


def test_nobody_signs_in_as_a_company_that_no_registration_names_or_one_that_is_off() -> None:
    company = Company("TH-DBD", "0105599000011")

    assert nobody_for(in_force(), company) == "policy.unauthenticated"
    assert nobody_for(in_force(bakery(signs_in_as=None)), company) == "policy.unauthenticated"
    assert nobody_for(in_force(bakery(enabled=False)), company) == "policy.unauthenticated"
    assert nobody_for(in_force(bakery()), Company("TH-DBD", "0105599000012")) == "policy.unauthenticated"
    assert nobody_for(in_force(bakery()), Company("ID-NIB", "0105599000011")) == "policy.unauthenticated"


def test_nobody_signs_in_as_a_company_that_two_registrations_name() -> None:
    registry = in_force(bakery(), bakery(key(OLD), id="other", oidc_clients=[]))

    assert nobody_for(registry, Company("TH-DBD", "0105599000011")) == "policy.unauthenticated"


def test_the_people_of_a_company_sign_in_for_the_one_registration_that_names_it() -> None:
    registry = in_force(bakery(), bakery(key(OLD), id="other", oidc_clients=[], enabled=False))

    assert registry.signing_in_as(Company("TH-DBD", "0105599000011")).id == "bakery"
