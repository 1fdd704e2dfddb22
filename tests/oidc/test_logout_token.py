"""Logout tokens: only the listed provider ends a session, by a token that is nothing else."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import base64url
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.limits import LIMITS
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.logout_token import EVENT, LogoutToken, make_logout_token, verify_logout_token
from tests.oidc.kit import NOON, NOW, refused

PROVIDER = "https://login.th.example"
KEY = generate("ES256", kid="th-1")
KEYS = (parse_jwk(KEY.public_jwk),)
ES256 = frozenset({"ES256"})
MISSING = object()
AGE = int(LIMITS.logout_token_age.total_seconds())


def token(*, key: FileSigner = KEY, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A good token, with changes; what is `MISSING` is left out."""
    good = {
        "iss": PROVIDER,
        "aud": "idbridge",
        "iat": NOW - 5,
        "exp": NOW + 60,
        "jti": "one",
        "sid": "s",
        "events": {EVENT: {}},
    }
    claims = {name: value for name, value in {**good, **changes}.items() if value is not MISSING}
    return sign_compact({"typ": "logout+jwt", **(header or {})}, json.dumps(claims).encode(), key)


def verified(text: str, **named: Any) -> LogoutToken:
    known: dict[str, Any] = {"issuer": PROVIDER, "client_id": "idbridge", "keys": KEYS, "algorithms": ES256, "at": NOON}
    return verify_logout_token(text, **{**known, **named})


CLAIMS = {
    "another issuer": ({"iss": "https://login.vn.example"}, "issuer.unknown"),
    "no issuer": ({"iss": MISSING}, "oidc.claim_malformed"),
    "another audience": ({"aud": "other"}, "oidc.audience_mismatch"),
    "another audience beside": ({"aud": ["idbridge", "other"]}, "oidc.audience_mismatch"),
    "no audience": ({"aud": MISSING}, "oidc.audience_missing"),
    "an empty audience": ({"aud": []}, "oidc.audience_missing"),
    "an audience of no text": ({"aud": {"idbridge": 1}}, "oidc.audience_missing"),
    "no iat": ({"iat": MISSING}, "time.claim_missing"),
    "iat in the future": ({"iat": NOW + 61, "exp": NOW + 90}, "time.issued_in_future"),
    "iat long ago": ({"iat": NOW - AGE - 60}, "time.too_old"),
    "no exp": ({"exp": MISSING}, "time.claim_missing"),
    "exp in the past": ({"iat": NOW - 120, "exp": NOW - 60}, "time.expired"),
    "exp before iat": ({"exp": NOW - 5}, "time.claim_malformed"),
    "exp of no number": ({"exp": "x"}, "time.claim_malformed"),
    "no event": ({"events": MISSING}, "oidc.token_confusion"),
    "another event": ({"events": {"other": {}}}, "oidc.token_confusion"),
    "an event of no object": ({"events": {EVENT: True}}, "oidc.token_confusion"),
    "events that are a list": ({"events": [EVENT]}, "oidc.token_confusion"),
    "a nonce": ({"nonce": "n"}, "oidc.token_confusion"),
    "a nonce of null": ({"nonce": None}, "oidc.token_confusion"),
    "neither sub nor sid": ({"sid": MISSING}, "oidc.subject_invalid"),
    "an empty sid": ({"sid": ""}, "oidc.claim_malformed"),
    "a sub of no text": ({"sub": 1}, "oidc.claim_malformed"),
    "no jti": ({"jti": MISSING}, "oidc.claim_malformed"),
}


@pytest.mark.parametrize(("changes", "code"), CLAIMS.values(), ids=CLAIMS.keys())
def test_a_token_that_says_anything_else_ends_no_session(changes: dict[str, Any], code: str) -> None:
    found = refused(verified, token(**changes))

    assert (found.error, found.status, found.code) == ("invalid_request", 400, code)


def test_a_token_by_another_key_or_algorithm_or_of_another_type_ends_no_session() -> None:
    _, payload, signature = token().split(".")
    unsigned = base64url.encode(b'{"alg":"none","typ":"logout+jwt"}')

    assert refused(verified, token(key=generate("ES256", kid="th-1"))).code == "jose.signature_invalid"
    assert refused(verified, token(key=generate("ES256", kid="th-2"))).code == "jose.kid_unknown"
    assert refused(verified, token(key=generate("EdDSA", kid="th-1"))).code == "jose.alg_not_allowed"
    assert refused(verified, f"{unsigned}.{payload}.{signature}").code == "jose.alg_none"
    assert refused(verified, token(header={"typ": "at+jwt"})).code == "jose.typ_mismatch"
    assert refused(verified, token(header={"jku": "https://evil.example"})).code == "jose.header_forbidden"
    assert refused(verified, token(), keys=()).code == "jose.kid_unknown"


def test_of_what_a_provider_sent_nothing_is_in_the_answer() -> None:
    assert "canary" not in refused(verified, token(sub="canary", aud="canary", iss="canary")).description


@pytest.mark.parametrize("typ", ["logout+jwt", "application/logout+jwt", "JWT"])
def test_the_listed_provider_ends_a_session_once(typ: str) -> None:
    text = token(header={"typ": typ}, sub="them", aud=["idbridge"])
    first, second = verified(text), verified(text)

    assert (first.issuer, first.subject, first.session) == (PROVIDER, "them", "s")
    assert first == second, "a replay has the same one-time value"
    assert first.one_time.until == NOON + timedelta(seconds=120)
    assert "them" not in repr(first)
    assert first.one_time.key != verified(token(jti="two")).one_time.key


def test_a_clock_that_is_a_minute_off_is_borne() -> None:
    assert verified(token(iat=NOW + 60, exp=NOW + 90))
    assert verified(token(iat=NOW - 120, exp=NOW - 59))


@pytest.mark.parametrize(("subject", "session", "jti"), [(None, None, "j"), ("", "", "j"), ("s", None, "")])
def test_a_token_that_would_name_nobody_is_not_made(subject: Any, session: Any, jti: str) -> None:
    with pytest.raises(ValueError, match="logout token"):
        make_logout_token(KEY, issuer=PROVIDER, client_id="x", jti=jti, at=NOON, subject=subject, session=session)


@pytest.mark.parametrize(("subject", "session"), [("them", None), (None, "s"), ("them", "s")])
def test_a_token_that_we_make_is_one_that_we_would_accept(subject: str | None, session: str | None) -> None:
    made = make_logout_token(
        KEY, issuer=PROVIDER, client_id="idbridge", jti="j", at=NOON, subject=subject, session=session
    )
    header, payload = (json.loads(base64url.decode(part)) for part in made.split(".")[:2])

    assert header == {"alg": "ES256", "kid": "th-1", "typ": "logout+jwt"}
    assert payload["exp"] - payload["iat"] == LIMITS.logout_token_lifetime.total_seconds()
    assert "nonce" not in payload
    assert (verified(made).subject, verified(made).session) == (subject, session)


@given(st.text(max_size=60))
def test_no_text_makes_the_reader_stumble(text: str) -> None:
    assert isinstance(refused(verified, text), OAuthError)
