"""Settings of operators: either it is settled who is one and whose keys say so, or there are none."""

from typing import Any

import pytest

from idbridge.errors import ConfigurationError
from idbridge_gateway.settings import read_settings
from tests.gateway.test_settings import given

OPERATORS = {
    "operator_issuer": "https://login.th.example/realms/staff",
    "operator_key_set": "https://login.th.example/realms/staff/keys",
    "operator_client_id": "idbridge-admin",
    "operator_role": "registrar",
}


@pytest.mark.parametrize("missing", sorted(OPERATORS))
@pytest.mark.parametrize("value", [None, ""])
def test_operators_are_settled_wholly_or_not_at_all(missing: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"IDBRIDGE_{missing.upper()}"):
        read_settings(**given(**{**OPERATORS, missing: value}))


@pytest.mark.parametrize("name", ["operator_issuer", "operator_key_set"])
@pytest.mark.parametrize(
    "url",
    [
        "http://login.th.example",
        "https://127.0.0.1:8443",
        "https://me@login.th.example",
        "https://login.th.example/?a=b",
        "login.th.example",
    ],
)
def test_the_issuer_and_its_keys_are_reached_as_everything_else_is(name: str, url: str) -> None:
    with pytest.raises(ConfigurationError, match=f"IDBRIDGE_{name.upper()}"):
        read_settings(**given(**{**OPERATORS, name: url}))


def test_a_role_stands_in_some_claim() -> None:
    with pytest.raises(ConfigurationError, match="IDBRIDGE_OPERATOR_ROLE_CLAIM"):
        read_settings(**given(**OPERATORS, operator_role_claim=""))


def test_roles_stand_in_the_claim_roles_unless_it_is_said_otherwise() -> None:
    assert read_settings(**given(**OPERATORS)).operator_role_claim == "roles"
    assert read_settings(**given(**OPERATORS, operator_role_claim="groups")).operator_role_claim == "groups"
    assert read_settings(**given()).operator_issuer is None
