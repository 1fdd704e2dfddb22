import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import base64url
from idbridge.crypto import material
from idbridge.crypto.keys import jwk_of, parse_jwk, public_key_from_certificate, thumbprint
from idbridge.crypto.signer import generate
from idbridge.errors import IssuerError, JoseError
from idbridge.limits import LIMITS

EC = generate("ES256", kid="ec")
OKP = generate("Ed25519", kid="okp")
RSA = generate("PS256", kid="rsa")
JWK: dict[str, Any] = {"kty": "EC", "crv": "P-256", "x": EC.public_jwk["x"], "y": EC.public_jwk["y"]}
OKP_JWK: dict[str, Any] = {"kty": "OKP", "crv": "Ed25519", "x": OKP.public_jwk["x"]}
RSA_JWK: dict[str, Any] = {"kty": "RSA", "n": RSA.public_jwk["n"], "e": "AQAB"}

# RFC 7638, section 3.1.
RFC_7638 = {
    "kty": "RSA",
    "n": (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn"
        "jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6q"
        "MQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJ"
        "zKnqDKgw"
    ),
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}


def refusal(jwk: Any, *, allowed: frozenset[str] | None = None) -> str:
    with pytest.raises(JoseError) as caught:
        parse_jwk(jwk, allowed=allowed)
    return caught.value.code


def test_the_thumbprint_is_that_of_the_rfc_s_example() -> None:
    assert thumbprint(RFC_7638) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert parse_jwk(RFC_7638).algorithms == {"RS256"}


def test_the_thumbprint_does_not_depend_on_other_members_or_their_order() -> None:
    padded = {"x5t": "y", "use": "sig", "y": JWK["y"], "x": JWK["x"], "crv": "P-256", "kid": "z", "kty": "EC"}

    assert thumbprint(padded) == thumbprint(JWK)


@pytest.mark.parametrize("jwk", [JWK, OKP_JWK, RSA_JWK, generate("ES512").public_jwk])
def test_the_thumbprint_is_the_digest_of_the_sorted_required_members(jwk: dict[str, Any]) -> None:
    members = {name: jwk[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in jwk}
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))

    assert thumbprint(jwk) == base64url.encode(hashlib.sha256(text.encode()).digest())
    assert dict(parse_jwk(jwk).jwk) == members


@pytest.mark.parametrize("name", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
@pytest.mark.parametrize("jwk", [JWK, OKP_JWK, RSA_JWK])
def test_a_key_with_any_private_member_is_refused(jwk: dict[str, Any], name: str) -> None:
    assert refusal({**jwk, name: "AQAB"}) == "jose.alg_key_mismatch"


@pytest.mark.parametrize("kty", ["oct", "ec", "", None, 1, [], {}, "AKP"])
def test_a_key_of_another_type_is_refused(kty: Any) -> None:
    assert refusal({**JWK, "kty": kty}) == "jose.alg_key_mismatch"
    assert refusal({"kty": kty, "k": "AAAA"}) == "jose.alg_key_mismatch"


@pytest.mark.parametrize(
    "member",
    [{"use": "enc"}, {"use": None}, {"use": ["sig"]}, {"key_ops": []}, {"key_ops": ["sign"]}, {"key_ops": "verify"},
     {"key_ops": ["deriveKey"]}, {"key_ops": None}, {"use": "sig", "key_ops": ["encrypt"]}],
)  # fmt: skip
def test_a_key_for_another_use_is_refused(member: dict[str, Any]) -> None:
    assert refusal({**JWK, **member}) == "jose.alg_key_mismatch"


def test_a_key_that_says_it_is_for_signatures_is_served() -> None:
    assert parse_jwk({**JWK, "use": "sig", "key_ops": ["verify"]}).algorithms == {"ES256"}


@pytest.mark.parametrize("algorithm", ["HS256", "none", "ES384", "RS256", "EdDSA", "ECDH-ES", "es256", "", None, 1])
def test_a_key_that_names_an_algorithm_that_it_does_not_fit_is_refused(algorithm: Any) -> None:
    assert refusal({**JWK, "alg": algorithm}) == "jose.alg_key_mismatch"


def test_a_key_that_names_one_algorithm_fits_no_other() -> None:
    key = parse_jwk({**RSA_JWK, "alg": "PS256"})
    signature = RSA.sign(b"signed")

    assert key.algorithms == {"PS256"}
    key.verify("PS256", signature=signature, signed=b"signed")
    with pytest.raises(JoseError) as caught:
        key.verify("RS256", signature=signature, signed=b"signed")
    assert caught.value.code == "jose.alg_key_mismatch"


def test_the_caller_narrows_a_key_and_never_widens_it() -> None:
    assert parse_jwk(RSA_JWK).algorithms == {"PS256", "RS256"}
    assert parse_jwk(RSA_JWK, allowed=frozenset({"RS256", "ES256"})).algorithms == {"RS256"}
    assert refusal(RSA_JWK, allowed=frozenset({"ES256"})) == "jose.alg_key_mismatch"
    assert refusal(RSA_JWK, allowed=frozenset()) == "jose.alg_key_mismatch"
    assert refusal({**RSA_JWK, "alg": "PS256"}, allowed=frozenset({"RS256"})) == "jose.alg_key_mismatch"
    assert parse_jwk(OKP_JWK, allowed=frozenset({"EdDSA"})).algorithms == {"Ed25519", "EdDSA"}


@pytest.mark.parametrize("member", ["crv", "x", "y"])
@pytest.mark.parametrize("value", [None, 1, "", "AA", "A" * 43, "A" * 42 + "B", "!" * 43, "A" * 44, ["A"]])
def test_an_elliptic_curve_key_with_a_malformed_member_is_refused(member: str, value: Any) -> None:
    assert refusal({**JWK, member: value}) == "jose.alg_key_mismatch"


@pytest.mark.parametrize("curve", ["P-384", "P-521", "secp256k1", "P-256K", "BP-256", "Ed25519", "p-256"])
def test_a_point_on_another_curve_than_named_is_refused(curve: str) -> None:
    assert refusal({**JWK, "crv": curve}) == "jose.alg_key_mismatch"


def test_a_point_off_the_curve_is_refused() -> None:
    x, y = base64url.decode(JWK["x"]), bytearray(base64url.decode(JWK["y"]))
    y[31] ^= 1

    assert refusal({**JWK, "y": base64url.encode(bytes(y))}) == "jose.alg_key_mismatch"
    assert refusal({**JWK, "x": JWK["y"], "y": JWK["x"]}) == "jose.alg_key_mismatch"
    assert (
        refusal({**JWK, "x": base64url.encode(bytes(32)), "y": base64url.encode(bytes(32))}) == "jose.alg_key_mismatch"
    )
    assert refusal({**JWK, "x": base64url.encode(b"\0" + x)}) == "jose.alg_key_mismatch"


def test_a_coordinate_in_a_second_spelling_is_refused() -> None:
    assert refusal({**JWK, "x": JWK["x"] + "="}) == "jose.alg_key_mismatch"
    assert refusal({**JWK, "x": JWK["x"] + "\n"}) == "jose.alg_key_mismatch"


PRIME = 2**255 - 19
D = -121665 * pow(121666, PRIME - 2, PRIME) % PRIME


def edwards_sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Add two points of edwards25519 (RFC 8032, section 5.1.4, in affine coordinates)."""
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, PRIME - 2, PRIME)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, PRIME - 2, PRIME)
    return x % PRIME, y % PRIME


def point_of(y: int) -> tuple[int, int]:
    """One of the two points with this y, which must be on the curve."""
    square = (y * y - 1) * pow(D * y * y + 1, PRIME - 2, PRIME) % PRIME
    root = pow(square, (PRIME + 3) // 8, PRIME)
    if root * root % PRIME != square:
        root = root * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    assert root * root % PRIME == square
    return root, y


def test_the_refused_ed25519_points_are_exactly_those_of_small_order() -> None:
    reached = {0}
    for y in material.ED25519_SMALL_ORDER:
        total = point = point_of(y)
        for _ in range(7):
            total = edwards_sum(total, point)
            reached.add(total[1])
        assert total == (0, 1)  # eight times a point of small order is the neutral element

    assert reached == material.ED25519_SMALL_ORDER


@pytest.mark.parametrize("y", [*sorted(material.ED25519_SMALL_ORDER), PRIME, PRIME + 1, 2**255 - 1])
@pytest.mark.parametrize("sign", [0, 2**255])
def test_an_ed25519_key_of_small_order_or_in_a_second_spelling_is_refused(y: int, sign: int) -> None:
    octets = (y + sign).to_bytes(32, "little")

    assert refusal({**OKP_JWK, "x": base64url.encode(octets)}) == "jose.alg_key_mismatch"


@pytest.mark.parametrize("jwk", [{"crv": "X25519"}, {"crv": "Ed448"}, {"crv": None}, {"x": "AA"}, {"x": None}])
def test_an_octet_key_pair_of_another_kind_is_refused(jwk: dict[str, Any]) -> None:
    assert refusal({**OKP_JWK, **jwk}) == "jose.alg_key_mismatch"


@pytest.mark.parametrize("exponent", ["Aw", "AQ", "EQ", "AAEAAQ", "AQAC", "", None, 65537, "AQABAAAB"])
def test_an_rsa_key_with_another_exponent_is_refused(exponent: Any) -> None:
    assert refusal({**RSA_JWK, "e": exponent}) == "jose.alg_key_mismatch"


def modulus(bits: int) -> str:
    """A number of that many bits that an RSA modulus could be."""
    number = (1 << (bits - 1)) | 1
    return base64url.encode(number.to_bytes((bits + 7) // 8, "big"))


def test_rsa_keys_are_served_from_the_smallest_to_the_largest_size_and_no_further() -> None:
    assert refusal({**RSA_JWK, "n": modulus(LIMITS.rsa_min_bits - 1)}) == "jose.alg_key_mismatch"
    assert parse_jwk({**RSA_JWK, "n": modulus(LIMITS.rsa_min_bits)}).kty == "RSA"
    assert parse_jwk({**RSA_JWK, "n": modulus(LIMITS.rsa_max_bits)}).kty == "RSA"
    assert refusal({**RSA_JWK, "n": modulus(LIMITS.rsa_max_bits + 1)}) == "jose.alg_key_mismatch"


@given(st.integers(min_value=0, max_value=2**2049))
def test_every_odd_modulus_of_the_right_size_makes_a_key_and_no_other_error_leaks(number: int) -> None:
    octets = (number | 1 | 1 << 2049).to_bytes(257, "big")

    assert parse_jwk({**RSA_JWK, "n": base64url.encode(octets)}).algorithms == {"PS256", "RS256"}


def test_an_rsa_modulus_that_is_even_or_in_a_second_spelling_is_refused() -> None:
    octets = base64url.decode(RSA_JWK["n"])

    assert refusal({**RSA_JWK, "n": base64url.encode(b"\0" + octets)}) == "jose.alg_key_mismatch"
    assert refusal({**RSA_JWK, "n": base64url.encode(octets[:-1] + b"\2")}) == "jose.alg_key_mismatch"
    assert refusal({**RSA_JWK, "n": ""}) == "jose.alg_key_mismatch"


def test_key_ids_are_text_of_a_bounded_length() -> None:
    longest = "k" * LIMITS.identifier_characters

    assert parse_jwk({**JWK, "kid": longest}).kid == longest
    for kid in (longest + "k", "", None, 1):
        assert refusal({**JWK, "kid": kid}) == "jose.alg_key_mismatch"
    assert parse_jwk(JWK).kid is None


def test_a_key_shows_its_required_members_only_and_cannot_be_changed() -> None:
    key = parse_jwk({**JWK, "kid": "k", "x5c": ["MII"], "x5u": "https://evil.example"})

    assert dict(key.jwk) == JWK
    with pytest.raises(TypeError):
        key.jwk["x"] = ""  # type: ignore[index]


def test_keys_are_equal_by_thumbprint_kid_and_algorithms() -> None:
    assert parse_jwk(JWK) == parse_jwk(dict(JWK))
    assert len({parse_jwk(JWK), parse_jwk(JWK)}) == 1
    assert parse_jwk(JWK) != parse_jwk({**JWK, "kid": "k"})
    assert parse_jwk(RSA_JWK) != parse_jwk({**RSA_JWK, "alg": "PS256"})


def test_key_objects_without_algorithm_in_the_table_have_no_jwk() -> None:
    others = [
        ec.generate_private_key(ec.SECP256K1()).public_key(),
        ed448.Ed448PrivateKey.generate().public_key(),
        "a key",
    ]
    for other in others:
        with pytest.raises(JoseError) as caught:
            jwk_of(other)
        assert caught.value.code == "jose.alg_key_mismatch"
    three = rsa.RSAPublicNumbers(3, int.from_bytes(base64url.decode(RSA_JWK["n"]), "big")).public_key()
    assert refusal(jwk_of(three)) == "jose.alg_key_mismatch"


@given(st.binary(max_size=100))
def test_octets_that_are_no_certificate_hold_no_key(octets: bytes) -> None:
    with pytest.raises(IssuerError) as caught:
        public_key_from_certificate(octets)

    assert caught.value.code == "issuer.certificate_profile"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=2) | st.dictionaries(st.text(max_size=3), children, max_size=2),
    max_leaves=3,
)
NAMES = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg", "use", "key_ops", "kid", "d"])


@given(st.sampled_from([JWK, OKP_JWK, RSA_JWK, {}]), st.dictionaries(NAMES, JSON, max_size=4))
def test_arbitrary_members_are_refused_or_make_a_key_and_nothing_else(jwk: dict[str, Any], members: Any) -> None:
    try:
        key = parse_jwk({**jwk, **members})
    except JoseError as refused:
        assert refused.code == "jose.alg_key_mismatch"  # noqa: PT017 - either outcome is fine
    else:
        assert key.algorithms
