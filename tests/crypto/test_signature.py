"""Signatures that verified are remembered, and nothing but the very same question is answered from memory."""

from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from idbridge.codec import base64url
from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified, sign_compact
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signature import VerifiedSignatures, verify
from idbridge.crypto.signer import generate
from idbridge.errors import JoseError
from idbridge.limits import LIMITS
from idbridge.model.credential import UnverifiedJws

RULES = HeaderRules(types=frozenset({""}))
ES256 = frozenset({"ES256"})
RSA = rsa.generate_private_key(65537, 2048)
SIGNER, OTHER = generate("ES256", "one"), generate("ES256", "other")
KEY, ANOTHER_KEY = parse_jwk(SIGNER.public_jwk), parse_jwk(OTHER.public_jwk)


class Counting(NamedTuple):
    """A key that counts how often it is asked."""

    key: Any
    asked: list[str]

    @property
    def thumbprint(self) -> str:
        """The thumbprint of the key."""
        return str(self.key.thumbprint)

    @property
    def algorithms(self) -> frozenset[str]:
        """The algorithms of the key."""
        return frozenset(self.key.algorithms)

    def verify(self, algorithm: str, *, signature: bytes, signed: bytes) -> None:
        """Note it, and verify."""
        self.asked.append(algorithm)
        self.key.verify(algorithm, signature=signature, signed=signed)


def message(payload: bytes = b'{"iss":"x"}') -> UnverifiedJws:
    return parse_unverified(sign_compact({}, payload, SIGNER), RULES, HeaderCache(1))


def code(unverified: UnverifiedJws, key: Any, known: VerifiedSignatures, algorithms: frozenset[str] = ES256) -> str:
    try:
        verify(unverified, claims={}, key=key, algorithms=algorithms, known=known)
    except JoseError as refused:
        return refused.code
    return ""


def test_a_signature_that_verified_is_not_good_for_another_key_message_signature_or_algorithm() -> None:
    known, good = VerifiedSignatures(), message()
    assert code(good, KEY, known) == ""

    assert code(good, ANOTHER_KEY, known) == "jose.signature_invalid"
    assert code(good._replace(signed=good.signed + b"x"), KEY, known) == "jose.signature_invalid"
    assert code(good._replace(signature=bytes(64)), KEY, known) == "jose.signature_invalid"
    # An octet that moves from the one to the other is another signature over another message.
    moved = good._replace(signature=good.signature + good.signed[:1], signed=good.signed[1:])
    assert code(moved, KEY, known) == "jose.signature_invalid"
    assert code(good, KEY, known, frozenset({"ES384"})) == "jose.alg_not_allowed"


def test_a_signature_that_verified_is_not_good_for_the_same_key_listed_for_another_algorithm() -> None:
    wide = RSA.public_key().public_numbers()
    jwk = {"kty": "RSA", "n": base64url.encode(wide.n.to_bytes(256)), "e": base64url.encode(wide.e.to_bytes(3))}
    both, known = frozenset({"RS256", "PS256"}), VerifiedSignatures()
    signed = ".".join(base64url.encode(part) for part in (b'{"alg":"RS256"}', b"{}"))
    made = RSA.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    good = parse_unverified(f"{signed}.{base64url.encode(made)}", RULES, HeaderCache(1))

    for memory in (VerifiedSignatures(), known):
        assert code(good, parse_jwk(jwk), known, both) == ""
        assert code(good, parse_jwk({**jwk, "alg": "PS256"}), memory, both) == "jose.alg_key_mismatch"
    assert code(good, parse_jwk({**jwk, "alg": "RS256"}), known, both) == ""


def test_a_refusal_is_not_remembered() -> None:
    known = VerifiedSignatures()
    bad = message()._replace(signature=bytes(64))

    assert [code(bad, KEY, known) for _ in range(2)] == ["jose.signature_invalid"] * 2
    assert len(known) == 0


def test_the_same_signature_is_verified_once_and_every_other_one_anew() -> None:
    known, key = VerifiedSignatures(), Counting(KEY, [])
    good = message()

    for unverified in (good, good, message(b'{"iss":"y"}'), good):
        assert code(unverified, key, known) == ""

    assert len(key.asked) == len(known) == 2


def test_claims_come_from_the_caller_and_never_from_memory() -> None:
    known, good = VerifiedSignatures(), message()
    verify(good, claims={"a": 1}, key=KEY, algorithms=ES256, known=known)

    assert verify(good, claims={"b": 2}, key=KEY, algorithms=ES256, known=known).claims == {"b": 2}


def test_memory_is_bounded_and_begins_anew_when_it_is_full() -> None:
    known = VerifiedSignatures()
    for number in range(LIMITS.signature_cache_entries):
        known.keep(number.to_bytes(32))
    assert len(known) == LIMITS.signature_cache_entries

    known.keep(b"one more")

    assert len(known) == 1
    assert known.holds(b"one more")


@pytest.mark.parametrize("known", [None, VerifiedSignatures()])
def test_with_and_without_memory_the_outcome_is_the_same(known: VerifiedSignatures | None) -> None:
    good = message()

    assert verify(good, claims={}, key=KEY, algorithms=ES256, known=known).key is KEY
    with pytest.raises(JoseError) as caught:
        verify(good._replace(signature=bytes(64)), claims={}, key=KEY, algorithms=ES256, known=known)
    assert caught.value.code == "jose.signature_invalid"
