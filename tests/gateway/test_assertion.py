"""Assertions over HTTP: made on request from what passed, checked with published keys, accepted by the other node."""

from typing import Any

import jwt
import pytest

from idbridge.model.randomness import SystemRandomness
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.presentations import Presentation
from tests.gateway.asking import LOGIN, PRESENTATION, REFUSED, Node, verdict_of

OWN = "https://sandbox.bank.th.example"
ASSERTION = {"audience": OWN}


def read(node: Node, assertion: str, *, audience: str) -> dict[str, Any]:
    """Check an assertion as a relying party's own software would: with a public library and the published keys."""
    keys = jwt.PyJWKSet.from_dict(node.send("GET", "/.well-known/jwks.json").json())
    key = keys[jwt.get_unverified_header(assertion)["kid"]]
    claims: dict[str, Any] = jwt.decode(
        assertion,
        key.key,
        algorithms=["ES256"],
        audience=audience,
        issuer=node.settings.node_url,
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    return claims


@pytest.mark.parametrize("name", [LOGIN, PRESENTATION])
def test_an_assertion_is_made_when_asked_for_and_verifies_with_the_published_keys(node: Node, name: str) -> None:
    response = node.ask(name, assertion=ASSERTION)
    report = response.json()

    claims = read(node, report["assertion"], audience=OWN)

    assert verdict_of(response) == ("PASSED", None)
    assert claims["report_id"] == claims["txn"] == report["report_id"]
    assert claims["trust_snapshot"] == report["trust_snapshot"]
    assert claims["exp"] - claims["iat"] <= 300
    assert jwt.get_unverified_header(report["assertion"])["typ"] == "idbridge-assertion+jwt"


def test_no_assertion_is_made_without_being_asked_for(node: Node) -> None:
    assert node.ask().json()["assertion"] is None


@pytest.mark.parametrize("name", [REFUSED, "id-token-expired"])
def test_no_assertion_is_made_from_what_did_not_pass(node: Node, name: str) -> None:
    response = node.ask(name, assertion=ASSERTION)

    assert verdict_of(response)[0] == "FAILED"
    assert response.json()["assertion"] is None


def test_no_assertion_is_made_for_an_audience_that_is_not_registered(node: Node) -> None:
    response = node.ask(assertion={"audience": "https://nobody.example"})

    assert verdict_of(response) == ("FAILED", "policy.audience_not_registered")
    assert response.json()["assertion"] is None


def test_no_assertion_is_made_from_a_replay(node: Node) -> None:
    body = node.item(assertion=ASSERTION)
    node.send("POST", "/v1/verify", body=body, headers=node.access())

    response = node.send("POST", "/v1/verify", body=body, headers=node.access())

    assert verdict_of(response) == ("FAILED", "holder.replayed")
    assert response.json()["assertion"] is None


def test_no_assertion_is_made_from_an_assertion(node: Node) -> None:
    response = node.ask("assertion-of-node-sg", assertion=ASSERTION)

    assert verdict_of(response) == ("FAILED", "policy.assertion_not_available")


def test_when_an_assertion_cannot_be_made_the_report_says_so_and_nothing_is_spent(node: Node) -> None:
    """The login ends within its leeway: it is still accepted, and there is no time left for an assertion."""
    item = node.item()
    node.clock.turn(seconds=_seconds_left(item))

    refused = node.send("POST", "/v1/verify", body={**item, "assertion": ASSERTION}, headers=node.access())
    without = node.send("POST", "/v1/verify", body=item, headers=node.access())

    assert verdict_of(refused) == ("FAILED", "policy.assertion_not_available")
    assert refused.json()["claims"] == {}
    assert verdict_of(without) == ("PASSED", None)


def _seconds_left(item: dict[str, Any]) -> int:
    claims = jwt.decode(item["credential"], options={"verify_signature": False})
    return int(claims["exp"] - claims["iat"])


def test_the_other_node_accepts_an_assertion_once_and_for_whom_it_was_made(node: Node, other_node: Node) -> None:
    assertion = asserted_by(other_node)
    shown = {"credential": assertion, "purpose": "account-opening", "claims": ["name"]}

    verdicts = [
        verdict_of(node.send("POST", "/v1/verify", body=shown, headers=node.access(party)))
        for party in ("vn-trade", "th-bank", "th-bank")
    ]

    assert verdicts == [
        ("FAILED", "recognition.assertion_audience"),
        ("PASSED", None),
        ("FAILED", "holder.replayed"),
    ]


def test_an_assertion_that_was_changed_is_refused(node: Node, other_node: Node) -> None:
    head, claims, signature = asserted_by(other_node).split(".")
    forged = f"{head}.{claims[:-4]}AAAA.{signature}"

    response = node.send(
        "POST", "/v1/verify", body={"credential": forged, "purpose": "account-opening"}, headers=node.access()
    )

    assert verdict_of(response)[0] == "FAILED"


def asserted_by(node: Node) -> str:
    """An assertion for a bank in Bangkok, about a wallet identity shown to its branch in Singapore."""
    branch = node.region.registration("sg-branch")
    bench = Bench(node.region, node.clock.now(), SystemRandomness())
    shown = Presentation("sg-pid", "sg-tan").shown(bench, to=branch)
    body = {
        "credential": shown.credential,
        "purpose": "account-opening",
        "expected": {"nonce": shown.nonce},
        "claims": ["name"],
        "assertion": {"audience": OWN},
    }
    response = node.send("POST", "/v1/verify", body=body, headers=node.access("sg-branch"))
    assert verdict_of(response) == ("PASSED", None)
    return str(response.json()["assertion"])


def test_two_assertions_about_one_person_share_no_name_that_two_sectors_could_compare(node: Node) -> None:
    for_bank = node.ask("sg-pid-opens-account", assertion=ASSERTION).json()["assertion"]
    for_bank_again = node.ask("sg-pid-opens-account", assertion=ASSERTION).json()["assertion"]

    first, second = (read(node, text, audience=OWN) for text in (for_bank, for_bank_again))

    assert first["sub"] == second["sub"]
    assert first["jti"] != second["jti"]
    assert "sg-tan" not in str(first)
