"""Keys spelled out in DIDs: one spelling each, four kinds, no look-up, and nothing trusted for standing there."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import base64url
from idbridge.crypto.did_key import did_jwk, did_key, is_did, key_of, url_names
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.crypto.signer import generate
from idbridge.errors import InputError, JoseError
from idbridge.limits import LIMITS

# The examples of the did:key method (test vectors of the specification).
ED25519 = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
P256 = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"
P384 = "did:key:z82Lm1MpAkeJcix9K8TMiLd5NMAhnwkjjCBeWHXyu3U4oT2MVJJKXkcVBgjGhnLBn2Kaau9"
P521 = "did:key:z2J9gaYxrKVpdoG9A4gRnmpnRCcxU6agDtFVVBVdn1JedouoZN7SzcyREXXzWgt3gGiwpoHq7K68X4m32D8HgzG8wv3sY5j7"
JWK = parse_jwk(generate("ES256").public_jwk)


def refusal(did: str) -> str:
    with pytest.raises(InputError) as caught:
        url_names(did)
    return caught.value.code


@pytest.mark.parametrize(
    ("did", "expected"),
    [
        ("did:web:issuer.example", "input.format_unsupported"),
        ("did:ebsi:zvHWX359A3CvfJnCYaAiAde", "input.format_unsupported"),
        ("did:", "input.format_unsupported"),
        ("https://issuer.example", "input.format_unsupported"),
        ("did:key:", "input.malformed"),
        ("did:key:z", "input.malformed"),
        ("did:key:z1", "input.malformed"),
        (ED25519.replace("z6", "6"), "input.malformed"),
        (ED25519 + "0", "input.malformed"),  # no digit of base58
        (ED25519.replace("z6", "z16"), "input.malformed"),  # a second spelling with a zero before it
        (ED25519[:-3], "input.format_unsupported"),  # another codec altogether
        ("did:key:z" + "2" * 129, "input.malformed"),
        ("did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc", "input.format_unsupported"),  # X25519
        (P256[:-1], "input.format_unsupported"),
        ("did:jwk:e30", "input.malformed"),
        ("did:jwk:!", "input.malformed"),
        ("did:jwk:" + base64url.encode(json.dumps({**JWK.jwk, "d": "AA"}).encode()), "input.malformed"),
        ("did:jwk:" + base64url.encode(b'{"kty":"EC","kty":"EC"}'), "input.malformed"),
        ("did:jwk:" + "A" * LIMITS.identifier_characters, "input.too_large"),
        (f"{did_jwk(JWK)}#1", "input.malformed"),
        (f"{did_jwk(JWK)}#", "input.malformed"),
        (f"{P256}#0", "input.malformed"),
        (f"{P256}?versionId=1", "input.malformed"),
    ],
)
def test_what_is_not_the_one_spelling_of_a_key_is_refused(did: str, expected: str) -> None:
    assert refusal(did) == expected


def test_a_point_off_its_curve_is_refused() -> None:
    key = parse_jwk(generate("ES256").public_jwk)
    good = did_key(key)
    refused = 0
    for offset in range(1, 20):  # half of all abscissae have no point
        x = (int.from_bytes(base64url.decode(key.jwk["x"]), "big") + offset).to_bytes(32, "big")
        fake = object.__new__(type(key))
        object.__setattr__(fake, "jwk", {**key.jwk, "x": base64url.encode(x)})
        try:
            key_of(did_key(fake))
        except InputError as refusal:
            refused += refusal.code == "input.malformed"

    assert refused > 0
    assert key_of(good).thumbprint == key.thumbprint


@pytest.mark.parametrize(("did", "curve"), [(ED25519, "Ed25519"), (P256, "P-256"), (P384, "P-384"), (P521, "P-521")])
def test_the_published_examples_are_read_and_written_again(did: str, curve: str) -> None:
    key = key_of(did)

    assert key.jwk["crv"] == curve
    assert did_key(key) == did
    assert url_names(f"{did}#{did.removeprefix('did:key:')}").thumbprint == key.thumbprint


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "Ed25519", "RS256"])
def test_a_did_jwk_is_its_key(algorithm: str) -> None:
    key = parse_jwk(generate(algorithm).public_jwk)
    if algorithm != "RS256":
        assert key_of(did_jwk(key)).thumbprint == key.thumbprint
        assert url_names(f"{did_jwk(key)}#0").thumbprint == key.thumbprint
        assert key_of(did_key(key)).thumbprint == key.thumbprint
    else:
        with pytest.raises(JoseError):
            did_key(key)


def test_a_did_is_told_by_its_scheme() -> None:
    assert is_did("did:web:x")
    assert not is_did("https://did:web:x")


@given(st.text(max_size=80))
def test_whatever_follows_is_a_key_or_refused(text: str) -> None:
    for method in ("did:key:z", "did:jwk:", ""):
        with suppress(InputError):
            key_of(method + text)


@pytest.mark.parametrize("spell", [did_jwk, did_key])
def test_no_did_is_remembered_because_it_may_be_a_holder_s(spell: Callable[[JwkPublicKey], str]) -> None:
    did = spell(parse_jwk(generate("ES256", kid="holder").public_jwk))
    held = sys.getrefcount(did)

    key_of(did)

    assert sys.getrefcount(did) == held
