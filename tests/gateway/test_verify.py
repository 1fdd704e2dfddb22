"""``POST /v1/verify``: verdicts over HTTP, and every way in which a caller could try to get more."""

from datetime import timedelta

import jsonschema
import pytest

from idbridge.model.request import Detail
from idbridge.verify.schema import REPORTS
from tests.gateway.asking import LOGIN, PRESENTATION, REFUSED, Node, problem_of, verdict_of

MODEST = "vn-login-opens-account"


def test_a_good_login_is_accepted_and_nobody_may_keep_the_answer(node: Node) -> None:
    response = node.ask()

    assert verdict_of(response) == ("PASSED", None)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "server" not in response.headers
    assert response.json()["report_id"].startswith("rep_")


@pytest.mark.parametrize("name", [LOGIN, PRESENTATION, REFUSED])
@pytest.mark.parametrize("detail", list(Detail))
def test_every_report_has_the_published_shape(node: Node, name: str, detail: Detail) -> None:
    report = node.ask(name, detail=detail.value).json()

    jsonschema.validate(report, dict(REPORTS[detail]), format_checker=jsonschema.FormatChecker())


def test_no_two_reports_share_an_id(node: Node) -> None:
    ids = {node.ask(REFUSED).json()["report_id"] for _ in range(5)}

    assert len(ids) == 5


# Widening: what a request may not set is refused or ignored, each with a test.


@pytest.mark.parametrize("name", ["at", "instant", "now", "evaluated_at", "historical"])
def test_a_request_cannot_set_the_instant(node: Node, name: str) -> None:
    assert problem_of(node.ask(**{name: "2020-01-01T00:00:00Z"}), 400) == "input.member_forbidden"


def test_an_expired_login_stays_expired_whatever_the_headers_say(node: Node) -> None:
    login = node.case(LOGIN)
    node.clock.turn(hours=30)

    response = node.put(login.exchange, date="Mon, 01 Jun 2026 12:00:00 GMT", x_idbridge_at="2026-06-01T12:00:00Z")

    assert verdict_of(response)[0] == "FAILED"


@pytest.mark.parametrize("name", ["policy", "policy_id", "options", "minimum_level"])
def test_a_request_cannot_name_its_own_policy(node: Node, name: str) -> None:
    assert problem_of(node.ask(**{name: "anything"}), 400) == "input.member_forbidden"


@pytest.mark.parametrize("name", ["status", "skip_status", "status_snapshot", "revocation"])
def test_a_request_cannot_switch_the_status_check_off(node: Node, name: str) -> None:
    assert problem_of(node.ask(**{name: "off"}), 400) == "input.member_forbidden"


@pytest.mark.parametrize("name", ["relying_party", "rp", "client_id", "state", "for", "by"])
def test_a_request_cannot_say_who_asks(node: Node, name: str) -> None:
    assert problem_of(node.ask(**{name: "sg-bank"}), 400) == "input.member_forbidden"


def test_a_request_cannot_bring_its_own_keys(node: Node) -> None:
    assert problem_of(node.ask(jwks={"keys": []}), 400) == "input.member_forbidden"


def test_an_audience_of_somebody_else_is_not_accepted_because_the_request_says_so(node: Node) -> None:
    response = node.ask(expected={"audience": "https://nobody.example"})

    assert verdict_of(response) == ("FAILED", "policy.audience_not_registered")


@pytest.mark.parametrize("audience", ["vn-trade@sandbox.login.sg.example", "th-bank@sandbox.login.sg.example"])
def test_a_login_at_another_client_is_not_accepted_whatever_audience_the_request_names(
    node: Node, audience: str
) -> None:
    response = node.ask("id-token-of-another-client", expected={"audience": audience})

    assert verdict_of(response)[0] == "FAILED"


def test_a_purpose_that_is_not_registered_is_refused(node: Node) -> None:
    assert verdict_of(node.ask(purpose="health-visit")) == ("FAILED", "policy.purpose_not_registered")


def test_claims_beyond_registration_purpose_and_arrangement_are_not_released(node: Node) -> None:
    report = node.ask(claims=["name", "personal_number", "phone_number", "__class__"]).json()

    assert set(report["claims"]) == {"name"}
    assert {entry["claim"] for entry in report["not_released"]} == {"personal_number", "phone_number", "__class__"}


def test_a_refused_report_releases_nothing(node: Node) -> None:
    report = node.ask(REFUSED, claims=["name", "birthdate"]).json()

    assert report["claims"] == {}
    assert report["issuer"] is None
    assert "assertion" in report
    assert report["assertion"] is None


@pytest.mark.parametrize(("level", "verdict"), [("A0", "PASSED"), ("A1", "PASSED"), ("A3", "FAILED")])
def test_a_level_can_be_demanded_and_never_lowered(node: Node, level: str, verdict: str) -> None:
    response = node.ask(MODEST, expected={"loa": level})

    assert verdict_of(response)[0] == verdict
    assert response.json()["assurance"]["loa"] == "A2"


def test_a_one_time_value_counts_once(node: Node) -> None:
    login = node.case(LOGIN)

    assert verdict_of(node.put(login.exchange)) == ("PASSED", None)
    assert verdict_of(node.put(login.exchange)) == ("FAILED", "holder.replayed")


def test_what_is_refused_spends_nothing(node: Node) -> None:
    login = node.item()

    assert verdict_of(node.ask(LOGIN, **{**login, "purpose": "health-visit"}))[0] == "FAILED"
    assert verdict_of(node.ask(LOGIN, **login)) == ("PASSED", None)


def test_a_nonce_stays_spent_as_long_as_its_login_could_be_accepted(node: Node) -> None:
    login = node.case(LOGIN)
    node.put(login.exchange)

    for _ in range(40):
        node.clock.turn(seconds=timedelta(minutes=1).total_seconds())

        assert verdict_of(node.put(login.exchange))[0] == "FAILED"
