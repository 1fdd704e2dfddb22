"""Public JWS vectors, judged at the signature layer: no false accept, and every refusal of a good one said in advance.

What our closed table refuses by design stands in the two ``*_expected_refusals.json``, by id and with the reason.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified, verify
from idbridge.crypto.keys import JwkPublicKey, jwk_of, parse_jwk
from idbridge.errors import IdBridgeError
from tests.vectors import shared_vectors

RULES = HeaderRules(types=frozenset({"", "jwt"}))
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})
# The README of the vectors says that these are disputed.
DISPUTED = frozenset({"346", "347", "350", "351", "372", "373"})
OUT_OF_TABLE = frozenset({"jose.alg_not_allowed", "jose.alg_key_mismatch", "jose.crit_unsupported"})
VERDICTS = OUT_OF_TABLE | {"jose.signature_invalid", "jose.header_forbidden", "jose.alg_none", "input.malformed"}


def expected_refusals(name: str) -> dict[str, str]:
    path = Path(__file__).with_name(f"{name}_expected_refusals.json")
    refusals: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return refusals


def disputed(case: dict[str, Any]) -> bool:
    _, file, _, number = case["id"].split("/")
    return file == "json_web_signature" and number in DISPUTED


def public_keys(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The keys of a case, one or a set, without the private members that the collection adds to them."""
    key = case["context"]["key"]
    for one in key if isinstance(key, list) else key.get("keys", [key]):
        yield {name: value for name, value in one.items() if name not in PRIVATE}


def verdict(compact: str, jwk: dict[str, Any]) -> str | None:
    """Why one key refuses ``compact``; ``None`` if it verifies."""
    try:
        key = parse_jwk(jwk)
        unverified = parse_unverified(compact, RULES, HeaderCache(4))
        verify(unverified, claims={}, key=key, algorithms=key.algorithms)
    except IdBridgeError as refused:
        return refused.code
    return None


def verdicts(case: dict[str, Any], compact: str) -> set[str | None]:
    return {verdict(compact, jwk) for jwk in public_keys(case)} or {"jose.alg_key_mismatch"}


def signatures(case: dict[str, Any]) -> list[str]:
    """Each signature of a cookbook case as the compact JWS that it would be; a member that it lacks stays empty."""
    given = case["input"]
    if isinstance(given, str):
        return [given]
    return [
        f"{one.get('protected', '')}.{given.get('payload', '')}.{one['signature']}"
        for one in given.get("signatures", [given])
    ]


def signature_key(case: dict[str, Any]) -> JwkPublicKey:
    return parse_jwk(jwk_of(load_der_public_key(bytes.fromhex(case["context"]["key_der_hex"]))))


def signature_verdict(case: dict[str, Any]) -> str | None:
    context = case["context"]
    try:
        signature_key(case).verify(
            context["alg"], signature=bytes.fromhex(case["input"]), signed=bytes.fromhex(context["msg_hex"])
        )
    except IdBridgeError as refused:
        return refused.code
    return None


@cache
def jose_cases() -> list[dict[str, Any]]:
    return [case for case in shared_vectors("wycheproof_jose") if case["kind"] == "jws" and not disputed(case)]


@cache
def signature_cases() -> list[dict[str, Any]]:
    return [case for case in shared_vectors("wycheproof_sig") if case["kind"] != "sig:ML-DSA-44"]


@cache
def cookbook_cases() -> list[dict[str, Any]]:
    return [case for case in shared_vectors("cookbook") if case["kind"].startswith("jws")]


def test_no_bad_jws_is_accepted_and_each_refusal_has_a_code_of_its_own() -> None:
    bad = [case for case in jose_cases() if case["expected"] == "reject"]
    accepted = {case["id"] for case in bad if None in verdicts(case, case["input"])}
    codes = {code for case in bad for code in verdicts(case, case["input"])}

    assert len(bad) > 350
    assert not accepted
    assert codes <= VERDICTS


def test_a_good_jws_is_refused_only_where_that_was_said_in_advance() -> None:
    good = {case["id"]: verdicts(case, case["input"]) for case in jose_cases() if case["expected"] == "accept"}
    refused = {name: codes for name, codes in good.items() if None not in codes}
    said = {name for name in expected_refusals("wycheproof") if name.startswith("wycheproof/json_")}

    assert refused.keys() == said
    assert set().union(*refused.values()) <= OUT_OF_TABLE
    assert len(good) > len(refused)


def test_no_bad_signature_is_accepted() -> None:
    bad = [case for case in signature_cases() if case["expected"] == "reject"]
    accepted = {case["id"] for case in bad if signature_verdict(case) is None}

    assert len(bad) > 400
    assert not accepted


def test_a_good_signature_is_refused_only_where_that_was_said_in_advance() -> None:
    good = {case["id"]: signature_verdict(case) for case in signature_cases() if case["expected"] == "accept"}
    refused = {name: code for name, code in good.items() if code is not None}
    said = {name for name in expected_refusals("wycheproof") if not name.startswith("wycheproof/json_")}

    assert refused.keys() == said
    assert set(refused.values()) <= OUT_OF_TABLE
    assert len(good) > 300


def test_a_key_is_the_same_from_der_and_from_jwk() -> None:
    both = [case for case in signature_cases() if case["context"]["key_jwk"]]

    assert len(both) > 300
    for case in both:
        assert parse_jwk(case["context"]["key_jwk"]).thumbprint == signature_key(case).thumbprint


def test_the_cookbook_s_jws_verify_unless_the_table_refuses_them_by_design() -> None:
    outcome = {case["id"]: [verdicts(case, compact) for compact in signatures(case)] for case in cookbook_cases()}
    refused = {name for name, each in outcome.items() if not all(None in codes for codes in each)}

    assert refused == expected_refusals("cookbook").keys()
    assert len(outcome) - len(refused) == 9


@pytest.mark.parametrize("name", ["wycheproof", "cookbook"])
def test_every_expected_refusal_says_why(name: str) -> None:
    assert all(len(reason.split()) >= 3 for reason in expected_refusals(name).values())
