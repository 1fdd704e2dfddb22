"""NIST's path validation suite (PKITS), as far as it is about paths: revocation is judged elsewhere, from status data.

Only false accepts are faults here. Refusing a good path is allowed: the profile of this product is narrower.
"""

from base64 import b64decode
from datetime import datetime
from typing import Any

from idbridge.crypto.x509 import verify_path
from idbridge.errors import IssuerError
from idbridge.model.trust import LeafRule
from tests.vectors import shared_vectors

CODES = {"issuer.chain_untrusted", "issuer.certificate_expired", "issuer.certificate_profile"}


def about_paths(case: dict[str, Any]) -> bool:
    """Leave out what CRLs decide, and the demand for some policy, whichever: a rule of ours names the one it wants."""
    params = case["context"].get("params", {})
    some_policy = params.get("initial_explicit_policy") and not params.get("user_initial_policy_set")
    return not some_policy and "CRL" not in case["reason"] and "evocation" not in case["reason"]


def rules(case: dict[str, Any]) -> list[LeafRule | None]:
    policies = case["context"].get("params", {}).get("user_initial_policy_set", [])
    return [LeafRule(policy=policy) for policy in policies] or [None]


def outcome(case: dict[str, Any], rule: LeafRule | None) -> str:
    context = case["context"]
    try:
        verify_path(
            (b64decode(case["input"]), *map(b64decode, context["others"])),
            anchors=tuple(map(b64decode, context["trusted"])),
            at=datetime.fromisoformat(context["time"]),
            rule=rule,
        )
    except IssuerError as refused:
        return refused.code
    return "accepted"


def test_no_bad_path_is_accepted_and_most_plain_good_ones_are() -> None:
    cases = [case for case in shared_vectors("pkits") if about_paths(case)]
    bad = {case["id"]: {outcome(case, rule) for rule in rules(case)} for case in cases if case["expected"] == "reject"}
    good = [outcome(case, None) for case in cases if case["expected"] == "accept" and rules(case) == [None]]

    assert len(bad) > 80
    assert set().union(*bad.values()) <= CODES
    assert good.count("accepted") > 40
