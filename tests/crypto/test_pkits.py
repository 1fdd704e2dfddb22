"""NIST's path validation suite (PKITS), every case with the CRLs that come with it.

Only false accepts are faults. Refusing a good path is allowed, because the profile of this product is narrower, but
each such refusal is named in ``pkits_refusals.json`` with its cause: a new one, or one that went away, fails the suite.
"""

import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from idbridge.crypto.crl import VerifiedCrl, verify_crl
from idbridge.crypto.x509 import VerifiedPath, verify_path
from idbridge.errors import IssuerError, StatusError
from idbridge.model.trust import LeafRule
from idbridge.status.crl import crl_status
from idbridge.status.snapshot import status_snapshot
from tests.vectors import shared_vectors

REFUSALS = Path(__file__).with_name("pkits_refusals.json")
ACCEPTED = "good"
REFUSED = {
    "issuer.chain_untrusted", "issuer.certificate_expired", "issuer.certificate_profile",
    "revoked", "unknown",
}  # fmt: skip


def rules(case: dict[str, Any]) -> list[LeafRule | None]:
    policies = case["context"].get("params", {}).get("user_initial_policy_set", [])
    return [LeafRule(policy=policy) for policy in policies] or [None]


def crls(path: VerifiedPath, context: dict[str, Any], *, at: datetime) -> Iterator[VerifiedCrl]:
    """The CRLs of the case that an authority on the path answers for."""
    for octets in map(b64decode, context["crls"]):
        for authority in path.chain[1:]:
            try:
                yield verify_crl(octets, issuer=authority, at=at)
            except StatusError as refused:
                if refused.code == "status.crl_rollback":
                    raise
            else:
                break


def outcome(case: dict[str, Any], rule: LeafRule | None) -> str:
    context = case["context"]
    at = datetime.fromisoformat(context["time"])
    try:
        path = verify_path(
            (b64decode(case["input"]), *map(b64decode, context["others"])),
            anchors=tuple(map(b64decode, context["trusted"])),
            at=at,
            rule=rule,
        )
    except IssuerError as refused:
        return refused.code
    return crl_status(path, status_snapshot(crls(path, context, at=at)), at=at).state.value


@cache
def outcomes() -> dict[str, tuple[str, set[str]]]:
    """What PKITS expects of each case, and what came of it for every policy that it would accept."""
    return {
        case["id"].removeprefix("pkits/"): (case["expected"], {outcome(case, rule) for rule in rules(case)})
        for case in shared_vectors("pkits")
    }


def named(part: str) -> dict[str, str]:
    """The cases that the file names under ``part``, with the cause."""
    groups = json.loads(REFUSALS.read_text(encoding="utf-8"))[part]
    return {case: group["why"] for group in groups for case in group["cases"]}


def test_no_bad_path_is_accepted() -> None:
    cannot_be_asked = named("not_asked")
    bad = {name: seen for name, (expected, seen) in outcomes().items() if expected == "reject"}

    assert len(bad) == 136
    assert set().union(*bad.values()) <= REFUSED | {ACCEPTED}
    assert {name for name, seen in bad.items() if ACCEPTED in seen} == cannot_be_asked.keys()


def test_every_good_path_that_is_refused_is_named_with_its_cause() -> None:
    good = {name: seen for name, (expected, seen) in outcomes().items() if expected == "accept"}
    refused = {name for name, seen in good.items() if ACCEPTED not in seen}

    assert len(good) == 110
    assert refused == named("refused").keys()
    assert all(len(why) > 20 for why in named("refused").values())


def test_a_revoked_certificate_is_known_as_revoked() -> None:
    told = {case["id"].removeprefix("pkits/") for case in shared_vectors("pkits") if "was revoked at" in case["reason"]}
    revoked = {name for name in told if "revoked" in outcomes()[name][1]}

    assert len(told) > 15
    assert len(revoked) >= 7
