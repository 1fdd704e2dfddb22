"""Codes at the token endpoint: whoever may not redeem one first, under the names of the conformance suite."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idbridge.codec import base64url
from idbridge.crypto.jwe import decrypt, decryption_key
from idbridge.crypto.keys import jwk_of, parse_jwk
from idbridge.limits import LIMITS
from idbridge.oidc.client import ResponseEncryption
from idbridge_gateway.api.faults import ONE_TIME_FULL, Faults
from idbridge_gateway.oidc.signed_responses import half_hash
from idbridge_gateway.stores.sealed import Kind
from tests.gateway.faltering import STORE, falters_once
from tests.gateway.providing import A3, CALLBACK, DPOP_KEY, FORM, KEY, OTHER_DPOP_KEY, VERIFIER, Bank, bank_in, error_of

A2 = "urn:idbridge:loa:A2"
INVALID = ("invalid_grant", "input.request_malformed")


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


REFUSED: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "PARIncorrectPKCECodeVerifierRejected": ({"code_verifier": "w" * 43}, INVALID),
    "PAREnsurePKCECodeVerifierRequired": ({"code_verifier": None}, INVALID),
    "PKCE verifier that is the challenge": ({"code_verifier": "x" * 42}, INVALID),
    "redirect URI left out": ({"redirect_uri": None}, INVALID),
    "another redirect URI": ({"redirect_uri": f"{CALLBACK}/"}, INVALID),
    "code of nobody": ({"code": "A" * 43}, INVALID),
    "code that is no handle": ({"code": "x"}, INVALID),
    "no code": ({"code": None}, ("invalid_request", "input.request_malformed")),
    "AuthorizationCodeIsBoundToClient": ({"client": "bank-2"}, INVALID),
    "code to a client of the other profile": ({"client": "shop"}, INVALID),
    "another grant": ({"grant_type": "refresh_token"}, ("unsupported_grant_type", "input.request_malformed")),
    "HolderOfKeyRequired": ({"proof": None}, ("invalid_dpop_proof", "holder.binding_missing")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_whoever_may_not_redeem_a_code_does_not_spend_it(bank: Bank, name: str) -> None:
    """Reference 5.4: Authlib asks PKCE of clients without authentication alone, and takes `plain`."""
    changes, expected = REFUSED[name]
    code = bank.code()
    asked = {"code": code, **changes}

    assert error_of(bank.redeem(**asked)) == expected
    assert bank.redeem(code).status_code == 200


def test_a_code_lives_a_minute(bank: Bank) -> None:
    code = bank.code()
    bank.node.clock.turn(seconds=LIMITS.code_lifetime.total_seconds())

    assert error_of(bank.redeem(code)) == INVALID


@pytest.mark.parametrize(
    "seconds", [0, 1, 30, 90], ids=["OIDCCAuthCodeReuse", "AttemptReuseAuthorizationCodeAfterOneSecond", "30 s", "90 s"]
)
def test_a_second_use_takes_back_what_the_first_one_got(bank: Bank, seconds: int) -> None:
    code = bank.code()
    first = bank.redeem(code).json()
    bank.node.clock.turn(seconds=seconds)

    assert error_of(bank.redeem(code)) == ("invalid_grant", "holder.replayed")
    store = bank.provider.transactions._store
    assert asyncio.run(store.read(Kind.ACCESS_TOKEN, first["access_token"])) is None
    assert error_of(bank.redeem(code)) == INVALID


@pytest.mark.parametrize("kind", [Kind.ACCESS_TOKEN, Kind.CODE])
def test_a_second_use_that_a_store_kept_from_taking_anything_back_is_noticed_again(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    code = bank.code()
    first = bank.redeem(code).json()
    falters_once(monkeypatch, "take", kind)

    assert error_of(bank.redeem(code), 503)[1] == STORE
    assert error_of(bank.redeem(code)) == ("invalid_grant", "holder.replayed")
    store = bank.provider.transactions._store
    assert asyncio.run(store.read(Kind.ACCESS_TOKEN, first["access_token"])) is None


def test_of_several_at_once_none_keeps_a_token(bank: Bank) -> None:
    """Reference 5.4: to look a code up and to delete it are two steps in Authlib."""
    code = bank.code()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}

    async def all_at_once() -> list[Any]:
        async with bank.node.client() as client:
            bodies = [urlencode({**form, **bank.proves("bank")}).encode() for _ in range(6)]
            proofs = [bank.proof("/oauth/token") for _ in bodies]
            return await asyncio.gather(*(
                client.post("/oauth/token", content=body, headers={**FORM, "dpop": proof})
                for body, proof in zip(bodies, proofs, strict=True)
            ))  # fmt: skip

    granted = [answer.json()["access_token"] for answer in asyncio.run(all_at_once()) if answer.status_code == 200]
    store = bank.provider.transactions._store

    assert len(granted) <= 1
    for token in granted:
        assert asyncio.run(store.read(Kind.ACCESS_TOKEN, token)) is None


PROOFS: dict[str, tuple[Callable[[Bank], str], str]] = {
    "DpopNegativeTests htu of another endpoint": (lambda b: b.proof("/oauth/par"), "holder.audience_mismatch"),
    "DpopNegativeTests htm": (lambda b: b.proof("/oauth/token", "GET"), "holder.audience_mismatch"),
    "DpopNegativeTests no jti": (lambda b: b.proof("/oauth/token", jti=None), "oidc.claim_malformed"),
    "CheckDpopProofNbfExp expired": (lambda b: b.proof("/oauth/token", exp=b.now() - 1), "time.expired"),
    "CheckDpopProofNbfExp nbf": (lambda b: b.proof("/oauth/token", nbf=b.now() + 70), "time.not_yet_valid"),
    "iat too old": (lambda b: b.proof("/oauth/token", iat=b.now() - 60), "holder.not_fresh"),
    "iat too far ahead": (lambda b: b.proof("/oauth/token", iat=b.now() + 70), "time.issued_in_future"),
    "no JWT": (lambda _: "x", "input.malformed"),
}


@pytest.mark.parametrize("name", PROOFS)
def test_a_proof_is_for_this_request(bank: Bank, name: str) -> None:
    make, code = PROOFS[name]

    error, reason = error_of(bank.redeem(bank.code(), proof=make(bank)))

    assert error == "invalid_dpop_proof"
    assert reason == code


def test_a_proof_counts_once(bank: Bank) -> None:
    proof = bank.proof("/oauth/token")
    assert bank.redeem(bank.code(), proof=proof).status_code == 200

    assert error_of(bank.redeem(bank.code(), proof=proof)) == ("invalid_dpop_proof", "holder.replayed")


def test_a_proof_twice_is_none(bank: Bank) -> None:
    form = {"grant_type": "authorization_code", "code": bank.code(), **bank.proves("bank")}
    headers = [*FORM.items(), ("dpop", bank.proof("/oauth/token")), ("dpop", bank.proof("/oauth/token"))]
    response = bank.node.send("POST", "/oauth/token", body=urlencode(form).encode(), headers=headers)

    assert error_of(response) == ("invalid_request", "input.request_malformed")


@pytest.mark.parametrize("way", ["dpop_jkt", "proof at PAR"])
def test_TokenEndpointFailsWithMismatchedDpopProofJkt(bank: Bank, way: str) -> None:  # noqa: N802
    """A code that is bound to a key is of no use to another; the client's own proof then is good."""
    bound = {"dpop_jkt": parse_jwk(dict(DPOP_KEY.public_jwk)).thumbprint} if way == "dpop_jkt" else {}
    headers = {"dpop": bank.proof("/oauth/par")} if way != "dpop_jkt" else None
    code = bank.code(headers=headers, **bound)
    stolen = bank.redeem(code, proof=bank.proof("/oauth/token", key=OTHER_DPOP_KEY))

    assert error_of(stolen) == ("invalid_dpop_proof", "holder.key_missing")
    assert bank.redeem(code).status_code == 200


def test_a_bearer_does_not_redeem_a_code_that_is_bound(bank: Bank) -> None:
    thumbprint = parse_jwk(dict(DPOP_KEY.public_jwk)).thumbprint
    code = bank.code("shop", dpop_jkt=thumbprint)

    assert error_of(bank.redeem(code, "shop", proof=None)) == ("invalid_dpop_proof", "holder.binding_missing")
    assert bank.redeem(code, "shop").json()["token_type"] == "DPoP"


def test_a_client_whose_algorithm_the_node_does_not_sign_with_gets_no_token(shared_files: Path) -> None:
    bank = bank_in(shared_files, id_token_signed_response_alg="PS256")

    assert error_of(bank.redeem(bank.code())) == ("invalid_grant", "policy.assertion_not_available")


def test_a_store_that_takes_nothing_issues_nothing(shared_files: Path) -> None:
    faults = Faults()
    bank = bank_in(shared_files, faults=faults)
    code = bank.code("shop")
    faults.switch(ONE_TIME_FULL, on=True)
    response = bank.redeem(code, "shop", proof=None)

    assert error_of(response, 503) == ("temporarily_unavailable", "system.overloaded")
    assert int(response.headers["retry-after"]) > 0
    faults.switch(ONE_TIME_FULL, on=False)
    assert bank.redeem(code, "shop", proof=None).status_code == 200


def id_token(bank: Bank, document: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    """The claims of an ID token, verified as a client would."""
    token = token or document["id_token"]
    keys = jwt.PyJWKSet.from_dict(bank.node.send("GET", "/.well-known/jwks.json").json())
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "JWT"
    claims: dict[str, Any] = jwt.decode(
        token,
        keys[header["kid"]].key,
        algorithms=["ES256"],
        audience="bank",
        issuer=bank.issuer,
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "strict_aud": True},
    )
    return claims


def test_a_login_ends_in_an_id_token_and_a_bound_access_token(bank: Bank) -> None:
    response = bank.redeem(bank.code())
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    document = response.json()
    claims = id_token(bank, document)

    tokens = {"access_token", "token_type", "expires_in", "id_token", "scope"}
    assert document.keys() == tokens | {"consent_receipt", "receipt"}
    assert document["token_type"] == "DPoP"
    assert 0 < document["expires_in"] <= LIMITS.bound_token_lifetime.total_seconds() == 600
    assert claims["nonce"] == "nonce-1"
    assert claims["acr"] == A3
    assert claims["at_hash"] == half_hash(document["access_token"], "ES256")
    assert claims["purpose"] == {"code": "account-opening", "text": "To open your account"}
    assert claims["verified_claims"]["claims"].keys() == {"name", "birthdate", "nationality"}
    assert claims["exp"] - claims["iat"] <= 300


def test_the_subject_is_the_same_at_every_login_and_says_nothing(bank: Bank) -> None:
    first, second = (id_token(bank, bank.redeem(bank.code()).json()) for _ in range(2))

    assert first["sub"] == second["sub"]
    assert len(base64url.decode(first["sub"])) == 32
    assert first["txn"] != second["txn"]
    assert first["sid"] != second["sid"]


def test_no_nonce_gets_none(bank: Bank) -> None:
    assert "nonce" not in id_token(bank, bank.redeem(bank.code(nonce=None, state=None)).json())


@pytest.mark.parametrize(
    ("profile", "values", "expected"),
    [("bank", [A2], A2), ("bank", [A2, A3], A3)],
    ids=["lower than proved", "highest of those demanded"],
)
def test_OIDCCEnsureRequestWithAcrValuesSucceeds(  # noqa: N802
    bank: Bank, profile: str, values: list[str], expected: str
) -> None:
    verified = {"verification": {"trust_framework": None, "assurance_level": None}, "claims": {"name": None}}
    asked = {"id_token": {"acr": {"essential": True, "values": values}, "verified_claims": verified}}
    code = bank.code(profile, claims=json.dumps(asked), report={"claims": ["name"]})
    claims = id_token(bank, bank.redeem(code).json())

    level = expected.rpartition(":")[2]
    assert claims["acr"] == expected
    assert claims["assurance"]["loa"] == level
    assert claims["verified_claims"]["verification"]["assurance_level"] == level


def test_a_client_of_the_profile_for_secrets_gets_a_bearer_token_and_no_more_than_A2(bank: Bank) -> None:  # noqa: N802
    document = bank.redeem(bank.code("shop"), "shop", proof=None).json()
    claims = jwt.decode(document["id_token"], options={"verify_signature": False})

    assert document["token_type"] == "Bearer"
    assert 0 < document["expires_in"] <= LIMITS.bearer_token_lifetime.total_seconds() == 300
    assert claims["aud"] == "shop"
    assert claims["acr"] == A2
    assert set(claims["assurance"].values()) == {"A2"}


def test_an_id_token_is_encrypted_as_the_client_registered(shared_files: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    jwk = {**jwk_of(private.public_key()), "use": "enc", "kid": "bank-enc", "alg": "ECDH-ES+A256KW"}
    bank = bank_in(
        shared_files,
        jwks=(KEY.public_jwk, jwk),
        id_token_encryption=ResponseEncryption("ECDH-ES+A256KW", "A256GCM"),
    )
    token = bank.redeem(bank.code()).json()["id_token"]
    opened = decrypt(token, (decryption_key(private, kid="bank-enc"),))

    assert opened.content_type == "JWT"
    assert id_token(bank, {}, opened.plaintext.decode())["aud"] == "bank"


def test_nothing_of_a_person_lies_in_the_store_in_the_clear(bank: Bank) -> None:
    code = bank.code()
    document = bank.redeem(code).json()
    claims = id_token(bank, document)["verified_claims"]["claims"]
    birthdate = claims["birthdate"]
    held = b"".join(value.octets for value in bank.provider.transactions._store.held.values())

    assert len(held) > 1000
    for canary in (birthdate, "birthdate", code, document["access_token"], "To open your account"):
        assert canary.encode() not in held
