"""What a node writes down of an answer agrees with the decision that it tells, or no dispute could rely on it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.evidence.dispute_affected import Recalled
from idbridge.evidence.dispute_record import differences, named
from idbridge.model.region import MemberState
from idbridge.model.time import parse_instant
from idbridge.tlog import receipt as receipts
from idbridge.tlog.leaf import Leaf, LeafType
from idbridge.verify.report import Report, without_circumstances
from idbridge_gateway.api.request import read_request
from idbridge_gateway.evidence.leaves import members_of
from tests.evidence.disputes import bundle
from tests.gateway.asking import LOGIN, PRESENTATION, REFUSED, Node
from tests.gateway.clocks import NOON

OWN: dict[str, Any] = {"report_id": "rep_1", "commitment": base64url.encode(bytes(32)), "day": "2026-11-24"}
CASES = (
    LOGIN, PRESENTATION, REFUSED, "alg-none", "issuer-unknown", "sg-mdoc-opens-account",
)  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_leaf_of_an_answer_says_what_the_decision_says(node: Node, name: str) -> None:
    told: dict[str, Any] = node.ask(name, detail="evidence").json()
    leaf = receipts.parse_unverified(told["receipt"]["proof"].encode()).leaf
    party = node.region.registration(told["policy"]["id"]).relying_party
    at = parse_instant(told["evaluated_at"])
    made = replace(bundle(), report_id=told["report_id"], relying_party=party, evaluated_at=at)

    assert differences(leaf, made, without_circumstances(told)) == ()
    assert {"the policy", "the purpose", "the status lists"} <= set(named(leaf))


@pytest.mark.parametrize(
    ("name", "party", "state"),
    [
        ("sg-mdoc-opens-account", "th-bank", MemberState.SG),
        ("two-credentials-that-share-no-key", "sg-bank", MemberState.PH),
        ("two-credentials-that-share-no-key", "sg-bank", MemberState.TH),
        ("sg-login-with-userinfo", "th-bank", MemberState.SG),
    ],
)
def test_a_recall_finds_what_every_listed_key_and_list_behind_an_answer_was(
    node: Node, name: str, party: str, state: MemberState
) -> None:
    report = judged(node, name, party)
    leaf = Leaf(LeafType.VERIFY, int(NOON.timestamp() * 1_000), members_of(report, **OWN))
    resolved = [one.resolved for one in (report.findings, *report.findings.others) if one.resolved is not None]
    listed = {
        key.thumbprint
        for one in resolved
        if one.service.member_state is state
        for entry in report.trust.lists[state].entries
        if entry.service == one.service
        for key in entry.keys
    }
    digest = report.trust.provenance(state).digest

    assert report.accepted
    assert any(Recalled(NOON, key=key).concerns(leaf) for key in listed)
    assert Recalled(NOON, trust_list=digest).concerns(leaf)
    assert not Recalled(NOON, key=base64url.encode(bytes(32))).concerns(leaf)


def test_of_what_misled_nobody_nothing_further_is_told(node: Node) -> None:
    assert "also" not in members_of(judged(node, "mdoc-expired", "th-bank"), **OWN)


def judged(node: Node, name: str, party: str) -> Report:
    """What the node makes of a case."""
    snapshot, minted = node.app.state.trust.current(), json.loads(node.case(name).body)
    party_now = node.region.registration(party).relying_party
    asked = read_request(minted, relying_party=party_now, node_audiences=frozenset({node.settings.node_url}))
    report: Report = snapshot.verifier.verify(asked, at=node.clock.now())
    return report
