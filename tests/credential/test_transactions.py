"""Transactions: what was asked for is authorised, by its very text, and nothing else is."""

import hashlib
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.credential.transactions import judge_transactions
from idbridge.model.check import CheckPoint, Result, Step
from idbridge.model.query import Transaction

POINT = CheckPoint("kb.11", Step.V5, "OpenID4VP 1.0 section 8.4")
PAY = Transaction("eyJ0eXBlIjoicGF5In0", "pay", frozenset({"pid"}))
SIGN = Transaction("eyJ0eXBlIjoic2lnbiJ9", "sign", frozenset({"pid"}))
EITHER = Transaction("eyJ0eXBlIjoiZWl0aGVyIn0", "either", frozenset({"pid", "mdl"}))
CHOICE = Transaction("eyJ0eXBlIjoiY2hvaWNlIn0", "choice", frozenset({"pid"}), frozenset({"sha-256", "sha-512"}))


def digest(one: Transaction, algorithm: str = "sha256") -> str:
    return base64url.encode(hashlib.new(algorithm, one.text.encode()).digest())


def hashed(*digests: Any, **members: Any) -> dict[str, Any]:
    return {"transaction_data_hashes": list(digests), **members}


def named(one: Transaction, algorithm: Any, hash_of: str = "sha256") -> dict[str, Any]:
    return hashed(digest(one, hash_of), transaction_data_hashes_alg=algorithm)


@pytest.mark.parametrize(
    ("claims", "asked"),
    [
        (hashed(digest(PAY)), ()),
        ({"transaction_data_hashes_alg": "sha-256"}, ()),
        ({}, (PAY,)),
        (hashed(), (PAY,)),
        (hashed(digest(SIGN)), (PAY,)),
        (hashed(digest(PAY)), (PAY, SIGN)),
        (hashed(digest(PAY), digest(PAY)), (PAY, SIGN)),
        (hashed(digest(PAY), digest(SIGN)), (PAY,)),
        (hashed(digest(EITHER)), (EITHER, PAY)),
        (hashed(digest(PAY, "sha512")), (PAY,)),
        (hashed(7), (PAY,)),
        (hashed({}), (PAY,)),
        ({"transaction_data_hashes": digest(PAY)}, (PAY,)),
        ({"transaction_data_hashes_alg": "sha-256"}, (PAY,)),
        (named(PAY, "sha-512", "sha512"), (PAY,)),
        (named(PAY, "md5", "md5"), (PAY,)),
        (named(PAY, ["sha-256"]), (PAY,)),
        (hashed(digest(CHOICE)), (CHOICE,)),
        (named(CHOICE, "sha-384", "sha384"), (CHOICE,)),
    ],
)
def test_what_was_not_asked_for_or_is_not_whole_is_refused(
    claims: dict[str, Any], asked: tuple[Transaction, ...]
) -> None:
    check, authorised = judge_transactions(POINT, claims, asked=asked)

    assert check.reason is not None
    assert check.reason.code == "holder.transaction_mismatch"
    assert not authorised


@pytest.mark.parametrize("asked", [(), (EITHER,)])
def test_nothing_is_authorised_where_nothing_has_to_be(asked: tuple[Transaction, ...]) -> None:
    check, authorised = judge_transactions(POINT, {}, asked=asked)

    assert check.result is Result.SKIPPED
    assert not authorised


@pytest.mark.parametrize(
    ("claims", "asked", "texts"),
    [
        (hashed(digest(PAY)), (PAY,), {PAY.text}),
        (named(PAY, "sha-256"), (PAY,), {PAY.text}),
        (hashed(digest(SIGN), digest(PAY)), (PAY, SIGN), {PAY.text, SIGN.text}),
        (hashed(digest(PAY)), (PAY, EITHER), {PAY.text}),
        (hashed(digest(EITHER)), (EITHER,), {EITHER.text}),
        (named(CHOICE, "sha-512", "sha512"), (CHOICE,), {CHOICE.text}),
    ],
)
def test_what_was_asked_for_is_authorised(
    claims: dict[str, Any], asked: tuple[Transaction, ...], texts: set[str]
) -> None:
    check, authorised = judge_transactions(POINT, claims, asked=asked)

    assert check is POINT.passed
    assert authorised == texts
