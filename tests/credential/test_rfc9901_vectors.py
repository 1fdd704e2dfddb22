"""The signed examples of RFC 9901 with derived negatives: each is refused for its own fault and no other."""

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


def test_each_example_is_judged_under_the_code_of_its_fault() -> None:
    cases = shared_vectors("rfc9901")  # says clearly if they are absent
    due = {case["id"]: CODES[kind] if (kind := case["id"].partition("#")[2]) else ACCEPTED for case in cases}

    assert len(due) == 34
    assert {case["id"]: judge(case) for case in cases} == due
