"""Holders' keys are remembered once they were read; that changes no answer, and keeps nothing that was not checked."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.crypto import keys
from idbridge.crypto.keys import JwkPublicKey, parse_holder_jwk, parse_jwk
from idbridge.crypto.signer import generate
from idbridge.errors import JoseError
from idbridge.limits import LIMITS

ALLOWED: Final = frozenset({"ES256", "Ed25519"})
EC: Final[dict[str, Any]] = dict(generate("ES256", kid="ec").public_jwk)
OKP: Final[dict[str, Any]] = dict(generate("Ed25519", kid="okp").public_jwk)
RSA: Final[dict[str, Any]] = dict(generate("PS256", kid="rsa").public_jwk)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    keys._read_before.cache_clear()
    yield
    keys._read_before.cache_clear()


def kept() -> int:
    return keys._read_before.cache_info().currsize


def outcome(read: Any, jwk: dict[str, Any], allowed: frozenset[str]) -> JwkPublicKey | tuple[str, str]:
    try:
        key: JwkPublicKey = read(jwk, allowed=allowed)
    except JoseError as refusal:
        return refusal.code, refusal.detail
    return key


@pytest.mark.parametrize(
    "change",
    [
        {"d": "AQ"},
        {"use": "enc"},
        {"alg": "ES384"},
        {"alg": "none"},
        {"kty": "RSA"},
        {"kty": "oct", "k": "AQ"},
        {"kty": ["EC"]},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"x": "AA"},
        {"x": EC["x"] + "="},
        {"x": 1},
        {"kid": ""},
        {"kid": "k" * (LIMITS.identifier_characters + 1)},
        {"kid": True},
        {"key_ops": ["sign"]},
    ],
)
def test_a_key_that_is_refused_is_refused_again_and_never_remembered(change: dict[str, Any]) -> None:
    for _ in range(2):
        with pytest.raises(JoseError) as caught:
            parse_holder_jwk({**EC, **change}, allowed=ALLOWED)
        assert caught.value.code == "jose.alg_key_mismatch"
    assert kept() == 0


def test_a_key_is_not_remembered_for_algorithms_for_which_it_was_not_read() -> None:
    assert parse_holder_jwk(EC, allowed=ALLOWED).algorithms == {"ES256"}

    with pytest.raises(JoseError) as caught:
        parse_holder_jwk(EC, allowed=frozenset({"Ed25519"}))
    assert caught.value.code == "jose.alg_key_mismatch"


@pytest.mark.parametrize("jwk", [EC, OKP])
def test_the_same_key_is_read_once(jwk: dict[str, Any]) -> None:
    assert parse_holder_jwk(jwk, allowed=ALLOWED) is parse_holder_jwk(dict(jwk), allowed=ALLOWED)
    assert kept() == 1


@pytest.mark.parametrize("by", ["kid", "point"])
def test_another_key_is_another_key(by: str) -> None:
    first = parse_holder_jwk(EC, allowed=ALLOWED)
    other = {**EC, "kid": "another"} if by == "kid" else dict(generate("ES256", kid="ec").public_jwk)

    assert parse_holder_jwk(other, allowed=ALLOWED) != first


@pytest.mark.parametrize(
    "jwk",
    [
        {**EC, "unread": "x" * 10_000},
        {**OKP, "y": "x" * 10_000},
        {**EC, "key_ops": ["verify"]},
    ],
)
def test_a_key_with_a_member_that_nobody_checks_is_served_and_not_remembered(jwk: dict[str, Any]) -> None:
    assert parse_holder_jwk(jwk, allowed=ALLOWED) == parse_jwk(jwk, allowed=ALLOWED)
    assert kept() == 0


def test_more_keys_than_the_limit_are_never_kept() -> None:
    assert keys._read_before.cache_info().maxsize == LIMITS.holder_key_cache_entries
    for number in range(LIMITS.holder_key_cache_entries + 1):
        parse_holder_jwk({**EC, "kid": str(number)}, allowed=ALLOWED)

    assert kept() == LIMITS.holder_key_cache_entries


MEMBERS: Final = st.dictionaries(
    st.sampled_from(["alg", "crv", "kid", "kty", "use", "x", "y", "d", "key_ops", "else"]),
    st.sampled_from(["EC", "OKP", "P-256", "Ed25519", "ES256", "sig", "enc", "AA", "", 1, True, None, ["verify"]]),
    max_size=3,
)


@given(st.sampled_from([EC, OKP, RSA]), MEMBERS, st.sampled_from([ALLOWED, frozenset({"ES256"}), frozenset({"PS256"})]))
def test_what_is_remembered_never_shows_in_an_answer(
    jwk: dict[str, Any], members: dict[str, Any], allowed: frozenset[str]
) -> None:
    changed = {**jwk, **members}

    for _ in range(2):
        assert outcome(parse_holder_jwk, changed, allowed) == outcome(parse_jwk, changed, allowed)
