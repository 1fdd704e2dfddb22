"""Discovery: what the document promises is done, and what it leaves out is refused. Names are the suite's."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from idbridge.crypto.jwe import decrypt, decryption_key
from idbridge.crypto.keys import jwk_of
from idbridge.crypto.signer import FileSigner, generate
from idbridge.limits import LIMITS
from idbridge.oidc.client import GRANTS, ResponseEncryption
from idbridge_gateway.app import create_app
from idbridge_gateway.oidc.clients import ClientDirectory
from idbridge_gateway.oidc.discovery import AUTHORIZATION_SERVER, CONFIGURATION
from idbridge_gateway.pages.catalogue import LANGUAGES
from idbridge_gateway.pages.languages import language
from scripts import gen_reference
from tests.gateway.asking import Node, problem_of
from tests.gateway.providing import KEY, SECRET, Bank, bank_in, error_of, told

SIGNING = ("ES256", "PS256", "EdDSA", "Ed25519")


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


def document(bank: Bank, path: str = CONFIGURATION) -> dict[str, Any]:
    response = bank.node.send("GET", path)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    found: dict[str, Any] = response.json()
    return found


def key(algorithm: str) -> FileSigner:
    return generate("Ed25519" if algorithm == "EdDSA" else algorithm, kid=f"key-{algorithm}")


def named(signer: FileSigner, algorithm: str) -> FileSigner:
    """The same key under the other name of its algorithm."""
    jwk = {**signer.public_jwk, "alg": algorithm}
    return replace(signer, algorithm=algorithm, public_jwk=jwk)


def test_a_node_that_can_sign_nothing_promises_nothing(bank: Bank) -> None:
    issuing = bank.provider.turns.issuing
    issuing.exchange(replace(issuing.current(), signers=()))

    assert problem_of(bank.node.send("GET", CONFIGURATION), 503) == "system.not_ready"


def test_a_node_whose_lists_name_no_provider_promises_nothing(own_node: Node, tmp_path: Path) -> None:
    """A practice node may start without any list; nobody could log in at it."""
    for path in (own_node.settings.trust_dir or tmp_path).glob("lists/*.jws"):
        path.unlink()
    own_node.app = create_app(own_node.settings, clock=own_node.clock)

    assert problem_of(own_node.send("GET", CONFIGURATION), 503) == "system.not_ready"


@pytest.mark.parametrize("path", [CONFIGURATION, AUTHORIZATION_SERVER])
def test_DiscoveryEndpointVerification(bank: Bank, path: str) -> None:  # noqa: N802
    found = document(bank, path)

    assert found["issuer"] == bank.issuer
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["backchannel_logout_supported"] is True
    assert found["backchannel_logout_session_supported"] is True
    assert found["verified_claims_supported"] is True
    assert {"name", "birthdate", "nationality"} <= set(found["claims_in_verified_claims_supported"])
    assert found["trust_frameworks_supported"] == ["idbridge"]
    assert found == document(bank)


def test_whoever_holds_the_document_is_told_so(bank: Bank) -> None:
    first = bank.node.send("GET", CONFIGURATION)
    again = bank.node.send("GET", CONFIGURATION, headers={"if-none-match": first.headers["etag"]})
    other = bank.node.send("GET", CONFIGURATION, headers={"if-none-match": '"another"'})

    assert first.headers["cache-control"] == f"public, max-age={int(LIMITS.metadata_max_age.total_seconds())}"
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert other.content == first.content


def test_whatever_address_it_names_is_served(bank: Bank) -> None:
    named = {name: url for name, url in document(bank).items() if name.endswith(("_endpoint", "jwks_uri"))}

    assert len(named) == 8
    for name, url in named.items():
        assert url.startswith(f"{bank.issuer}/"), name
        posts = name.split("_")[0] in {"token", "pushed", "introspection", "revocation"}
        path = urlsplit(url).path
        assert bank.node.send("POST" if posts else "GET", path).status_code not in {404, 405}, name
        assert bank.node.send("DELETE", path).status_code == 405, name


def test_requests_need_not_be_pushed_and_secrets_count_only_if_a_client_is_registered_so(bank: Bank) -> None:
    registered = bank.provider.clients
    assert isinstance(registered, ClientDirectory)
    alone = ClientDirectory({name: one for name, one in registered.by_id.items() if name != "shop"})
    strict = bank_in(bank.node.directory, directory_of=alone)

    assert document(bank)["require_pushed_authorization_requests"] is False
    assert document(bank)["token_endpoint_auth_methods_supported"] == [
        "private_key_jwt", "client_secret_basic", "client_secret_post",
    ]  # fmt: skip
    assert document(strict)["require_pushed_authorization_requests"] is True
    assert document(strict)["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert error_of(strict.push("shop"), 401)[0] == "invalid_client"


def test_the_reference_shows_what_a_node_says_whose_clients_are_all_of_fapi(bank: Bank) -> None:
    registered = bank.provider.clients
    assert isinstance(registered, ClientDirectory)
    alone = ClientDirectory({name: one for name, one in registered.by_id.items() if name != "shop"})
    said = bank_in(bank.node.directory, directory_of=alone).node.send("GET", CONFIGURATION).text

    assert json.loads(said.replace(bank.issuer, gen_reference.NODE)) == json.loads(gen_reference.discovery_page())


def test_the_document_is_made_anew_when_something_of_it_changed(bank: Bank) -> None:
    first = document(bank)
    registered = bank.provider.clients
    assert isinstance(registered, ClientDirectory)
    without = {name: one for name, one in registered.by_id.items() if name != "shop"}
    object.__setattr__(registered, "by_id", without)

    assert first["require_pushed_authorization_requests"] is False
    assert document(bank)["require_pushed_authorization_requests"] is True


def test_a_client_of_fapi_pushes_its_requests_whatever_others_may(bank: Bank) -> None:
    response = bank.authorize(**bank.asked("bank"))

    assert response.status_code == 400
    assert "location" not in response.headers


def test_the_grants_that_it_names_are_answered_and_no_others(bank: Bank) -> None:
    offered = set(document(bank)["grant_types_supported"])
    for grant in GRANTS | {"refresh_token", "password", "implicit"}:
        error, _ = error_of(bank.post("/oauth/token", {**bank.proves("bank"), "grant_type": grant}))

        assert (error == "unsupported_grant_type") is (grant not in offered), grant


@pytest.mark.parametrize("algorithm", SIGNING)
def test_a_client_authenticates_with_each_algorithm_that_it_names(shared_files: Path, algorithm: str) -> None:
    signer = key(algorithm)
    bank = bank_in(shared_files, jwks=(signer.public_jwk,))
    form = {**bank.proves("bank"), **bank.asked(), "client_assertion": bank.assertion("bank", named(signer, algorithm))}

    for endpoint in ("token", "introspection", "revocation"):
        assert tuple(document(bank)[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]) == SIGNING
    assert bank.post("/oauth/par", form).status_code == 201


@pytest.mark.parametrize("algorithm", SIGNING)
def test_a_proof_is_good_with_each_algorithm_that_it_names(bank: Bank, algorithm: str) -> None:
    proof = bank.proof("/oauth/token", key=named(key(algorithm), algorithm))

    assert tuple(document(bank)["dpop_signing_alg_values_supported"]) == SIGNING
    assert bank.redeem(bank.code(), proof=proof).status_code == 200


@pytest.mark.parametrize("algorithm", ["RS256", "ES384", "HS256"])
def test_an_algorithm_that_it_does_not_name_is_no_proof(bank: Bank, algorithm: str) -> None:
    private = {
        "RS256": rsa.generate_private_key(65537, 2048), "ES384": ec.generate_private_key(ec.SECP384R1()),
        "HS256": "s" * 64,
    }[algorithm]  # fmt: skip
    public = {"kty": "oct", "k": "x"} if isinstance(private, str) else jwk_of(private.public_key())
    nonce = bank.provider.proofs.nonces.issue(at=bank.node.clock.now())
    claims = {"jti": "j", "htm": "POST", "htu": f"{bank.issuer}/oauth/token", "iat": bank.now(), "nonce": nonce}
    proof = jwt.encode(claims, private, algorithm, headers={"typ": "dpop+jwt", "jwk": public})

    assert algorithm not in document(bank)["dpop_signing_alg_values_supported"]
    error, reason = error_of(bank.redeem(bank.code(), proof=proof))
    assert error == "invalid_dpop_proof"
    assert reason in {"jose.alg_not_allowed", "jose.alg_key_mismatch"}


def test_id_tokens_are_signed_with_the_algorithm_that_it_names(bank: Bank) -> None:
    token = bank.redeem(bank.code()).json()["id_token"]

    assert document(bank)["id_token_signing_alg_values_supported"] == [jwt.get_unverified_header(token)["alg"]]
    assert document(bank)["userinfo_signing_alg_values_supported"] == ["ES256"]


ENCRYPTIONS = [
    *((algorithm, "A256GCM") for algorithm in ("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "RSA-OAEP-256")),
    *(("ECDH-ES", encoding) for encoding in ("A128GCM", "A128CBC-HS256", "A256CBC-HS512")),
]


@pytest.mark.parametrize(("algorithm", "encoding"), ENCRYPTIONS)
def test_id_tokens_are_encrypted_in_each_way_that_it_names(shared_files: Path, algorithm: str, encoding: str) -> None:
    private = (
        rsa.generate_private_key(65537, 2048)
        if algorithm.startswith("RSA")
        else ec.generate_private_key(ec.SECP256R1())
    )
    jwk = {**jwk_of(private.public_key()), "use": "enc", "kid": "bank-enc", "alg": algorithm}
    bank = bank_in(
        shared_files, jwks=(KEY.public_jwk, jwk), id_token_encryption=ResponseEncryption(algorithm, encoding)
    )
    token = bank.redeem(bank.code()).json()["id_token"]
    found = document(bank)

    assert algorithm in found["id_token_encryption_alg_values_supported"]
    assert encoding in found["id_token_encryption_enc_values_supported"]
    assert decrypt(token, (decryption_key(private, kid="bank-enc"),)).plaintext.count(b".") == 2


def test_it_names_no_other_encryption_and_none_can_be_registered(bank: Bank) -> None:
    found = document(bank)

    assert set(found["id_token_encryption_alg_values_supported"]) == {one for one, _ in ENCRYPTIONS}
    assert set(found["id_token_encryption_enc_values_supported"]) == {one for _, one in ENCRYPTIONS}
    for algorithm, encoding in (
        ("RSA1_5", "A256GCM"),
        ("RSA-OAEP", "A256GCM"),
        ("ECDH-ES", "none"),
        ("dir", "A256GCM"),
    ):
        with pytest.raises(ValueError, match="closed table"):
            ResponseEncryption(algorithm, encoding)


def test_a_client_may_ask_for_each_level_that_it_names_and_no_other_is_ever_met(bank: Bank) -> None:
    def asked(level: str) -> dict[str, Any]:
        return {"claims": json.dumps({"id_token": {"acr": {"essential": True, "value": level}}})}

    for level in document(bank)["acr_values_supported"]:
        assert bank.push(**asked(level)).status_code == 201
    assert error_of(bank.push(**asked("urn:idbridge:loa:A4"))) == (
        "unmet_authentication_requirements", "policy.loa_too_low",
    )  # fmt: skip


def test_userinfo_contains_no_claim_that_it_does_not_name(bank: Bank) -> None:
    """EKYC: UserinfoContainsDataNotAdvertisedInOPMetadata."""
    claims = jwt.decode(bank.redeem(bank.code()).json()["id_token"], options={"verify_signature": False})
    released = claims["verified_claims"]["claims"].keys()

    assert released
    assert released <= set(document(bank)["claims_in_verified_claims_supported"])


def test_pages_speak_each_language_that_it_names(bank: Bank) -> None:
    spoken = [
        language({"ui_locales": tag}, {}, "", offered=LANGUAGES) for tag in document(bank)["ui_locales_supported"]
    ]

    assert [one.code for one in spoken] == list(LANGUAGES)


def test_the_answer_comes_in_each_mode_that_it_names_with_the_name_of_the_issuer(bank: Bank) -> None:
    found = document(bank)
    for mode in found["response_modes_supported"]:
        assert bank.push(response_mode=mode).status_code == 201
    refused = bank.authorize(client_id="bank", request_uri=bank.pushed(prompt="none"))

    assert error_of(bank.push(response_mode="fragment"))[0] == "invalid_request"
    assert told(refused)["iss"] == found["issuer"]


def test_secrets_are_taken_in_both_ways_that_it_names(bank: Bank) -> None:
    basic = base64.b64encode(f"shop:{SECRET}".encode()).decode()
    asked = bank.asked("shop")
    by_header = bank.node.send(
        "POST",
        "/oauth/par",
        body=urlencode(asked).encode(),
        headers={"content-type": "application/x-www-form-urlencoded", "authorization": f"Basic {basic}"},
    )

    assert by_header.status_code == 201
    assert bank.push("shop").status_code == 201


def test_request_objects_are_not_taken_as_it_says(bank: Bank) -> None:
    assert document(bank)["request_parameter_supported"] is False
    assert error_of(bank.push(request="x.y.z"))[0] == "request_not_supported"
