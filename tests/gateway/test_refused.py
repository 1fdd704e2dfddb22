"""Who is refused at the door is told in the journal: where and why, nothing of the request, and no more than a few."""

import logging
import re

import pytest

from idbridge.limits import LIMITS
from idbridge_gateway.metrics.exposition import UNMATCHED
from idbridge_gateway.refused import Refused, RefusedRequests, kind_of
from tests.gateway.asking import Node

CANARY = "S1234567D-Siti"
ROUTE = "/v1/verify"
FORM_TYPE = "application/x-www-form-urlencoded"
FORM = re.compile(
    r"refused \((?:authentication|authorisation|control)\) at \S+: [a-z_0-9]+(?:\.[a-z_]+)?, after \d+ untold"
)


class HandStopwatch:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.read = 1000.0

    def seconds(self) -> float:
        """Return what it shows."""
        return self.read


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What the journal tells from information on."""
    caplog.set_level(logging.INFO, "idbridge_gateway")
    return caplog


@pytest.mark.parametrize(
    ("method", "path", "headers", "line"),
    [
        ("POST", ROUTE, {"authorization": f"Bearer idb_test_th-bank_{CANARY}"},
         "refused (authentication) at /v1/verify: policy.unauthenticated, after 0 untold"),
        ("POST", "/oauth/token", {"authorization": "Basic dGgtYmFuazpTMTIzNDU2N0Q=", "content-type": FORM_TYPE},
         "refused (authentication) at /oauth/token: policy.unauthenticated, after 0 untold"),
        ("GET", "/admin/v1/relying-parties", {"authorization": f"Bearer {CANARY}"},
         "refused (authentication) at /admin/v1/relying-parties: policy.unauthenticated, after 0 untold"),
        ("GET", f"/v1/reasons/{CANARY}", {},
         "refused (control) at /v1/reasons/{code}: input.not_found, after 0 untold"),
        ("GET", f"/v1/recognition?claim={CANARY}&api_key=x", {},
         "refused (control) at -: input.request_malformed, after 0 untold"),
    ],
)  # fmt: skip
def test_who_is_refused_is_told_with_where_and_why(
    node: Node, told: pytest.LogCaptureFixture, method: str, path: str, headers: dict[str, str], line: str
) -> None:
    body = b"grant_type=authorization_code&code=S1234567D-Siti" if method == "POST" else b""

    response = node.send(method, path, body=body, headers={**headers, "x-request-id": CANARY})

    assert response.is_client_error
    assert [one for one in told.messages if one.startswith("refused")] == [line]
    assert CANARY not in told.text


def test_a_party_that_is_switched_off_and_a_body_that_is_broken_are_told_apart(
    node: Node, told: pytest.LogCaptureFixture
) -> None:
    node.send("POST", ROUTE, body=node.item(), headers=node.access("th-closed"))
    node.send("POST", ROUTE, body={CANARY: CANARY}, headers=node.access())

    assert told.messages == [
        "refused (authentication) at /v1/verify: policy.relying_party_disabled, after 0 untold",
        "refused (control) at /v1/verify: input.request_malformed, after 0 untold",
    ]


def test_what_is_answered_and_judged_is_not_told(node: Node, told: pytest.LogCaptureFixture) -> None:
    assert node.send("POST", ROUTE, body=node.item(), headers=node.access()).status_code == 200
    assert node.send("GET", "/healthz").status_code == 200
    assert node.send("GET", f"/nothing/{CANARY}").status_code == 404

    assert told.messages == []


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "policy.unauthenticated", Refused.AUTHENTICATION),
        (401, "", Refused.AUTHENTICATION),
        (403, "policy.relying_party_disabled", Refused.AUTHENTICATION),
        (403, "policy.operator_required", Refused.AUTHORISATION),
        (400, "policy.purpose_not_registered", Refused.AUTHORISATION),
        (403, "", Refused.AUTHORISATION),
        (429, "policy.rate_exceeded", Refused.CONTROL),
        (413, "input.body_too_large", Refused.CONTROL),
        (400, "", Refused.CONTROL),
        (404, "input.not_found", Refused.CONTROL),
        (405, "input.method_not_allowed", None),
        (412, "input.version_stale", None),
        (200, "", None),
        (302, "", None),
        (500, "system.internal", None),
        (503, "system.overloaded", None),
    ],
)
def test_every_refusal_is_of_one_kind_and_what_an_honest_caller_meets_is_none(
    status: int, code: str, kind: Refused | None
) -> None:
    assert kind_of(ROUTE, status, code) is kind


def test_an_address_that_nobody_has_is_no_attempt() -> None:
    assert kind_of(UNMATCHED, 404, "input.not_found") is None
    assert kind_of(UNMATCHED, 400, "input.request_malformed") is Refused.CONTROL


def test_of_many_a_few_are_told_and_then_one_a_second_and_no_kind_hides_another(told: pytest.LogCaptureFixture) -> None:
    stopwatch = HandStopwatch()
    refused = RefusedRequests(stopwatch)
    most, each = LIMITS.refusals_told_at_once, LIMITS.refusal_told_each.total_seconds()

    for _ in range(most + 500):
        refused.note(ROUTE, 400, "input.request_malformed")
    assert len(told.messages) == most
    refused.note(ROUTE, 401, "policy.unauthenticated")
    assert told.messages[most:] == ["refused (authentication) at /v1/verify: policy.unauthenticated, after 0 untold"]
    stopwatch.read += each
    for _ in range(3):
        refused.note(ROUTE, 413, "input.body_too_large")
    assert told.messages[most + 1 :] == ["refused (control) at /v1/verify: input.body_too_large, after 500 untold"]
    stopwatch.read += 1000 * each
    for _ in range(2 * most):
        refused.note(ROUTE, 413, "input.body_too_large")
    assert len(told.messages) == most + 2 + most
    assert told.messages[most + 2].endswith("after 2 untold")


def test_a_line_is_no_longer_than_it_has_to_be_and_holds_nothing_that_is_not_ours(
    told: pytest.LogCaptureFixture,
) -> None:
    refused = RefusedRequests(HandStopwatch())

    refused.note("/v1/log/{origin}/entries/{index}", 404, "input.not_found")
    refused.note(f"/v1/{CANARY} {CANARY}", 404, f"input.{CANARY}")

    assert FORM.fullmatch(told.messages[0])
    assert CANARY not in told.text
    assert all(len(one) < 300 for one in told.messages)
