"""Public JWS vectors: the codes under which bad ones are refused, and keys that come in two spellings.

Whether each is judged as published, ``tests/judges`` says.
"""

from idbridge.crypto.keys import parse_jwk
from tests.judges.court import ACCEPTED
from tests.judges.jose import DISPUTED, judge_jws, signature_key
from tests.vectors import shared_vectors

OUT_OF_TABLE = frozenset({"jose.alg_not_allowed", "jose.alg_key_mismatch", "jose.crit_unsupported"})
VERDICTS = OUT_OF_TABLE | {"jose.signature_invalid", "jose.header_forbidden", "jose.alg_none", "input.malformed"}


def test_each_refusal_of_a_bad_jws_has_a_code_of_its_own_fault() -> None:
    cases = [case for case in shared_vectors("wycheproof_jose") if case["kind"] == "jws"]
    codes = {judge_jws(case) for case in cases if case["expected"] == "reject"}

    assert codes <= VERDICTS


def test_a_good_jws_is_refused_only_for_what_is_not_in_the_table() -> None:
    cases = [case for case in shared_vectors("wycheproof_jose") if case["kind"] == "jws" and case["id"] not in DISPUTED]
    codes = {judge_jws(case) for case in cases if case["expected"] == "accept"}

    assert codes <= OUT_OF_TABLE | {ACCEPTED}


def test_a_key_is_the_same_from_der_and_from_jwk() -> None:
    cases = [case for case in shared_vectors("wycheproof_sig") if case["kind"] != "sig:ML-DSA-44"]
    both = [case for case in cases if case["context"]["key_jwk"]]

    assert len(both) > 300
    for case in both:
        assert parse_jwk(case["context"]["key_jwk"]).thumbprint == signature_key(case).thumbprint
