"""The servers' side of a pretend provider: it refuses as a real one would, in JSON and with the right error."""

from base64 import b64encode
from typing import Any

import pytest

from idbridge.limits import LIMITS
from idbridge.oidc.client import Profile
from idbridge.sandbox.idp.discovery import discovery_document
from idbridge.sandbox.idp.listed import listed_in
from tests.sandbox.idp.kit import (
    DPOP_KEY,
    GOODBYE,
    KEY,
    OTHER_KEY,
    document,
    error_of,
    location,
    visit,
)
from tests.sandbox.regions import region

PLAIN = "my-login"
FAPI = "sg-login"


@pytest.mark.parametrize("service", [PLAIN, FAPI, "kh-login"])
def test_a_code_is_redeemed_once(service: str) -> None:
    at_provider = visit(service)
    code = at_provider.code()

    assert at_provider.redeem(code).status == 200
    assert error_of(at_provider.redeem(code)) == "invalid_grant"


@pytest.mark.parametrize("service", [PLAIN, FAPI])
def test_a_code_that_comes_again_ends_the_token_that_was_made_of_it(service: str) -> None:
    at_provider = visit(service)
    code = at_provider.code()
    token = document(at_provider.redeem(code))["access_token"]
    assert at_provider.userinfo(token).status == 200

    error_of(at_provider.redeem(code))

    assert error_of(at_provider.userinfo(token), 401) == "invalid_token"


@pytest.mark.parametrize("service", [PLAIN, FAPI, "kh-login"])
def test_a_code_lasts_a_minute(service: str) -> None:
    at_provider = visit(service)
    code = at_provider.code()
    at_provider.later(LIMITS.code_lifetime)

    assert error_of(at_provider.redeem(code)) == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": GOODBYE}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"code": ""}, "invalid_grant"),
        ({"code": "A" * 43}, "invalid_grant"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "unsupported_grant_type"),
    ],
)
@pytest.mark.parametrize("service", [PLAIN, FAPI])
def test_a_code_is_redeemed_by_whoever_began_the_login(service: str, changes: dict[str, str], error: str) -> None:
    at_provider = visit(service)

    assert error_of(at_provider.redeem(at_provider.code(), **changes)) == error


@pytest.mark.parametrize("service", [PLAIN, FAPI, "kh-login"])
def test_a_code_is_of_no_use_to_another_client(service: str) -> None:
    at_provider = visit(service)
    code, own = at_provider.code(), at_provider.client
    other = visit(service, id="other").client
    at_provider.provider.register(other)
    at_provider.client = other

    assert error_of(at_provider.redeem(code)) == "invalid_grant"
    at_provider.client = own
    assert error_of(at_provider.redeem(code)) == "invalid_grant"


def test_a_client_proves_itself_with_its_own_key_and_for_this_issuer() -> None:
    at_provider = visit(FAPI)

    def pushed(assertion: str) -> str:
        form = {**at_provider.asks(), **at_provider.proves(), "client_assertion": assertion}
        return error_of(at_provider.post("/par", form), 401)

    assert pushed(at_provider.assertion(OTHER_KEY, kid=KEY.kid)) == "invalid_client"
    assert pushed(at_provider.assertion(aud=f"{at_provider.provider.listed.issuer}/token")) == "invalid_client"
    assert pushed(at_provider.assertion(aud=[at_provider.provider.listed.issuer])) == "invalid_client"
    assert pushed(at_provider.assertion(exp=int(at_provider.at.timestamp()))) == "invalid_client"


def test_an_assertion_counts_once() -> None:
    at_provider = visit(FAPI)
    form = {**at_provider.asks(), **at_provider.proves()}

    assert at_provider.post("/par", form).status == 201
    assert error_of(at_provider.post("/par", form), 401) == "invalid_client"


@pytest.mark.parametrize("secret", ["t" * 43, ""])
def test_a_secret_has_to_be_the_right_one(secret: str) -> None:
    at_provider = visit(PLAIN)

    assert error_of(at_provider.redeem(at_provider.code(), client_secret=secret), 401) == "invalid_client"


@pytest.mark.parametrize("value", [f"Basic {b64encode(b'my-bank:wrong').decode()}", "Bearer x", "Basic x", ""])
def test_the_token_of_a_redirect_is_exchanged_under_the_right_secret(value: str) -> None:
    at_provider = visit("kh-login")

    assert error_of(at_provider.redeem(at_provider.code(), {"authorization": value}), 401) == "invalid_client"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"auth_token": 1}', b'{"authToken": "x"}', b"{", b"\xff"])
def test_a_token_of_a_redirect_is_a_text_in_an_object(body: bytes) -> None:
    at_provider = visit("kh-login")
    basic = b64encode(f"{at_provider.client.id}:{'s' * 43}".encode()).decode()

    assert error_of(at_provider.send("POST", "/api/token", body, authorization=f"Basic {basic}")) == "invalid_request"


def test_a_plain_provider_also_takes_a_key() -> None:
    at_provider = visit(PLAIN, secret_digest=None, jwks=(KEY.public_jwk,))

    assert at_provider.tokens()["token_type"] == "Bearer"


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({"dpop": ""}, "invalid_dpop_proof"),
        ({"dpop": "e30.e30.AA"}, "invalid_dpop_proof"),
    ],
)
def test_a_token_of_fapi_needs_a_proof(headers: dict[str, str], error: str) -> None:
    at_provider = visit(FAPI)

    assert error_of(at_provider.redeem(at_provider.code(), headers)) == error


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"nonce": None}, "use_dpop_nonce"),
        ({"nonce": "an-old-one"}, "use_dpop_nonce"),
        ({"htu": "https://sandbox.login.sg.example/par"}, "invalid_dpop_proof"),
        ({"htm": "GET"}, "invalid_dpop_proof"),
        ({"iat": 0}, "invalid_dpop_proof"),
    ],
)
def test_a_proof_is_for_this_request_and_carries_our_nonce(changes: dict[str, Any], error: str) -> None:
    at_provider = visit(FAPI)
    answer = at_provider.redeem(at_provider.code(), {"dpop": at_provider.proof("/token", **changes)})

    assert error_of(answer) == error
    assert ("DPoP-Nonce" in dict(answer.headers)) is (error == "use_dpop_nonce")


def test_a_proof_counts_once() -> None:
    at_provider = visit(FAPI)
    proof = {"dpop": at_provider.proof("/token")}

    assert at_provider.redeem(at_provider.code(), proof).status == 200
    assert error_of(at_provider.redeem(at_provider.code(), proof)) == "invalid_dpop_proof"


def test_a_code_is_bound_to_the_key_that_was_named_when_it_was_asked_for() -> None:
    at_provider = visit(FAPI)
    by_name = at_provider.code(dpop_jkt=OTHER_KEY.kid)

    assert error_of(at_provider.redeem(by_name)) == "invalid_dpop_proof"
    assert at_provider.redeem(at_provider.code(dpop_jkt=DPOP_KEY.kid)).status == 200


def test_a_proof_that_comes_with_the_pushed_request_binds_the_code() -> None:
    at_provider = visit(FAPI)
    form = {**at_provider.proves(), **at_provider.asks()}
    pushed = at_provider.post("/par", form, dpop=at_provider.proof("/par", key=OTHER_KEY, nonce=None))
    uri = document(pushed)["request_uri"]
    page = at_provider.browse("GET", f"/authorize?client_id={at_provider.client.id}&request_uri={uri}")

    assert error_of(at_provider.redeem(location(at_provider.choose(page))["code"])) == "invalid_dpop_proof"


@pytest.mark.parametrize("service", [PLAIN, FAPI])
@pytest.mark.parametrize("value", ["", "Bearer", "DPoP", "Bearer unknown", "DPoP unknown"])
def test_userinfo_needs_a_token(service: str, value: str) -> None:
    at_provider = visit(service)

    answer = at_provider.userinfo("unknown", authorization=value)

    assert error_of(answer, 401) == "invalid_token"
    assert "WWW-Authenticate" in dict(answer.headers)


def test_a_bound_token_is_none_of_its_bearer() -> None:
    at_provider = visit(FAPI)
    token = at_provider.tokens()["access_token"]

    assert error_of(at_provider.userinfo(token, authorization=f"Bearer {token}"), 401) == "invalid_token"
    stolen = {"dpop": at_provider.proof("/userinfo", "GET", key=OTHER_KEY)}
    assert error_of(at_provider.userinfo(token, **stolen), 401) == "invalid_dpop_proof"


@pytest.mark.parametrize(
    ("service", "life"), [(PLAIN, LIMITS.bearer_token_lifetime), (FAPI, LIMITS.bound_token_lifetime)]
)
def test_an_access_token_ends(service: str, life: Any) -> None:
    at_provider = visit(service)
    token = at_provider.tokens()["access_token"]
    at_provider.later(life)

    assert error_of(at_provider.userinfo(token), 401) == "invalid_token"


@pytest.mark.parametrize(
    ("service", "changes"),
    [
        (FAPI, {"profile": Profile.OIDC_CODE}),
        (PLAIN, {"profile": Profile.FAPI2, "secret_digest": None, "jwks": (KEY.public_jwk,)}),
        ("kh-login", {"secret_digest": None, "jwks": (KEY.public_jwk,)}),
        ("sg-login-sealed", {"id_token_encryption": None}),
        ("sg-login-sealed", {"userinfo_encryption": None}),
    ],
)
def test_a_client_that_does_not_fit_is_not_registered(service: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=service):
        visit(service, **changes)


def test_who_encrypts_nothing_registers_nobody_who_wants_that() -> None:
    sealed = visit("sg-login-sealed").client

    with pytest.raises(ValueError, match="encrypts nothing"):
        visit(FAPI).provider.register(sealed)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("DELETE", "/token"),
        ("GET", "/token"),
        ("GET", "/par"),
        ("POST", "/par"),
        ("GET", "/connect"),
    ],
)
def test_what_a_provider_does_not_have_is_not_there(method: str, path: str) -> None:
    assert error_of(visit(PLAIN).send(method, path), 404) == "invalid_request"


def test_a_form_is_a_form_and_a_header_field_stands_once() -> None:
    at_provider = visit(PLAIN)

    assert error_of(at_provider.send("POST", "/token", b"{}", content_type="application/json")) == "invalid_request"
    assert error_of(at_provider.send("POST", "/token", b"a=1&a=2", content_type=FORM)) == "invalid_request"


FORM = "application/x-www-form-urlencoded"


def test_discovery_says_what_is_so_and_only_the_browser_goes_elsewhere() -> None:
    listed = listed_in(region(), FAPI, browser="http://127.0.0.1:4001/sg-login")
    said = discovery_document(listed)
    there = {name for name, value in said.items() if isinstance(value, str) and value.startswith("http://127.0.0.1")}

    assert said["issuer"] == "https://sandbox.login.sg.example"
    assert there == {"authorization_endpoint", "end_session_endpoint"}
    assert said["require_pushed_authorization_requests"] is True
    assert said["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert "pushed_authorization_request_endpoint" not in discovery_document(listed_in(region(), PLAIN))


def test_there_is_no_discovery_where_there_is_no_standard() -> None:
    assert error_of(visit("kh-login").send("GET", "/.well-known/openid-configuration"), 404) == "invalid_request"
    assert document(visit(PLAIN).send("GET", "/.well-known/openid-configuration"))["issuer"]
