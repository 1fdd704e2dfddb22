"""Answers about tokens that are signed and encrypted for who asks (RFC 9701): first who is told nothing."""

from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idbridge.crypto.jwe import decrypt, decryption_key
from idbridge.crypto.keys import jwk_of
from idbridge.oidc.client import OidcClient, ResponseEncryption
from idbridge_gateway.oidc.introspection import MEDIA, TYPE
from tests.gateway.providing import KEY, Bank, bank_in, error_of

PATH = "/oauth/introspect"
SEALED = ResponseEncryption("ECDH-ES+A256KW", "A256GCM")


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


def asked(bank: Bank, token: str, client: str = "bank", accept: str | None = MEDIA) -> httpx2.Response:
    headers = {"accept": accept} if accept is not None else {}
    return bank.post(PATH, {**bank.proves(client), "token": token}, **headers)


def said(bank: Bank, response: httpx2.Response, client: str = "bank", token: str | None = None) -> dict[str, Any]:
    """What a signed answer says of a token, verified as a client would."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == MEDIA
    assert response.headers["cache-control"] == "no-store"
    token = token or response.text
    head = jwt.get_unverified_header(token)
    assert head["typ"] == TYPE
    keys = jwt.PyJWKSet.from_dict(bank.node.send("GET", "/.well-known/jwks.json").json())
    options: Any = {"verify_iat": False, "strict_aud": True}
    claims = jwt.decode(
        token, keys[head["kid"]].key, algorithms=["ES256"], audience=client, issuer=bank.issuer, options=options
    )
    assert claims.keys() == {"iss", "aud", "iat", "token_introspection"}  # neither `sub` nor `exp`: section 8.1
    found: dict[str, Any] = claims["token_introspection"]
    return found


def test_another_client_hears_that_a_token_is_not_active_and_nothing_more(bank: Bank) -> None:
    token = bank.redeem(bank.code()).json()["access_token"]

    assert said(bank, asked(bank, token, "bank-2"), "bank-2") == {"active": False}
    assert said(bank, asked(bank, "A" * 43)) == {"active": False}


def test_nobody_gets_a_signed_answer_without_proof(bank: Bank) -> None:
    response = bank.post(PATH, {"token": "A" * 43}, accept=MEDIA)

    assert error_of(response, 401)[0] == "invalid_client"


def test_an_answer_is_no_id_token_and_no_access_token(bank: Bank) -> None:
    token = bank.redeem(bank.code()).json()["access_token"]
    answer = asked(bank, token).text

    assert said(bank, asked(bank, answer)) == {"active": False}
    response = bank.node.send("GET", f"/oauth/logout?id_token_hint={answer}")
    assert response.status_code == 400
    assert "location" not in response.headers


def test_a_client_whose_algorithm_the_node_does_not_sign_with_gets_no_other_answer(shared_files: Path) -> None:
    bank = bank_in(shared_files, introspection_signed_response_alg="PS256")

    assert error_of(asked(bank, "A" * 43), 503) == ("temporarily_unavailable", "policy.assertion_not_available")


def test_an_algorithm_or_key_that_is_not_served_cannot_be_registered(bank: Bank) -> None:
    registered = bank.provider.clients.find("bank")
    assert registered is not None
    good = {name: getattr(registered.client, name) for name in OidcClient.__slots__ if name != "keys"}

    for changes in ({"introspection_signed_response_alg": "RS256"}, {"introspection_encryption": SEALED}):
        with pytest.raises(ValueError, match=r"responses are signed|no registered key"):
            OidcClient(**{**good, **changes})


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", f"{MEDIA};q=0", f"{MEDIA}; q=0.00", "application/*"]
)
def test_who_does_not_ask_for_a_signed_answer_gets_json(bank: Bank, accept: str | None) -> None:
    token = bank.redeem(bank.code()).json()["access_token"]
    response = asked(bank, token, accept=accept)

    assert response.headers["content-type"] == "application/json"
    assert response.json()["active"] is True


@pytest.mark.parametrize("accept", [MEDIA, MEDIA.upper(), f"application/json, {MEDIA};q=0.5", f" {MEDIA} ;q=1.0"])
def test_who_asks_for_a_signed_answer_gets_it(bank: Bank, accept: str) -> None:
    token = bank.redeem(bank.code()).json()["access_token"]
    found = said(bank, asked(bank, token, accept=accept))

    assert (found["active"], found["aud"], found["client_id"]) == (True, "bank", "bank")
    assert found["exp"] > found["iat"]
    assert found["cnf"].keys() == {"jkt"}


def test_who_registered_so_always_gets_a_signed_answer(shared_files: Path) -> None:
    bank = bank_in(shared_files, introspection_signed_response_alg="ES256")

    assert said(bank, asked(bank, "A" * 43, accept="application/json")) == {"active": False}


def test_an_answer_is_encrypted_as_the_client_registered(shared_files: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    jwk = {**jwk_of(private.public_key()), "use": "enc", "kid": "bank-enc"}
    bank = bank_in(
        shared_files, jwks=(KEY.public_jwk, jwk), introspection_encryption=SEALED, userinfo_encryption=SEALED
    )
    token = bank.redeem(bank.code()).json()["access_token"]
    response = asked(bank, token, accept=None)
    opened = decrypt(response.text, (decryption_key(private, kid="bank-enc"),))

    assert opened.content_type == TYPE
    assert said(bank, response, token=opened.plaintext.decode())["active"] is True


def test_the_document_names_how_answers_are_signed_and_encrypted(bank: Bank) -> None:
    document = bank.node.send("GET", "/.well-known/openid-configuration").json()

    assert document["introspection_signing_alg_values_supported"] == ["ES256"]
    assert SEALED.algorithm in document["introspection_encryption_alg_values_supported"]
    assert SEALED.encoding in document["introspection_encryption_enc_values_supported"]
