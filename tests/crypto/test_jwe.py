"""Encrypted tokens: what is not of our closed tables, or not for our key, is refused, and never with detail."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey

from idbridge.codec import base64url
from idbridge.crypto.jwe import ALGORITHMS, CONTENT, EC_ALGORITHMS, DecryptionKey, decrypt, decryption_key, encrypt
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.limits import LIMITS
from tests.vectors import shared_vectors

TEXT = b"eyJhbGciOiJFUzI1NiJ9.e30.AA"
CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


@cache
def key(kind: str = "P-256", name: str = "node", *, encodings: frozenset[str] | None = None) -> DecryptionKey:
    return decryption_key(generate(CURVES.get(kind, "RS256")).private_key, kid=name, encodings=encodings)


def sealed(
    to: DecryptionKey | None = None,
    *,
    algorithm: str = "ECDH-ES+A256KW",
    encoding: str = "A256GCM",
    header: Mapping[str, Any] | None = None,
) -> str:
    return encrypt(TEXT, to=(to or key()).public_jwk, algorithm=algorithm, encoding=encoding, header=header)


def code(compact: str, *keys: DecryptionKey) -> str | None:
    try:
        decrypt(compact, keys or (key(),))
    except IdBridgeError as refused:
        return refused.code
    return None


def with_header(compact: str, **changes: Any) -> str:
    """The same JWE under another header, as whoever is in the middle would write it."""
    header, _, rest = compact.partition(".")
    members = json.loads(base64url.decode(header)) | changes
    return f"{base64url.encode(json.dumps({n: v for n, v in members.items() if v is not ...}).encode())}.{rest}"


def with_part(compact: str, number: int, octets: bytes) -> str:
    parts = compact.split(".")
    parts[number] = base64url.encode(octets)
    return ".".join(parts)


def flipped(compact: str, number: int) -> str:
    octets = bytearray(base64url.decode(compact.split(".")[number]))
    octets[-1] ^= 1
    return with_part(compact, number, bytes(octets))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"alg": "dir"}, "jose.alg_not_allowed"),
        ({"alg": "RSA1_5"}, "jose.alg_not_allowed"),
        ({"alg": "RSA-OAEP"}, "jose.alg_not_allowed"),
        ({"alg": "A256KW"}, "jose.alg_not_allowed"),
        ({"alg": "PBES2-HS512+A256KW", "p2s": "AA", "p2c": 10**9}, "jose.alg_not_allowed"),
        ({"alg": "none"}, "jose.alg_not_allowed"),
        ({"alg": ...}, "jose.alg_not_allowed"),
        ({"alg": ["ECDH-ES"]}, "jose.alg_not_allowed"),
        ({"enc": "A192GCM"}, "jose.alg_not_allowed"),
        ({"enc": ...}, "jose.alg_not_allowed"),
        ({"crit": ["exp"]}, "jose.crit_unsupported"),
        ({"crit": []}, "jose.crit_unsupported"),
        ({"zip": "DEF"}, "jose.header_forbidden"),
        ({"jku": "https://keys.example"}, "jose.header_forbidden"),
        ({"jwk": {"kty": "EC"}}, "jose.header_forbidden"),
        ({"x5u": "https://keys.example"}, "jose.header_forbidden"),
        ({"x5c": []}, "jose.header_forbidden"),
        ({"p2c": 10**9}, "jose.header_forbidden"),
        ({"kid": 7}, "input.malformed"),
        ({"kid": ""}, "input.malformed"),
        ({"cty": ["JWT"]}, "input.malformed"),
        ({"apu": "=="}, "input.malformed"),
        ({"epk": ...}, "jose.alg_key_mismatch"),
        ({"epk": "AA"}, "jose.alg_key_mismatch"),
        ({"epk": {"kty": "oct", "k": "AA"}}, "jose.alg_key_mismatch"),
        ({"epk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}, "jose.alg_key_mismatch"),
        ({"epk": {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}}, "jose.alg_key_mismatch"),
        ({"kid": "somebody-else"}, "jose.decryption_failed"),
        ({"alg": "ECDH-ES"}, "input.malformed"),
        ({"enc": "A128GCM"}, "input.malformed"),
        ({"harmless": True}, "jose.decryption_failed"),
    ],
)
def test_a_header_that_was_changed_is_refused(changes: dict[str, Any], expected: str) -> None:
    assert code(with_header(sealed(), **changes)) == expected


def test_an_ephemeral_private_key_is_refused() -> None:
    epk = json.loads(base64url.decode(sealed().split(".")[0]))["epk"]

    assert code(with_header(sealed(), epk={**epk, "d": "AA"})) == "jose.alg_key_mismatch"


def test_an_ephemeral_key_of_another_curve_never_meets_our_key() -> None:
    other = sealed(key("P-384"), header={"kid": "node"})

    assert code(other, key("P-256")) == "jose.decryption_failed"


def test_an_ephemeral_key_beside_rsa_is_refused() -> None:
    rsa = key("RSA")

    assert code(sealed(rsa, algorithm="RSA-OAEP-256", header={"epk": {"kty": "EC"}}), rsa) == "jose.header_forbidden"


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_flipped_bit_in_any_part_is_one_refusal_without_detail(number: int) -> None:
    with pytest.raises(IdBridgeError) as caught:
        decrypt(flipped(sealed(), number), (key(),))

    assert (caught.value.code, getattr(caught.value, "detail", "")) == ("jose.decryption_failed", "")
    assert caught.value.__context__ is None


@pytest.mark.parametrize("encoding", sorted(CONTENT))
@pytest.mark.parametrize("cut", [1, 4, 8])
def test_a_truncated_tag_is_refused_before_anything_is_opened(encoding: str, cut: int) -> None:
    compact = sealed(encoding=encoding)
    tag = base64url.decode(compact.split(".")[4])

    assert code(with_part(compact, 4, tag[:-cut])) == "input.malformed"
    assert code(with_part(compact, 4, b"")) == "input.malformed"
    assert code(with_part(compact, 2, b"")) == "input.malformed"
    assert code(with_part(compact, 3, b"")) == "input.malformed"
    assert code(with_part(compact, 1, b"")) == "input.malformed"


@pytest.mark.parametrize("text", ["", "a.b.c", "a.b.c.d.e.f", "....", "e30....", "e30.AA.AA.AA.AA", "=.=.=.=.="])
def test_what_is_no_jwe_is_refused(text: str) -> None:
    assert code(text) in {"input.malformed", "jose.alg_not_allowed"}


def test_a_header_member_twice_is_refused() -> None:
    _, _, rest = sealed().partition(".")
    twice = base64url.encode(b'{"alg":"ECDH-ES","enc":"A128GCM","alg":"dir"}')

    assert code(f"{twice}.{rest}") == "input.malformed"


def test_a_jwe_past_its_bound_is_refused_unread() -> None:
    long = encrypt(b"x" * LIMITS.encrypted_token_bytes, to=key().public_jwk, algorithm="ECDH-ES", encoding="A128GCM")

    assert code(long) == "input.too_large"


def test_without_keys_nothing_opens() -> None:
    with pytest.raises(IdBridgeError) as caught:
        decrypt(sealed(), ())

    assert caught.value.code == "jose.decryption_failed"


def test_a_key_is_used_for_its_own_content_encryption_alone() -> None:
    narrow = key(encodings=frozenset({"A256CBC-HS512"}))

    assert code(sealed(narrow, encoding="A256GCM"), narrow) == "jose.decryption_failed"
    assert code(sealed(narrow, encoding="A256CBC-HS512"), narrow) is None


def test_a_key_for_nothing_is_no_key() -> None:
    private = generate("ES256").private_key

    for unfit in ({"algorithms": frozenset({"RSA-OAEP-256"})}, {"encodings": frozenset({"A192GCM"})}):
        with pytest.raises(ConfigurationError):
            decryption_key(private, **unfit)
    with pytest.raises(ConfigurationError):
        decryption_key(generate("Ed25519").private_key)


def test_a_key_and_what_was_opened_are_not_told() -> None:
    assert "private" not in repr(key())
    assert "eyJ" not in repr(decrypt(sealed(), (key(),)))


@pytest.mark.parametrize("encoding", sorted(CONTENT))
@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "RSA"])
def test_what_is_encrypted_to_us_by_the_table_opens(kind: str, encoding: str) -> None:
    ours = key(kind)

    for algorithm in ours.algorithms:
        opened = decrypt(sealed(ours, algorithm=algorithm, encoding=encoding, header={"cty": "JWT"}), (key(), ours))
        assert (opened.plaintext, opened.algorithm, opened.encoding) == (TEXT, algorithm, encoding)
        assert (opened.content_type, opened.kid) == ("JWT", "node")


def unnamed(to: DecryptionKey) -> str:
    """A JWE to ``to`` whose header does not say so."""
    jwk = {name: value for name, value in to.public_jwk.items() if name != "kid"}
    return encrypt(TEXT, to=jwk, algorithm="ECDH-ES", encoding="A128GCM")


def test_a_jwe_that_names_no_key_does_not_open_where_several_keys_could_open_it() -> None:
    """OpenID Connect Core 1.0 section 10.2."""
    second = key("P-256", "second")

    assert code(unnamed(second), key(), second) == "jose.decryption_failed"
    assert code(unnamed(second), second, key()) == "jose.decryption_failed"
    assert code(encrypt(TEXT, to=second.public_jwk, algorithm="ECDH-ES", encoding="A128GCM"), key(), second) is None


def test_a_jwe_that_names_no_key_opens_with_the_only_one_that_fits() -> None:
    second = key("P-384", "second")

    assert decrypt(unnamed(second), (key(), second)).kid == "second"
    assert code(unnamed(second), key()) == "jose.decryption_failed"


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from("ABCab019-_.={ "), st.sampled_from(["replace", "insert", "delete"]))
def test_no_edited_jwe_opens_to_anything_and_none_crashes(place: int, character: str, kind: str) -> None:
    honest = sealed()
    place %= len(honest)
    rest = honest[place:] if kind == "insert" else honest[place + 1 :]
    edited = honest[:place] + ("" if kind == "delete" else character) + rest

    assert edited == honest or code(edited) is not None


# Public vectors


def private_key(jwk: Mapping[str, Any]) -> DecryptionKey | None:
    kind = {"EC": ECKey, "RSA": RSAKey}.get(str(jwk.get("kty")))
    if kind is None or jwk.get("crv") == "secp256k1":
        return None
    named = {"algorithms": frozenset({str(jwk["alg"])})} if "alg" in jwk else {}
    try:
        return decryption_key(kind.import_key(dict(jwk)).private_key, kid=jwk.get("kid"), **named)  # type: ignore[attr-defined]
    except ConfigurationError:
        return None


def judged(case: Mapping[str, Any]) -> str | None:
    """Why a published JWE is refused; ``None`` if it opens to what it should hold."""
    if not isinstance(case["input"], str):
        return "input.malformed"
    jwk = case["context"].get("decrypt_key") or case["context"]["key"]
    held = private_key(jwk) if isinstance(jwk, dict) else None
    try:
        opened = decrypt(case["input"], () if held is None else (held,))
    except IdBridgeError as refused:
        return refused.code
    plain = case["context"].get("plaintext")
    assert opened.plaintext == (bytes.fromhex(case["context"]["plaintext_hex"]) if plain is None else plain.encode())
    return None


def is_ours(case: Mapping[str, Any]) -> bool:
    header = json.loads(base64url.decode(case["input"].split(".")[0]))
    curve = header.get("epk", {}).get("crv", "P-256")
    return header["alg"] in ALGORITHMS and header["enc"] in CONTENT and curve in CURVES and "zip" not in header


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "kind", "ours"), [("wycheproof_jose", "jwe", 15), ("cookbook", "jwe:compact", 2)])
def test_of_the_published_jwe_none_bad_opens_and_all_good_ones_of_our_tables_do(
    name: str, kind: str, ours: int
) -> None:
    cases = [case for case in shared_vectors(name) if case["kind"] == kind]
    good = [case for case in cases if case["expected"] == "accept"]

    assert [case["id"] for case in cases if case["expected"] == "reject" and judged(case) is None] == []
    assert [case["id"] for case in good if (judged(case) is None) is not is_ours(case)] == []
    assert sum(map(is_ours, good)) == ours


def test_every_algorithm_of_the_table_is_tried_here() -> None:
    tried = {algorithm for kind in (*CURVES, "RSA") for algorithm in key(kind).algorithms}

    assert tried == ALGORITHMS
    assert EC_ALGORITHMS < ALGORITHMS
