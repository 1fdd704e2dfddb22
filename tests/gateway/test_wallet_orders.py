"""A relying party orders a request to a wallet within its registration, and nobody else sees what becomes of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge_gateway.app import create_app
from idbridge_gateway.registry.record import RequestLimits
from idbridge_gateway.wallet.access import read_access_certificate
from idbridge_gateway.wallet.asker import Asker
from idbridge_gateway.wallet.presentations import OpenCount
from tests.gateway.asking import Node, node_in, problem_of
from tests.gateway.clocks import NOON
from tests.gateway.wallets import ORDER, PID_QUERY, PURPOSE_TEXT, Wallets


@pytest.fixture
def wallets(node: Node) -> Wallets:
    return Wallets(node)


SECONDS_MIN = int(LIMITS.presentation_lifetime_min.total_seconds())
SECONDS_MAX = int(LIMITS.presentation_lifetime_max.total_seconds())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"dcql": None}, "input.request_malformed", id="nothing is asked"),
        pytest.param({"template": "identity"}, "input.request_malformed", id="template and query"),
        pytest.param({"dcql": None, "template": "identity"}, "input.request_malformed", id="template and claims"),
        pytest.param(
            {"dcql": None, "claims": None, "template": "shoe-size"}, "input.request_malformed", id="no such template"
        ),
        pytest.param(
            {"dcql": None, "claims": None, "template": "identity", "purpose": 7},
            "input.request_malformed",
            id="a purpose that is no text",
        ),
        pytest.param(
            {"dcql": None, "claims": None, "purpose": "age-check", "template": "company-representative"},
            "input.request_malformed",
            id="a template of another purpose",
        ),
        pytest.param({"dcql": {"credentials": []}}, "query.malformed", id="an empty query"),
        pytest.param({"dcql": {**PID_QUERY, "x": 1}}, "query.malformed", id="a query with a stranger"),
        pytest.param({"transaction_data": ["!"]}, "query.malformed", id="transaction data that is none"),
        pytest.param({"purpose": None}, "input.request_malformed", id="no purpose"),
        pytest.param({"purpose": "health-visit"}, "input.request_malformed", id="a purpose of others"),
        pytest.param({"purpose_text": None}, "input.request_malformed", id="no text for the person"),
        pytest.param({"purpose_text": "ab"}, "input.request_malformed", id="a text too short"),
        pytest.param({"claims": ["institution"]}, "input.request_malformed", id="a claim of others"),
        pytest.param({"purpose": "age-check"}, "input.request_malformed", id="claims that the purpose has not"),
        pytest.param({"claims": ["name", "name"]}, "input.request_malformed", id="a claim twice"),
        pytest.param({"expected": {"nonce": "mine"}}, "input.request_malformed", id="a nonce of its own"),
        pytest.param({"expected": {"session": {"origin": "x"}}}, "input.request_malformed", id="a session of its own"),
        pytest.param({"expected": 7}, "input.request_malformed", id="expected is no object"),
        pytest.param({"expected": {"loa": "A9"}}, "input.request_malformed", id="a level that is none"),
        pytest.param({"response_mode": "fragment"}, "input.request_malformed", id="another mode"),
        pytest.param({"client_id_prefix": "redirect_uri"}, "input.request_malformed", id="another prefix"),
        pytest.param({"expires_in": SECONDS_MIN - 1}, "input.request_malformed", id="too short"),
        pytest.param({"expires_in": SECONDS_MAX + 1}, "input.request_malformed", id="too long"),
        pytest.param({"expires_in": True}, "input.request_malformed", id="no number"),
        pytest.param({"return_uri": "https://evil.example/"}, "input.request_malformed", id="an address of others"),
        pytest.param({"at": "2020-01-01T00:00:00Z"}, "input.member_forbidden", id="an instant of its own"),
        pytest.param({"credential": "x"}, "input.request_malformed", id="an answer"),
        pytest.param({"detail": "all"}, "input.request_malformed", id="another detail"),
    ],
)
def test_an_order_that_is_not_in_order_is_refused_and_asks_nobody(
    wallets: Wallets, changes: dict[str, Any], code: str
) -> None:
    response = wallets.order(**changes)

    assert problem_of(response, 400) == code
    assert not wallets.node.app.state.parts.stores.sealed.held


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{" + b" " * LIMITS.presentation_order_bytes + b"}", {}, 413),
    ],
)
def test_a_body_that_is_no_order_is_refused(node: Node, body: bytes, headers: dict[str, str], status: int) -> None:
    response = node.send("POST", "/v1/presentations", body=body, headers={**node.access(), **headers})

    problem_of(response, status)


@pytest.mark.parametrize("path", ["/v1/presentations?x=1", "/v1/presentations?response_code=a"])
def test_an_order_takes_no_query(node: Node, path: str) -> None:
    assert problem_of(node.send("POST", path, body=ORDER, headers=node.access()), 400) == "input.request_malformed"


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("GET", "/x"), ("DELETE", "/x")])
def test_nobody_but_a_relying_party_is_answered(node: Node, method: str, path: str) -> None:
    without = node.send(method, f"/v1/presentations{path}", headers={"content-type": "application/json"})
    closed = node.send(method, f"/v1/presentations{path}", headers=node.access("th-closed"))

    assert problem_of(without, 401) == "policy.unauthenticated"
    assert problem_of(closed, 403) == "policy.relying_party_disabled"


def test_a_presentation_is_nobodys_but_the_relying_partys_that_began_it(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    link = ordered["page"].rpartition("/")[2]

    assert problem_of(wallets.look(ordered, party="th-hospital"), 404) == "input.not_found"
    assert problem_of(wallets.cancel(ordered, party="th-hospital"), 404) == "input.not_found"
    assert problem_of(wallets.look({"id": "unknown"}), 404) == "input.not_found"
    assert problem_of(wallets.look({"id": link}), 404) == "input.not_found"
    assert wallets.state(ordered) == "pending"


def test_a_node_without_access_certificate_asks_no_wallets(shared_files: Path) -> None:
    laid_out = node_in(shared_files)
    settings = laid_out.settings.model_copy(update={"access_certificate_file": None, "access_key_file": None})
    node = Node(create_app(settings, clock=laid_out.clock), settings, laid_out.clock, None, shared_files)

    assert problem_of(Wallets(node).order(), 503) == "system.not_ready"


def test_a_node_whose_access_certificate_is_out_of_date_asks_no_wallets(node: Node) -> None:
    certificate = read_access_certificate(node.settings)
    assert certificate is not None

    assert certificate.in_force(NOON)
    assert not certificate.in_force(NOON.replace(year=NOON.year - 10))
    with pytest.raises(RequestError) as caught:
        Asker(node.settings.node_url, certificate).require_certificate(at=NOON.replace(year=NOON.year + 10))
    assert caught.value.code == "system.not_ready"


def test_a_prefix_that_the_certificate_does_not_serve_is_refused(shared_files: Path) -> None:
    laid_out = node_in(shared_files)
    settings = laid_out.settings.model_copy(update={"browser_url": "http://127.0.0.1:8080"})
    node = Node(create_app(settings, clock=laid_out.clock), settings, laid_out.clock, None, shared_files)

    refused = Wallets(node).order(client_id_prefix="x509_san_dns")

    assert problem_of(refused, 400) == "input.member_unsupported"


def test_more_open_requests_than_one_relying_party_may_have_are_refused_until_the_first_ends() -> None:
    count = OpenCount()
    for number in range(LIMITS.presentations_open):
        count.begin("th-bank", str(number), until=NOON.replace(hour=13), at=NOON)

    with pytest.raises(RequestError) as caught:
        count.begin("th-bank", "one-more", until=NOON.replace(hour=13), at=NOON)
    assert caught.value.code == "system.overloaded"
    count.begin("th-hospital", "another", until=NOON.replace(hour=13), at=NOON)
    count.begin("th-bank", "later", until=NOON.replace(hour=14), at=NOON.replace(hour=13))


def test_an_order_is_answered_with_an_id_two_addresses_and_an_end(wallets: Wallets) -> None:
    ordered = wallets.ordered(expires_in=SECONDS_MIN)
    link = urlsplit(ordered["wallet_link"])

    assert ordered.keys() == {
        "schema", "id", "state", "device", "wallet_error", "report", "expires_at", "page", "wallet_link",
    }  # fmt: skip
    assert (ordered["state"], ordered["expires_at"]) == ("pending", "2026-06-01T12:01:00Z")
    assert ordered["page"].startswith(f"{wallets.node.settings.node_url}/wallet/")
    assert link.scheme == "openid4vp"
    assert parse_qs(link.query)["request_uri_method"] == ["post"]
    assert ordered["id"] not in ordered["page"] + ordered["wallet_link"]
    assert len({wallets.ordered()["id"] for _ in range(3)} | {ordered["id"]}) == 4


def test_a_party_with_limits_is_told_of_them_with_its_order(wallets: Wallets) -> None:
    registry = wallets.node.app.state.parts.registry
    limited = replace(registry.registration("th-bank"), limits=RequestLimits(per_minute=60, burst=5))
    registry.exchange(limited if one.id == "th-bank" else one for one in registry.registrations)

    answer = wallets.order()
    assert answer.headers["ratelimit-policy"] == '"party";q=5;w=5'
    assert answer.headers["ratelimit"] == '"party";r=4;t=1'


def test_a_request_that_names_no_end_has_one_and_is_remembered_a_while_longer(wallets: Wallets) -> None:
    ordered = wallets.ordered()

    wallets.node.clock.turn(seconds=LIMITS.presentation_lifetime.total_seconds())
    assert wallets.state(ordered) == "expired"
    wallets.node.clock.turn(seconds=LIMITS.presentation_kept.total_seconds())
    assert problem_of(wallets.look(ordered), 404) == "input.not_found"


def test_a_template_asks_for_what_it_says_under_its_own_purpose(wallets: Wallets) -> None:
    ordered = wallets.ordered(dcql=None, claims=None, purpose=None, template="company-representative")

    query = wallets.asked(ordered).claims["dcql_query"]
    assert [one["meta"] for one in query["credentials"]] == [
        {"vct_values": ["urn:example:sg:company-representative:1"]},
        {"vct_values": ["urn:example:vn:organisation:1"]},
    ]


def test_an_age_may_be_ordered_by_who_may_have_the_date_of_birth(wallets: Wallets) -> None:
    assert wallets.order(claims=["age_over_65"]).status_code == 201
    assert wallets.order(party="la-hotel", purpose="age-check", claims=["age_over_65"]).status_code == 400


@pytest.mark.parametrize(
    "claim",
    [
        "age_over_21 and your passport number. Official request of the Police",
        "age_over_<b>",
        "age_over_",
        "age_over_0",
        "age_over_-1",
        "age_over_1000",
        "age_over_21\n",
        "age_over_\u0662\u0661",
    ],
)
def test_no_words_of_a_relying_party_stand_in_the_list_of_what_is_asked(wallets: Wallets, claim: str) -> None:
    assert problem_of(wallets.order(claims=[claim]), 400) == "input.request_malformed"


def test_nothing_of_an_order_can_be_read_where_it_is_kept(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    held = wallets.node.app.state.parts.stores.sealed.held

    assert len(held) == 5
    everything = b"".join(name + value.octets for name, value in held.items())
    for text in (PURPOSE_TEXT, "birthdate", ordered["id"], ordered["page"].rpartition("/")[2], "PRIVATE"):
        assert text.encode() not in everything


def test_who_cancels_ends_the_request_for_everybody(wallets: Wallets) -> None:
    ordered = wallets.ordered()

    assert wallets.cancel(ordered).status_code == 204
    assert wallets.state(ordered) == "cancelled"
    assert wallets.fetch(ordered["wallet_link"]).status_code == 400
    assert wallets.cancel(ordered).status_code == 204


def test_a_node_of_another_state_asks_under_its_own_certificate(other_node: Node, wallets: Wallets) -> None:
    there = Wallets(other_node, party="sg-bank").ordered()
    here = wallets.ordered()

    assert other_node.settings.state is MemberState.SG
    client_ids = {parse_qs(urlsplit(one["wallet_link"]).query)["client_id"][0] for one in (here, there)}
    assert len(client_ids) == 2
