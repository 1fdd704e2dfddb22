"""NIST's path validation suite: the codes under which bad paths are refused, and what is known of revocation.

Whether each is judged as published, ``tests/judges`` says.
"""

from functools import cache
from typing import Any

from tests.judges.paths import NOT_ASKED, judge
from tests.vectors import shared_vectors

REFUSED = {
    "issuer.chain_untrusted", "issuer.certificate_expired", "issuer.certificate_profile",
    "issuer.certificate_revoked", "status.unavailable",
}  # fmt: skip


@cache
def bad() -> dict[str, tuple[dict[str, Any], str]]:
    """Every bad path that our rules can ask about, and the code under which it is refused."""
    cases = [case for case in shared_vectors("pkits") if case["expected"] == "reject" and case["id"] not in NOT_ASKED]
    return {case["id"]: (case, judge(case)) for case in cases}


def test_a_bad_path_is_refused_under_a_code_of_certificates() -> None:
    assert len(bad()) == 134
    assert {code for _, code in bad().values()} <= REFUSED


def test_a_revoked_certificate_is_known_as_revoked() -> None:
    told = {name: code for name, (case, code) in bad().items() if "was revoked at" in case["reason"]}

    assert len(told) > 15
    assert list(told.values()).count("issuer.certificate_revoked") >= 7
