"""Operators sign in by browser: what did not begin in this browser, or is no operator, sees nothing."""

import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from idbridge.codec import base64url
from idbridge.crypto.sealing import seal, secret_from
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.app import create_app
from idbridge_gateway.settings import read_settings
from tests.admin.kit import STRANGER, Issuer
from tests.console.conftest import Desk, TokenEndpoint, another_browser, desk_in
from tests.gateway.asking import Node


@pytest.mark.parametrize("path", ["/console", "/console/arrangements/regional"])
def test_whoever_is_not_signed_in_sees_a_door_and_nothing_behind_it(desk: Desk, path: str) -> None:
    answer = desk.browse("GET", path)

    assert answer.status_code == 401
    assert "/console/sign-in" in answer.text
    assert "trust_snapshot" not in answer.text
    assert "matrix" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("handle", ["", "x", "A" * 43, "../../etc", "é"])
def test_a_session_that_nobody_began_opens_nothing(desk: Desk, handle: str) -> None:
    answer = desk.browse("GET", "/console", cookie=f"idbridge-operator={quote(handle)}")

    assert answer.status_code == 401


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer a.b.c"])
def test_a_header_that_is_no_token_of_an_operator_is_refused(desk: Desk, token: str) -> None:
    assert desk.browse("GET", "/console", authorization=token).status_code == 401


def test_a_token_of_an_operator_opens_the_page_without_a_session(desk: Desk) -> None:
    answer = desk.browse("GET", "/console", authorization=f"Bearer {desk.issuer.token()}")

    assert answer.status_code == 200
    assert "sign-out" not in answer.text
    assert "set-cookie" not in answer.headers


def test_the_issuer_is_asked_with_proof_of_the_code_and_without_anything_about_the_operator(desk: Desk) -> None:
    asked = desk.sent()

    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{desk.node.settings.node_url}/console/callback"
    assert asked.keys() == {
        "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
        "code_challenge_method",
    }  # fmt: skip


def test_an_answer_that_another_browser_was_sent_for_is_refused(desk: Desk) -> None:
    state = desk.sent()["state"]

    answer = another_browser(desk).returned(state)

    assert answer.status_code == 401
    assert desk.endpoint.asked == []


@pytest.mark.parametrize("fault", ["state", "no state", "twice", "iss", "no code", "empty code", "long code"])
def test_an_answer_that_does_not_fit_is_refused_before_the_issuer_is_asked(desk: Desk, fault: str) -> None:
    state = desk.sent()["state"]
    told = {
        "state": f"code=a-code&state={state}x",
        "no state": "code=a-code",
        "twice": f"code=a-code&state={state}&state={state}",
        "iss": f"code=a-code&state={state}&iss=https%3A%2F%2Fother.example",
        "no code": f"error=access_denied&state={state}",
        "empty code": f"code=&state={state}",
        "long code": f"code={'a' * (LIMITS.opaque_characters + 1)}&state={state}",
    }
    answer = desk.browse("GET", f"/console/callback?{told[fault]}")

    assert answer.status_code == 401
    assert desk.endpoint.asked == []
    assert desk.browse("GET", "/console").status_code == 401


@pytest.mark.parametrize(
    "careful", [True, False], ids=["at a careful issuer", "where the issuer gives twice for one code"]
)
def test_an_answer_counts_once(desk: Desk, careful: bool) -> None:
    desk.endpoint.careful = careful
    state = desk.sent()["state"]
    kept = dict(desk.cookies)
    assert desk.returned(state).status_code == 303

    desk.cookies = kept
    assert desk.returned(state).status_code == 401
    assert len(desk.endpoint.asked) == 2


def test_whoever_begins_and_returns_without_end_fills_nothing_at_the_node(desk: Desk) -> None:
    stores = desk.node.app.state.parts.stores
    for method in ("GET", "HEAD"):
        assert desk.browse(method, "/console/sign-in").status_code == 303
    desk.endpoint.body = b"{}"
    assert desk.returned(desk.sent()["state"], code="made-up").status_code == 401

    assert len(stores.sealed.held) == 0
    assert len(stores.one_time._spent) == 0


@pytest.mark.parametrize("fault", ["empty", "short", "a handle", "another letter", "cut", "longer", "of another node"])
def test_a_sign_in_that_this_node_did_not_begin_is_none(desk: Desk, fault: str) -> None:
    state = desk.sent()["state"]
    (name,) = desk.cookies
    good = desk.cookies[name]
    other = secret_from(bytes(32), label="operator-sign-in")
    forged = {
        "empty": "", "short": "AAAA", "a handle": "A" * 43, "cut": good[:-4], "longer": f"{good}AAAA",
        "another letter": f"{good[:40]}{'A' if good[40] != 'A' else 'B'}{good[41:]}",
        "of another node": base64url.encode(
            seal(other, b"x" * 90, label="operator-sign-in", randomness=SystemRandomness())
        ),
    }  # fmt: skip
    desk.cookies[name] = forged[fault]

    assert desk.returned(state).status_code == 401
    assert desk.endpoint.asked == []


def test_the_browser_keeps_a_sign_in_and_cannot_read_it(desk: Desk) -> None:
    asked = desk.sent()
    (kept,) = desk.cookies.values()

    assert asked["state"].encode() not in base64url.decode(kept)
    assert asked["nonce"].encode() not in base64url.decode(kept)


def test_a_sign_in_that_took_too_long_is_over(desk: Desk) -> None:
    state = desk.sent()["state"]
    desk.node.clock.turn(seconds=LIMITS.operator_sign_in.total_seconds() + 1)

    assert desk.returned(state).status_code == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"nonce": "another"}, 401),
        ({"nonce": None}, 401),
        ({"aud": "somebody-else"}, 401),
        ({"iss": "https://other.example"}, 401),
        ({"exp": 1}, 401),
        ({"key": STRANGER}, 401),
        ({"roles": ["staff"]}, 403),
        ({"roles": None}, 403),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else str(value),
)
def test_a_token_that_is_not_of_this_sign_in_or_of_no_operator_begins_no_session(
    desk: Desk, changes: dict[str, Any], status: int
) -> None:
    state = desk.sent()["state"]
    desk.endpoint.changes = changes

    assert desk.returned(state).status_code == status
    assert desk.browse("GET", "/console").status_code == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id_token":1}', b'{"id_token":"\xc3\xa9"}', b"{", b"<html>"])
def test_an_issuer_that_answers_something_else_signs_nobody_in(desk: Desk, body: bytes) -> None:
    state = desk.sent()["state"]
    desk.endpoint.body = body

    assert desk.returned(state).status_code == 401


def test_an_issuer_that_is_down_is_said_to_be(tmp_path: Path, issuer: Issuer, endpoint: TokenEndpoint) -> None:
    with socket.socket() as closed:  # a port that is taken, and at which nobody listens
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/token"
        desk = desk_in(tmp_path, issuer, endpoint, nowhere)
        answer = desk.returned(desk.sent()["state"])

    assert answer.status_code == 503
    assert "retry-after" in answer.headers


def test_a_session_ends_by_itself(desk: Desk) -> None:
    desk.signed_in()
    desk.node.clock.turn(seconds=LIMITS.operator_session.total_seconds() + 1)

    assert desk.browse("GET", "/console").status_code == 401


def test_signing_out_ends_the_session_at_the_node_and_not_only_in_the_browser(desk: Desk) -> None:
    kept = dict(desk.signed_in().cookies)
    assert desk.browse("POST", "/console/sign-out").status_code == 303

    desk.cookies = kept
    assert desk.browse("GET", "/console").status_code == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://", "http://[", "", "https://a:b"])
def test_another_site_signs_nobody_out(desk: Desk, origin: str) -> None:
    desk.signed_in()

    assert desk.browse("POST", "/console/sign-out", origin=origin).status_code == 401
    assert desk.browse("GET", "/console").status_code == 200


def test_cookies_are_not_for_scripts_and_not_for_other_sites(desk: Desk) -> None:
    state = desk.sent()["state"]
    answer = desk.returned(state)

    for line in answer.headers.get_list("set-cookie"):
        assert "httponly" in line.lower()
        assert "samesite=lax" in line.lower()
        assert "path=/" in line.lower()


def test_nothing_that_names_the_operator_is_kept_or_shown(desk: Desk) -> None:
    desk.signed_in()

    page = desk.browse("GET", "/console").text
    assert "malee" not in page.lower()
    assert "Malee Sample" not in repr(vars(desk.node.app.state.parts.stores.sealed))


def test_without_a_place_to_sign_in_the_door_says_so_and_is_shut(own_node: Node) -> None:
    own_node.app = create_app(own_node.settings, clock=own_node.clock)

    assert "sign-in" not in own_node.send("GET", "/console").text
    assert own_node.send("GET", "/console").status_code == 401
    for method, path in (("GET", "sign-in"), ("GET", "callback?code=a&state=b"), ("POST", "sign-out")):
        assert own_node.send(method, f"/console/{path}").status_code == 404


@pytest.mark.parametrize(
    "told",
    [
        {"operator_authorization_endpoint": "https://issuer.example/a"},
        {"operator_token_endpoint": "https://issuer.example/t"},
        {
            "operator_authorization_endpoint": "https://issuer.example/a",
            "operator_token_endpoint": "http://issuer.example/t",
        },
        {"operator_authorization_endpoint": "/authorize", "operator_token_endpoint": "https://issuer.example/t"},
    ],
)
def test_half_of_a_place_to_sign_in_or_one_in_the_open_is_refused_at_the_start(
    own_node: Node, told: dict[str, str]
) -> None:
    whole = {
        "operator_issuer": "https://issuer.example", "operator_key_set": "https://issuer.example/k",
        "operator_client_id": "c", "operator_role": "r",
    }  # fmt: skip
    settings = own_node.settings.model_dump(exclude_none=True)

    with pytest.raises(ConfigurationError):
        read_settings(**{**settings, **whole, **told})
