"""A relying party gets a token for the API by `client_credentials`: first whoever gets none."""

from pathlib import Path
from typing import Any

import jwt
import pytest

from idbridge.limits import LIMITS
from idbridge.oidc.api_token import TYPE
from idbridge.oidc.client import CLIENT_CREDENTIALS
from idbridge_gateway.api.faults import ONE_TIME_FULL
from tests.gateway.bank_tokens import TOKEN_PATH, TokenBank, token_bank
from tests.gateway.providing import OTHER_KEY, SECRET, error_of


@pytest.fixture
def bank(shared_files: Path) -> TokenBank:
    return token_bank(shared_files)


FORMS: dict[str, tuple[dict[str, Any], int, tuple[str, str]]] = {
    "scope": ({"scope": "openid"}, 400, ("invalid_scope", "input.request_malformed")),
    "another API": (
        {"resource": "https://node.sg.example/v1"},
        400,
        ("invalid_target", "policy.audience_not_registered"),
    ),
    "another audience": ({"audience": "bank"}, 400, ("invalid_target", "policy.audience_not_registered")),
    "no client": (
        {"client_id": None, "client_assertion": None, "client_assertion_type": None},
        401,
        ("invalid_client", "policy.unauthenticated"),
    ),
    "a secret beside the assertion": ({"client_secret": SECRET}, 401, ("invalid_client", "policy.unauthenticated")),
}


@pytest.mark.parametrize("name", FORMS)
def test_nothing_in_the_form_widens_a_token(bank: TokenBank, name: str) -> None:
    changes, status, expected = FORMS[name]

    assert error_of(bank.ask_for_token(**changes), status) == expected


def test_a_client_without_the_grant_gets_no_token(bank: TokenBank) -> None:
    bank.register(grants=frozenset({"authorization_code"}))

    assert error_of(bank.ask_for_token()) == ("unauthorized_client", "input.request_malformed")


def test_a_client_with_a_secret_gets_no_token(bank: TokenBank) -> None:
    form = {"grant_type": CLIENT_CREDENTIALS, "client_id": "shop", "client_secret": SECRET}

    assert error_of(bank.post(TOKEN_PATH, form)) == ("unauthorized_client", "input.request_malformed")


def test_a_client_that_is_switched_off_gets_no_token(bank: TokenBank) -> None:
    bank.register(enabled=False)

    assert error_of(bank.ask_for_token(), 401)[0] == "invalid_client"


def test_an_assertion_of_another_key_for_another_audience_or_used_before_gets_no_token(bank: TokenBank) -> None:
    used = bank.assertion("bank")
    assert bank.ask_for_token(client_assertion=used).status_code == 200

    for assertion, code in (
        (bank.assertion("bank", key=OTHER_KEY), "jose.signature_invalid"),
        (bank.assertion("bank", aud=f"{bank.issuer}{TOKEN_PATH}"), "oidc.audience_mismatch"),
        (bank.assertion("bank", aud=f"{bank.issuer}/v1"), "oidc.audience_mismatch"),
        (used, "holder.replayed"),
    ):
        assert error_of(bank.ask_for_token(client_assertion=assertion), 401) == ("invalid_client", code)


def test_no_token_without_a_good_proof(bank: TokenBank) -> None:
    used = bank.proof(TOKEN_PATH)
    assert bank.ask_for_token(proof=used).status_code == 200

    for proof, expected in (
        (None, ("invalid_dpop_proof", "holder.binding_missing")),
        (bank.proof("/v1/verify"), ("invalid_dpop_proof", "holder.audience_mismatch")),
        (bank.proof(TOKEN_PATH, nonce=None), ("use_dpop_nonce", "holder.nonce_mismatch")),
        (used, ("invalid_dpop_proof", "holder.replayed")),
    ):
        assert error_of(bank.ask_for_token(proof=proof)) == expected


def test_no_token_while_one_time_values_cannot_be_spent(bank: TokenBank) -> None:
    bank.faults.switch(ONE_TIME_FULL, on=True)

    assert error_of(bank.ask_for_token(), 503) == ("temporarily_unavailable", "system.overloaded")


def test_a_token_is_of_five_minutes_and_comes_alone(bank: TokenBank) -> None:
    response = bank.ask_for_token()

    assert response.status_code == 200, response.text
    assert response.json().keys() == {"access_token", "token_type", "expires_in"}
    assert (response.json()["token_type"], response.json()["expires_in"]) == ("DPoP", 300)
    assert response.headers["cache-control"] == "no-store"
    assert "dpop-nonce" in response.headers


def test_a_token_names_its_client_its_party_its_key_and_nobody_else(bank: TokenBank) -> None:
    token = bank.token(resource=f"{bank.issuer}/v1")
    claims = jwt.decode(token, options={"verify_signature": False})

    assert jwt.get_unverified_header(token)["typ"] == TYPE
    assert claims.keys() == {"iss", "aud", "sub", "client_id", "relying_party", "iat", "exp", "jti", "cnf"}
    assert (claims["iss"], claims["aud"]) == (bank.issuer, f"{bank.issuer}/v1")
    assert (claims["sub"], claims["client_id"], claims["relying_party"]) == ("bank", "bank", "th-bank")
    assert claims["exp"] - claims["iat"] == LIMITS.api_token_lifetime.total_seconds()
    assert len(token) < LIMITS.api_token_bytes


def test_the_key_of_tokens_is_published_nowhere(bank: TokenBank) -> None:
    kid = jwt.get_unverified_header(bank.token())["kid"]
    published = bank.node.send("GET", "/.well-known/jwks.json").json()["keys"]

    assert published
    assert kid not in {key["kid"] for key in published}


def test_discovery_names_the_grant(bank: TokenBank) -> None:
    document = bank.node.send("GET", "/.well-known/openid-configuration").json()

    assert CLIENT_CREDENTIALS in document["grant_types_supported"]


def test_a_token_for_the_api_is_not_taken_back_and_nobody_is_told_that_it_was(bank: TokenBank) -> None:
    token = bank.token()
    refused = bank.post("/oauth/revoke", {**bank.proves("bank"), "token": token})

    assert error_of(refused)[0] == "unsupported_token_type"
    assert bank.verified(token).status_code == 200


def test_introspection_speaks_of_tokens_of_logins_alone(bank: TokenBank) -> None:
    asked = bank.post("/oauth/introspect", {**bank.proves("bank"), "token": bank.token()})

    assert asked.json() == {"active": False}


@pytest.mark.parametrize("changes", [{"key": None}, {"aud": "x"}])
def test_what_is_no_token_of_this_node_is_given_up_like_any_unknown_one(bank: TokenBank, changes: Any) -> None:
    forged = bank.forged(**changes)

    assert bank.post("/oauth/revoke", {**bank.proves("bank"), "token": forged}).json() == {}
