"""Hostile input: whatever arrives, a report or a problem leaves, and nothing of a person or a credential with it."""

import asyncio
import json
import logging
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idbridge.sandbox.people import population
from idbridge_gateway.api.contract import contract_of
from idbridge_gateway.api.faults import Faults
from idbridge_gateway.api.request import FORBIDDEN, MEMBERS
from idbridge_gateway.demo.rounds import http_cases
from tests.gateway.asking import LOGIN, PRESENTATION, Node, node_in

CANARY = "Siti-binti-Canary-900101-14-5678"
BOUNDED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def target(shared_files: Path) -> Node:
    """One node for all that is thrown at it."""
    return node_in(shared_files)


@cache
def published(name: str) -> jsonschema.Draft202012Validator:
    """The published shape of a document."""
    components = contract_of({"paths": {}})["components"]
    schema = {"$ref": f"#/components/schemas/{name}", "components": components}
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def sound(response: httpx2.Response) -> dict[str, Any]:
    """The document of an answer, if it is a report or a problem of the published shape and no fault of the node."""
    assert response.status_code < 500, response.text
    document: dict[str, Any] = json.loads(response.content)
    published("Report" if response.status_code == 200 else "Problem").validate(document)
    assert response.headers["content-type"].startswith("application/")
    return document


def sound_batch(response: httpx2.Response) -> None:
    assert response.status_code < 500, response.text
    published("BatchAnswer" if response.status_code == 200 else "Problem").validate(json.loads(response.content))


WORDS = st.sampled_from(sorted(MEMBERS | FORBIDDEN | {"nonce", "audience", "loa", "entity", "session"}))
TEXTS = (
    st.text(max_size=40) | st.just(CANARY) | st.sampled_from(["account-opening", "id_token", "A2", "evidence", "name"])
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | TEXTS, inner, max_size=5),
    max_leaves=20,
)
TOKENS = st.lists(st.text('ABCabc012-_=~.{}"', max_size=30) | st.just(CANARY), max_size=6).map(".".join)


@BOUNDED
@given(body=st.binary(max_size=400))
@pytest.mark.parametrize("path", ["/v1/verify", "/v1/verify/batch"])
def test_any_octets_are_answered(target: Node, path: str, body: bytes) -> None:
    sound(target.send("POST", path, body=body, headers=target.access()))


@BOUNDED
@given(body=VALUES)
def test_any_json_is_answered(target: Node, body: Any) -> None:
    document = sound(target.send("POST", "/v1/verify", body=json.dumps(body).encode(), headers=target.access()))

    assert CANARY not in json.dumps(document)


@BOUNDED
@given(items=st.lists(VALUES | st.builds(lambda token: {"credential": token, "purpose": "account-opening"}, TOKENS)))
def test_any_batch_is_answered(target: Node, items: list[Any]) -> None:
    body = json.dumps({"items": items}).encode()

    sound_batch(target.send("POST", "/v1/verify/batch", body=body, headers=target.access()))


@BOUNDED
@given(token=TOKENS | st.text(max_size=200), format_=st.sampled_from([None, "id_token", "dc+sd-jwt"]))
def test_any_credential_is_answered_and_never_repeated(target: Node, token: str, format_: str | None) -> None:
    body = {"credential": token, "purpose": "account-opening", "detail": "evidence"}
    if format_ is not None:
        body["format"] = format_

    document = sound(target.send("POST", "/v1/verify", body=json.dumps(body).encode(), headers=target.access()))

    assert document["accepted"] is False
    assert len(token) < 12 or token not in json.dumps(document, ensure_ascii=False)


@BOUNDED
@given(data=st.data(), name=st.sampled_from([LOGIN, PRESENTATION, "assertion-of-node-sg"]))
def test_a_good_credential_with_one_character_changed_is_refused(target: Node, name: str, data: st.DataObject) -> None:
    item = target.item(name)
    credential = item["credential"]
    place = data.draw(st.integers(0, len(credential) - 1))
    character = data.draw(st.sampled_from("AQgwabcXYZ019-_.~=").filter(lambda new: new != credential[place]))
    item["credential"] = credential[:place] + character + credential[place + 1 :]

    document = sound(target.send("POST", "/v1/verify", body=item, headers=target.access()))

    assert document["accepted"] is False
    assert document["claims"] == {}


@BOUNDED
@given(
    fields=st.lists(
        st.tuples(
            st.sampled_from(
                ["authorization", "content-type", "x-request-id", "traceparent", "idempotency-key", "host"]
            ),
            st.binary(max_size=60).filter(lambda value: not set(value) & {0, 10, 13}),
        ),
        max_size=5,
    )
)
def test_any_header_fields_are_answered(target: Node, fields: list[tuple[str, bytes]]) -> None:
    own = [(name, value.encode()) for name, value in target.access().items()]
    response = target.send("POST", "/v1/verify", body=target.item(), headers=[*own, *fields])  # type: ignore[list-item]

    sound(response)


@BOUNDED
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "DELETE"]),
    path=st.text(max_size=30) | st.sampled_from(["v1/trust/", "v1/reasons/", "v1/recognition", "docs", "v1/verify"]),
    query=st.binary(max_size=60) | st.sampled_from([b"for=TH&purpose=\xff", b"for=%00&purpose=%ff", b"for&&&=="]),
)
def test_any_address_is_answered(target: Node, method: str, path: str, query: bytes) -> None:
    status, octets = asyncio.run(raw(target, method, f"/{path}", query))

    assert status < 500
    if status >= 400 and octets:
        published("Problem").validate(json.loads(octets))


async def raw(node: Node, method: str, path: str, query: bytes) -> tuple[int, bytes]:
    """Send what no decent client would; return status and octets."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "raw_path": b"/", "query_string": query, "headers": []}
    await node.app({**scope, "root_path": "", "client": None, "server": None, "scheme": "http"}, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    caplog.set_level(logging.DEBUG)
    for name in ("idbridge_gateway", "uvicorn", "uvicorn.error", "asyncio", "fastapi"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def secrets_of(node: Node, body: bytes) -> set[str]:
    """What a log or a problem must not hold: people's facts, the credential, the nonce and every API key."""
    facts = {
        str(value) for person in population().people.values() for value in person.facts.values() if len(str(value)) > 5
    }
    try:
        asked = json.loads(body)
    except ValueError:
        return facts | set(node.region.keys.api.values())
    credential = str(asked.get("credential", ""))
    parts = {part for part in credential.replace("~", ".").split(".") if len(part) > 20}
    return facts | parts | {str(asked.get("expected", {}).get("nonce", CANARY))} | set(node.region.keys.api.values())


def test_no_case_leaves_a_trace_of_a_person_in_a_log_or_a_problem(
    shared_files: Path, everything_logged: pytest.LogCaptureFixture
) -> None:
    node = node_in(shared_files, faults=Faults())
    problems = 0
    for case in http_cases():
        if case.node is not node.settings.state:
            continue
        minted = node.case(case.name)
        for exchange in minted.before:
            node.put(exchange)
        response = node.put(minted.exchange)
        for exchange in minted.after:
            node.put(exchange)
        secrets = secrets_of(node, minted.body)
        if response.status_code != 200:
            problems += 1
            assert not [secret for secret in secrets if secret in response.text], case.name
        assert not [secret for secret in secrets if secret in everything_logged.text], case.name

    assert problems >= 10


def test_a_value_where_no_value_belongs_is_not_repeated(target: Node) -> None:
    wrongs: list[Any] = [
        {"credential": CANARY, "purpose": "account-opening", CANARY: CANARY},
        {"credential": [CANARY], "purpose": "account-opening"},
        {"credential": "x", "purpose": [CANARY]},
        {"credential": "x", "purpose": "account-opening", "format": CANARY},
        {"credential": "x", "purpose": "account-opening", "expected": {CANARY: 1}},
        {"credential": "x", "purpose": "account-opening", "detail": CANARY},
        {"credential": "x", "purpose": "account-opening", "at": CANARY},
        {"credential": "x", "purpose": "account-opening", "dcql": CANARY},
    ]

    for wrong in wrongs:
        response = target.send("POST", "/v1/verify", body=wrong, headers=target.access())

        assert response.status_code == 400
        assert CANARY not in response.text
    for path in (f"/{CANARY}", f"/v1/trust/{CANARY}", f"/v1/reasons/{CANARY}", f"/v1/recognition?for={CANARY}"):
        assert CANARY not in target.send("GET", path).text


def test_a_refused_report_repeats_nothing_of_what_it_refused(target: Node) -> None:
    body = {
        "credential": CANARY,
        "purpose": CANARY,
        "purpose_text": CANARY,
        "detail": "evidence",
        "expected": {"nonce": CANARY, "audience": CANARY, "entity": {"scheme": CANARY, "value": CANARY}},
        "assertion": {"audience": CANARY},
    }

    response = target.send("POST", "/v1/verify", body=body, headers=target.access())

    assert response.status_code == 200
    assert response.json()["accepted"] is False
    assert CANARY not in response.text
