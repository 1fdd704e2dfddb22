"""What comes beside an ID token: how it travelled, hashes, age of the login, userinfo. Each refusal, then its twin."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.credential.encrypted import received, received_userinfo
from idbridge.credential.login_hashes import half_hash
from idbridge.crypto.algorithms import ALGORITHMS
from idbridge.crypto.jwe import DecryptionKey, decryption_key, encrypt
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.check import Result
from idbridge.model.login import Encryption, LoginExpectations, Userinfo
from idbridge.model.request import VerifyRequest
from idbridge.model.trust import EncryptionRule, TrustService
from tests.credential.kit import (
    ABSENT,
    CLAIM_MAP,
    CLIENT,
    NOW,
    bound,
    code,
    faults,
    id_token,
    refused,
    request,
    results,
    sd_jwt,
    service,
    verify,
)

ACCESS_TOKEN = "SlAV32hkKG"
SENT = Encryption("ECDH-ES+A256KW", "A256GCM")
LEEWAY = 60


def asked(login: LoginExpectations | None = None, **changes: Any) -> VerifyRequest:
    base = request()
    return replace(base, expected=replace(base.expected, login=login), **changes)


def listed(rule: EncryptionRule) -> TrustService:
    one = service()
    return replace(one, profile=replace(one.profile, encryption=rule))


@cache
def _key(name: str) -> DecryptionKey:
    return decryption_key(generate("ES256").private_key, kid=name)


def key(name: str = "node") -> DecryptionKey:
    return _key(name)


def sealed(text: str, to: str = "node", **header: Any) -> str:
    members = {"cty": "JWT", **header}
    return encrypt(
        text.encode(),
        to=key(to).public_jwk,
        algorithm="ECDH-ES",
        encoding="A128GCM",
        header={name: value for name, value in members.items() if value is not ABSENT},
    )


# 2: how it arrived


@pytest.mark.parametrize(("rule", "encryption"), [(EncryptionRule.REQUIRED, None), (EncryptionRule.NONE, SENT)])
def test_a_token_that_arrives_in_another_form_than_its_list_says_is_refused(
    rule: EncryptionRule, encryption: Encryption | None
) -> None:
    checks = refused(id_token(), listed(rule), asked(encryption=encryption))

    assert faults(checks) == {"id-token.2": "oidc.encryption_mismatch"}


@pytest.mark.parametrize(
    ("rule", "encryption"),
    [
        (EncryptionRule.REQUIRED, SENT),
        (EncryptionRule.ALLOWED, SENT),
        (EncryptionRule.ALLOWED, None),
        (EncryptionRule.NONE, None),
    ],
)
def test_a_token_that_arrives_as_its_list_says_passes(rule: EncryptionRule, encryption: Encryption | None) -> None:
    credential = verify(id_token(), listed(rule), asked(encryption=encryption))

    assert results(credential)["id-token.2"] is Result.PASSED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (sealed(id_token(), to="somebody"), "jose.decryption_failed"),
        (sealed(id_token(), kid="node", zip=ABSENT, cty=ABSENT), "jose.typ_mismatch"),
        (sealed(id_token(), cty="json"), "jose.typ_mismatch"),
        (sealed(sealed(id_token())), "input.format_unsupported"),
        (sealed(sd_jwt()), "input.format_unsupported"),
        (sealed(id_token(header={"typ": "vc+jwt"})), "input.format_unsupported"),
        (sealed("คำ"), "input.malformed"),
        (sealed("{}"), "input.format_unsupported"),
        (sealed(" "), "input.malformed"),
        ("a.b.c.d.e", "input.malformed"),
        (sealed("x" * LIMITS.encrypted_token_bytes), "input.too_large"),
        (sealed("x" * (LIMITS.token_bytes + 1)), "input.too_large"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_does_not_open_to_an_id_token_is_refused_with_its_code_and_stays_shut(text: str, expected: str) -> None:
    assert received(text, (key(),)) == (text, Encryption(refused=expected))


def test_what_opens_is_judged_as_what_is_inside() -> None:
    token = id_token()

    assert received(sealed(token), (key("other"), key())) == (token, Encryption("ECDH-ES", "A128GCM"))
    assert received(sealed(token, cty="application/jwt"), (key(),))[0] == token


@pytest.mark.parametrize("text", [id_token(), sd_jwt(), "", '{"a":"..b..c.."}', "not.a.thing"])
def test_what_came_in_the_open_passes_as_it_is(text: str) -> None:
    assert received(text, (key(),)) == (text, None)


def test_a_node_without_keys_opens_nothing() -> None:
    text = sealed(id_token())

    assert received(text, ()) == (text, None)
    assert received_userinfo(None, (key(),)) is None


# 8: how long ago


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"auth_time": NOW - 301 - LEEWAY}, "oidc.login_too_old"),
        ({"auth_time": ABSENT}, "time.claim_missing"),
    ],
)
def test_a_login_older_than_expected_or_undated_is_refused(changes: dict[str, Any], expected: str) -> None:
    young = LoginExpectations(max_age=timedelta(seconds=300))

    assert faults(refused(id_token(**changes), None, asked(young))) == {"id-token.8": expected}
    assert code(id_token(**changes)) is None


@pytest.mark.parametrize("age", [0, 300 + LEEWAY])
def test_a_login_as_young_as_expected_passes(age: int) -> None:
    young = LoginExpectations(max_age=timedelta(seconds=300))

    assert results(verify(id_token(auth_time=NOW - age), None, asked(young)))["id-token.8"] is Result.PASSED


# 9: hashes

HASHED = [("at_hash", "access_token"), ("c_hash", "code"), ("s_hash", "state")]


@pytest.mark.parametrize(("claim", "member"), HASHED)
@pytest.mark.parametrize("stated", [ABSENT, "", "77QmUPtjPfzWtF2AnpK9RQ", half_hash("another", algorithm="ES256"), "é"])
def test_a_value_without_its_hash_is_refused(claim: str, member: str, stated: Any) -> None:
    expected = LoginExpectations(**{member: ACCESS_TOKEN})

    assert faults(refused(id_token(**{claim: stated}), None, asked(expected))) == {"id-token.9": "oidc.hash_mismatch"}


def test_a_whole_hash_or_one_of_another_algorithm_is_refused() -> None:
    whole = base64url.encode(hashlib.sha256(ACCESS_TOKEN.encode()).digest())
    expected = asked(LoginExpectations(access_token=ACCESS_TOKEN))

    for stated in (whole, half_hash(ACCESS_TOKEN, algorithm="ES384"), half_hash(ACCESS_TOKEN, algorithm="ES256") + "="):
        assert code(id_token(at_hash=stated), None, expected) == "oidc.hash_mismatch"


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_each_hash_is_the_left_half_by_the_algorithm_of_the_signature(algorithm: str) -> None:
    name = {"ES384": "sha384", "ES512": "sha512", "Ed25519": "sha512", "EdDSA": "sha512"}.get(algorithm, "sha256")
    digest = hashlib.new(name, ACCESS_TOKEN.encode()).digest()

    assert base64url.decode(half_hash(ACCESS_TOKEN, algorithm=algorithm)) == digest[: len(digest) // 2]


def test_the_example_of_the_standard_comes_out_right() -> None:
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", algorithm="RS256") == "77QmUPtjPfzWtF2AnpK9RQ"


def test_all_three_hashes_of_one_login_pass() -> None:
    expected = LoginExpectations(access_token=ACCESS_TOKEN, code="c", state="s")
    values = {"at_hash": ACCESS_TOKEN, "c_hash": "c", "s_hash": "s"}
    token = id_token(**{name: half_hash(value, algorithm="ES256") for name, value in values.items()})

    assert results(verify(token, None, asked(expected)))["id-token.9"] is Result.PASSED


@pytest.mark.parametrize("nothing", [{}, {"max_age": timedelta(seconds=-1)}])
def test_expectations_that_expect_nothing_are_none(nothing: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="login"):
        LoginExpectations(**nothing)


def test_what_came_with_a_login_is_not_told() -> None:
    expected = asked(LoginExpectations(access_token=ACCESS_TOKEN), userinfo=Userinfo("eyJ"))

    assert ACCESS_TOKEN not in repr(expected)
    assert "eyJ" not in repr(expected.userinfo)


def test_a_credential_that_is_no_login_is_bound_all_the_same() -> None:
    """What only a login answers is refused in V8 for every other format; the format itself does not look at it."""
    assert code(bound(sd_jwt()), None, asked(LoginExpectations(code="c"))) is None


# 12: form


@pytest.mark.parametrize("jti", [None, 7, True, [], {}])
def test_an_identifier_of_the_token_that_is_no_text_is_refused(jti: Any) -> None:
    """RFC 7519 section 4.1.7; PyJWT and joserfc refuse it too."""
    assert faults(refused(id_token(jti=jti))) == {"id-token.12": "oidc.claim_malformed"}
    assert code(id_token(jti="1")) is None


# 10: tokens of another kind


@pytest.mark.parametrize(
    "changes",
    [
        {"toe": NOW},
        {"vp_token": {}},
        {"credentialSubject": {}},
        {"cid": "x"},
        {"authorization_details": []},
        {"token_introspection": {}},
        {"htm": "POST"},
        {"ath": "x"},
        {"response_type": "code"},
        {"status_list": {}},
        {"code": "x", "state": "y"},
        {"error": "access_denied", "state": "y"},
    ],
)
def test_a_token_of_another_kind_is_refused_whatever_else_it_says(changes: dict[str, Any]) -> None:
    assert faults(refused(id_token(**changes))) == {"id-token.10": "oidc.token_confusion"}


@pytest.mark.parametrize("scope", ["openid", ["openid", "profile"], None])
def test_a_scope_alone_tells_an_access_token_unless_the_listing_reads_it(scope: Any) -> None:
    """Some servers name no `client_id` in an access token of theirs, and no type (RFC 9068 section 2.2.3)."""
    reads = service(claim_map=replace(CLAIM_MAP, claims={**CLAIM_MAP.claims, "position": "scope"}))

    assert faults(refused(id_token(scope=scope))) == {"id-token.10": "oidc.token_confusion"}
    assert code(id_token(scope=scope), reads) is None
    assert code(id_token(scope=scope, client_id=CLIENT), reads) == "oidc.token_confusion"
    assert code(id_token(client_id=CLIENT)) is None


@pytest.mark.parametrize("changes", [{"state": "Selangor"}, {"code": "50000"}])
def test_a_word_that_an_id_token_may_use_for_itself_passes(changes: dict[str, Any]) -> None:
    assert code(id_token(**changes)) is None
