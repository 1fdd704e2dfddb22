"""A client of the profile ``oidc-code``: in no way is it told more than A2, and all that it gets names its profile."""

from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.gateway.asking import Node
from tests.gateway.providing import bank_in
from tests.gateway.test_exchange import ID_TOKEN, JWT, exchanging, form_of, granted
from tests.gateway.test_exchange_actor import delegated

__all__ = ["exchanging"]  # a fixture

A2 = "urn:idbridge:loa:A2"
A3 = "urn:idbridge:loa:A3"


def levels_of(claims: dict[str, Any]) -> set[str]:
    """Every level that is stated anywhere in a token."""
    stated = {claims["acr"].rpartition(":")[2], *claims["assurance"].values()}
    return stated | {claims["verified_claims"]["verification"]["assurance_level"]}


@pytest.mark.parametrize("form", [JWT, ID_TOKEN])
def test_an_exchange_tells_a_client_of_the_profile_no_more_than_A2(exchanging: Node, form: str) -> None:  # noqa: N802
    claims = granted(exchanging, form_of(exchanging, client="bank-plain", requested_token_type=form))[2]

    assert levels_of(claims) == {"A2"}
    assert claims["acr_national"] is None
    assert claims["profile"] == "oidc-code"


@pytest.mark.parametrize("form", [JWT, ID_TOKEN])
def test_of_who_acts_the_client_is_told_no_more_either(exchanging: Node, form: str) -> None:
    asked = delegated(exchanging, client="bank-plain", requested_token_type=form)
    claims = granted(exchanging, asked)[2]

    assert levels_of(claims) == {"A2"}
    assert claims["act"]["acr"] == A2
    assert claims["profile"] == "oidc-code"


@pytest.mark.parametrize("form", [JWT, ID_TOKEN])
def test_what_a_client_of_fapi_gets_names_no_profile(exchanging: Node, form: str) -> None:
    claims = granted(exchanging, form_of(exchanging, requested_token_type=form))[2]

    assert "profile" not in claims
    assert claims["acr"] == A3


def test_both_forms_say_the_same_of_the_profile(exchanging: Node) -> None:
    assertion, login = (
        granted(exchanging, form_of(exchanging, client="bank-plain", requested_token_type=form))[2]
        for form in (JWT, ID_TOKEN)
    )

    for name in ("profile", "acr", "acr_national", "assurance", "loa_mapping", "policy", "purpose"):
        assert assertion[name] == login[name], name


def test_the_login_of_such_a_client_names_its_profile_and_that_of_another_does_not(shared_files: Path) -> None:
    bank = bank_in(shared_files)

    assert id_token(bank.redeem(bank.code("shop"), "shop", proof=None).json())["profile"] == "oidc-code"
    assert "profile" not in id_token(bank.redeem(bank.code()).json())


def id_token(document: dict[str, Any]) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(document["id_token"], options={"verify_signature": False})
    return claims
