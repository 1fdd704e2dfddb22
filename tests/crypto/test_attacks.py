"""Known attacks on JWS verifiers (RFC 8725 section 2), each beside the honest token that it was made from."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idbridge.codec import base64url
from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified, sign_compact, verify
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import IdBridgeError

RULES = HeaderRules(types=frozenset({"", "jwt"}))
PROFILE = HeaderRules(types=frozenset({"", "jwt"}), allow_jwk=True, allow_x5c=True)
PAYLOAD = b'{"iss":"https://login.sg.example"}'
SIGNERS = {name: generate(name) for name in ("ES256", "ES384", "ES512", "Ed25519", "PS256", "RS256")}
ALL = frozenset(SIGNERS)
ATTACKER = generate("ES256")


def outcome(token: str, signer: FileSigner, *, rules: HeaderRules = RULES) -> str:
    try:
        unverified = parse_unverified(token, rules, HeaderCache(4))
        verify(unverified, claims={}, key=parse_jwk(signer.public_jwk), algorithms=ALL)
    except IdBridgeError as refused:
        return refused.code
    return "accepted"


def token(header: dict[str, Any] | str, sign: Callable[[bytes], bytes], payload: bytes = PAYLOAD) -> str:
    text = header if isinstance(header, str) else json.dumps(header)
    signed = f"{base64url.encode(text.encode())}.{base64url.encode(payload)}"
    return f"{signed}.{base64url.encode(sign(signed.encode()))}"


def secrets_of(signer: FileSigner) -> list[bytes]:
    """Everything that a careless verifier might take for the secret of an HMAC, because everybody has it."""
    key = signer.private_key.public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    jwk = dict(signer.public_jwk)
    return [
        pem,
        pem.strip(),
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(jwk).encode(),
        json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode(),
        base64url.decode(jwk.get("x", jwk.get("n"))),
        jwk.get("x", jwk.get("n")).encode(),
        b"",
    ]


@pytest.mark.parametrize("name", sorted(SIGNERS))
def test_the_honest_token_of_every_algorithm_is_accepted(name: str) -> None:
    assert outcome(token({"alg": name}, SIGNERS[name].sign), SIGNERS[name]) == "accepted"


@pytest.mark.parametrize("name", sorted(SIGNERS))
@pytest.mark.parametrize(("alg", "digest"), [("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")])
def test_an_hmac_with_the_public_key_as_its_secret_is_refused(name: str, alg: str, digest: str) -> None:
    for secret in secrets_of(SIGNERS[name]):
        forged = token({"alg": alg}, lambda signed, secret=secret: hmac.new(secret, signed, digest).digest())  # type: ignore[misc]

        assert outcome(forged, SIGNERS[name]) == "jose.alg_not_allowed"


@pytest.mark.parametrize("name", sorted(SIGNERS))
def test_an_hmac_under_the_name_of_the_real_algorithm_is_no_signature(name: str) -> None:
    for secret in secrets_of(SIGNERS[name]):
        forged = token({"alg": name}, lambda signed, secret=secret: hmac.new(secret, signed, hashlib.sha256).digest())  # type: ignore[misc]

        assert outcome(forged, SIGNERS[name]) == "jose.signature_invalid"


@pytest.mark.parametrize("name", sorted(SIGNERS))
@pytest.mark.parametrize("case", range(16))
def test_no_case_of_none_is_accepted_with_or_without_a_signature(name: str, case: int) -> None:
    none = "".join(letter.upper() if case >> place & 1 else letter for place, letter in enumerate("none"))

    assert outcome(token({"alg": none}, lambda _: b""), SIGNERS[name]) == "jose.alg_none"
    assert outcome(token({"alg": none}, SIGNERS[name].sign), SIGNERS[name]) == "jose.alg_none"


@pytest.mark.parametrize("name", sorted(SIGNERS))
def test_an_empty_or_zero_signature_is_refused(name: str) -> None:
    length = len(SIGNERS[name].sign(b""))
    for signature in (b"", b"\0", bytes(length), b"\xff" * length, bytes(length - 1), bytes(length + 1)):
        assert outcome(token({"alg": name}, lambda _, s=signature: s), SIGNERS[name]) == "jose.signature_invalid"  # type: ignore[misc]


@pytest.mark.parametrize("own", sorted(SIGNERS))
@pytest.mark.parametrize("claimed", sorted(SIGNERS))
def test_a_signature_under_the_name_of_another_algorithm_is_refused(own: str, claimed: str) -> None:
    if own == claimed:
        return

    assert outcome(token({"alg": claimed}, SIGNERS[own].sign), SIGNERS[own]) == "jose.alg_key_mismatch"


def test_an_rsa_key_open_to_both_paddings_still_tells_them_apart() -> None:
    jwk = {name: value for name, value in SIGNERS["PS256"].public_jwk.items() if name != "alg"}
    forged = parse_unverified(token({"alg": "RS256"}, SIGNERS["PS256"].sign), RULES, HeaderCache(4))

    with pytest.raises(IdBridgeError) as caught:
        verify(forged, claims={}, key=parse_jwk(jwk), algorithms=ALL)

    assert caught.value.code == "jose.signature_invalid"


@pytest.mark.parametrize(
    "member",
    [
        {"jwk": dict(ATTACKER.public_jwk)},
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/chain.pem"},
        {"x5c": ["MIIB"]},
        {"b64": False},
    ],
)
def test_a_key_that_the_token_brings_itself_is_never_used(member: dict[str, Any]) -> None:
    forged = token({"alg": "ES256", **member}, ATTACKER.sign)

    assert outcome(forged, SIGNERS["ES256"]) == "jose.header_forbidden"


def test_where_a_profile_allows_a_key_in_the_header_it_still_does_not_verify_by_it() -> None:
    forged = token({"alg": "ES256", "jwk": dict(ATTACKER.public_jwk), "x5c": ["MIIB"]}, ATTACKER.sign)

    assert outcome(forged, SIGNERS["ES256"], rules=PROFILE) == "jose.signature_invalid"


@pytest.mark.parametrize("crit", [["b64"], ["exp"], ["alg"], [], ["https://example.com/ext"]])
def test_a_critical_extension_is_refused_even_in_a_token_that_is_signed_well(crit: list[str]) -> None:
    honest = token({"alg": "ES256", "crit": crit, "exp": 1}, SIGNERS["ES256"].sign)

    assert outcome(honest, SIGNERS["ES256"]) == "jose.crit_unsupported"


@pytest.mark.parametrize(
    "header", ['{"alg":"ES256","alg":"ES256"}', '{"alg":"HS256","alg":"ES256"}', '{"alg":"ES256","\\u0061lg":"none"}']
)
def test_a_header_that_two_parsers_could_read_differently_is_refused(header: str) -> None:
    assert outcome(token(header, SIGNERS["ES256"].sign), SIGNERS["ES256"]) == "input.malformed"


def respelled(honest: str) -> list[str]:
    """Other texts for the same octets, which a lenient decoder would take for the same token."""
    header, payload, signature = honest.split(".")
    return [
        f"{header}.{payload}.{signature}==",
        f"{header}.{payload}=.{signature}",
        f"{header}=.{payload}.{signature}",
        f"{header}.{payload}.{signature}\n",
        f"{header}. {payload}.{signature}",
        f"{header}.{payload}.{signature[:40]} {signature[40:]}",
        f"{header}.{payload}.{signature[:-1]}{chr(ord(signature[-1]) + 1)}",
        f"{header}.{payload}.{signature}.",
        f"{header}.{payload}.{signature}.{signature}",
        f".{header}.{payload}.{signature}",
        f"{header}\0.{payload}.{signature}",
        f"\ufeff{header}.{payload}.{signature}",
    ]


def test_there_is_no_second_spelling_of_a_token() -> None:
    honest = sign_compact({"typ": "JWT"}, PAYLOAD, SIGNERS["ES256"])

    assert outcome(honest, SIGNERS["ES256"]) == "accepted"
    assert {outcome(spelling, SIGNERS["ES256"]) for spelling in respelled(honest)} == {"input.malformed"}


def test_the_other_half_of_an_ecdsa_signature_is_a_second_signature_and_nothing_relies_on_there_being_one() -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    honest = token({"alg": "ES256"}, SIGNERS["ES256"].sign)
    signed, _, signature = honest.rpartition(".")
    octets = base64url.decode(signature)
    other = octets[:32] + (order - int.from_bytes(octets[32:], "big")).to_bytes(32, "big")
    past = (int.from_bytes(octets[:32], "big") + order).to_bytes(33, "big")[-32:] + octets[32:]

    # ECDSA allows (r, -s); whatever must count once is therefore keyed by claims, never by the text of a token.
    assert outcome(f"{signed}.{base64url.encode(other)}", SIGNERS["ES256"]) == "accepted"
    assert outcome(f"{signed}.{base64url.encode(past)}", SIGNERS["ES256"]) == "jose.signature_invalid"
