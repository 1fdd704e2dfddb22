"""The pretend issuer of operators refuses what a real one refuses, so that it shows what holds at a real one."""

import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from idbridge.codec import base64url
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.oidc.pkce import challenge_of
from idbridge.sandbox.idp.operators import ISSUER, ROLE, OperatorClient, OperatorIssuer
from idbridge.sandbox.idp.web import FORM, Answer, WebRequest
from tests.gateway.clocks import NOON

CLIENT = OperatorClient("console-th", "The console of TH", "http://127.0.0.1:9/console/callback")
OTHER = OperatorClient("console-sg", "The console of SG", "http://127.0.0.1:8/console/callback")
VERIFIER = "v" * 43


@pytest.fixture
def issuer() -> OperatorIssuer:
    return OperatorIssuer((CLIENT, OTHER), browser="http://127.0.0.1:7/operators", randomness=SystemRandomness())


def asked(**changes: str | None) -> bytes:
    good = {
        "client_id": CLIENT.id, "redirect_uri": CLIENT.redirect_uri, "response_type": "code", "scope": "openid",
        "state": "a-state", "nonce": "a-nonce", "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }  # fmt: skip
    return urlencode({name: value for name, value in {**good, **changes}.items() if value is not None}).encode()


def post(issuer: OperatorIssuer, path: str, form: dict[str, str]) -> Answer:
    request = WebRequest("POST", path, headers=(("content-type", FORM),), body=urlencode(form).encode())
    return issuer.answer(request, at=NOON)


def handle_of(issuer: OperatorIssuer, **changes: str | None) -> str:
    answer = issuer.answer(WebRequest("GET", "/authorize", query=asked(**changes)), at=NOON)
    assert answer.status == 200, answer.body
    return answer.body.decode().split('name="transaction" value="')[1].partition('"')[0]


def sent_back(answer: Answer) -> dict[str, str]:
    assert answer.status == 303, answer.body
    location = dict(answer.headers)["location"]
    assert location.startswith(f"{CLIENT.redirect_uri}?")
    return dict(parse_qsl(urlsplit(location).query))


def code_of(issuer: OperatorIssuer, person: str = "staff-1", **changes: str | None) -> str:
    form = {"transaction": handle_of(issuer, **changes), "person": person, "answer": "yes"}
    said = sent_back(post(issuer, "/authorize", form))
    assert (said["state"], said["iss"]) == ("a-state", ISSUER)
    return said["code"]


def redeem(issuer: OperatorIssuer, got: str, **changes: str) -> Answer:
    good = {
        "grant_type": "authorization_code", "code": got, "redirect_uri": CLIENT.redirect_uri, "client_id": CLIENT.id,
        "code_verifier": VERIFIER,
    }  # fmt: skip
    return post(issuer, "/token", {**good, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"}, {"client_id": None}, {"client_id": OTHER.id}, {"redirect_uri": None},
        {"redirect_uri": f"{CLIENT.redirect_uri}/"}, {"redirect_uri": "https://evil.example"},
    ],
    ids=str,
)  # fmt: skip
def test_nobody_is_sent_to_an_address_that_is_not_registered(
    issuer: OperatorIssuer, changes: dict[str, str | None]
) -> None:
    answer = issuer.answer(WebRequest("GET", "/authorize", query=asked(**changes)), at=NOON)

    assert answer.status == 400
    assert json.loads(answer.body)["error"] == "invalid_request"
    assert "location" not in dict(answer.headers)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"nonce": "é"}, "invalid_request"),
    ],
    ids=str,
)
def test_what_is_asked_wrongly_is_told_to_the_client(
    issuer: OperatorIssuer, changes: dict[str, str | None], error: str
) -> None:
    said = sent_back(issuer.answer(WebRequest("GET", "/authorize", query=asked(**changes)), at=NOON))

    assert (said["error"], said["state"]) == (error, "a-state")


def test_a_no_is_told_to_the_client(issuer: OperatorIssuer) -> None:
    form = {"transaction": handle_of(issuer), "person": "staff-1", "answer": "no"}

    assert sent_back(post(issuer, "/authorize", form))["error"] == "access_denied"


@pytest.mark.parametrize("changes", [{"person": "nobody"}, {"answer": "perhaps"}, {"transaction": "A" * 43}], ids=str)
def test_what_the_page_did_not_offer_is_no_answer(issuer: OperatorIssuer, changes: dict[str, str]) -> None:
    form = {"transaction": handle_of(issuer), "person": "staff-1", "answer": "yes", **changes}

    assert post(issuer, "/authorize", form).status == 400


def test_a_page_is_answered_once(issuer: OperatorIssuer) -> None:
    form = {"transaction": handle_of(issuer), "person": "staff-1", "answer": "yes"}
    sent_back(post(issuer, "/authorize", form))

    assert post(issuer, "/authorize", form).status == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_id": OTHER.id}, "invalid_grant"),
        ({"redirect_uri": OTHER.redirect_uri}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"code": "A" * 43}, "invalid_grant"),
    ],
    ids=str,
)
def test_a_code_is_for_whoever_asked(issuer: OperatorIssuer, changes: dict[str, str], error: str) -> None:
    answer = redeem(issuer, code_of(issuer), **changes)

    assert answer.status == 400
    assert json.loads(answer.body)["error"] == error


def test_a_code_counts_once_and_for_a_minute(issuer: OperatorIssuer) -> None:
    code = code_of(issuer)
    assert redeem(issuer, code).status == 200
    assert json.loads(redeem(issuer, code).body)["error"] == "invalid_grant"
    late = WebRequest(
        "POST", "/token", headers=(("content-type", FORM),),
        body=urlencode({"grant_type": "authorization_code", "code": code_of(issuer)}).encode(),
    )  # fmt: skip

    assert json.loads(issuer.answer(late, at=NOON + LIMITS.code_lifetime).body)["error"] == "invalid_grant"


@pytest.mark.parametrize(("person", "has"), [("staff-1", True), ("staff-2", False)])
def test_one_of_the_two_has_the_role(issuer: OperatorIssuer, person: str, has: bool) -> None:
    token = json.loads(redeem(issuer, code_of(issuer, person)).body)["id_token"]
    claims = json.loads(base64url.decode(token.split(".")[1]))

    assert (ROLE in claims["roles"]) is has
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (ISSUER, CLIENT.id, "a-nonce")


def test_without_a_nonce_there_is_none_in_the_token(issuer: OperatorIssuer) -> None:
    token = json.loads(redeem(issuer, code_of(issuer, nonce=None)).body)["id_token"]

    assert "nonce" not in json.loads(base64url.decode(token.split(".")[1]))


@pytest.mark.parametrize(("method", "path"), [("GET", "/token"), ("POST", "/jwks"), ("GET", "/userinfo"), ("GET", "/")])
def test_there_is_nothing_else(issuer: OperatorIssuer, method: str, path: str) -> None:
    assert issuer.answer(WebRequest(method, path), at=NOON).status == 404


def test_the_key_set_has_one_public_key(issuer: OperatorIssuer) -> None:
    [key] = json.loads(issuer.answer(WebRequest("GET", "/jwks"), at=NOON).body)["keys"]

    assert "d" not in key
    assert key["crv"] == "P-256"
