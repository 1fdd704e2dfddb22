"""What this node proves to a provider, held to the very rules by which its own endpoints judge such proofs."""

import base64
import json
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.oidc.client_assertion import ASSERTION_TYPE, verify_client_assertion
from idbridge.oidc.client_authentication import read_presented_client
from idbridge.oidc.dpop import verify_proof
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.upstream_proofs import basic_authorization, client_assertion, dpop_proof
from tests.oidc.kit import KEY, NOON, NOW, client, refused

ISSUER = "https://login.sg.example"
TOKEN = f"{ISSUER}/token"
DPOP = generate("ES256")


def proof(**changes: Any) -> str:
    return dpop_proof(DPOP, **{"method": "POST", "url": TOKEN, "jti": "j-1", "at": NOON, **changes})


def claims_of(compact: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64url.decode(compact.split(".")[1]))
    return claims


def test_an_assertion_is_good_for_its_issuer_alone() -> None:
    form = client_assertion(KEY, client_id="bank.sg", issuer=ISSUER, jti="j-1", at=NOON)
    assertion = form["client_assertion"]

    assert refused(verify_client_assertion, assertion, client=client(), issuer=TOKEN, at=NOON).error == "invalid_client"
    assert verify_client_assertion(assertion, client=client(), issuer=ISSUER, at=NOON).key
    assert (form["client_id"], form["client_assertion_type"]) == ("bank.sg", ASSERTION_TYPE)


def test_an_assertion_names_one_audience_and_ends_within_what_every_provider_takes() -> None:
    claims = claims_of(client_assertion(KEY, client_id="c", issuer=ISSUER, jti="j-1", at=NOON)["client_assertion"])

    assert claims == {"iss": "c", "sub": "c", "aud": ISSUER, "iat": NOW, "exp": claims["exp"], "jti": "j-1"}
    assert NOW < claims["exp"] <= NOW + LIMITS.client_assertion_lifetime.total_seconds()


def test_a_proof_is_good_for_its_request_alone() -> None:
    for other in ({"method": "GET"}, {"url": f"{ISSUER}/par"}, {"access_token": "t"}):
        request: dict[str, Any] = {"method": "POST", "url": TOKEN, **other}
        assert refused(verify_proof, (proof(),), at=NOON, **request).error == "invalid_dpop_proof"
    assert verify_proof((proof(),), method="POST", url=TOKEN, at=NOON).thumbprint


def test_a_proof_for_a_resource_names_its_token_and_the_nonce_of_the_server() -> None:
    made = proof(method="GET", url=f"{ISSUER}/userinfo?a=b", access_token="t", nonce="n-1")

    verify_proof((made,), method="GET", url=f"{ISSUER}/userinfo", at=NOON, access_token="t")
    assert claims_of(made)["nonce"] == "n-1"
    assert claims_of(made)["htu"] == f"{ISSUER}/userinfo"
    assert "nonce" not in claims_of(proof())


def test_a_proof_shows_the_public_half_of_its_key_and_no_more() -> None:
    header = json.loads(base64url.decode(proof().split(".")[0]))

    assert header["jwk"].keys() == {"kty", "crv", "x", "y"}
    assert header["typ"] == "dpop+jwt"


@pytest.mark.parametrize("url", ["", "login.sg.example/token", "file:///token", "https://login.sg.example\\@x/"])
def test_no_proof_is_made_for_what_cannot_be_called(url: str) -> None:
    with pytest.raises(ValueError, match="address that can be called"):
        proof(url=url)


@pytest.mark.parametrize("secret", ["plain-secret", "with:colon", "with space", "100%&+=", "ünïcode"])
def test_a_secret_arrives_as_it_was_agreed_whatever_it_has_in_it(secret: str) -> None:
    header = basic_authorization("client id:1", secret)

    scheme, _, coded = header.partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(coded).count(b":") == 1
    presented = read_presented_client(Parameters({}), authorization=basic_authorization("bank.sg", secret))
    assert (presented.client_id, presented.secret) == ("bank.sg", secret)
