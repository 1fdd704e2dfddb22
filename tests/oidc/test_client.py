"""Clients: a registration that the gateway could not serve safely cannot be made."""

import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from idbridge.crypto.keys import jwk_of
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.oidc.client import CLIENT_CREDENTIALS, TOKEN_EXCHANGE, Profile, ResponseEncryption
from idbridge.oidc.registered_uri import require_registrable
from tests.oidc.kit import CALLBACK, ENCRYPTION, KEY, client, plain_client

ES384 = generate("ES384").public_jwk
RSA = generate("PS256").public_jwk
SHORT_RSA = jwk_of(rsa.generate_private_key(65537, 1024).public_key())  # noqa: S505 - refused because it is short
WRAPPED = ResponseEncryption("ECDH-ES+A256KW", "A256GCM")

UNREGISTRABLE = {
    "plain http": "http://bank.sg.example/callback",
    "fragment": f"{CALLBACK}#x",
    "empty fragment": f"{CALLBACK}#",
    "user": "https://user@bank.sg.example/callback",
    "user and password": "https://user:password@bank.sg.example/callback",
    "wildcard host": "https://*.sg.example/callback",
    "wildcard path": "https://bank.sg.example/*",
    "custom scheme": "bank:/callback",
    "script": "javascript:alert(1)",
    "data": "data:text/html,x",
    "no host": "https:///callback",
    "relative": "/callback",
    "empty": "",
    "backslash": "https://bank.sg.example\\@evil.example/",
    "space": "https://bank.sg.example/call back",
    "line break": "https://bank.sg.example/callback\r\nx:y",
    "last line break": f"{CALLBACK}\n",
    "not ASCII": "https://bänk.sg.example/callback",
    "capital host": "https://BANK.sg.example/callback",
    "capital scheme": "HTTPS://bank.sg.example/callback",
    "port of nothing": "https://bank.sg.example:/callback",
    "port zero": "https://bank.sg.example:0/callback",
    "port too high": "https://bank.sg.example:65536/callback",
    "port with zeros": "https://bank.sg.example:0443/callback",
    "dot segments": "https://bank.sg.example/a/../callback",
    "one dot": "https://bank.sg.example/./callback",
    "half an escape": "https://bank.sg.example/%2",
    "address": "https://192.0.2.1/callback",
    "address in another spelling": "https://2130706433/callback",
    "address of version 6": "https://[2001:db8::1]/callback",
    "two dots": "https://bank..example/callback",
    "hyphen first": "https://-bank.example/callback",
    "loopback": "http://127.0.0.1:8080/callback",
    "loopback by name": "http://localhost/callback",
    "loopback under https": "https://localhost/callback",
    "too long": "https://bank.sg.example/" + "a" * LIMITS.client_uri_characters,
}


@pytest.mark.parametrize("address", UNREGISTRABLE.values(), ids=UNREGISTRABLE.keys())
@pytest.mark.parametrize("kind", ["redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri"])
def test_an_address_that_two_parsers_or_two_owners_could_share_is_never_registered(kind: str, address: str) -> None:
    with pytest.raises(ValueError, match=r"^(?!.*bank\.sg)"):
        client(**{kind: address if kind == "backchannel_logout_uri" else (address,)})


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "127.0.0.1:4001"])
def test_plain_http_is_for_loopback_addresses_of_the_sandbox(host: str) -> None:
    address = f"http://{host}/callback"

    assert client(redirect_uris=(address,), environment=Environment.SANDBOX).redirect_uris == (address,)
    with pytest.raises(ValueError, match="loopback address is for the sandbox"):
        client(redirect_uris=(address,))


def test_plain_http_to_anywhere_else_is_refused_in_the_sandbox_too() -> None:
    with pytest.raises(ValueError, match="plain http"):
        client(redirect_uris=("http://bank.sg.example/callback",), environment=Environment.SANDBOX)


@given(st.text(max_size=40))
def test_no_text_makes_the_check_of_an_address_stumble(text: str) -> None:
    address = f"https://bank.sg.example/{text}"
    try:
        require_registrable(address, environment=Environment.LIVE)
    except ValueError:
        return

    assert re.fullmatch(r"[!-~]+", address)
    assert not {"#", "@", "*", "\\", '"', "<"} & set(address)


PRIVATE = {**KEY.public_jwk, "d": "AAAA"}
KEYS = {
    "private": (PRIVATE, "private key"),
    "private for encryption": ({**ENCRYPTION, "d": "AAAA"}, "private key"),
    "symmetric": ({"kty": "oct", "k": "AAAA"}, "private key"),
    "no type": ({}, "not served"),
    "P-384": (ES384, "not served"),
    "RS256": ({**RSA, "alg": "RS256"}, "not served"),
    "short RSA": (SHORT_RSA, "not served"),
    "another use": ({**KEY.public_jwk, "use": "wrap"}, "not served"),
    "use of no text": ({**KEY.public_jwk, "use": ["sig"]}, "not served"),
    "off the curve": ({**KEY.public_jwk, "x": KEY.public_jwk["y"]}, "not served"),
    "algorithm of another key": ({**KEY.public_jwk, "alg": "EdDSA"}, "not served"),
    "encryption with a signature": ({**ENCRYPTION, "alg": "ES256"}, "not served"),
    "encryption with another type": ({**ENCRYPTION, "alg": "RSA-OAEP-256"}, "not served"),
    "encryption with no text": ({**ENCRYPTION, "alg": []}, "not served"),
    "encryption to Ed25519": ({**generate("EdDSA").public_jwk, "use": "enc", "alg": "ECDH-ES"}, "not served"),
}


@pytest.mark.parametrize(("jwk", "why"), KEYS.values(), ids=KEYS.keys())
def test_a_key_that_is_private_weak_or_for_something_else_is_refused(jwk: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        client(jwks=(KEY.public_jwk, jwk))


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "EdDSA"])
def test_keys_of_the_three_algorithms_of_fapi_are_served(algorithm: str) -> None:
    registered = client(jwks=(generate(algorithm).public_jwk,))

    assert algorithm in registered.keys[0].algorithms
    assert "RS256" not in registered.keys[0].algorithms


def test_an_rsa_key_without_algorithm_is_for_ps256_only() -> None:
    bare = {name: value for name, value in RSA.items() if name != "alg"}

    assert client(jwks=(bare,)).keys[0].algorithms == {"PS256"}


def test_no_key_and_no_key_id_stands_twice_and_there_are_not_too_many() -> None:
    other = generate("ES256", kid=KEY.kid).public_jwk

    for jwks in ((KEY.public_jwk, KEY.public_jwk), (KEY.public_jwk, other)):
        with pytest.raises(ValueError, match="twice"):
            client(jwks=jwks)
    with pytest.raises(ValueError, match="too many keys"):
        client(jwks=(KEY.public_jwk,) * (LIMITS.keys_per_service + 1))


def test_a_key_may_be_named_by_its_own_thumbprint_and_one_for_encryption_may_share_a_name() -> None:
    named = generate("ES256").public_jwk

    assert client(jwks=(named, {**ENCRYPTION, "kid": named["kid"]})).keys[0].kid == named["kid"]


REFUSED = {
    "fapi with a secret": ({"secret_digest": "0" * 64, "jwks": ()}, "no secret"),
    "fapi without a key": ({"jwks": ()}, "in one way"),
    "fapi with an encryption key only": ({"jwks": (ENCRYPTION,)}, "in one way"),
    "secret that is no digest": ({"profile": Profile.OIDC_CODE, "jwks": (), "secret_digest": "secret"}, "SHA-256"),
    "secret and key": ({"profile": Profile.OIDC_CODE, "secret_digest": "0" * 64}, "in one way"),
    "neither secret nor key": ({"profile": Profile.OIDC_CODE, "jwks": ()}, "in one way"),
    "secret for an exchange": (
        {
            "profile": Profile.OIDC_CODE,
            "jwks": (),
            "secret_digest": "0" * 64,
            "grants": frozenset({"authorization_code", TOKEN_EXCHANGE}),
        },
        "no other",
    ),
    "no grant": ({"grants": frozenset()}, "a grant"),
    "unknown grant": ({"grants": frozenset({"implicit"})}, "a grant"),
    "code without redirect": ({"redirect_uris": ()}, "redirect URIs exactly"),
    "redirect without code": ({"grants": frozenset({CLIENT_CREDENTIALS})}, "redirect URIs exactly"),
    "a token for the API by the plain profile": (
        {"profile": Profile.OIDC_CODE, "grants": frozenset({CLIENT_CREDENTIALS}), "redirect_uris": ()},
        "clients of FAPI 2.0 alone",
    ),
    "redirect twice": ({"redirect_uris": (CALLBACK, CALLBACK)}, "twice"),
    "too many redirects": (
        {"redirect_uris": tuple(f"{CALLBACK}/{number}" for number in range(LIMITS.client_uris + 1))},
        "too many addresses",
    ),
    "no party": ({"relying_party": " "}, "relying party"),
    "no sector": ({"sector": ""}, "sector"),
    "no id": ({"id": ""}, "client id"),
    "id with a space": ({"id": "a b"}, "client id"),
    "id with a line break": ({"id": "a\n"}, "client id"),
    "id too long": ({"id": "a" * 129}, "client id"),
    "ID token by RS256": ({"id_token_signed_response_alg": "RS256"}, "signed with"),
    "ID token unsigned": ({"id_token_signed_response_alg": "none"}, "signed with"),
    "userinfo unsigned": ({"userinfo_signed_response_alg": "none"}, "signed with"),
    "encryption without key": ({"id_token_encryption": WRAPPED}, "fits the encryption"),
    "encryption to another type": (
        {"userinfo_encryption": ResponseEncryption("RSA-OAEP-256", "A256GCM"), "jwks": (KEY.public_jwk, ENCRYPTION)},
        "fits the encryption",
    ),
}


@pytest.mark.parametrize(("changes", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_a_registration_that_breaks_its_profile_cannot_be_made(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        client(**changes)


@pytest.mark.parametrize(
    ("algorithm", "encoding"), [("RSA1_5", "A256GCM"), ("dir", "A256GCM"), ("ECDH-ES", "A256KW"), ("", "")]
)
def test_an_encryption_outside_the_closed_table_does_not_exist(algorithm: str, encoding: str) -> None:
    with pytest.raises(ValueError, match="closed table"):
        ResponseEncryption(algorithm, encoding)


def test_a_response_is_encrypted_to_the_registered_key_and_to_nothing_else_of_it() -> None:
    registered = client(
        jwks=(KEY.public_jwk, {**ENCRYPTION, "x5u": "https://evil.example"}), id_token_encryption=WRAPPED
    )

    assert registered.encryption_jwk(WRAPPED) == {name: ENCRYPTION[name] for name in ("kty", "crv", "x", "y", "kid")}
    assert [key.kid for key in registered.keys] == [KEY.kid]


def test_both_profiles_can_be_registered() -> None:
    assert client().authenticates_by_key
    assert not plain_client().authenticates_by_key
    assert client(profile=Profile.OIDC_CODE).authenticates_by_key
    assert client(grants=frozenset({CLIENT_CREDENTIALS, TOKEN_EXCHANGE}), redirect_uris=()).enabled


def test_what_is_registered_does_not_change_afterwards_and_a_repr_shows_no_digest() -> None:
    jwk = dict(KEY.public_jwk)
    registered = client(jwks=(jwk,))
    jwk["kid"] = "other"

    assert registered.jwks[0]["kid"] == KEY.kid
    assert "0" * 64 not in repr(plain_client())
