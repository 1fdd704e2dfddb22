"""Pushed requests over HTTP: what must fail first, under the names that the OpenID conformance suite gives it."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from idbridge.crypto.keys import parse_jwk
from idbridge.oidc.pkce import challenge_of
from idbridge_gateway.api.faults import ONE_TIME_BROKEN, ONE_TIME_FULL, Faults
from idbridge_gateway.app import create_app
from tests.gateway.providing import (
    A3,
    CALLBACK,
    DPOP_KEY,
    FORM,
    KEY,
    OTHER_DPOP_KEY,
    OTHER_KEY,
    SECRET,
    VERIFIER,
    Bank,
    bank_in,
    error_of,
)

pytestmark = pytest.mark.usefixtures("patient_store")

ESSENTIAL = {"id_token": {"acr": {"essential": True, "value": "urn:idbridge:loa:A9"}}}


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


REFUSED: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "PAREnsurePKCERequired": ({"code_challenge": None}, ("invalid_request", "input.request_malformed")),
    "PAREnsurePlainPKCERejected": (
        {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
        ("invalid_request", "input.request_malformed"),
    ),
    "PKCE method left out, which means plain": (
        {"code_challenge_method": None},
        ("invalid_request", "input.request_malformed"),
    ),
    "PARRejectRequestUriInParAuthorizationFormParams": (
        {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
        ("invalid_request", "input.request_malformed"),
    ),
    "request object": ({"request": "e30.e30."}, ("request_not_supported", "input.member_unsupported")),
    "ResponseTypeTokenFails": (
        {"response_type": "token"},
        ("unsupported_response_type", "input.request_malformed"),
    ),
    "EnsureResponseTypeCodeIdTokenFails": (
        {"response_type": "code id_token"},
        ("unsupported_response_type", "input.request_malformed"),
    ),
    "no response type": ({"response_type": None}, ("invalid_request", "input.request_malformed")),
    "EnsureRegisteredRedirectUri": (
        {"redirect_uri": "https://bank.th.example/callback/"},
        ("invalid_request", "input.request_malformed"),
    ),
    "RedirectUriQueryAdded": ({"redirect_uri": f"{CALLBACK}?x=1"}, ("invalid_request", "input.request_malformed")),
    "no redirect URI": ({"redirect_uri": None}, ("invalid_request", "input.request_malformed")),
    "scope without openid": ({"scope": "profile"}, ("invalid_scope", "input.request_malformed")),
    "EnsureInvalidPurposeFails too short": ({"purpose_text": "ab"}, ("invalid_request", "input.request_malformed")),
    "EnsureInvalidPurposeFails too long": (
        {"purpose_text": "a" * 301},
        ("invalid_request", "input.request_malformed"),
    ),
    "EnsureInvalidPurposeFails none": ({"purpose_text": None}, ("invalid_request", "input.request_malformed")),
    "purpose that is not registered": ({"purpose": "espionage"}, ("invalid_request", "policy.purpose_not_registered")),
    "claims that are no JSON": ({"claims": "{"}, ("invalid_request", "input.malformed")),
    "claims with a member twice": ({"claims": '{"id_token":{},"id_token":{}}'}, ("invalid_request", "input.malformed")),
    "TestEssentialAcrScaClaim of no level that exists": (
        {"claims": json.dumps(ESSENTIAL)},
        ("unmet_authentication_requirements", "policy.loa_too_low"),
    ),
    "response mode of tokens": ({"response_mode": "fragment"}, ("invalid_request", "input.request_malformed")),
    "dpop_jkt that is no thumbprint": ({"dpop_jkt": "x"}, ("invalid_request", "input.request_malformed")),
    "prompt none beside another": ({"prompt": "none login"}, ("invalid_request", "input.request_malformed")),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_not_be_asked_is_refused_as_json(bank: Bank, name: str) -> None:
    """Reference 5.4: Authlib's validation answers 302 to the redirect URI here."""
    changes, expected = REFUSED[name]

    assert error_of(bank.push(**changes)) == expected


def test_a_client_of_less_than_three_levels_is_never_promised_the_highest(bank: Bank) -> None:
    demanded = json.dumps({"id_token": {"acr": {"essential": True, "value": A3}}})

    assert error_of(bank.push("shop", claims=demanded)) == ("unmet_authentication_requirements", "policy.loa_too_low")
    assert bank.push("bank", claims=demanded).status_code == 201


def test_ParWithoutDuplicateParameters(bank: Bank) -> None:  # noqa: N802
    form = urlencode({**bank.proves("bank"), **bank.asked()}) + "&scope=openid"

    assert error_of(bank.post("/oauth/par", form.encode()))[0] == "invalid_request"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_PARRejectInvalidHttpVerb(bank: Bank, method: str) -> None:  # noqa: N802
    response = bank.node.send(method, "/oauth/par", headers=FORM)

    assert response.status_code == 405
    assert response.json()["code"] == "input.method_not_allowed"


def pushed_by(bank: Bank, assertion: str, client: str = "bank") -> Any:
    return bank.post("/oauth/par", {**bank.proves(client), "client_assertion": assertion, **bank.asked(client)})


AUDIENCES = {
    "PAREndpointAsAudienceFails": "/oauth/par",
    "PARTokenEndpointAsAudienceFails": "/oauth/token",
    "EnsureClientAssertionWithWrongAudFails": "/other",
}


@pytest.mark.parametrize("name", AUDIENCES)
def test_a_client_assertion_is_for_the_issuer(bank: Bank, name: str) -> None:
    assertion = bank.assertion("bank", aud=f"{bank.issuer}{AUDIENCES[name]}")

    assert error_of(pushed_by(bank, assertion), 401) == ("invalid_client", "oidc.audience_mismatch")


@pytest.mark.parametrize("others", [[], ["/oauth/par"], ["/oauth/token"]], ids=["alone", "with PAR", "with token"])
def test_PAREndpointAsArrayAudienceFails(bank: Bank, others: list[str]) -> None:  # noqa: N802
    """Reference 5.4: Authlib takes an array that names the issuer among others (CVE-2025-27370, CVE-2025-27371)."""
    assertion = bank.assertion("bank", aud=[bank.issuer, *(bank.issuer + path for path in others)])

    assert error_of(pushed_by(bank, assertion), 401) == ("invalid_client", "oidc.audience_mismatch")


TIMES: dict[str, tuple[dict[str, int | None], str]] = {
    "ClientAssertionWithExpIs5MinutesInPastFails": ({"iat": -420, "exp": -300}, "time.expired"),
    "ClientAssertionWithIatInFutureFails": ({"iat": 70, "exp": 120}, "time.issued_in_future"),
    "lifetime of more than 120 s": ({"exp": 121}, "time.too_old"),
}


@pytest.mark.parametrize("name", TIMES)
def test_a_client_assertion_is_of_now(bank: Bank, name: str) -> None:
    shifts, code = TIMES[name]
    changes = {claim: bank.now() + shift for claim, shift in shifts.items() if shift is not None}

    assert error_of(pushed_by(bank, bank.assertion("bank", **changes)), 401) == ("invalid_client", code)


def test_ClientAssertionWithIat8SecondsInFutureSucceeds(bank: Bank) -> None:  # noqa: N802
    assertion = bank.assertion("bank", iat=bank.now() + 8, nbf=bank.now() + 8, exp=bank.now() + 60)

    assert pushed_by(bank, assertion).status_code == 201


@pytest.mark.parametrize("name", ["ClientAssertionWithNoSubFails", "no jti", "no aud", "no exp", "no iat"])
def test_a_client_assertion_is_complete(bank: Bank, name: str) -> None:
    claim = "sub" if name.startswith("Client") else name.removeprefix("no ")

    assert error_of(pushed_by(bank, bank.assertion("bank", **{claim: None})), 401)[0] == "invalid_client"


def test_EnsureSignedClientAssertionWithRS256Fails(bank: Bank) -> None:  # noqa: N802
    """Signed as that algorithm wants, with a key of RSA."""
    claims = jwt.decode(bank.assertion("bank"), options={"verify_signature": False})
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assertion = jwt.encode(claims, key, algorithm="RS256", headers={"kid": KEY.kid})

    assert error_of(pushed_by(bank, assertion), 401) == ("invalid_client", "jose.alg_not_allowed")


def test_another_key_of_the_same_name_proves_nothing(bank: Bank) -> None:
    assertion = bank.assertion("bank", OTHER_KEY)

    assert error_of(pushed_by(bank, assertion), 401) == ("invalid_client", "jose.signature_invalid")


def test_a_client_assertion_counts_once(bank: Bank) -> None:
    assertion = bank.assertion("bank")
    assert pushed_by(bank, assertion).status_code == 201

    assert error_of(pushed_by(bank, assertion), 401) == ("invalid_client", "holder.replayed")


@pytest.mark.parametrize("client", ["nobody", "bank-off"])
def test_a_client_that_is_not_registered_or_switched_off_pushes_nothing(bank: Bank, client: str) -> None:
    assert error_of(bank.push(client), 401) == ("invalid_client", "policy.unauthenticated")


@pytest.mark.parametrize("client", ["bank", "shop"])
def test_a_secret_is_none_of_a_client_with_a_key_and_a_wrong_one_of_nobody(bank: Bank, client: str) -> None:
    secret = SECRET if client == "bank" else "t" * 43
    form = {"client_id": client, "client_secret": secret, **bank.asked(client)}

    assert error_of(bank.post("/oauth/par", form), 401) == ("invalid_client", "policy.unauthenticated")


def test_a_client_id_that_is_no_audience_of_its_party_asks_for_nothing(bank: Bank) -> None:
    expected = ("unauthorized_client", "policy.audience_not_registered")

    assert error_of(bank.push("bank-deaf")) == expected


def test_MismatchedDpopJktFails(bank: Bank) -> None:  # noqa: N802
    proof = bank.proof("/oauth/par", key=OTHER_DPOP_KEY)
    named = generate_thumbprint()

    assert error_of(bank.push(headers={"dpop": proof}, dpop_jkt=named)) == ("invalid_dpop_proof", "holder.key_missing")


def generate_thumbprint() -> str:
    """The thumbprint of the key that the tests' own proofs are of."""
    return parse_jwk(dict(DPOP_KEY.public_jwk)).thumbprint


@pytest.mark.parametrize("fault", ["other address", "other method", "too old", "twice"])
def test_a_proof_is_for_this_endpoint_and_counts_once(bank: Bank, fault: str) -> None:
    if fault == "twice":
        proof = bank.proof("/oauth/par")
        assert bank.push(headers={"dpop": proof}).status_code == 201
        expected = ("invalid_dpop_proof", "holder.replayed")
    elif fault == "too old":
        proof, expected = bank.proof("/oauth/par", iat=bank.now() - 61), ("invalid_dpop_proof", "holder.not_fresh")
    elif fault == "other method":
        proof, expected = bank.proof("/oauth/par", "GET"), ("invalid_dpop_proof", "holder.audience_mismatch")
    else:
        proof, expected = bank.proof("/oauth/token"), ("invalid_dpop_proof", "holder.audience_mismatch")

    assert error_of(bank.push(headers={"dpop": proof})) == expected


@pytest.mark.parametrize("fault", ["query", "media type", "too long"])
def test_a_broken_request_is_answered_as_oauth_does(bank: Bank, fault: str) -> None:
    form = urlencode({**bank.proves("bank"), **bank.asked()}).encode()
    if fault == "query":
        response = bank.node.send("POST", "/oauth/par?x=1", body=form, headers=FORM)
        assert error_of(response) == ("invalid_request", "input.request_malformed")
    elif fault == "media type":
        response = bank.node.send("POST", "/oauth/par", body=form, headers={"content-type": "application/json"})
        assert error_of(response, 415) == ("invalid_request", "input.media_type")
    else:
        assert error_of(bank.post("/oauth/par", b"a=" + b"b" * 70_000), 413)[1] == "input.body_too_large"


def test_a_store_that_is_full_or_broken_accepts_nothing(shared_files: Path) -> None:
    faults = Faults()
    bank = bank_in(shared_files, faults=faults)
    faults.switch(ONE_TIME_FULL, on=True)
    full = bank.push()
    assert error_of(full, 503) == ("temporarily_unavailable", "system.overloaded")
    assert int(full.headers["retry-after"]) > 0
    faults.switch(ONE_TIME_FULL, on=False)
    faults.switch(ONE_TIME_BROKEN, on=True)

    assert error_of(bank.push(), 500) == ("server_error", "system.internal")


def test_a_store_that_does_not_answer_keeps_nothing(shared_files: Path) -> None:
    """A real client of Redis, and nobody at its address."""
    bank = bank_in(shared_files)
    gone = bank.node.settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:9/0")})
    clients = bank.node.app.state.provider.clients
    bank.node.app = create_app(gone, clock=bank.node.clock, clients=clients)
    for client in ("bank", "shop"):
        response = bank.push(client)
        assert error_of(response, 503)[0] == "temporarily_unavailable"
        assert int(response.headers["retry-after"]) > 0
    handle = "urn:ietf:params:oauth:request_uri:" + "A" * 43
    response = bank.authorize(client_id="bank", request_uri=handle)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert "location" not in response.headers


@pytest.mark.parametrize("name", ["LongState", "LongNonce", "64CharNonceSuccess", "no state and no nonce"])
def test_what_is_the_clients_own_is_taken_as_it_is(bank: Bank, name: str) -> None:
    changes: dict[str, Any] = {
        "LongState": {"state": "s" * 1000},
        "LongNonce": {"nonce": "n" * 1000},
        "64CharNonceSuccess": {"nonce": "n" * 64},
        "no state and no nonce": {"state": None, "nonce": None},
    }[name]

    assert bank.push(**changes).status_code == 201


def test_what_is_in_order_gets_a_name_for_a_minute(bank: Bank) -> None:
    response = bank.push(headers={"dpop": bank.proof("/oauth/par")}, code_challenge=challenge_of("w" * 43))

    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    document = response.json()
    assert document.keys() == {"request_uri", "expires_in"}
    assert document["expires_in"] == 60
    assert document["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
