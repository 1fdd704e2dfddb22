"""DPoP: a proof by another key, for another request or from another time is none (DpopNegativeTests)."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import base64url
from idbridge.crypto import material
from idbridge.crypto.algorithms import find
from idbridge.crypto.signer import FileSigner, file_signer, generate
from idbridge.limits import LIMITS
from idbridge.oidc.dpop import DpopProof, require_code_binding, verify_proof
from idbridge.oidc.dpop_nonce import DpopNonces
from idbridge.oidc.errors import OAuthError
from tests.oidc.kit import ISSUER, NOON, NOW, refused, signed

URL = f"{ISSUER}/oauth/token"
HOLDER = generate("ES256")
TOKEN = "an-access-token"
ATH = base64url.encode(hashlib.sha256(TOKEN.encode()).digest())
RSA = material.generate_key(find("PS256"))
MISSING = object()
NONCES = DpopNonces(bytes(32))


def bare(key: FileSigner) -> dict[str, Any]:
    """The public key as a proof carries it."""
    return {name: value for name, value in key.public_jwk.items() if name in {"kty", "crv", "x", "y", "n", "e"}}


def without(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not MISSING}


def proof(*, key: FileSigner = HOLDER, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A good proof, with changes; what is `MISSING` is left out."""
    claims = without({"jti": "one", "htm": "POST", "htu": URL, "iat": NOW, **changes})
    return signed(claims, key=key, **without({"typ": "dpop+jwt", "jwk": bare(key), **(header or {})}))


def verified(*proofs: str, **named: Any) -> DpopProof:
    return verify_proof(proofs, **{"method": "POST", "url": URL, "at": NOON, **named})


def refusal(*proofs: str, **named: Any) -> OAuthError:
    return refused(verified, *proofs, **named)


CLAIMS = {
    "jti is missing": ({"jti": MISSING}, "oidc.claim_malformed"),
    "jti cannot be shown": ({"jti": "a\u202eb"}, "oidc.claim_malformed"),
    "jti is empty": ({"jti": ""}, "oidc.claim_malformed"),
    "jti is no text": ({"jti": 1}, "oidc.claim_malformed"),
    "htm is missing": ({"htm": MISSING}, "oidc.claim_malformed"),
    "htm is PUT": ({"htm": "PUT"}, "holder.audience_mismatch"),
    "htm in lower case": ({"htm": "post"}, "holder.audience_mismatch"),
    "htu is missing": ({"htu": MISSING}, "holder.audience_mismatch"),
    "htu is no text": ({"htu": [URL]}, "holder.audience_mismatch"),
    "htu is a different url": ({"htu": f"{ISSUER}/oauth/par"}, "holder.audience_mismatch"),
    "htu is of another host": ({"htu": "https://other.example/oauth/token"}, "holder.audience_mismatch"),
    "htu is plain http": ({"htu": URL.replace("https", "http")}, "holder.audience_mismatch"),
    "htu has another port": ({"htu": "https://node.sg.example:8443/oauth/token"}, "holder.audience_mismatch"),
    "htu has a user": ({"htu": "https://a@node.sg.example/oauth/token"}, "holder.audience_mismatch"),
    "htu is too long": ({"htu": f"{URL}?{'a' * LIMITS.client_uri_characters}"}, "holder.audience_mismatch"),
    "iat is missing": ({"iat": MISSING}, "time.claim_missing"),
    "iat is no number": ({"iat": str(NOW)}, "time.claim_malformed"),
    "iat is one hour in the future": ({"iat": NOW + 3_600}, "time.issued_in_future"),
    "iat is one hour in the past": ({"iat": NOW - 3_600}, "holder.not_fresh"),
    "iat is a minute in the past": (
        {"iat": NOW - int(LIMITS.dpop_proof_age.total_seconds())},
        "holder.not_fresh",
    ),
    "CheckDpopProofNbfExp: nbf in the future": ({"nbf": NOW + 61}, "time.not_yet_valid"),
    "CheckDpopProofNbfExp: exp in the past": ({"exp": NOW}, "time.expired"),
    "CheckDpopProofNbfExp: exp is no number": ({"exp": "later"}, "time.claim_malformed"),
}


@pytest.mark.parametrize(("changes", "code"), CLAIMS.values(), ids=CLAIMS.keys())
def test_dpop_negative_tests_of_claims(changes: dict[str, Any], code: str) -> None:
    """DpopNegativeTests, CheckDpopProofNbfExp."""
    found = refusal(proof(**changes))

    assert (found.error, found.status, found.code) == ("invalid_dpop_proof", 400, code)


HEADERS = {
    "typ is missing": ({"typ": MISSING}, "jose.typ_mismatch"),
    "typ is JWT": ({"typ": "JWT"}, "jose.typ_mismatch"),
    "jwk is missing": ({"jwk": MISSING}, "jose.alg_key_mismatch"),
    "jwk is no object": ({"jwk": "key"}, "jose.alg_key_mismatch"),
    "jwk is private": ({"jwk": {**bare(HOLDER), "d": "AAAA"}}, "jose.alg_key_mismatch"),
    "jwk is symmetric": ({"jwk": {"kty": "oct", "k": "AAAA"}}, "jose.alg_key_mismatch"),
    "jwk is of another key": ({"jwk": bare(generate("ES256"))}, "jose.signature_invalid"),
    "jwk is on P-384": ({"jwk": bare(generate("ES384"))}, "jose.alg_key_mismatch"),
    "jwk is for encryption": ({"jwk": {**bare(HOLDER), "use": "enc"}}, "jose.alg_key_mismatch"),
    "jku": ({"jku": "https://evil.example"}, "jose.header_forbidden"),
    "x5c": ({"x5c": ["AAAA"]}, "jose.header_forbidden"),
    "crit": ({"crit": ["jwk"]}, "jose.crit_unsupported"),
}


@pytest.mark.parametrize(("header", "code"), HEADERS.values(), ids=HEADERS.keys())
def test_dpop_negative_tests_of_headers(header: dict[str, Any], code: str) -> None:
    """DpopNegativeTests."""
    found = refusal(proof(header=header))

    assert (found.error, found.code) == ("invalid_dpop_proof", code)


def test_a_proof_signed_using_rs256_is_refused() -> None:
    """DpopNegativeTests: RS256, and an algorithm that is missing or none."""
    rs256 = file_signer(RSA, algorithm="RS256")
    _, payload, signature = proof().split(".")
    headers = (b'{"typ":"dpop+jwt"}', b'{"typ":"dpop+jwt","alg":"none"}')
    missing, none = (f"{base64url.encode(header)}.{payload}.{signature}" for header in headers)

    assert refusal(proof(key=rs256)).code == "jose.alg_not_allowed"
    assert refusal(missing).code == "jose.alg_not_allowed"
    assert refusal(none).code == "jose.alg_none"


@pytest.mark.parametrize("proofs", [(), (proof(), proof()), (proof(), "")])
def test_a_request_with_no_proof_or_with_two_is_refused(proofs: tuple[str, ...]) -> None:
    """HolderOfKeyRequired, DpopNegativeTests."""
    assert refusal(*proofs).code == "holder.binding_missing"


def test_a_proof_with_an_invalid_signature_or_of_no_form_is_refused() -> None:
    head, _, tail = proof().rpartition(".")

    assert refusal(f"{head}.{'A' * len(tail)}").code == "jose.signature_invalid"
    for text in ("", "a.b.c", "a.b", proof() + "x", "a" * (LIMITS.dpop_proof_bytes + 1)):
        assert refusal(text).error == "invalid_dpop_proof"


RESOURCE = {
    "ath is missing": {},
    "ath is incorrect": {"ath": base64url.encode(bytes(32))},
    "ath is no text": {"ath": 1},
    "ath is not ASCII": {"ath": "é"},
    "ath is the token": {"ath": TOKEN},
}


@pytest.mark.parametrize("changes", RESOURCE.values(), ids=RESOURCE.keys())
def test_at_a_resource_a_proof_names_the_token_and_a_refusal_is_a_challenge(changes: dict[str, Any]) -> None:
    found = refusal(proof(**changes), access_token=TOKEN)

    assert (found.error, found.status, found.code) == ("invalid_dpop_proof", 401, "oidc.hash_mismatch")
    assert found.headers["WWW-Authenticate"] == 'DPoP error="invalid_dpop_proof", algs="ES256 PS256 EdDSA Ed25519"'


def test_token_endpoint_fails_with_mismatched_dpop_proof_jkt() -> None:
    """TokenEndpointFailsWithMismatchedDpopProofJkt, and the same at a resource."""
    other = verified(proof(key=generate("ES256"))).thumbprint

    assert refusal(proof(), bound_to=other).code == "holder.key_missing"
    assert refusal(proof(ath=ATH), bound_to=other, access_token=TOKEN).status == 401
    assert verified(proof(ath=ATH), bound_to=HOLDER.kid, access_token=TOKEN).thumbprint == HOLDER.kid


def test_mismatched_dpop_jkt_fails() -> None:
    """MismatchedDpopJktFails: a proof of another key than the one that the request names."""
    for stated in (generate("ES256").kid, "", "é"):
        found = refused(require_code_binding, stated, verified(proof()))
        assert (found.error, found.code) == ("invalid_dpop_proof", "holder.key_missing")


def test_dpop_auth_code_binding_success() -> None:
    """DpopAuthCodeBindingSuccess: by the name, by the proof, by both, or not at all."""
    given_proof = verified(proof())

    assert require_code_binding(HOLDER.kid, None) == HOLDER.kid
    assert require_code_binding(None, given_proof) == HOLDER.kid
    assert require_code_binding(HOLDER.kid, given_proof) == HOLDER.kid
    assert require_code_binding(None, None) is None


OLD = NOON - 2 * LIMITS.dpop_nonce_period
FOREIGN = {
    "no nonce": MISSING,
    "another node's": DpopNonces(b"1" * 32).issue(at=NOON),
    "two periods old": NONCES.issue(at=OLD),
    "of the future": NONCES.issue(at=NOON + LIMITS.dpop_nonce_period),
    "no text": 1,
    "not ASCII": "é",
    "empty": "",
}


@pytest.mark.parametrize("nonce", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_proof_without_a_nonce_of_this_server_is_answered_with_one(nonce: Any) -> None:
    token, resource = (
        refusal(proof(nonce=nonce, ath=ATH), nonces=NONCES, **named) for named in ({}, {"access_token": TOKEN})
    )

    assert (token.error, token.status, token.code) == ("use_dpop_nonce", 400, "holder.nonce_mismatch")
    assert (resource.error, resource.status) == ("use_dpop_nonce", 401)
    assert 'error="use_dpop_nonce"' in resource.headers["WWW-Authenticate"]
    assert verified(proof(nonce=token.headers["DPoP-Nonce"]), nonces=NONCES)


def test_a_nonce_is_good_in_its_period_and_the_next_and_every_worker_makes_the_same() -> None:
    nonce = DpopNonces(bytes(32)).issue(at=NOON)

    assert NONCES.accepts(nonce, at=NOON)
    assert NONCES.accepts(nonce, at=NOON + LIMITS.dpop_nonce_period)
    assert not NONCES.accepts(nonce, at=NOON + 2 * LIMITS.dpop_nonce_period)
    assert not NONCES.accepts(nonce, at=NOON - timedelta(seconds=1))
    assert NONCES.issue(at=NOON + LIMITS.dpop_nonce_period) != nonce
    assert "\\x00" not in repr(NONCES)


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_key_of_another_length_makes_no_nonces(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 octets"):
        DpopNonces(key)


@pytest.mark.parametrize("offset", [-59, -10, 0, 10, 60])
def test_iat_ten_seconds_off_is_accepted_and_the_window_ends_after_a_minute(offset: int) -> None:
    assert verified(proof(iat=NOW + offset)).one_time.until == NOON + timedelta(seconds=offset + 60)


HTU = {
    "query and fragment": f"{URL}?a=b#c",
    "default port": "https://node.sg.example:443/oauth/token",
    "capital host and scheme": "HTTPS://NODE.SG.EXAMPLE/oauth/token",
    "dot segments": "https://node.sg.example/a/../oauth/./token",
    "needless escapes": "https://node.sg.example/%6fauth/%74oken",
}


@pytest.mark.parametrize("htu", HTU.values(), ids=HTU.keys())
def test_htu_is_compared_without_query_and_fragment_and_normalised(htu: str) -> None:
    assert verified(proof(htu=htu))


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "EdDSA"])
def test_a_proof_counts_once_and_names_its_key(algorithm: str) -> None:
    key = generate(algorithm)
    first, second = (verified(proof(key=key)) for _ in range(2))

    assert first == second, "a replay has the same one-time value"
    assert first.thumbprint == key.kid
    assert first.one_time.key != verified(proof(key=key, jti="two")).one_time.key
    assert first.one_time.key != verified(proof()).one_time.key


def test_two_addresses_that_are_none_are_not_the_same_address() -> None:
    assert refusal(proof(htu="nowhere"), url="elsewhere").code == "holder.audience_mismatch"


def test_claims_and_headers_that_nobody_names_are_ignored() -> None:
    assert verified(proof(extra=1, header={"extra": {"a": [1]}, "kid": "x"}, exp=NOW + 30, nbf=NOW - 5))


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda octets: base64url.encode(octets) + ".e30.AA"))
def test_no_text_makes_the_reader_stumble(text: str) -> None:
    assert refusal(text).error == "invalid_dpop_proof"
