"""Userinfo, introspection and revocation: first whoever gets nothing."""

from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idbridge.crypto.jwe import decrypt, decryption_key
from idbridge.crypto.keys import jwk_of
from idbridge.evidence.errors import UnrecordedError
from idbridge.oidc.client import ResponseEncryption
from idbridge.oidc.pkce import challenge_of
from idbridge.tlog.leaf import LeafType, released
from idbridge_gateway.evidence.records import LoggedRecords
from tests.gateway.providing import KEY, OTHER_DPOP_KEY, Bank, bank_in, error_of
from tests.gateway.recording import leaves

PATH = "/oauth/userinfo"


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


def shown(bank: Bank, token: str, *, scheme: str = "DPoP", method: str = "GET", **proof: Any) -> Any:
    headers = {"authorization": f"{scheme} {token}"}
    if scheme == "DPoP":
        headers["dpop"] = bank.proof(PATH, method, **{"ath": ath(token), **proof})
    return bank.node.send(method, PATH, headers=headers)


def ath(token: str) -> str:

    return challenge_of(token)  # the same digest


REFUSED: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "HolderOfKeyRequired": ({"scheme": "Bearer"}, ("invalid_token", "policy.unauthenticated")),
    "Basic": ({"scheme": "Basic"}, ("invalid_token", "policy.unauthenticated")),
    "ath missing": ({"ath": None}, ("invalid_dpop_proof", "oidc.hash_mismatch")),
    "ath of another token": ({"ath": ath("x")}, ("invalid_dpop_proof", "oidc.hash_mismatch")),
    "proof of another key": ({"key": OTHER_DPOP_KEY}, ("invalid_dpop_proof", "holder.key_missing")),
    "proof of another method": ({"htm": "POST"}, ("invalid_dpop_proof", "holder.audience_mismatch")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_token_without_its_key_opens_nothing(bank: Bank, name: str) -> None:
    changes, expected = REFUSED[name]
    token = bank.redeem(bank.code()).json()["access_token"]
    response = shown(bank, token, **changes)

    assert error_of(response, 401) == expected
    assert "DPoP" in response.headers["www-authenticate"]


@pytest.mark.parametrize("token", ["A" * 43, "x"])
def test_a_token_of_nobody_opens_nothing(bank: Bank, token: str) -> None:
    assert error_of(shown(bank, token), 401) == ("invalid_token", "policy.unauthenticated")


def test_a_token_is_over_with_what_was_decided(bank: Bank) -> None:
    token = bank.redeem(bank.code()).json()["access_token"]
    bank.node.clock.turn(minutes=6)

    assert error_of(shown(bank, token), 401)[0] == "invalid_token"


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/revoke"])
def test_another_client_neither_learns_of_a_token_nor_takes_it_back(bank: Bank, path: str) -> None:
    token = bank.redeem(bank.code()).json()["access_token"]
    response = bank.post(path, {**bank.proves("bank-2"), "token": token})

    assert response.json() == ({"active": False} if "introspect" in path else {})
    assert shown(bank, token).status_code == 200


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/revoke"])
def test_nobody_asks_about_a_token_without_proof_or_token(bank: Bank, path: str) -> None:
    assert error_of(bank.post(path, {"token": "A" * 43}), 401)[0] == "invalid_client"
    assert error_of(bank.post(path, bank.proves("bank")))[0] == "invalid_request"


def test_userinfo_releases_nothing_that_cannot_be_written_down(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    token = bank.redeem(bank.code()).json()["access_token"]
    records = bank.node.app.state.parts.evidence.records

    async def refused(*_: object, **__: object) -> None:
        raise UnrecordedError("the disk is full")

    monkeypatch.setattr(LoggedRecords, "asserted", refused)
    response = shown(bank, token)

    assert isinstance(records, LoggedRecords)
    assert error_of(response, 503) == ("temporarily_unavailable", "system.unrecorded")
    assert "verified_claims" not in response.text


@pytest.mark.parametrize("algorithm", [None, "ES256"])
def test_what_userinfo_releases_is_a_leaf_with_the_names_of_it_and_nothing_of_the_person(
    shared_files: Path, algorithm: str | None
) -> None:
    bank = bank_in(shared_files, userinfo_signed_response_alg=algorithm)
    token = bank.redeem(bank.code()).json()["access_token"]
    before = len(leaves(bank.node.settings))

    response = shown(bank, token)

    assert response.status_code == 200
    (leaf,) = leaves(bank.node.settings)[before:]
    claims = response.json() if algorithm is None else jwt.decode(response.text, options={"verify_signature": False})
    assert leaf.type is LeafType.ASSERT
    assert leaf.members["rel"] == released(claims["verified_claims"]["claims"])
    assert leaf.members["rp"] == "th-bank"
    assert not any(str(value) in leaf.octets().decode() for value in claims["verified_claims"]["claims"].values())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_userinfo_says_what_was_asked_for_of_the_same_subject(bank: Bank, method: str) -> None:
    document = bank.redeem(bank.code()).json()
    response = shown(bank, document["access_token"], method=method)
    assert response.status_code == 200, response.text
    claims = jwt.decode(document["id_token"], options={"verify_signature": False})

    assert response.json()["sub"] == claims["sub"]
    assert response.json()["verified_claims"]["claims"] == claims["verified_claims"]["claims"]


def test_userinfo_is_signed_for_a_client_that_registered_so(shared_files: Path) -> None:
    bank = bank_in(shared_files, userinfo_signed_response_alg="ES256")
    response = shown(bank, bank.redeem(bank.code()).json()["access_token"])

    assert response.headers["content-type"] == "application/jwt"
    assert jwt.decode(response.text, options={"verify_signature": False})["aud"] == "bank"


def test_userinfo_is_encrypted_around_a_signature_for_a_client_that_registered_so(shared_files: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    jwk = {**jwk_of(private.public_key()), "use": "enc", "kid": "bank-enc"}
    sealed = ResponseEncryption("ECDH-ES+A256KW", "A256GCM")
    bank = bank_in(shared_files, jwks=(KEY.public_jwk, jwk), userinfo_encryption=sealed)
    document = bank.redeem(bank.code()).json()
    response = shown(bank, document["access_token"])
    opened = decrypt(response.text, (decryption_key(private, kid="bank-enc"),))
    keys = jwt.PyJWKSet.from_dict(bank.node.send("GET", "/.well-known/jwks.json").json())
    inner = opened.plaintext.decode()
    key = keys[jwt.get_unverified_header(inner)["kid"]].key
    claims = jwt.decode(inner, key, algorithms=["ES256"], audience="bank", issuer=bank.issuer)

    assert response.headers["content-type"] == "application/jwt"
    assert opened.content_type == "JWT"
    assert claims["sub"] == jwt.decode(document["id_token"], options={"verify_signature": False})["sub"]


def test_a_token_is_active_until_it_is_given_up(bank: Bank) -> None:
    token = bank.redeem(bank.code()).json()["access_token"]
    active = bank.post("/oauth/introspect", {**bank.proves("bank"), "token": token}).json()
    assert (active["active"], active["token_type"], "jkt" in active["cnf"]) == (True, "DPoP", True)
    assert bank.post("/oauth/revoke", {**bank.proves("bank"), "token": token}).status_code == 200

    assert bank.post("/oauth/introspect", {**bank.proves("bank"), "token": token}).json() == {"active": False}
    assert error_of(shown(bank, token), 401)[0] == "invalid_token"
