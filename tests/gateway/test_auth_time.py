"""``auth_time``: as coarse as in every assertion, and to the second for whoever has to count ``max_age`` from it."""

import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from idbridge_gateway.oidc.completion import Consent
from tests.gateway.providing import VERIFIED, Bank, bank_in, told
from tests.gateway.test_resources import shown

HOUR = 3600


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    made = bank_in(shared_files)
    made.node.clock.turn(minutes=30)  # so that an hour that is cut down is another second
    return made


def logged_in(bank: Bank, **changes: Any) -> tuple[dict[str, Any], dict[str, Any], int]:
    """ID token and userinfo of a login, and the second at which the provider says that it was made."""
    name = bank.begin(**changes)
    report = bank.report()
    identity = report.passed_identity
    assert identity is not None
    assert identity.credential.authenticated_at is not None
    assert bank.complete(name, report).headers["location"] == f"/consent?t={name}"
    document = bank.redeem(told(bank.complete(name, Consent.YES))["code"]).json()
    userinfo = shown(bank, document["access_token"]).json()
    token = jwt.decode(document["id_token"], options={"verify_signature": False})
    return token, userinfo, int(identity.credential.authenticated_at.timestamp())


def asking(**auth_time: Any) -> str:
    return json.dumps({"id_token": {"auth_time": auth_time or None, **VERIFIED}})


@pytest.mark.parametrize(
    "changes",
    [{}, {"claims": asking()}, {"claims": asking(essential=False)}],
    ids=["nothing asked", "asked for", "not essential"],
)
def test_whoever_does_not_need_the_second_is_not_told_it(bank: Bank, changes: dict[str, str]) -> None:
    token, _, _ = logged_in(bank, **changes)

    assert token["auth_time"] % HOUR == 0
    assert token["origin"]["auth_time"] == token["auth_time"]


@pytest.mark.parametrize(
    "changes", [{"max_age": "300"}, {"claims": asking(essential=True)}], ids=["max_age", "essential"]
)
def test_whoever_counts_from_it_is_told_the_second_in_the_id_token_alone(bank: Bank, changes: dict[str, str]) -> None:
    token, userinfo, exact = logged_in(bank, **changes)

    assert token["auth_time"] == exact
    assert exact % HOUR != 0
    assert token["origin"]["auth_time"] == exact - exact % HOUR
    assert "auth_time" not in userinfo


def test_by_the_id_token_a_login_is_as_young_as_max_age_demanded(bank: Bank) -> None:
    token, _, _ = logged_in(bank, max_age="60")

    assert token["iat"] - token["auth_time"] <= 60
