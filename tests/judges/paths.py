"""NIST's path validation suite (PKITS), every case with the CRLs that come with it, and for every policy it accepts."""

from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from idbridge.crypto.crl import VerifiedCrl, verify_crl
from idbridge.crypto.x509 import VerifiedPath, verify_path
from idbridge.errors import IssuerError, StatusError
from idbridge.model.trust import LeafRule
from idbridge.status.crl import CrlState, crl_status
from idbridge.status.snapshot import status_snapshot
from tests.judges.court import ACCEPTED, Case, Court, named

_CODES = {
    CrlState.GOOD: ACCEPTED,
    CrlState.REVOKED: "issuer.certificate_revoked",
    CrlState.UNKNOWN: "status.unavailable",
}
_ANY = "the case demands some policy, whichever; a trust list names the one it wants, or none"
NOT_ASKED = dict.fromkeys(
    (
        "pkits/40802-all_certificates_no_policies_test2_force_explicit",
        "pkits/40803-different_policies_test3_force_explicit",
    ),
    _ANY,
)


def rules(case: Case) -> list[LeafRule | None]:
    """The rules that a list could state for the case: one for each policy that it accepts, or none."""
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


def outcome(case: Case, rule: LeafRule | None) -> str:
    """The code under one rule."""
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
    return _CODES[crl_status(path, status_snapshot(crls(path, context, at=at)), at=at).state]


def judge(case: Case) -> str:
    """Accepted if it is under any of its rules."""
    codes = [outcome(case, rule) for rule in rules(case)]
    return ACCEPTED if ACCEPTED in codes else codes[0]


PKITS = Court("pkits", {"x509:path": judge}, refused=named("pkits"), unscored=NOT_ASKED)
