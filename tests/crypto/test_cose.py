"""COSE_Sign1 is refused unless its headers, algorithm and signature are exactly what they have to be."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import base64url, cbor
from idbridge.codec.cbor import Tagged
from idbridge.crypto import cose
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import IdBridgeError
from idbridge.limits import LIMITS
from tests.vectors import shared_vectors

SIGNER = generate("ES256")
KEY = parse_jwk(SIGNER.public_jwk)
ES256 = frozenset({"ES256"})
EVERY = frozenset(cose.ALGORITHMS.values())
PAYLOAD = b"what is signed"
NUMBERS = {"ES256": -7, "ES384": -35, "ES512": -36, "Ed25519": -8, "PS256": -37, "RS256": -257}
# Examples that our closed table refuses on purpose, with the reason.
COSE_REFUSED = {
    "cose-wg/ecdsa-examples/ecdsa-sig-04.json": "jose.alg_key_mismatch",  # ES512 with a key on P-256
    "cose-wg/eddsa-examples/eddsa-sig-02.json": "jose.alg_key_mismatch",  # Ed448 is not in the closed table
    "cose-wg/sign1-tests/sign-pass-01.json": "jose.alg_not_allowed",  # the algorithm is not protected
    "cose-wg/sign1-tests/sign-pass-02.json": "jose.signature_invalid",  # external data, which has no place here
}


def spell(
    protected: Any,
    unprotected: Any = None,
    payload: Any = PAYLOAD,
    *,
    signer: FileSigner = SIGNER,
    tag: int | None = 18,
) -> bytes:
    header = protected if isinstance(protected, bytes) else cbor.encode(protected)
    signed = cose.signature_octets(protected=header, payload=payload if isinstance(payload, bytes) else b"")
    parts = [header, {} if unprotected is None else unprotected, payload, signer.sign(signed)]
    return cbor.encode(parts if tag is None else Tagged(tag, parts))


def opened(octets: bytes, *, key: JwkPublicKey = KEY, algorithms: frozenset[str] = ES256) -> bytes:
    return cose.verify(cose.parse_unverified(octets), key=key, algorithms=algorithms)


def refusal(octets: bytes, **how: Any) -> str:
    with pytest.raises(IdBridgeError) as caught:
        opened(octets, **how)
    return caught.value.code


@pytest.mark.parametrize(
    ("protected", "unprotected", "code"),
    [
        (b"", {}, "jose.alg_not_allowed"),
        ({}, {}, "jose.alg_not_allowed"),
        ({}, {1: -7}, "jose.alg_not_allowed"),  # an algorithm that anybody can change
        ({1: 5}, {}, "jose.alg_not_allowed"),  # HMAC 256/256
        ({1: -16}, {}, "jose.alg_not_allowed"),
        ({1: -47}, {}, "jose.alg_not_allowed"),  # ES256K
        ({1: -65535}, {}, "jose.alg_not_allowed"),  # RS1
        ({1: "ES256"}, {}, "jose.alg_not_allowed"),
        ({1: None}, {}, "jose.alg_not_allowed"),
        ({1: [-7]}, {}, "jose.alg_not_allowed"),
        ({1: -7, 2: [1]}, {}, "jose.crit_unsupported"),
        ({1: -7, 2: []}, {}, "jose.crit_unsupported"),
        ({1: -7}, {2: [1]}, "jose.crit_unsupported"),
        ({1: -7, 35: "https://keys.example"}, {}, "jose.header_forbidden"),
        ({1: -7}, {35: "https://keys.example"}, "jose.header_forbidden"),
        ({1: -7, 4: b"a"}, {4: b"a"}, "input.malformed"),
        ({1: -7}, {1: -35}, "input.malformed"),
        ({1: -7, 4: "a"}, {}, "input.malformed"),
        ({1: -7, 4: b""}, {}, "input.malformed"),
        ({1: -7, 4: None}, {}, "input.malformed"),
        ({1: -7, 4: b"a" * (LIMITS.identifier_characters + 1)}, {}, "input.malformed"),
        ({1: -7}, {33: "text"}, "input.malformed"),
        ({1: -7}, {33: []}, "input.malformed"),
        ({1: -7}, {33: [b"a", "b"]}, "input.malformed"),
        ({1: -7}, {33: {}}, "input.malformed"),
        ({1: -7}, {33: None}, "input.malformed"),
        ({1: -7}, {33: 7}, "input.malformed"),
        ({1: -7}, {33: [b"a"] * (LIMITS.path_candidates + 1)}, "input.too_large"),
        ([1, -7], {}, "input.malformed"),
        (bytes.fromhex("a201260126"), {}, "input.malformed"),
        (bytes.fromhex("bf0126ff"), {}, "input.malformed"),
        (bytes.fromhex("a1013806") + b"\x00", {}, "input.malformed"),
        ({1: -7, 4: b"a" * LIMITS.protected_header_bytes}, {}, "input.too_large"),
    ],
)
def test_a_header_that_breaks_a_rule_is_refused_before_any_key_is_asked(
    protected: Any, unprotected: Any, code: str
) -> None:
    with pytest.raises(IdBridgeError) as caught:
        cose.parse_unverified(spell(protected, unprotected))

    assert caught.value.code == code


def test_as_many_certificates_and_as_long_a_key_id_as_are_allowed_are_read() -> None:
    kid, chain = b"k" * LIMITS.identifier_characters, [b"der"] * LIMITS.path_candidates

    read = cose.parse_unverified(spell({1: -7, 4: kid}, {33: chain}))

    assert (read.header.kid, read.header.certificates) == (cose.kid_text(kid), tuple(chain))


@pytest.mark.parametrize(
    "octets",
    [
        cbor.encode([]),
        cbor.encode([b"", {}, b""]),
        cbor.encode([b"", {}, b"", b"", b""]),
        cbor.encode([{}, {}, b"", b""]),
        cbor.encode([b"", [], b"", b""]),
        cbor.encode([b"", {}, "text", b""]),
        cbor.encode([b"", {}, b"", None]),
        cbor.encode({1: -7}),
        cbor.encode(Tagged(18, Tagged(18, [b"", {}, b"", b""]))),
        spell({1: -7}, tag=98),  # COSE_Sign
        spell({1: -7}, tag=17),  # COSE_Mac0
        spell({1: -7}, tag=61),
        spell({1: -7}) + b"\x00",
        b"",
    ],
    ids=map(str, itertools.count()),
)
def test_what_is_no_message_with_one_signature_is_refused(octets: bytes) -> None:
    assert refusal(octets) == "input.malformed"


def test_a_message_past_the_bound_is_refused() -> None:
    assert refusal(spell({1: -7}, payload=b"x" * LIMITS.token_bytes)) == "input.too_large"


def test_a_payload_is_inside_or_beside_the_message_and_never_both_or_neither() -> None:
    with pytest.raises(IdBridgeError) as neither:
        cose.parse_unverified(spell({1: -7}, payload=None))
    with pytest.raises(IdBridgeError) as both:
        cose.parse_unverified(spell({1: -7}), detached=PAYLOAD)

    assert (neither.value.code, both.value.code) == ("input.malformed", "input.malformed")


def test_a_payload_beside_the_message_is_what_is_verified() -> None:
    protected, _, _, signature = cbor.decode(spell({1: -7}, tag=None), max_bytes=1000)
    octets = cbor.encode([protected, {}, None, signature])

    assert cose.verify(cose.parse_unverified(octets, detached=PAYLOAD), key=KEY, algorithms=ES256) == PAYLOAD
    with pytest.raises(IdBridgeError) as caught:
        cose.verify(cose.parse_unverified(octets, detached=PAYLOAD + b"!"), key=KEY, algorithms=ES256)
    assert caught.value.code == "jose.signature_invalid"


def test_a_key_of_another_algorithm_or_owner_is_refused() -> None:
    other = parse_jwk(generate("ES384").public_jwk)

    assert refusal(spell({1: -7}), key=other) == "jose.alg_key_mismatch"
    assert refusal(spell({1: -35}), algorithms=frozenset({"ES384"})) == "jose.alg_key_mismatch"
    assert refusal(spell({1: -35})) == "jose.alg_not_allowed"
    assert refusal(spell({1: -7}), key=parse_jwk(generate("ES256").public_jwk)) == "jose.signature_invalid"
    assert refusal(spell({1: -7}), algorithms=frozenset()) == "jose.alg_not_allowed"


@given(st.data())
def test_no_changed_octet_of_a_signed_message_is_accepted(data: st.DataObject) -> None:
    octets = bytearray(spell({1: -7, 4: b"kid"}))
    place = data.draw(st.integers(min_value=0, max_value=len(octets) - 1))
    octets[place] ^= data.draw(st.integers(min_value=1, max_value=255))

    with pytest.raises(IdBridgeError):
        opened(bytes(octets))


@pytest.mark.parametrize(("algorithm", "number"), NUMBERS.items())
def test_every_algorithm_of_the_closed_table_verifies(algorithm: str, number: int) -> None:
    signer = generate(algorithm)
    key = parse_jwk(signer.public_jwk)

    assert opened(spell({1: number}, signer=signer), key=key, algorithms=key.algorithms) == PAYLOAD
    assert opened(spell({1: number}, signer=signer, tag=None), key=key, algorithms=key.algorithms) == PAYLOAD


def test_key_id_and_certificates_are_read_from_either_bucket() -> None:
    inside = cose.parse_unverified(spell({1: -7, 4: b"kid", 33: b"der"}))
    beside = cose.parse_unverified(spell({1: -7}, {4: b"kid", 33: [b"der", b"ca"]}))

    assert (inside.header.kid, inside.header.certificates) == ("kid", (b"der",))
    assert (beside.header.kid, beside.header.certificates) == ("kid", (b"der", b"ca"))


def public(key: dict[str, str]) -> JwkPublicKey:
    """The public key of an example, whose coordinates come in base64url or in hexadecimal."""
    jwk = {name: key[name] for name in ("kty", "crv", "x", "y") if name in key}
    for name in ("x", "y"):
        if f"{name}_hex" in key:
            jwk[name] = base64url.encode(bytes.fromhex(key[f"{name}_hex"]))
    return parse_jwk(jwk)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in shared_vectors("cose")])
def test_the_examples_of_the_working_group_get_their_verdict(case: dict[str, Any]) -> None:
    try:
        opened(bytes.fromhex(case["input"]), key=public(case["context"]["key"]), algorithms=EVERY)
        code = ""
    except IdBridgeError as refused:
        code = refused.code

    if case["expected"] == "accept":
        assert code == COSE_REFUSED.get(case["id"], "")
    else:
        assert code
