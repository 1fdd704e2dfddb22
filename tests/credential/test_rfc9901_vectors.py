"""The signed examples of RFC 9901 with derived negatives: each is refused for its own fault and no other."""

from typing import Any

import pytest

from tests.judges.court import ACCEPTED
from tests.judges.sd_jwts import judge
from tests.vectors import shared_vectors

CODES = {
    "sig": "jose.signature_invalid",
    "foreign": "sd_jwt.disclosure_unreferenced",
    "twice": "sd_jwt.digest_duplicate",
    "nonce": "holder.nonce_mismatch",
    "aud": "holder.audience_mismatch",
    "nokb": "holder.binding_missing",
}


def cases() -> list[Any]:
    """Every case, or one that skips or fails by name where the vectors are absent."""
    try:
        return [pytest.param(case, id=case["id"]) for case in shared_vectors("rfc9901")]
    except pytest.skip.Exception:
        return []


@pytest.mark.parametrize("case", cases())
def test_each_example_is_judged_under_the_code_of_its_fault(case: dict[str, Any]) -> None:
    kind = case["id"].partition("#")[2]

    assert judge(case) == (CODES[kind] if kind else ACCEPTED)
