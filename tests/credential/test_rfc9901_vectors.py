"""The signed examples of RFC 9901 with derived negatives, judged at the layer of the RFC: no list, no type, no expiry.

Issuer signature, disclosures and key binding are judged by the same functions as everywhere; the `typ` of the examples
and the instant of the key binding are given, because the RFC leaves both to the profile.
"""

from dataclasses import replace
from typing import Any

import pytest

from idbridge.codec import strict_json
from idbridge.credential import sd_jwt
from idbridge.credential.key_binding import Bound, judge_key_binding, parse_unverified_key_binding
from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified, verify
from idbridge.crypto.keys import parse_jwk
from idbridge.errors import Refusal
from idbridge.limits import LIMITS
from idbridge.model.check import Refused
from idbridge.model.region import Format
from idbridge.model.trust import HolderBindingRule
from tests.credential.kit import RELYING_PARTY, request, service
from tests.vectors import shared_vectors

RULES = HeaderRules(types=frozenset({"example+sd-jwt", "dc+sd-jwt"}))
MADE_AT = 1_748_454_271  # `iat` of the key bindings in the RFC
CODES = {
    "sig": "jose.signature_invalid",
    "foreign": "sd_jwt.disclosure_unreferenced",
    "twice": "sd_jwt.digest_duplicate",
    "nonce": "holder.nonce_mismatch",
    "aud": "holder.audience_mismatch",
    "nokb": "holder.binding_missing",
}


def judge(case: dict[str, Any]) -> None:
    """Return if the case is good.

    Raises:
        Refusal, Refused: It is not.
    """
    context = case["context"]
    parts = sd_jwt.split(case["input"])
    jws = parse_unverified(parts.issuer_jwt, RULES, HeaderCache(1))
    key = parse_jwk(context["issuer_jwk"])
    payload = strict_json.parse_object(jws.payload, max_bytes=LIMITS.token_bytes)
    signed = verify(jws, claims=payload, key=key, algorithms=frozenset({"ES256"}))
    processed = sd_jwt.process(signed.claims, parts.disclosures)
    if "nonce" not in context:
        return
    party = replace(RELYING_PARTY, audiences=frozenset({context["aud"]}))
    asked = replace(request(context["nonce"]), relying_party=party)
    listed = service(Format.SD_JWT_VC, binding=HolderBindingRule.REQUIRED)
    bound = Bound(processed.claims, processed.algorithm, parts.bound, key, listed, asked, float(MADE_AT))
    opened = parse_unverified_key_binding(parts.key_binding, HeaderCache(1))
    checks = judge_key_binding(parts.key_binding, opened, bound).checks
    if any(check.reason is not None for check in checks):
        raise Refused(*checks)


def cases() -> list[Any]:
    """Every case, or one that skips or fails by name where the vectors are absent."""
    try:
        return [pytest.param(case, id=case["id"]) for case in shared_vectors("rfc9901")]
    except pytest.skip.Exception:
        return []


@pytest.mark.parametrize("case", cases())
def test_each_example_is_judged_as_published(case: dict[str, Any]) -> None:
    kind = case["id"].partition("#")[2]
    code = None
    try:
        judge(case)
    except (Refusal, Refused) as refusal:
        code = refusal.code

    assert (code is None) == (case["expected"] == "accept")
    assert code == (CODES[kind] if kind else None)


def test_all_cases_were_there() -> None:
    kinds = [case["expected"] for case in shared_vectors("rfc9901")]

    assert kinds.count("accept") == 7
    assert kinds.count("reject") == 27
