"""The published contract holds: schemathesis asks whatever the OpenAPI document allows, and what it forbids."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from idbridge_gateway.app import create_app
from idbridge_gateway.serving import BackgroundServer
from tests.gateway.asking import Node, node_in

CHECKS = [
    not_a_server_error,
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
OPERATIONS = (
    "POST /v1/verify",
    "POST /v1/verify/batch",
    "POST /oauth/token",
    "POST /oauth/par",
    "GET /oauth/authorize",
    "POST /oauth/authorize",
    "GET /oauth/userinfo",
    "POST /oauth/userinfo",
    "POST /oauth/introspect",
    "POST /oauth/revoke",
    "GET /login/callback/{provider}",
    "POST /login/backchannel/{provider}",
    "GET /oauth/logout",
    "POST /oauth/logout",
    "POST /v1/presentations",
    "GET /v1/presentations/{id}",
    "DELETE /v1/presentations/{id}",
    "GET /v1/presentations/{id}/events",
    "GET /wallet/request/{id}",
    "POST /wallet/request/{id}",
    "POST /wallet/response/{id}",
    "GET /v1/trust",
    "GET /v1/trust/{state}",
    "GET /trust/metadata/{name}",
    "GET /trust/targets/{path}",
    "GET /v1/recognition",
    "GET /log/checkpoint",
    "GET /log/tile/{path}",
    "GET /v1/receipts/{report_id}",
    "POST /v1/receipts/check",
    "POST /v1/attestations",
    "POST /witness/add-checkpoint",
    "GET /admin/v1/relying-parties",
    "POST /admin/v1/relying-parties",
    "GET /admin/v1/relying-parties/{party_id}",
    "PATCH /admin/v1/relying-parties/{party_id}",
    "GET /.well-known/idbridge-trustmark",
    "GET /v1/reasons",
    "GET /v1/reasons/{code}",
    "GET /healthz",
    "GET /readyz",
    "GET /.well-known/jwks.json",
    "GET /.well-known/client-keys.json",
    "GET /.well-known/webhook-keys.json",
    "GET /.well-known/openid-configuration",
    "GET /.well-known/oauth-authorization-server",
)
# Operations that a request can break by what it says.
WITH_DEMANDS = (
    "POST /v1/verify",
    "POST /v1/verify/batch",
    "POST /oauth/token",
    "POST /oauth/par",
    "POST /oauth/introspect",
    "POST /oauth/revoke",
    "POST /login/backchannel/{provider}",
    "POST /v1/presentations",
    "GET /v1/trust/{state}",
    "GET /v1/recognition",
    "POST /v1/receipts/check",
    "POST /v1/attestations",
)


@pytest.fixture(scope="module")
def target(shared_files: Path) -> Node:
    return node_in(shared_files)


@pytest.fixture(scope="module")
def running(target: Node) -> Iterator[BackgroundServer]:
    with BackgroundServer(create_app(target.settings, clock=target.clock)) as server:
        yield server


ALLOWED = [(operation, GenerationMode.POSITIVE) for operation in OPERATIONS]
FORBIDDEN = [(operation, GenerationMode.NEGATIVE) for operation in WITH_DEMANDS]


@pytest.mark.parametrize(("operation", "mode"), ALLOWED + FORBIDDEN)
def test_the_contract_holds(target: Node, running: BackgroundServer, operation: str, mode: GenerationMode) -> None:
    method, _, path = operation.partition(" ")
    contract = target.send("GET", "/openapi.json").json()
    contract["paths"][path][method.lower()].pop("security", None)  # the key is ours to send, not to be guessed
    described = schemathesis.openapi.from_dict(contract)[path][method]
    access = {"Authorization": target.access()["authorization"]} if method == "POST" else {}

    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=described.as_strategy(generation_mode=mode))
    def holds(case: schemathesis.Case) -> None:
        response = case.call_and_validate(base_url=running.url, headers=access, checks=CHECKS)
        assert mode is GenerationMode.POSITIVE or 400 <= response.status_code < 500

    holds()


def test_every_operation_of_the_contract_is_asked(target: Node) -> None:
    paths = target.send("GET", "/openapi.json").json()["paths"]

    assert {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods} == set(OPERATIONS)
