"""JWS and bare signatures at the signature layer, JWE at that of decryption: headers accounted for, keys parsed."""

from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.serialization import load_der_public_key

from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified, verify
from idbridge.crypto.keys import JwkPublicKey, jwk_of, parse_jwk
from idbridge.errors import IdBridgeError
from tests.judges.court import ACCEPTED, Case, Court, named
from tests.judges.jwe import OTHER, judge_jwe

RULES = HeaderRules(types=frozenset({"", "jwt"}))
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})
# The README of the vectors says that these are disputed.
DISPUTED = dict.fromkeys(
    ("wycheproof/json_web_signature/10/346", "wycheproof/json_web_signature/14/350"), "disputed by its publishers"
)


def public_keys(case: Case) -> Iterator[dict[str, Any]]:
    """The keys of a case, one or a set, without the private members that the collection adds to them."""
    key = case["context"]["key"]
    for one in key if isinstance(key, list) else key.get("keys", [key]):
        yield {name: value for name, value in one.items() if name not in PRIVATE}


def verdict(compact: str, jwk: dict[str, Any]) -> str:
    """Why one key refuses ``compact``; the empty text if it verifies."""
    try:
        key = parse_jwk(jwk)
        unverified = parse_unverified(compact, RULES, HeaderCache(4))
        verify(unverified, claims={}, key=key, algorithms=key.algorithms)
    except IdBridgeError as refused:
        return refused.code
    return ACCEPTED


def verdicts(case: Case, compact: str) -> set[str]:
    """What each key of a case says of one compact JWS."""
    return {verdict(compact, jwk) for jwk in public_keys(case)} or {"jose.alg_key_mismatch"}


def signatures(case: Case) -> list[str]:
    """Each signature of a case as the compact JWS that it would be; a member that it lacks stays empty."""
    given = case["input"]
    if isinstance(given, str):
        return [given]
    return [
        f"{one.get('protected', '')}.{given.get('payload', '')}.{one['signature']}"
        for one in given.get("signatures", [given])
    ]


def judge_jws(case: Case) -> str:
    """Every signature of it has to verify with one of its keys."""
    for compact in signatures(case):
        codes = verdicts(case, compact)
        if ACCEPTED not in codes:
            return min(codes)
    return ACCEPTED


def signature_key(case: Case) -> JwkPublicKey:
    """The key of a bare signature."""
    return parse_jwk(jwk_of(load_der_public_key(bytes.fromhex(case["context"]["key_der_hex"]))))


def judge_signature(case: Case) -> str:
    """The signature has to verify with the key and the algorithm of the case."""
    context = case["context"]
    try:
        signature_key(case).verify(
            context["alg"], signature=bytes.fromhex(case["input"]), signed=bytes.fromhex(context["msg_hex"])
        )
    except IdBridgeError as refused:
        return refused.code
    return ACCEPTED


_REFUSED = named("wycheproof")
WYCHEPROOF_JOSE = Court(
    "wycheproof_jose",
    {"jws": judge_jws, "jwe": judge_jwe},
    refused={name: why for name, why in _REFUSED.items() if name.startswith("wycheproof/json_")},
    unscored=DISPUTED,
)
WYCHEPROOF_SIG = Court(
    "wycheproof_sig",
    dict.fromkeys(("sig:ES256", "sig:Ed25519", "sig:RS256", "sig:PS256"), judge_signature),
    aside={"sig:ML-DSA-44": "the algorithm is not in the closed table"},
    refused={name: why for name, why in _REFUSED.items() if not name.startswith("wycheproof/json_")},
)
COOKBOOK = Court(
    "cookbook",
    {**dict.fromkeys(("jws:compact", "jws:json", "jws:json_flat"), judge_jws), "jwe:compact": judge_jwe},
    aside=dict.fromkeys(("jwe:json", "jwe:json_flat"), OTHER),
    refused=named("cookbook"),
)
