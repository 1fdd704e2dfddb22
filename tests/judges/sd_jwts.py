"""The signed examples of RFC 9901, at the layer of the RFC: no list, no type, no expiry.

Issuer signature, disclosures and key binding are judged by the same functions as everywhere; the ``typ`` of the
examples and the instant of the key binding are given, because the RFC leaves both to the profile.
"""

from dataclasses import replace

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
from tests.judges.court import ACCEPTED, Case, Court

RULES = HeaderRules(types=frozenset({"example+sd-jwt", "dc+sd-jwt"}))
MADE_AT = 1_748_454_271  # `iat` of the key bindings in the RFC


def judge(case: Case) -> str:
    """Signature, disclosures and, where the case names a nonce, the key binding."""
    try:
        _verified(case)
    except (Refusal, Refused) as refusal:
        return refusal.code
    return ACCEPTED


def _verified(case: Case) -> None:
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


RFC9901 = Court("rfc9901", {"sdjwt": judge, "sdjwt+kb": judge})
