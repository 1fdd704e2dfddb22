"""The published contract of the admin API holds for an operator: whatever it allows, and what it forbids."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from idbridge_gateway.app import create_app
from idbridge_gateway.serving import BackgroundServer
from tests.admin.conftest import PATH, Admin
from tests.gateway.test_contract import CHECKS
from tests.registry.kit import CLIENT, LEAST

OPERATIONS = (f"GET {PATH}", f"POST {PATH}", f"GET {PATH}/{{party_id}}", f"PATCH {PATH}/{{party_id}}")
DEMANDING = (f"POST {PATH}", f"PATCH {PATH}/{{party_id}}")


@pytest.fixture
def running(admin: Admin) -> Iterator[BackgroundServer]:
    admin.ask("POST", given={**LEAST, "oidc_clients": [CLIENT]})
    with BackgroundServer(create_app(admin.node.settings, clock=admin.node.clock)) as server:
        yield server


@pytest.mark.parametrize("empty_database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("operation", "mode"),
    [(one, GenerationMode.POSITIVE) for one in OPERATIONS] + [(one, GenerationMode.NEGATIVE) for one in DEMANDING],
)
def test_the_contract_holds(admin: Admin, running: BackgroundServer, operation: str, mode: GenerationMode) -> None:
    method, _, path = operation.partition(" ")
    contract = admin.node.send("GET", "/openapi.json").json()
    contract["paths"][path][method.lower()].pop("security")  # the token is ours to send, not to be guessed
    described = schemathesis.openapi.from_dict(contract)[path][method]
    headers = {"Authorization": f"Bearer {admin.issuer.token()}"}

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=described.as_strategy(generation_mode=mode))
    def holds(case: schemathesis.Case) -> None:
        response = case.call_and_validate(base_url=running.url, headers=headers, checks=CHECKS)
        assert response.status_code != 401
        assert mode is GenerationMode.POSITIVE or 400 <= response.status_code < 500

    holds()
