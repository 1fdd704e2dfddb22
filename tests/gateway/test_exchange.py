"""Token exchange over HTTP: first what is refused, each with its OAuth error and its reason code."""

import json
from typing import Any
from urllib.parse import urlencode

import httpx2
import jwt
import pytest

from idbridge.codec import base64url
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment, Format
from idbridge.oidc.client import AUTHORIZATION_CODE, TOKEN_EXCHANGE, OidcClient, Profile
from idbridge.oidc.client_assertion import ASSERTION_TYPE
from idbridge.sandbox.case import Kind
from idbridge.sandbox.catalogue import entries
from idbridge_gateway.app import create_app
from idbridge_gateway.oidc.clients import ClientDirectory
from tests.gateway.asking import LOGIN, PRESENTATION, Node, node_in

KEY = generate("ES256", kid="bank-1")
OTHER_KEY = generate("ES256", kid="bank-1")
OWN = "https://sandbox.bank.th.example"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"
SD_JWT = "urn:idbridge:token-type:dc+sd-jwt"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def exchanging(shared_files: Any) -> Node:
    """A node of Thailand at which the bank has two clients."""
    node = node_in(shared_files)
    party = node.region.registration("th-bank").relying_party

    def client(name: str, **changes: Any) -> OidcClient:
        return OidcClient(**{
            "id": name, "relying_party": party.id, "profile": Profile.FAPI2, "sector": party.sector,
            "redirect_uris": (), "jwks": (KEY.public_jwk,),
            "environment": Environment.SANDBOX, "grants": frozenset({TOKEN_EXCHANGE}), **changes,
        })  # fmt: skip

    clients = (
        client("bank"),
        client("bank-codes", grants=frozenset({AUTHORIZATION_CODE}), redirect_uris=(f"{OWN}/callback",)),
        client("bank-off", enabled=False),
        client("bank-plain", profile=Profile.OIDC_CODE),
    )
    directory = ClientDirectory.of(clients, {party.id: party})
    node.app = create_app(node.settings, clock=node.clock, clients=directory)
    return node


def client_assertion(node: Node, client: str, key: Any = KEY, **changes: Any) -> str:
    now = int(node.clock.now().timestamp())
    claims = {
        "iss": client, "sub": client, "aud": node.settings.node_url, "iat": now, "exp": now + 60,
        "jti": base64url.encode(SystemRandomness().octets(16)),
    }  # fmt: skip
    header = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT"}
    return sign_compact(header, json.dumps({**claims, **changes}).encode(), key)


def form_of(node: Node, case: str = LOGIN, *, client: str = "bank", **changes: Any) -> dict[str, str]:
    """A good exchange of what a case of the catalogue shows; what is None is left out."""
    asked = json.loads(node.case(case).body)
    form = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": asked["credential"],
        "subject_token_type": ID_TOKEN if case == LOGIN else SD_JWT,
        "subject_expected": json.dumps(asked["expected"]),
        "audience": OWN,
        "purpose": asked["purpose"],
        "purpose_text": "To open your account",
        "released_claims": " ".join(asked["claims"]),
        "client_id": client,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": client_assertion(node, client),
    }
    return {name: value for name, value in {**form, **changes}.items() if value is not None}


def exchange(node: Node, form: dict[str, str] | bytes, **headers: str) -> httpx2.Response:
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    return node.send("POST", "/oauth/token", body=body, headers={**FORM, **headers})


def error_of(response: httpx2.Response, status: int = 400) -> tuple[str, str]:
    """Error and reason code of a refusal, after a look at everything else in it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    document = response.json()
    assert document.keys() == {"error", "error_description", "code", "retryable", "correlation_id"}
    assert document["correlation_id"] == response.headers["x-request-id"]
    return document["error"], document["code"]


REFUSED: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "another grant": ({"grant_type": "password"}, ("unsupported_grant_type", "input.request_malformed")),
    "no grant": ({"grant_type": None}, ("invalid_request", "input.request_malformed")),
    "no subject": ({"subject_token": None}, ("invalid_request", "input.request_malformed")),
    "no type": ({"subject_token_type": None}, ("invalid_request", "input.request_malformed")),
    "access token": (
        {"subject_token_type": "urn:ietf:params:oauth:token-type:access_token"},
        ("invalid_request", "input.member_unsupported"),
    ),
    "type of another format": ({"subject_token_type": SD_JWT}, ("invalid_grant", "input.format_mismatch")),
    "no audience": ({"audience": None}, ("invalid_request", "input.request_malformed")),
    "audience of somebody else": (
        {"audience": "https://nobody.example"},
        ("invalid_target", "policy.audience_not_registered"),
    ),
    "resource": ({"resource": OWN}, ("invalid_target", "policy.audience_not_registered")),
    "scope": ({"scope": "everything"}, ("invalid_scope", "input.request_malformed")),
    "subject_issuer": ({"subject_issuer": "https://other.example"}, ("invalid_request", "input.request_malformed")),
    "no purpose": ({"purpose": None}, ("invalid_request", "input.request_malformed")),
    "purpose of nobody": ({"purpose": "espionage"}, ("invalid_request", "policy.purpose_not_registered")),
    "no purpose text": ({"purpose_text": None}, ("invalid_request", "input.request_malformed")),
    "claims of nobody": ({"released_claims": "religion"}, ("invalid_request", "input.request_malformed")),
    "expectation that widens": (
        {"subject_expected": '{"at":"2020-01-01T00:00:00Z"}'},
        ("invalid_request", "input.member_forbidden"),
    ),
    "expectation twice": ({"subject_expected": '{"nonce":"a","nonce":"b"}'}, ("invalid_request", "input.malformed")),
    "another nonce": ({"subject_expected": '{"nonce":"another"}'}, ("invalid_grant", "oidc.nonce_mismatch")),
    "actor type alone": ({"actor_token_type": ID_TOKEN}, ("invalid_request", "input.request_malformed")),
    "type that is not issued": (
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        ("invalid_request", "input.request_malformed"),
    ),
    "no token at all": ({"subject_token": "nothing"}, ("invalid_grant", "input.format_mismatch")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_in_order_is_refused(exchanging: Node, name: str) -> None:
    changes, expected = REFUSED[name]

    assert error_of(exchange(exchanging, form_of(exchanging, **changes))) == expected


def refused_cases() -> list[tuple[str, str]]:
    """Cases of the catalogue that put an ID token or an SD-JWT VC before the bank, and are refused."""
    return [
        (name, entry.case.code)
        for name, entry in entries().items()
        if entry.case.code is not None and entry.case.relying_party == "th-bank"
        and entry.case.kind is Kind.VERIFY and entry.case.over_http and entry.case.environment is Environment.SANDBOX
        and entry.case.format in (Format.ID_TOKEN, Format.SD_JWT_VC) and not entry.case.code.startswith("system.")
    ]  # fmt: skip


def test_whatever_a_verification_refuses_an_exchange_refuses_for_the_same_reason(exchanging: Node) -> None:
    """First of all the subject token has to be meant for this node or a client of this party (keycloak#51000)."""
    cases = refused_cases()
    assert {"oidc.audience_mismatch", "oidc.token_confusion", "jose.signature_invalid"} <= {code for _, code in cases}
    compared: set[str] = set()
    for name, _ in cases:
        asked = json.loads(exchanging.case(name).body)
        if not asked.keys() <= {"credential", "purpose", "expected", "claims"}:
            continue  # what an exchange has no parameter for: a format told, userinfo, transaction data
        report = exchanging.send("POST", "/v1/verify", body=asked, headers=exchanging.access()).json()
        if report["indication"] == "PASSED":
            continue  # refused on another day than the one that this clock shows
        error, code = error_of(exchange(exchanging, exchange_of(exchanging, asked)))
        if error == "invalid_grant":
            compared.add(code)
            assert code == report["reason"]["code"], name
    assert compared >= {"oidc.audience_mismatch", "oidc.token_confusion", "jose.signature_invalid", "time.expired"}
    assert len(compared) >= 40


def exchange_of(node: Node, asked: dict[str, Any], *, client: str = "bank", **changes: Any) -> dict[str, str]:
    """The exchange of what a request for a verification asks about."""
    compact = "~" not in asked["credential"]
    return form_of(
        node,
        client=client,
        subject_token=asked["credential"],
        subject_token_type=ID_TOKEN if compact else SD_JWT,
        subject_expected=json.dumps(asked["expected"]) if asked.get("expected") else None,
        purpose=asked["purpose"],
        released_claims=" ".join(asked.get("claims", ())) or None,
        **changes,
    )


CLIENTS: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "no proof": (
        {"client_assertion": None, "client_assertion_type": None},
        ("invalid_client", "policy.unauthenticated"),
    ),
    "a secret too": ({"client_secret": "s"}, ("invalid_client", "policy.unauthenticated")),
    "unknown": ({"client_id": "nobody"}, ("invalid_request", "input.request_malformed")),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_proves_who_it_is_in_one_way(exchanging: Node, name: str) -> None:
    changes, expected = CLIENTS[name]
    response = exchange(exchanging, form_of(exchanging, **changes))

    assert error_of(response, response.status_code) == expected
    assert response.status_code == (401 if expected[0] == "invalid_client" else 400)


@pytest.mark.parametrize("client", ["nobody", "bank-off"])
def test_a_client_that_is_not_registered_or_switched_off_gets_one_answer(exchanging: Node, client: str) -> None:
    response = exchange(exchanging, form_of(exchanging, client=client))

    assert error_of(response, 401) == ("invalid_client", "policy.unauthenticated")


def test_a_client_without_this_grant_is_refused(exchanging: Node) -> None:
    response = exchange(exchanging, form_of(exchanging, client="bank-codes"))

    assert error_of(response) == ("unauthorized_client", "input.request_malformed")


def test_another_key_proves_nothing(exchanging: Node) -> None:
    forged = client_assertion(exchanging, "bank", OTHER_KEY)

    response = exchange(exchanging, form_of(exchanging, client_assertion=forged))

    assert error_of(response, 401)[0] == "invalid_client"


@pytest.mark.parametrize("audience", ["array", "token endpoint"])
def test_a_client_assertion_is_for_this_issuer_alone(exchanging: Node, audience: str) -> None:
    """Audience injection (CVE-2025-27370, CVE-2025-27371)."""
    issuer = exchanging.settings.node_url
    wrong = [issuer] if audience == "array" else f"{issuer}/oauth/token"

    response = exchange(
        exchanging, form_of(exchanging, client_assertion=client_assertion(exchanging, "bank", aud=wrong))
    )

    assert error_of(response, 401)[0] == "invalid_client"


def test_a_client_assertion_counts_once(exchanging: Node) -> None:
    form = form_of(exchanging)
    assert exchange(exchanging, form).status_code == 200

    assert error_of(exchange(exchanging, form), 401) == ("invalid_client", "holder.replayed")


@pytest.mark.parametrize("nonce", [True, False], ids=["with its nonce", "without"])
def test_a_login_counts_once_for_an_audience(exchanging: Node, nonce: bool) -> None:
    form = form_of(exchanging, purpose="building-visit", released_claims="name")
    if not nonce:
        del form["subject_expected"]
    assert exchange(exchanging, form).status_code == 200, form

    again = {**form, "client_assertion": client_assertion(exchanging, "bank")}

    assert error_of(exchange(exchanging, again)) == ("invalid_grant", "holder.replayed")


def test_a_login_whose_signature_is_written_another_way_counts_no_second_time(exchanging: Node) -> None:
    form = form_of(exchanging, purpose="building-visit", released_claims="name")
    del form["subject_expected"]
    assert exchange(exchanging, form).status_code == 200
    signed, _, signature = form["subject_token"].rpartition(".")
    octets = base64url.decode(signature)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    mirrored = octets[:32] + (order - int.from_bytes(octets[32:])).to_bytes(32)

    again = {
        **form,
        "subject_token": f"{signed}.{base64url.encode(mirrored)}",
        "client_assertion": client_assertion(exchanging, "bank"),
    }

    assert error_of(exchange(exchanging, again))[0] == "invalid_grant"


@pytest.mark.parametrize("fault", ["query", "media type", "two parameters", "too long", "not a form"])
def test_a_broken_request_is_answered_as_oauth_does(exchanging: Node, fault: str) -> None:
    body = urlencode(form_of(exchanging)).encode()
    if fault == "query":
        response = exchanging.send("POST", "/oauth/token?x=1", body=body, headers=FORM)
        assert error_of(response) == ("invalid_request", "input.request_malformed")
    elif fault == "media type":
        response = exchanging.send("POST", "/oauth/token", body=body, headers={"content-type": "application/json"})
        assert error_of(response, 415) == ("invalid_request", "input.media_type")
    elif fault == "two parameters":
        assert error_of(exchange(exchanging, body + b"&audience=other"))[0] == "invalid_request"
    elif fault == "too long":
        assert error_of(exchange(exchanging, b"a=" + b"b" * 70_000), 413) == ("invalid_request", "input.body_too_large")
    else:
        assert error_of(exchange(exchanging, b"\xff=\xfe"))[0] == "invalid_request"


def test_nothing_of_the_subject_token_is_repeated(exchanging: Node) -> None:
    form = form_of(exchanging, subject_token="canary-of-a-person")

    assert "canary" not in exchange(exchanging, form).text


def granted(node: Node, form: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The response, and header and claims of what was issued, checked as a relying party would."""
    response = exchange(node, form)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    document = response.json()
    keys = jwt.PyJWKSet.from_dict(node.send("GET", "/.well-known/jwks.json").json())
    header = jwt.get_unverified_header(document["access_token"])
    claims = jwt.decode(
        document["access_token"],
        keys[header["kid"]].key,
        algorithms=["ES256"],
        audience=OWN,
        issuer=node.settings.node_url,
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    return document, header, claims


@pytest.mark.parametrize("case", [LOGIN, PRESENTATION])
def test_what_passes_is_exchanged_for_a_recognised_assertion(exchanging: Node, case: str) -> None:
    document, header, claims = granted(exchanging, form_of(exchanging, case))

    assert document.keys() == {"access_token", "issued_token_type", "token_type", "expires_in", "receipt"}
    assert (document["issued_token_type"], document["token_type"]) == (JWT, "N_A")
    assert 0 < document["expires_in"] <= 300
    assert header["typ"] == "idbridge-assertion+jwt"
    assert claims["purpose"] == {"code": "account-opening", "text": "To open your account"}
    assert claims["exp"] - claims["iat"] <= document["expires_in"] + 1


def test_the_claims_of_a_login_say_what_the_assertion_says(exchanging: Node) -> None:
    _, _, assertion = granted(exchanging, form_of(exchanging))
    document, header, login = granted(exchanging, form_of(exchanging, requested_token_type=ID_TOKEN))

    assert document["issued_token_type"] == ID_TOKEN
    assert header["typ"] == "JWT"
    own = {"jti", "nbf", "iat", "exp", "txn", "report_id", "origin", "auth_time", "verified_claims"}
    assert {n: v for n, v in assertion.items() if n not in own} == {n: v for n, v in login.items() if n not in own}
    assert assertion["verified_claims"]["claims"] == login["verified_claims"]["claims"]
    assert login["sub"] == assertion["sub"]


def test_a_login_of_the_highest_level_counts_for_five_minutes(exchanging: Node) -> None:
    form = form_of(exchanging)
    exchanging.clock.turn(seconds=LIMITS.exchanged_login_age.total_seconds() + 1)
    form["client_assertion"] = client_assertion(exchanging, "bank")

    assert error_of(exchange(exchanging, form)) == ("invalid_grant", "time.too_old")


def test_nothing_outlives_the_login_that_it_rests_on(exchanging: Node) -> None:
    form = exchange_of(exchanging, json.loads(exchanging.case("id-login-opens-account").body))
    ends = json.loads(base64url.decode(form["subject_token"].split(".")[1]))["exp"]
    exchanging.clock.turn(minutes=8)
    form["client_assertion"] = client_assertion(exchanging, "bank")
    document, _, claims = granted(exchanging, form)

    assert claims["exp"] <= ends
    assert document["expires_in"] <= 120
