"""A request object says what the standards want it to say, and nothing of one request is in another."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from idbridge.codec import base64url
from idbridge.crypto.ephemeral import kept_ephemeral_key, new_ephemeral_key
from idbridge.crypto.header import HeaderCache, HeaderRules
from idbridge.crypto.jws import parse_unverified, verify
from idbridge.crypto.keys import public_key_from_certificate
from idbridge.errors import JoseError
from idbridge.presentation.request_object import signed_request, wallet_link
from tests.gateway.clocks import NOON
from tests.presentation.asking import HOST, QUERY, STATE, access, parameters

RULES = HeaderRules(frozenset({"oauth-authz-req+jwt"}), allow_x5c=True)
UNTIL = NOON + timedelta(minutes=15)


def test_a_request_object_that_was_changed_is_not_signed_by_the_certificate() -> None:
    certificate = access()
    header, payload, signature = signed_request(parameters(certificate), certificate, at=NOON, until=UNTIL).split(".")
    changed = ("A" if payload[40] != "A" else "B").join((payload[:40], payload[41:]))
    jws = parse_unverified(f"{header}.{changed}.{signature}", RULES, HeaderCache(1))

    with pytest.raises(JoseError) as caught:
        verify(jws, claims={}, key=public_key_from_certificate(certificate.chain[0]), algorithms=frozenset({"ES256"}))

    assert caught.value.code == "jose.signature_invalid"


def test_a_request_object_says_what_the_standards_demand() -> None:
    certificate, key = access(), new_ephemeral_key()
    compact = signed_request(
        parameters(certificate, key), certificate, at=NOON, until=UNTIL, wallet_nonce="nonce-of-the-wallet"
    )
    header, claims = (json.loads(base64url.decode(part)) for part in compact.split(".")[:2])
    metadata = claims.pop("client_metadata")

    assert header.pop("kid") == certificate.signer.kid
    assert header == {"alg": "ES256", "typ": "oauth-authz-req+jwt", "x5c": certificate.x5c}
    assert claims == {
        "iss": claims["client_id"],
        "aud": "https://self-issued.me/v2",
        "iat": int(NOON.timestamp()),
        "exp": int(UNTIL.timestamp()),
        "response_type": "vp_token",
        "response_mode": "direct_post.jwt",
        "client_id": claims["client_id"],
        "response_uri": f"https://{HOST}/wallet/response/a",
        "nonce": "nonce-of-this-request",
        "state": STATE,
        "dcql_query": QUERY,
        "wallet_nonce": "nonce-of-the-wallet",
    }
    assert metadata["encrypted_response_enc_values_supported"] == ["A128GCM", "A256GCM"]
    (jwk,) = metadata["jwks"]["keys"]
    assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"]) == ("EC", "P-256", "ECDH-ES", "enc")
    assert jwk["kid"] == key.thumbprint
    assert "d" not in jwk
    assert -7 in metadata["vp_formats_supported"]["mso_mdoc"]["deviceauth_alg_values"]
    assert -37 not in metadata["vp_formats_supported"]["mso_mdoc"]["deviceauth_alg_values"]
    assert metadata["vp_formats_supported"]["dc+sd-jwt"]["kb-jwt_alg_values"] == ["ES256", "ES384", "ES512", "Ed25519"]
    assert metadata["client_name"] == "Bank of the Sample River"


def test_a_request_for_an_answer_in_the_open_names_no_key() -> None:
    certificate = access()
    claims = parameters(certificate).claims()

    assert claims["response_mode"] == "direct_post"
    assert "jwks" not in claims["client_metadata"]
    assert "transaction_data" not in claims


def test_every_request_has_a_key_of_its_own_which_comes_back_from_where_it_was_kept() -> None:
    one, other = new_ephemeral_key(), new_ephemeral_key()

    assert one.thumbprint != other.thumbprint
    assert kept_ephemeral_key(one.pem).thumbprint == one.thumbprint
    assert "PRIVATE" not in repr(one)


def test_a_link_names_the_client_and_where_the_request_is() -> None:
    link = urlsplit(wallet_link(client_id="x509_hash:abc", request_uri="https://node.th.example/wallet/request/a"))

    assert link.scheme == "openid4vp"
    assert parse_qs(link.query) == {
        "client_id": ["x509_hash:abc"],
        "request_uri": ["https://node.th.example/wallet/request/a"],
        "request_uri_method": ["post"],
    }
