"""`private_key_jwt`: who did not make this assertion for this server just now is not the client.

The modules of the OpenID conformance suite stand in the ids of the cases.
"""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import base64url
from idbridge.crypto import material
from idbridge.crypto.algorithms import find
from idbridge.crypto.signer import file_signer, generate
from idbridge.limits import LIMITS
from idbridge.model.credential import OneTimeValue
from idbridge.oidc.client_assertion import unverified_client_id, verify_client_assertion
from idbridge.oidc.errors import OAuthError
from tests.oidc.kit import ISSUER, KEY, NOON, NOW, client, plain_client, refused, signed

RSA = material.generate_key(find("PS256"))
MISSING = object()


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good assertion, with changes; what is `MISSING` is left out."""
    good = {"iss": "bank.sg", "sub": "bank.sg", "aud": ISSUER, "jti": "one", "iat": NOW, "exp": NOW + 60}
    return {name: value for name, value in {**good, **changes}.items() if value is not MISSING}


def verified(assertion: str, **changes: Any) -> OneTimeValue:
    return verify_client_assertion(assertion, client=client(**changes), issuer=ISSUER, at=NOON)


def refusal(assertion: str, **changes: Any) -> OAuthError:
    return refused(verified, assertion, **changes)


AUDIENCES = {
    "PAREndpointAsAudienceFails": f"{ISSUER}/oauth/par",
    "PAREndpointAsArrayAudienceFails": [f"{ISSUER}/oauth/par"],
    "PARTokenEndpointAsAudienceFails": f"{ISSUER}/oauth/token",
    "EnsureClientAssertionWithWrongAudFails": "https://other.example",
    "an array of the issuer": [ISSUER],
    "an array of the issuer and another": [ISSUER, "https://other.example"],
    "a slash at the end": f"{ISSUER}/",
    "other case": ISSUER.upper(),
    "empty": "",
    "null": None,
    "a number": 1,
}


@pytest.mark.parametrize("audience", AUDIENCES.values(), ids=AUDIENCES.keys())
def test_an_assertion_for_anybody_but_the_issuer_alone_is_refused(audience: Any) -> None:
    found = refusal(signed(claims(aud=audience)))

    assert (found.error, found.status, found.code) == ("invalid_client", 401, "oidc.audience_mismatch")


CLAIMS = {
    "ClientAssertionWithExpIs5MinutesInPastFails": ({"iat": NOW - 360, "exp": NOW - 300}, "time.expired"),
    "expires this second": ({"iat": NOW - 60, "exp": NOW}, "time.expired"),
    "ClientAssertionWithNoSubFails": ({"sub": MISSING}, "oidc.claim_malformed"),
    "no issuer": ({"iss": MISSING}, "oidc.claim_malformed"),
    "no audience": ({"aud": MISSING}, "oidc.audience_missing"),
    "no jti": ({"jti": MISSING}, "oidc.claim_malformed"),
    "empty jti": ({"jti": ""}, "oidc.claim_malformed"),
    "jti that cannot be shown": ({"jti": "\0"}, "oidc.claim_malformed"),
    "jti of no text": ({"jti": 1}, "oidc.claim_malformed"),
    "jti too long": ({"jti": "j" * (LIMITS.identifier_characters + 1)}, "oidc.claim_malformed"),
    "another issuer": ({"iss": "other"}, "oidc.subject_invalid"),
    "another subject": ({"sub": "other"}, "oidc.subject_invalid"),
    "no expiry": ({"exp": MISSING}, "time.claim_missing"),
    "no time of making": ({"iat": MISSING}, "time.claim_missing"),
    "expiry of no number": ({"exp": "soon"}, "time.claim_malformed"),
    "expiry of a fraction": ({"exp": NOW + 60.5}, "time.claim_malformed"),
    "expiry of true": ({"exp": True}, "time.claim_malformed"),
    "begins after its end": ({"nbf": NOW + 30, "exp": NOW + 30}, "time.claim_malformed"),
    "made after its end": ({"iat": NOW + 30, "exp": NOW + 30}, "time.claim_malformed"),
    "nbf of no number": ({"nbf": "now"}, "time.claim_malformed"),
    "good for 121 s": ({"exp": NOW + 121}, "time.too_old"),
    "good for an hour": ({"exp": NOW + 3_600}, "time.too_old"),
    "iat over 60 s in the future fails": ({"iat": NOW + 61, "exp": NOW + 120}, "time.issued_in_future"),
    "nbf over 60 s in the future fails": ({"nbf": NOW + 61, "exp": NOW + 120}, "time.not_yet_valid"),
    "a logout token": ({"events": {}}, "oidc.token_confusion"),
    "a proof of possession": ({"htm": "POST"}, "oidc.token_confusion"),
    "a request object": ({"response_type": "code"}, "oidc.token_confusion"),
}


@pytest.mark.parametrize(("changes", "code"), CLAIMS.values(), ids=CLAIMS.keys())
def test_an_assertion_that_says_anything_else_than_it_must_is_refused(changes: dict[str, Any], code: str) -> None:
    found = refusal(signed(claims(**changes)))

    assert (found.error, found.code) == ("invalid_client", code)


HEADERS = {
    "another type": ({"typ": "at+jwt"}, "jose.typ_mismatch"),
    "a proof of possession": ({"typ": "dpop+jwt"}, "jose.typ_mismatch"),
    "a request object": ({"typ": "oauth-authz-req+jwt"}, "jose.typ_mismatch"),
    "an empty type": ({"typ": ""}, "jose.typ_mismatch"),
    "jku": ({"jku": "https://evil.example/keys"}, "jose.header_forbidden"),
    "x5u": ({"x5u": "https://evil.example/keys"}, "jose.header_forbidden"),
    "jwk": ({"jwk": dict(KEY.public_jwk)}, "jose.header_forbidden"),
    "x5c": ({"x5c": ["AAAA"]}, "jose.header_forbidden"),
    "crit": ({"crit": ["exp"]}, "jose.crit_unsupported"),
    "a key that is not registered": ({"kid": "other"}, "jose.kid_unknown"),
}


@pytest.mark.parametrize(("header", "code"), HEADERS.values(), ids=HEADERS.keys())
def test_a_header_cannot_choose_key_kind_or_rules(header: dict[str, Any], code: str) -> None:
    found = refusal(signed(claims(), **header))

    assert (found.error, found.code) == ("invalid_client", code)


def test_ensure_signed_client_assertion_with_rs256_fails() -> None:
    """EnsureSignedClientAssertionWithRS256Fails: also by the very key that is registered for PS256."""
    rs256, ps256 = (file_signer(RSA, algorithm=name, kid="rsa-1") for name in ("RS256", "PS256"))
    registered = {"jwks": (ps256.public_jwk,)}

    assert refusal(signed(claims(), key=rs256), **registered).code == "jose.alg_not_allowed"
    assert verified(signed(claims(), key=ps256), **registered)


def test_an_unsigned_assertion_is_refused() -> None:
    header, payload, signature = signed(claims()).split(".")
    unsigned = base64url.encode(b'{"alg":"none"}')

    for assertion in (f"{unsigned}.{payload}.", f"{unsigned}.{payload}.{signature}"):
        assert refusal(assertion).code == "jose.alg_none"
    assert refusal(f"{header}.{payload}.").code == "jose.signature_invalid"


def test_the_algorithm_of_another_registered_key_is_no_way_in() -> None:
    other = generate("EdDSA", kid="bank-2")

    assert refusal(signed(claims(), key=generate("EdDSA", kid="bank-1"))).code == "jose.alg_key_mismatch"
    assert refusal(signed(claims(), key=generate("ES384", kid="bank-1"))).code == "jose.alg_not_allowed"
    assert refusal(signed(claims(), key=other, kid="bank-1"), jwks=(KEY.public_jwk, other.public_jwk)).code == (
        "jose.alg_key_mismatch"
    )


def test_another_key_under_the_registered_name_is_refused() -> None:
    found = refusal(signed(claims(), key=generate("ES256", kid=KEY.kid)))

    assert (found.error, found.code) == ("invalid_client", "jose.signature_invalid")


@pytest.mark.parametrize(
    "payload",
    [b'{"iss":"bank.sg","iss":"other"}', b"[]", b"null", b"", b'{"a":NaN}', b'{"a":1}x', b'{"a":"\\ud800"}'],
)
def test_a_payload_that_two_parsers_read_differently_is_refused_though_signed(payload: bytes) -> None:
    assert refusal(signed(payload)).code == "input.malformed"


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "a.b.c.d", "é.é.é", "e30.e30.AA"])
def test_what_is_no_assertion_is_refused(text: str) -> None:
    assert refusal(text).error == "invalid_client"
    assert refused(unverified_client_id, text).error == "invalid_client"


def test_an_assertion_that_is_too_long_is_refused_before_it_is_read() -> None:
    assert refusal("a" * (LIMITS.client_assertion_bytes + 1)).code == "input.too_large"


def test_a_client_that_is_switched_off_or_has_a_secret_is_refused_without_a_word_about_its_keys() -> None:
    off = refusal(signed(claims()), enabled=False)
    secret = refused(verify_client_assertion, signed(claims()), client=plain_client(), issuer=ISSUER, at=NOON)

    assert (off.description, off.code) == (secret.description, secret.code)
    assert off.code == "policy.relying_party_disabled"


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda octets: base64url.encode(octets) + ".e30.AA"))
def test_no_text_makes_a_reader_stumble(text: str) -> None:
    assert refusal(text).error == "invalid_client"


@pytest.mark.parametrize("header", [{}, {"typ": "JWT"}, {"typ": "client-authentication+jwt"}, {"typ": "jwt"}])
@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "EdDSA"])
def test_an_assertion_of_the_client_authenticates_it_once(algorithm: str, header: dict[str, Any]) -> None:
    key = generate(algorithm, kid="own")
    assertion = signed(claims(), key=key, **header)
    first, second = (verified(assertion, jwks=(key.public_jwk,)) for _ in range(2))

    assert unverified_client_id(assertion) == "bank.sg"
    assert first == second, "a replay has the same one-time value"
    assert first.until == NOON + timedelta(seconds=60)
    assert b"one" not in first.key


def test_the_one_time_value_is_of_the_client_and_of_the_jti() -> None:
    other = claims(iss="other", sub="other")
    values = {
        verified(signed(claims())).key,
        verified(signed(claims(jti="two"))).key,
        verified(signed(other), id="other").key,
    }

    assert len(values) == 3


@pytest.mark.parametrize("ahead", [8, 10, 60])
@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_iat_and_nbf_8_seconds_in_the_future_are_accepted(name: str, ahead: int) -> None:
    assert verified(signed(claims(**{name: NOW + ahead, "exp": NOW + 90})))


def test_an_assertion_may_be_good_for_120_seconds() -> None:
    assert verified(signed(claims(exp=NOW + int(LIMITS.client_assertion_lifetime.total_seconds()))))


def test_a_token_that_names_no_key_is_tried_with_each_that_fits() -> None:
    keys = [generate("ES256", kid=f"bank-{number}") for number in range(3)]
    payload = signed(claims()).split(".")[1]
    bare = base64url.encode(b'{"alg":"ES256"}')
    spelled = f"{bare}.{payload}"
    assertion = f"{spelled}.{base64url.encode(keys[2].sign(spelled.encode()))}"
    registered = tuple(key.public_jwk for key in keys)

    assert verified(assertion, jwks=registered)
    assert refusal(assertion, jwks=registered[:2]).code == "jose.signature_invalid"
