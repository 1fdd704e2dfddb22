"""What anybody may ask: trust, recognition, reasons, keys, health, contract, documentation."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest

from idbridge.model.region import MemberState
from idbridge.reasons import REASONS
from idbridge_gateway.api.docs_page import docs_page
from tests.gateway.asking import LOGIN, Node, problem_of, verdict_of

# Documents of OAuth and of OpenID Connect, which are described where they stand.
OWN_DOCUMENTS = ("/oauth/", "/wallet/", "/login/", "/.well-known/openid-", "/.well-known/oauth-")


def contract_of(node: Node) -> dict[str, Any]:
    document: dict[str, Any] = node.send("GET", "/openapi.json").json()
    return document


def fits(node: Node, document: Any, name: str) -> None:
    """Fail unless ``document`` has the published shape."""
    contract = contract_of(node)
    schema = {"$ref": f"#/components/schemas/{name}", "components": contract["components"]}
    jsonschema.validate(document, schema, format_checker=jsonschema.FormatChecker())


def test_every_state_is_shown_with_its_edition(node: Node) -> None:
    document = node.send("GET", "/v1/trust").json()

    fits(node, document, "Trust")
    assert [row["state"] for row in document["states"]] == sorted(state.value for state in MemberState)
    assert all(row["listed"] for row in document["states"])


def test_a_state_is_shown_with_its_services_and_their_history(node: Node) -> None:
    document = node.send("GET", "/v1/trust/SG").json()

    fits(node, document, "StateTrust")
    histories = {service["name"]: service["history"] for service in document["services"]}
    ended = histories["LionPass login, key of 2025"]
    assert [period["status"].rpartition(":")[2] for period in ended] == ["granted", "superseded"]
    assert ended[0]["until"] == ended[1]["from"]


@pytest.mark.parametrize("state", ["XX", "sg", "SGX", "%00", "S1234567D"])
def test_a_state_that_is_none_is_refused_without_being_repeated(node: Node, state: str) -> None:
    response = node.send("GET", f"/v1/trust/{state}")

    assert problem_of(response, 400) == "input.request_malformed"
    assert state not in response.text


@pytest.mark.parametrize("path", ["/v1/trust", "/v1/trust/SG"])
def test_whoever_holds_the_current_copy_is_told_so(node: Node, path: str) -> None:
    first = node.send("GET", path)
    tag = first.headers["etag"]

    assert tag == f'"{first.json()["trust_snapshot"]}"'
    for offered in (tag, f"W/{tag}", f'"old", {tag}', "*"):
        held = node.send("GET", path, headers={"if-none-match": offered})
        assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", tag)
    for offered in ('"old"', tag.strip('"'), ""):
        assert node.send("GET", path, headers={"if-none-match": offered}).status_code == 200


def test_the_verdict_names_the_snapshot_that_is_shown(node: Node) -> None:
    assert node.ask().json()["trust_snapshot"] == node.send("GET", "/v1/trust").json()["trust_snapshot"]


def test_the_recognition_table_has_a_row_for_every_state(node: Node) -> None:
    document = node.send("GET", "/v1/recognition?for=TH&purpose=account-opening").json()

    fits(node, document, "Recognition")
    rows = {row["state"]: row for row in document["states"]}
    assert len(rows) == 11
    assert rows["SG"]["recognised"] is True
    assert rows["TL"]["code"] in REASONS


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?for=TH",
        "?purpose=account-opening",
        "?for=XX&purpose=account-opening",
        "?for=TH&purpose=",
        "?for=TH&purpose=unheard-of",
        "?for=TH&for=SG&purpose=account-opening",
        "?for=TH&purpose=account-opening&purpose=age-check",
        "?for=TH&purpose=account-opening&at=2020-01-01T00:00:00Z",
        f"?for=TH&purpose={'p' * 600}",
    ],
)
def test_a_question_about_recognition_that_is_incomplete_or_ambiguous_is_refused(node: Node, query: str) -> None:
    response = node.send("GET", f"/v1/recognition{query}")

    assert problem_of(response, 400) == "input.request_malformed"
    assert "unheard-of" not in response.text


def test_the_table_and_a_verdict_agree(node: Node) -> None:
    rows = node.send("GET", "/v1/recognition?for=TH&purpose=account-opening").json()["states"]

    assert verdict_of(node.ask(LOGIN)) == ("PASSED", None)
    assert next(row for row in rows if row["state"] == "SG")["code"] is None


def test_every_reason_is_shown_and_leads_to_its_own_page(node: Node) -> None:
    document = node.send("GET", "/v1/reasons").json()

    fits(node, document, "Reasons")
    assert [entry["code"] for entry in document["reasons"]] == list(REASONS)
    one = node.send("GET", "/v1/reasons/holder.replayed").json()
    fits(node, one, "Reason")
    assert one in document["reasons"]


@pytest.mark.parametrize("code", ["holder.unheard_of", "HOLDER.REPLAYED", "x" * 300, "%2e%2e%2fetc%2fpasswd"])
def test_a_reason_that_does_not_exist_is_not_found(node: Node, code: str) -> None:
    assert problem_of(node.send("GET", f"/v1/reasons/{code}"), 404) == "input.not_found"


def test_the_type_of_every_problem_can_be_followed(node: Node) -> None:
    kind = node.send("GET", "/nothing").json()["type"]

    assert node.send("GET", kind).json()["code"] == "input.not_found"


def test_the_published_key_is_public(node: Node) -> None:
    document = node.send("GET", "/.well-known/jwks.json").json()

    fits(node, document, "Jwks")
    assert document["keys"][0].keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_a_node_that_runs_is_alive_and_ready(node: Node) -> None:
    fits(node, node.send("GET", "/healthz").json(), "Health")
    document = node.send("GET", "/readyz").json()
    fits(node, document, "Readiness")
    assert len(document["usable_states"]) == 11


def test_a_node_is_ready_while_one_list_is_usable_and_not_a_moment_longer(node: Node) -> None:
    dues = [node.app.state.trust.current().snapshot.provenance(state).next_update for state in MemberState]

    node.clock.instant = max(dues)

    assert problem_of(node.send("GET", "/readyz"), 503) == "system.not_ready"
    assert node.send("GET", "/healthz").status_code == 200


def test_the_contract_names_every_address_and_refers_to_nothing_that_is_not_in_it(node: Node) -> None:
    contract = contract_of(node)
    text = json.dumps(contract)

    assert set(contract["paths"]) == {
        "/v1/verify",
        "/v1/verify/batch",
        "/v1/trust",
        "/v1/trust/{state}",
        "/trust/metadata/{name}",
        "/trust/targets/{path}",
        "/v1/recognition",
        "/admin/v1/relying-parties",
        "/admin/v1/relying-parties/{party_id}",
        "/v1/reasons",
        "/v1/reasons/{code}",
        "/v1/receipts/{report_id}",
        "/v1/receipts/check",
        "/v1/attestations",
        "/log/checkpoint",
        "/log/tile/{path}",
        "/witness/add-checkpoint",
        "/.well-known/idbridge-trustmark",
        "/healthz",
        "/readyz",
        "/.well-known/jwks.json",
        "/.well-known/client-keys.json",
        "/.well-known/webhook-keys.json",
        "/v1/presentations",
        "/v1/presentations/{id}",
        "/v1/presentations/{id}/events",
        "/wallet/request/{id}",
        "/wallet/response/{id}",
        "/oauth/par",
        "/oauth/authorize",
        "/oauth/token",
        "/oauth/userinfo",
        "/oauth/introspect",
        "/oauth/revoke",
        "/login/backchannel/{provider}",
        "/login/callback/{provider}",
        "/oauth/logout",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    }
    for name in re.findall(r'"#/components/schemas/([^"]+)"', text):
        assert name in contract["components"]["schemas"]
    for schema in contract["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert not any(
        "422" in operation["responses"] for path in contract["paths"].values() for operation in path.values()
    )
    assert "HTTPValidationError" not in text


def test_every_operation_says_what_it_answers(node: Node) -> None:
    for path, methods in contract_of(node)["paths"].items():
        for operation in methods.values():
            if path.startswith(OWN_DOCUMENTS):
                assert operation["summary"]
                assert operation["responses"]
                continue
            if "204" in operation["responses"]:
                continue
            content = (operation["responses"].get("200") or operation["responses"]["201"])["content"]

            if path.endswith("/events"):
                assert set(content) == {"text/event-stream"}
            elif path == "/trust/targets/{path}":  # documents of whoever signed them, as they came
                assert set(content) == {"application/octet-stream"}
            elif path.startswith(("/log/", "/witness/")):  # as C2SP has them: text, and octets of tiles
                assert content.keys() <= {"text/plain; charset=utf-8", "application/octet-stream"}
                assert content
            else:
                assert content["application/json"]["schema"].get("$ref"), path
            assert operation["summary"]


class Links(HTMLParser):
    """Collects what a page would fetch and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.targets: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids |= {str(named["id"])} if named.get("id") else set()
        self.fetched += [tag] if tag in ("script", "link", "img", "iframe") or "src" in named else []
        self.targets += [str(named["href"])] if named.get("href") else []


def test_the_documentation_loads_nothing_and_its_links_lead_somewhere(node: Node) -> None:
    page = node.send("GET", "/docs")
    links = Links()
    links.feed(page.text)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]
    assert links.fetched == []
    for target in links.targets:
        if target.startswith("#"):
            assert target[1:] in links.ids
        else:
            assert node.send("GET", target).status_code == 200


def test_the_documentation_shows_words_of_the_contract_as_words() -> None:
    evil = "<script>alert(1)</script>"
    operation = {"summary": evil, "description": evil, "responses": {"200": {"description": evil}}}
    contract = {"info": {"title": evil, "version": evil}, "paths": {f"/{evil}": {"get": operation}}}

    assert "<script>" not in docs_page(contract)
