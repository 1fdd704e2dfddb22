"""The gateway as a client of national providers: each module of the conformance suite that must fail, fails here."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import generate
from idbridge.errors import JoseError
from idbridge.limits import LIMITS
from idbridge.oidc.errors import OAuthErrorCode
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.upstream import (
    PendingLogin,
    UpstreamTokens,
    keys_to_try,
    read_authorization_response,
    read_exchanged_token,
    read_pushed_response,
    read_redirect_response,
    read_token_response,
    request_location,
    request_parameters,
)
from idbridge.oidc.upstream_errors import UpstreamError, UpstreamFault
from idbridge.reasons import REASONS
from tests.oidc.test_pkce import CHALLENGE, VERIFIER
from tests.oidc.test_upstream_discovery import LISTED, PROVIDER, document, narrowed_to

PENDING = PendingLogin(PROVIDER, "s" * 43, "n" * 43, VERIFIER, names_issuer=True)
SILENT = PendingLogin(PROVIDER, "s" * 43, "n" * 43, VERIFIER, names_issuer=False)
GOOD = {"code": "c", "state": PENDING.state, "iss": PROVIDER}


def fault(call: Any, *arguments: Any, **named: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        call(*arguments, **named)
    return caught.value


def response(pending: PendingLogin = PENDING, **changes: Any) -> str:
    values = {name: [value] for name, value in {**GOOD, **changes}.items() if value is not None}
    return read_authorization_response(Parameters.of(values), pending)


RESPONSES = {
    "InvalidAuthorizationResponseIss": ({"iss": "https://login.vn.example"}, UpstreamFault.ISSUER_MISMATCH),
    "iss with a slash": ({"iss": f"{PROVIDER}/"}, UpstreamFault.ISSUER_MISMATCH),
    "RemoveAuthorizationResponseIss": ({"iss": None}, UpstreamFault.ISSUER_MISSING),
    "EnsureAuthorizationResponseWithInvalidStateFails": ({"state": "t" * 43}, UpstreamFault.STATE_MISMATCH),
    "EnsureAuthorizationResponseWithInvalidMissingStateFails": ({"state": None}, UpstreamFault.STATE_MISSING),
    "a state that is not ASCII": ({"state": "é"}, UpstreamFault.STATE_MISMATCH),
    "no code": ({"code": None}, UpstreamFault.RESPONSE_MALFORMED),
    "code and error": ({"error": "access_denied"}, UpstreamFault.RESPONSE_MALFORMED),
    "a code too long": ({"code": "c" * (LIMITS.opaque_characters + 1)}, UpstreamFault.RESPONSE_MALFORMED),
    "a token in the front channel": ({"access_token": "t"}, UpstreamFault.RESPONSE_MALFORMED),
    "an ID token in the front channel": ({"id_token": "t"}, UpstreamFault.RESPONSE_MALFORMED),
    "EnsureJarm...Fails: a response that was never asked for": (
        {"response": "e30.e30."},
        UpstreamFault.RESPONSE_MALFORMED,
    ),
    "an error of another provider": (
        {"error": "access_denied", "code": None, "iss": "https://evil.example"},
        UpstreamFault.ISSUER_MISMATCH,
    ),
    "an error of another browser": (
        {"error": "access_denied", "code": None, "state": "t" * 43},
        UpstreamFault.STATE_MISMATCH,
    ),
}


@pytest.mark.parametrize(("changes", "expected"), RESPONSES.values(), ids=RESPONSES.keys())
def test_a_response_that_is_not_to_this_browsers_request_is_refused(changes: dict[str, Any], expected: str) -> None:
    found = fault(response, **changes)

    assert found.fault == expected
    assert found.code in REASONS


def test_a_provider_that_never_promised_to_name_itself_is_refused_if_it_names_another() -> None:
    assert response(SILENT, iss=None) == "c"
    assert fault(response, SILENT, iss="https://evil.example").fault is UpstreamFault.ISSUER_MISMATCH


@pytest.mark.parametrize(
    ("error", "known"), [("access_denied", OAuthErrorCode.ACCESS_DENIED), ("canary of theirs", None), ("é", None)]
)
def test_an_error_of_the_provider_is_heard_if_it_exists_and_its_words_are_not(error: str, known: Any) -> None:
    found = fault(response, code=None, error=error, error_description="canary")

    assert (found.fault, found.error) == (UpstreamFault.PROVIDER_REFUSED, known)
    assert "canary" not in str(found)


def test_the_answer_to_this_request_has_the_code() -> None:
    assert response(session_state="x") == "c"


@pytest.mark.parametrize(
    "values",
    [
        ("s" * 21, "n" * 43, VERIFIER),
        ("s" * 43, "", VERIFIER),
        ("s" * 43, "s" * 43, VERIFIER),
        ("s" * 43, "n" * 43, "v"),
    ],
)
def test_values_that_could_be_guessed_begin_no_login(values: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="128 bits"):
        PendingLogin(PROVIDER, *values, names_issuer=True)


def test_a_request_names_state_nonce_and_challenge_and_never_the_verifier() -> None:
    asked = request_parameters(
        LISTED, PENDING, code_challenge=CHALLENGE, acr_values="urn:loa:2", further={"claims": "{}"}
    )
    location = request_location(narrowed_to(document()), asked)

    assert asked["code_challenge_method"] == "S256"
    assert dict(parse_qsl(urlsplit(location).query)) == dict(asked)
    assert asked["state"] == PENDING.state
    assert asked["nonce"] == PENDING.nonce
    assert VERIFIER not in location
    assert PENDING.state not in repr(PENDING)
    assert "acr_values" not in request_parameters(LISTED, PENDING, code_challenge=CHALLENGE)


@pytest.mark.parametrize("name", ["state", "redirect_uri", "code_challenge"])
def test_a_providers_own_parameters_replace_none_of_ours(name: str) -> None:
    with pytest.raises(ValueError, match="replace none"):
        request_parameters(LISTED, PENDING, code_challenge=CHALLENGE, further={name: "x"})


def test_an_authorization_endpoint_keeps_its_own_query() -> None:
    own = narrowed_to(document(authorization_endpoint=f"{PROVIDER}/authorize?realm=th"))

    assert request_location(own, {"client_id": "c"}) == f"{PROVIDER}/authorize?realm=th&client_id=c"


TOKENS = {"access_token": "at", "token_type": "DPoP", "id_token": "e30.e30.AA", "expires_in": 600}


def tokens(*, status: int = 200, bound: bool = True, **changes: Any) -> UpstreamTokens:
    members = {name: value for name, value in {**TOKENS, **changes}.items() if value is not None}
    return read_token_response(json.dumps(members).encode(), status=status, bound=bound)


TOKEN_FAULTS = {
    "no access token": ({"access_token": None}, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
    "an empty access token": ({"access_token": ""}, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
    "an access token of two lines": ({"access_token": "at\r\nX: y"}, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
    "an access token with a NUL": ({"access_token": "at\0"}, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
    "an access token with a space": ({"access_token": "at "}, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
    "an access token beyond ASCII": ({"access_token": "até"}, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
    "an access token without end": (
        {"access_token": "a" * (LIMITS.token_bytes + 1)},
        UpstreamFault.TOKEN_RESPONSE_MALFORMED,
    ),
    "no token type": ({"token_type": None}, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
    "a bearer token where one was to be bound": ({"token_type": "Bearer"}, UpstreamFault.TOKEN_TYPE),
    "a bound token where none was asked for": ({"bound": False}, UpstreamFault.TOKEN_TYPE),
    "another type": ({"token_type": "mac"}, UpstreamFault.TOKEN_TYPE),
    "no ID token": ({"id_token": None}, UpstreamFault.ID_TOKEN_MISSING),
    "an ID token of no text": ({"id_token": {}}, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
    "an expiry of a text": ({"expires_in": "600"}, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
    "an expiry in the past": ({"expires_in": -1}, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
    "an expiry of true": ({"expires_in": True}, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
    "another status": ({"status": 500}, UpstreamFault.PROVIDER_REFUSED),
    "an error under the status of success": ({"error": "invalid_grant"}, UpstreamFault.PROVIDER_REFUSED),
}


@pytest.mark.parametrize(("changes", "expected"), TOKEN_FAULTS.values(), ids=TOKEN_FAULTS.keys())
def test_a_token_response_that_lacks_what_a_login_needs_is_refused(changes: dict[str, Any], expected: str) -> None:
    assert fault(tokens, **changes).fault == expected


@pytest.mark.parametrize("octets", [b"", b"[]", b"{", b'{"id_token":"a","id_token":"b"}', b"\xff", b" " * 70_000])
def test_a_token_response_that_is_no_strict_json_is_refused(octets: bytes) -> None:
    assert fault(read_token_response, octets, status=200, bound=True).fault is UpstreamFault.TOKEN_RESPONSE_MALFORMED


def test_an_error_of_the_token_endpoint_is_heard_if_it_exists() -> None:
    assert fault(tokens, status=400, error="invalid_grant").error is OAuthErrorCode.INVALID_GRANT
    assert fault(tokens, status=400, error={"a": 1}).error is None


@pytest.mark.parametrize("token_type", ["DPoP", "dpop", "DPOP", "dPoP"])
def test_token_type_case_insensitivity(token_type: str) -> None:
    """TokenTypeCaseInsensitivity."""
    assert tokens(token_type=token_type).token_type == "dpop"
    assert tokens(token_type="bEARER", bound=False).token_type == "bearer"


def test_token_endpoint_response_without_expires_in() -> None:
    """TokenEndpointResponseWithoutExpiresIn."""
    assert tokens(expires_in=None).expires_in is None
    assert tokens().expires_in == 600
    assert "e30" not in repr(tokens())


@pytest.mark.parametrize(
    ("octets", "status", "expected"),
    [
        (b'{"error":"invalid_request"}', 400, UpstreamFault.PROVIDER_REFUSED),
        (b'{"request_uri":"urn:x"}', 200, UpstreamFault.PROVIDER_REFUSED),
        (b'{"request_uri":"urn:x","error":"server_error"}', 201, UpstreamFault.PROVIDER_REFUSED),
        (b"{}", 201, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
        (b'{"request_uri":""}', 201, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
        (b'{"request_uri":7}', 201, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
        (b'{"request_uri":"a\\u000ab"}', 201, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
        (b'{"request_uri":"\xc3\xa9"}', 201, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
        (b"<html>", 201, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
    ],
)
def test_a_pushed_request_without_a_name_that_may_be_sent_was_not_pushed(
    octets: bytes, status: int, expected: UpstreamFault
) -> None:
    assert fault(read_pushed_response, octets, status=status).fault is expected
    assert read_pushed_response(b'{"request_uri":"urn:x","expires_in":60}', status=201) == "urn:x"


@pytest.mark.parametrize(
    ("octets", "status", "expected"),
    [
        (b'{"error":"invalid_grant"}', 400, UpstreamFault.PROVIDER_REFUSED),
        (b'{"id_token":"a.b.c"}', 201, UpstreamFault.PROVIDER_REFUSED),
        (b'{"access_token":"a"}', 200, UpstreamFault.ID_TOKEN_MISSING),
        (b'{"id_token":""}', 200, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
        (b'{"id_token":{}}', 200, UpstreamFault.TOKEN_RESPONSE_MALFORMED),
    ],
)
def test_the_token_of_a_redirect_gives_an_id_token_or_nothing(
    octets: bytes, status: int, expected: UpstreamFault
) -> None:
    assert fault(read_exchanged_token, octets, status=status).fault is expected
    assert read_exchanged_token(b'{"id_token":"a.b.c","access_token":"t"}', status=200) == "a.b.c"


def test_a_redirect_has_a_token_and_no_code() -> None:
    answer = {"authToken": "t", "state": PENDING.state}
    quiet = replace(PENDING, names_issuer=False)
    assert read_redirect_response(Parameters(answer), quiet) == "t"

    for spoilt in ({"code": "c"}, {"code": "c", "authToken": None}, {"authToken": None}, {"error": "access_denied"}):
        said = {name: value for name, value in {**answer, **spoilt}.items() if value is not None}
        assert fault(read_redirect_response, Parameters(said), quiet).fault is UpstreamFault.RESPONSE_MALFORMED


ES256 = frozenset({"ES256"})
FIRST, SECOND, THIRD = (generate("ES256", kid=f"k{number}") for number in range(3))
OTHER = generate("EdDSA", kid="other")


def key_set(*keys: Any, bare: bool = False) -> bytes:
    entries = [dict(getattr(key, "public_jwk", key)) for key in keys]
    for entry in entries if bare else ():
        del entry["kid"]
    return json.dumps({"keys": entries}).encode()


def to_try(octets: bytes, kid: str | None = None, algorithm: str = "ES256") -> list[str]:
    return [key.thumbprint for key in keys_to_try(octets, kid=kid, algorithm=algorithm, allowed=ES256)]


def prints(*keys: Any) -> list[str]:
    return [parse_jwk(key.public_jwk).thumbprint for key in keys]


def test_kid_absent_multiple_matching_keys_in_jwks() -> None:
    """OIDCCClientTestKidAbsentMultipleMatchingKeysInJwks: each key of the right type and algorithm may be tried."""
    encryption = {**THIRD.public_jwk, "use": "enc"}

    assert to_try(key_set(FIRST, OTHER, SECOND, encryption)) == prints(FIRST, SECOND)
    assert to_try(key_set(FIRST, SECOND, bare=True), "unknown") == prints(FIRST, SECOND)


def test_kid_absent_single_jwks() -> None:
    """OIDCCClientTestKidAbsentSingleJwks."""
    assert to_try(key_set(FIRST, bare=True)) == prints(FIRST)


@pytest.mark.parametrize("stated", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("listed", ["EdDSA", "Ed25519"])
def test_ed25519_is_tried_under_both_of_its_names(stated: str, listed: str) -> None:
    found = keys_to_try(key_set(FIRST, OTHER), kid=None, algorithm=stated, allowed=frozenset({listed}))

    assert [key.kid for key in found] == ["other"]


def test_a_key_that_is_named_is_the_only_one_to_try() -> None:
    assert to_try(key_set(FIRST, SECOND), "k1") == prints(SECOND)


@pytest.mark.parametrize(
    ("octets", "kid", "algorithm", "code"),
    [
        (key_set(FIRST), "k9", "ES256", "jose.kid_unknown"),
        (key_set(), None, "ES256", "jose.kid_unknown"),
        (key_set(OTHER), None, "ES256", "jose.kid_unknown"),
        (key_set(FIRST), None, "EdDSA", "jose.alg_not_allowed"),
        (key_set(FIRST), None, "none", "jose.alg_not_allowed"),
        (key_set(FIRST), None, "RS256", "jose.alg_not_allowed"),
    ],
    ids=["unknown name", "empty set", "no key of the type", "InvalidAlternateAlg", "InvalidNullAlg", "RS256"],
)
def test_where_no_key_fits_none_is_tried(octets: bytes, kid: str | None, algorithm: str, code: str) -> None:
    with pytest.raises(JoseError) as caught:
        to_try(octets, kid, algorithm)

    assert caught.value.code == code


@pytest.mark.parametrize(
    "octets",
    [
        b"", b"[]", b"{}", b'{"keys":{}}', b'{"keys":[1]}', b'{"keys":[],"keys":[]}',
        key_set({**FIRST.public_jwk, "d": "AAAA"}), key_set(*[FIRST] * (LIMITS.key_set_keys + 1)),
    ],
    ids=["empty", "array", "no keys", "keys of no array", "key of no object", "twice", "private", "too many"],
)  # fmt: skip
def test_a_key_set_that_is_none_is_refused_as_a_whole(octets: bytes) -> None:
    assert fault(to_try, octets).fault is UpstreamFault.KEY_SET_MALFORMED


@pytest.mark.parametrize("one", list(UpstreamFault))
def test_each_fault_has_a_reason(one: UpstreamFault) -> None:
    assert UpstreamError(one).reason.code in REASONS


@given(st.binary(max_size=60))
def test_no_octets_make_a_reader_stumble(octets: bytes) -> None:
    assert isinstance(fault(read_token_response, octets, status=200, bound=True), UpstreamError)
