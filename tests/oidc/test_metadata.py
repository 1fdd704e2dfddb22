"""Discovery: the document says what is served, and everything that the work order names."""

from typing import Any

import pytest

from idbridge.limits import LIMITS
from idbridge.model.assertion import LEVELS_BY_URI
from idbridge.oidc.claims_request import parse_claims
from idbridge.oidc.client import AUTHORIZATION_CODE
from idbridge.oidc.metadata import MAX_AGE, Endpoints, Offer, discovery_document
from tests.oidc.kit import ISSUER, refused
from tests.oidc.test_authorization_request import plain, pushed

GRANTED = frozenset({AUTHORIZATION_CODE})
OFFER = Offer(("ES256",), frozenset({"birthdate", "name"}), ("en", "th"), GRANTED)
PLAIN = Offer(("ES256",), frozenset({"name"}), ("en",), GRANTED, plain_requests=True, trustmark=f"{ISSUER}/trustmark")


@pytest.mark.parametrize(
    "changes",
    [{"signing_algorithms": ()}, {"claims": frozenset()}, {"ui_locales": ()}, {"grants": frozenset()}],
    ids=["key", "claim", "language", "grant"],
)
def test_a_node_that_offers_nothing_has_no_document(changes: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        name: getattr(OFFER, name) for name in ("signing_algorithms", "claims", "ui_locales", "grants")
    }
    with pytest.raises(ValueError, match="at least"):
        Offer(**{**good, **changes})


@pytest.mark.parametrize("issuer", ["", "node.sg.example", f"{ISSUER}/", "urn:x"])
def test_an_issuer_that_is_no_address_or_ends_in_a_slash_has_no_endpoints(issuer: str) -> None:
    with pytest.raises(ValueError, match="slash"):
        Endpoints(issuer)


def test_discovery_endpoint_verification() -> None:
    """DiscoveryEndpointVerification, OIDCCRpInitiatedLogoutDiscoveryEndpointVerification."""
    document = discovery_document(Endpoints(ISSUER), OFFER)
    named = {name: value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))}

    assert document["issuer"] == ISSUER
    assert all(value.startswith(f"{ISSUER}/") for value in named.values())
    assert set(named) == {
        "authorization_endpoint", "pushed_authorization_request_endpoint", "token_endpoint", "introspection_endpoint",
        "revocation_endpoint", "userinfo_endpoint", "end_session_endpoint", "jwks_uri",
    }  # fmt: skip
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["require_pushed_authorization_requests"] is True
    assert document["response_types_supported"] == ["code"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert document["grant_types_supported"] == [AUTHORIZATION_CODE]
    assert document["subject_types_supported"] == ["pairwise"]
    assert document["trust_frameworks_supported"] == ["idbridge"]
    assert document["claims_in_verified_claims_supported"] == ["birthdate", "name"]
    assert document["ui_locales_supported"] == ["en", "th"]
    assert document["backchannel_logout_supported"] is True
    assert set(document["acr_values_supported"]) == set(LEVELS_BY_URI)
    assert LIMITS.metadata_max_age == MAX_AGE


def test_only_what_a_browser_goes_to_may_be_elsewhere() -> None:
    here = discovery_document(Endpoints(ISSUER, browser="http://127.0.0.1:8080"), OFFER)
    there = discovery_document(Endpoints(ISSUER), OFFER)

    changed = {name for name in there if here[name] != there[name]}
    assert changed == {"authorization_endpoint", "end_session_endpoint"}
    assert here["authorization_endpoint"] == "http://127.0.0.1:8080/oauth/authorize"


def test_no_algorithm_that_fapi_forbids_is_offered_anywhere() -> None:
    for offer in (OFFER, PLAIN):
        document = discovery_document(Endpoints(ISSUER), offer)
        listed = {one for name, value in document.items() if "_alg_values_" in name for one in value}

        assert listed.isdisjoint({"none", "RS256", "HS256", "RSA1_5"})
        assert document["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA", "Ed25519"]


def test_secrets_and_plain_requests_are_offered_only_where_a_client_is_registered_for_them() -> None:
    document = discovery_document(Endpoints(ISSUER), PLAIN)

    assert document["require_pushed_authorization_requests"] is False
    assert document["token_endpoint_auth_methods_supported"] == [
        "private_key_jwt", "client_secret_basic", "client_secret_post",
    ]  # fmt: skip
    assert document["trustmarks"] == f"{ISSUER}/trustmark"


def test_what_is_not_stated_is_not_promised() -> None:
    document = discovery_document(Endpoints(ISSUER), OFFER)
    with_evidence = Offer(
        ("ES256",), frozenset({"name"}), ("en",), GRANTED, evidence=frozenset({"electronic_signature"})
    )

    assert document.keys().isdisjoint(
        {"evidence_supported", "trustmarks", "registration_endpoint", "service_documentation"}
    )
    assert discovery_document(Endpoints(ISSUER), with_evidence)["evidence_supported"] == ["electronic_signature"]


def test_the_document_promises_what_the_reader_of_requests_does() -> None:
    document = discovery_document(Endpoints(ISSUER), OFFER)

    for mode in document["response_modes_supported"]:
        assert pushed(response_mode=mode).response_mode == mode
    for prompt in document["prompt_values_supported"]:
        assert plain(prompt=prompt).prompt == {prompt}
    assert document["request_parameter_supported"] is False
    assert refused(pushed, request="x").error == "request_not_supported"
    assert parse_claims("{}").wanted == ()
