"""Operators: every token but a good one of their issuer, made for this node, with the role in it, opens nothing."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge_gateway.app import create_app
from tests.admin.conftest import PATH, Admin, operated
from tests.admin.kit import CLIENT, KEY, NEXT_KEY, NOW, ROLE, RSA_KEY, STRANGER, Issuer
from tests.gateway.asking import Node, node_in, problem_of
from tests.gateway.clocks import NOON

OLD = int(LIMITS.operator_token_age.total_seconds())
LEEWAY = int(LIMITS.clock_leeway.total_seconds())


@pytest.fixture
def node(shared_files: Path, issuer: Issuer) -> Iterator[Admin]:
    """A node whose registry is a file."""
    admin = Admin(node_in(shared_files, told=operated(issuer)), issuer, None)
    yield admin
    admin.close()


def refused(node: Admin, token: str | None, status: int = 401) -> str:
    response = node.ask("GET", token=token)
    assert "malee" not in response.text.lower()
    if status == 401:
        assert response.headers["www-authenticate"].startswith("Bearer")
    return problem_of(response, status)


def unsigned(claims: dict[str, Any], alg: str) -> str:
    parts = (json.dumps({"alg": alg, "typ": "JWT", "kid": "issuer-1"}), json.dumps(claims))
    return ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts) + "."


def test_without_a_token_nobody_is_an_operator(node: Admin) -> None:
    assert refused(node, None) == "policy.unauthenticated"
    assert node.issuer.looks == 0


@pytest.mark.parametrize("authorization", ["Basic {}", "Bearer", "DPoP {}", "{}", "Bearer {} {}", "Bearer  {}"])
def test_a_token_is_presented_in_one_way(node: Admin, authorization: str) -> None:
    header = authorization.format(*[node.issuer.token()] * 2)

    assert problem_of(node.ask("GET", token=None, authorization=header), 401) == "policy.unauthenticated"


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "HS256", ""])
def test_a_token_that_nobody_signed_is_refused(node: Admin, alg: str) -> None:
    assert refused(node, unsigned(node.issuer.claims(), alg)) == "policy.unauthenticated"


def test_a_public_key_is_no_secret_to_sign_with(node: Admin) -> None:
    head_and_body = unsigned(node.issuer.claims(), "HS256").removesuffix(".")
    made = hmac.new(node.issuer.octets(), head_and_body.encode(), hashlib.sha256).digest()
    forged = f"{head_and_body}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"

    assert refused(node, forged) == "policy.unauthenticated"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-client"},
        {"aud": None},
        {"aud": [CLIENT, "another-client"]},
        {"aud": []},
        {"aud": f"{CLIENT} "},
        {"aud": {CLIENT: 1}},
        {"azp": "another-client"},
        {"iss": "https://login.evil.example"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"exp": None},
        {"exp": NOW - LEEWAY},
        {"exp": str(NOW + 60)},
        {"iat": None},
        {"iat": NOW + LEEWAY + 1},
        {"iat": NOW - OLD - 1},
        {"nbf": NOW + LEEWAY + 1},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
        {"scope": "openid", "client_id": CLIENT},
        {"act": {"sub": "somebody"}},
        {"cnf": {"jkt": "a" * 43}},
        {"htu": "https://node.th.example"},
    ],
)
def test_a_token_for_somebody_else_of_another_time_or_of_another_kind_is_refused(
    node: Admin, changes: dict[str, Any]
) -> None:
    assert refused(node, node.issuer.token(**changes)) == "policy.unauthenticated"


@pytest.mark.parametrize(
    "head",
    [
        {"typ": "logout+jwt"},
        {"typ": "dpop+jwt"},
        {"typ": "dc+sd-jwt"},
        {"crit": ["exp"]},
        {"jwk": dict(STRANGER.public_jwk)},
        {"jku": "https://login.evil.example/keys"},
        {"kid": "unheard-of"},
    ],
)
def test_a_header_chooses_neither_key_nor_kind(node: Admin, head: dict[str, Any]) -> None:
    assert refused(node, node.issuer.token(head=head)) == "policy.unauthenticated"


def test_a_key_of_the_same_name_is_another_key(node: Admin) -> None:
    assert refused(node, node.issuer.token(STRANGER)) == "policy.unauthenticated"


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é", "a" * (LIMITS.token_bytes + 1)])
def test_what_is_no_token_is_refused(node: Admin, text: str) -> None:
    header = (b"authorization", b"Bearer " + text.encode("latin-1"))
    response = node.node.send("GET", PATH, headers=[header])  # type: ignore[list-item]  # raw

    assert problem_of(response, 401) == "policy.unauthenticated"
    assert node.issuer.looks == 0


def test_the_key_of_a_relying_party_is_no_token_of_an_operator(node: Admin) -> None:
    assert refused(node, node.node.region.keys.api["th-bank"]) == "policy.unauthenticated"


@pytest.mark.parametrize(
    "changes", [{"roles": None}, {"roles": []}, {"roles": ["staff"]}, {"roles": f"{ROLE}s"}, {"roles": {ROLE: True}},
                {"roles": [[ROLE]]}, {"groups": [ROLE], "roles": None}, {"roles": f"staff {ROLE}"}]
)  # fmt: skip
def test_whoever_signed_in_without_the_role_is_refused_as_such(node: Admin, changes: dict[str, Any]) -> None:
    assert refused(node, node.issuer.token(**changes), 403) == "policy.operator_required"


def test_the_journal_tells_of_an_operator_and_of_whoever_is_none_and_names_neither(
    node: Admin, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "idbridge_gateway")

    node.ask("GET", token=node.issuer.token(sub="somebody"))
    refused(node, node.issuer.token(roles=[], sub="somebody-else"), 403)
    refused(node, node.issuer.token(STRANGER, sub="somebody-else"))

    told = [one for one in caplog.messages if one.startswith(("refused", "an operator"))]
    assert re.fullmatch(r"an operator proved who they are: [0-9a-f]{64}", told[0])
    assert [one.partition(" at ")[0] for one in told[1:]] == ["refused (authorisation)", "refused (authentication)"]
    assert "policy.operator_required" in told[1]
    assert "somebody" not in caplog.text


def test_no_role_is_told_to_whom_the_issuer_did_not_vouch_for(node: Admin) -> None:
    assert refused(node, node.issuer.token(STRANGER, roles=[])) == "policy.unauthenticated"


@pytest.mark.parametrize(
    ("key", "changes", "head"),
    [
        (KEY, {}, {}),
        (RSA_KEY, {}, {}),
        (KEY, {"aud": [CLIENT]}, {}),
        (KEY, {"roles": ROLE}, {}),
        (KEY, {"azp": CLIENT}, {"typ": None}),
        (KEY, {"scope": "openid", "client_id": CLIENT}, {"typ": "at+jwt"}),
        (KEY, {"iat": NOW - OLD}, {}),
        (KEY, {"exp": NOW - LEEWAY + 1}, {}),
        (KEY, {}, {"kid": None}),
    ],
)
def test_an_operator_is_let_in(node: Admin, key: Any, changes: dict[str, Any], head: dict[str, Any]) -> None:
    assert node.ask("GET", token=node.issuer.token(key, head=head, **changes)).status_code == 200


def test_keys_are_looked_at_once_and_a_new_one_is_found_by_looking_again(node: Admin) -> None:
    assert node.ask("GET").status_code == node.ask("GET").status_code == 200
    assert node.issuer.looks == 1
    node.issuer.keys = [KEY, NEXT_KEY]

    assert refused(node, node.issuer.token(NEXT_KEY)) == "policy.unauthenticated"  # looked at a moment ago
    node.node.clock.instant = NOON + LIMITS.upstream_key_pause
    assert node.ask("GET", token=node.issuer.token(NEXT_KEY)).status_code == 200
    assert node.issuer.looks == 2


def test_unheard_of_keys_do_not_make_this_node_ask_its_issuer_again_and_again(node: Admin) -> None:
    for number in range(20):
        refused(node, node.issuer.token(generate("ES256", kid=f"unheard-of-{number}")))

    assert node.issuer.looks == 1


@pytest.mark.parametrize(
    "published",
    [
        b"",
        b"{}",
        b'{"keys":[]}',
        b'{"keys":[1]}',
        json.dumps({"keys": [{**KEY.public_jwk, "d": "AAAA"}]}).encode(),
        json.dumps({"keys": [dict(KEY.public_jwk), dict(STRANGER.public_jwk)]}).encode(),
        b"x" * (LIMITS.key_set_bytes + 1),
    ],
)
def test_what_is_no_set_of_public_keys_lets_nobody_in_and_is_no_fault_of_the_operator(
    node: Admin, published: bytes
) -> None:
    node.issuer.published = published

    response = node.ask("GET")

    assert problem_of(response, 503) == "system.overloaded"
    assert response.headers["retry-after"]


def test_keys_that_cannot_be_looked_at_again_are_good_for_a_day_and_no_longer(node: Admin) -> None:
    assert node.ask("GET").status_code == 200
    node.issuer.published = b""
    later = NOON + LIMITS.key_set_life - timedelta(seconds=1)
    node.node.clock.instant = later
    at = int(later.timestamp())

    assert node.ask("GET", token=node.issuer.token(iat=at, exp=at + 60)).status_code == 200
    node.node.clock.instant = NOON + LIMITS.key_set_life
    assert problem_of(node.ask("GET", token=node.issuer.token(iat=at, exp=at + 60)), 503) == "system.overloaded"


def test_a_node_without_an_issuer_has_no_operators(shared_files: Path, issuer: Issuer) -> None:
    headers = {"authorization": f"Bearer {issuer.token()}"}

    response = node_in(shared_files).send("GET", PATH, headers=headers)

    assert problem_of(response, 401) == "policy.unauthenticated"
    assert issuer.looks == 0


def test_a_registry_that_is_a_file_is_shown_and_not_changed(node: Admin) -> None:
    shown = node.ask("GET").json()["relying_parties"]

    assert {"th-bank", "th-try"} <= {party["id"] for party in shown}
    assert node.ask("GET", "/th-bank").json()["name"]
    added = node.ask("POST", given={**shown[0], "id": "new"})
    assert problem_of(added, 400) == "input.request_malformed"
    patched = node.patch("th-bank", 1, {"enabled": False})
    assert problem_of(patched, 403) == "policy.operator_required"


def test_two_nodes_of_different_keys_call_an_operator_differently(node: Admin, other: Admin) -> None:
    header = f"Bearer {node.issuer.token()}".encode()
    names = {asyncio.run(one.node.app.state.operators.authenticate(header)).actor for one in (node, node, other)}

    assert len(names) == 2
    assert all(name.startswith("operator:") and "malee" not in name for name in names)


@pytest.fixture
def other(node: Admin, other_node: Node) -> Admin:
    """Another node of the same issuer, with a pairwise key of its own."""
    told = {name: getattr(node.node.settings, name) for name in (
        "operator_issuer", "operator_key_set", "operator_client_id", "operator_role",
    )}  # fmt: skip
    settings = other_node.settings.model_copy(update=told)
    assert settings.state is not MemberState.TH
    return replace(node, node=replace(other_node, app=create_app(settings, clock=other_node.clock), settings=settings))
