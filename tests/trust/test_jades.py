"""Who signed a list: attacks 19 to 21, 25 to 36 and 69 of the trust-list catalogue."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import base64url, jcs
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.trust import jades
from idbridge.trust.trusted_set import TrustedSet
from tests.trust.editions import DAY, HOUR, NOON, SG, SIGNERS, TH, edition, lote, pins, refusal, signed, trusted

HELD = trusted(edition(6))
GOOD = edition(7)
ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def header(**changes: Any) -> dict[str, Any]:
    """The header of a good list, with changes; ``None`` takes a member out."""
    good = {"alg": "ES256", "typ": "JAdES", "kid": SIGNERS[SG].kid, "iat": int((NOON - HOUR).timestamp())}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def under(protected: dict[str, Any] | bytes, *, by: FileSigner = SIGNERS[SG]) -> bytes:
    """A list with this protected header, truly signed over it."""
    octets = protected if isinstance(protected, bytes) else json.dumps(protected).encode()
    message = f"{base64url.encode(octets)}.{base64url.encode(jcs.canonicalize(lote()))}".encode()
    return message + b"." + base64url.encode(by.sign(message)).encode()


def test_the_twin_of_all_these_attacks_is_accepted() -> None:
    assert HELD.with_list(under(header()), state=SG, at=NOON).lists[SG].provenance.sequence == 7
    assert HELD.with_list(GOOD, state=SG, at=NOON).lists[SG].provenance.signer == SIGNERS[SG].kid


@given(position=st.integers(min_value=0, max_value=len(GOOD) - 1), bit=st.integers(min_value=0, max_value=7))
@settings(max_examples=300, deadline=None)
def test_a_flipped_bit_anywhere_is_refused(position: int, bit: int) -> None:
    flipped = bytearray(GOOD)
    flipped[position] ^= 1 << bit

    assert refusal(HELD, bytes(flipped)).code.startswith("trust.")


@given(cut=st.integers(min_value=0, max_value=len(GOOD) - 1))
@settings(max_examples=50, deadline=None)
def test_a_list_that_was_cut_short_is_refused(cut: int) -> None:
    assert refusal(HELD, GOOD[:cut]).code.startswith("trust.")


@given(octets=st.binary(max_size=200))
def test_octets_that_are_no_list_are_refused(octets: bytes) -> None:
    assert refusal(HELD, octets).code == "trust.profile_violation"


@pytest.mark.parametrize("wrapped", [b" " + GOOD, GOOD + b"\n", GOOD + b"=", GOOD + b"." + GOOD, b"." + GOOD])
def test_a_list_with_anything_around_it_is_refused(wrapped: bytes) -> None:
    assert refusal(HELD, wrapped).code in {"trust.profile_violation", "trust.signature_invalid"}


def test_a_list_without_signature_is_refused() -> None:
    protected, payload, _ = GOOD.split(b".")

    assert refusal(HELD, protected + b"." + payload + b".").code == "trust.signature_invalid"
    assert refusal(HELD, protected + b"." + payload).code == "trust.profile_violation"
    assert refusal(HELD, json.dumps(lote()).encode()).code == "trust.profile_violation"


@pytest.mark.parametrize("good_first", ["good first", "evil first"])
def test_a_list_with_two_signatures_is_refused_in_either_order(good_first: str) -> None:
    protected, payload, signature = GOOD.decode().split(".")
    good = {"protected": protected, "signature": signature}
    evil = {**good, "signature": base64url.encode(bytes(64))}
    entries = [good, evil] if good_first == "good first" else [evil, good]

    assert refusal(HELD, json.dumps({"payload": payload, "signatures": entries}).encode()).code == (
        "trust.profile_violation"
    )


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
def test_a_list_of_algorithm_none_is_refused_with_and_without_signature(name: str) -> None:
    assert refusal(HELD, under(header(alg=name))).code == "trust.signature_invalid"
    protected, payload, _ = under(header(alg=name)).split(b".")
    assert refusal(HELD, protected + b"." + payload + b".").code == "trust.signature_invalid"


def test_a_mac_with_the_public_key_as_secret_is_refused() -> None:
    protected = base64url.encode(json.dumps(header(alg="HS256")).encode())
    message = f"{protected}.{base64url.encode(jcs.canonicalize(lote()))}".encode()
    mac = hmac.new(jcs.canonicalize(dict(SIGNERS[SG].public_jwk)), message, hashlib.sha256).digest()

    assert refusal(HELD, message + b"." + base64url.encode(mac).encode()).code == "trust.signature_invalid"


@pytest.mark.parametrize("name", ["ES384", "ES512", "RS256", "PS256", "Ed25519", "RS1", "ES256K", "es256", ""])
def test_another_algorithm_than_the_pinned_key_has_is_refused(name: str) -> None:
    assert refusal(HELD, under(header(alg=name))).code in {"trust.signature_invalid", "trust.profile_violation"}


def test_a_key_that_brings_itself_in_the_header_is_refused() -> None:
    stranger = generate("ES256")

    for member, value in (
        ("jwk", dict(stranger.public_jwk)),
        ("jku", "https://evil.example/keys"),
        ("x5u", "https://evil.example/chain"),
        ("x5c", ["MIIB"]),
    ):
        offered = under(header(kid=stranger.kid, **{member: value}), by=stranger)
        assert refusal(HELD, offered).code == "trust.profile_violation", member


def test_many_certificates_in_the_header_are_refused_unread() -> None:
    assert refusal(HELD, under(header(x5c=["AAAA"] * 20))).code == "trust.profile_violation"


def test_a_signer_that_is_not_pinned_is_refused() -> None:
    stranger = generate("ES256")

    assert refusal(HELD, under(header(kid=stranger.kid), by=stranger)).code == "trust.signer_unknown"


def test_a_stranger_under_the_pinned_key_id_is_refused() -> None:
    assert refusal(HELD, under(header(), by=generate("ES256"))).code == "trust.signature_invalid"


def test_the_key_of_another_state_never_signs_for_this_one() -> None:
    offered = signed(lote(), by=TH)

    assert refusal(HELD, offered).code == "trust.signer_unknown"
    assert refusal(HELD, offered, state=TH).code == "trust.territory_mismatch"


def test_a_state_without_pinned_key_has_no_list() -> None:
    only_thailand = TrustedSet(Environment.SANDBOX, pins(TH))

    assert refusal(only_thailand, GOOD).code == "trust.signer_unknown"


@pytest.mark.parametrize(
    "changes",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"b64": True},
        {"sigT": "2026-01-01T00:00:00Z"},
        {"cty": "json"},
        {"typ": "jose"},
        {"typ": "jades"},
        {"typ": None},
        {"kid": None},
        {"iat": None},
        {"alg": None},
        {"iat": "1"},
        {"iat": 1.5},
        {"iat": True},
        {"iat": -1},
        {"iat": 10**12},
        {"iat": 10**400},
        {"alg": ["ES256"]},
        {"x5t#S256": "AAAA"},
        {"x5t#S256": 7},
        {"x5t#S256": "%%%"},
        {"surprise": 1},
    ],
    ids=str,
)
def test_a_header_with_a_member_too_many_too_few_or_of_another_kind_is_refused(changes: dict[str, Any]) -> None:
    assert refusal(HELD, under(header(**changes))).code == "trust.profile_violation"


def test_the_digest_of_a_certificate_is_allowed_and_not_read() -> None:
    digest = base64url.encode(hashlib.sha256(b"any").digest())

    assert HELD.with_list(under(header(**{"x5t#S256": digest})), state=SG, at=NOON) != HELD


def test_a_header_with_a_member_twice_is_refused() -> None:
    doubled = json.dumps(header()).replace('"alg"', '"alg": "ES256", "alg"', 1).encode()

    assert refusal(HELD, under(doubled)).code == "trust.profile_violation"


@pytest.mark.parametrize("octets", [b"[]", b"7", b"", b"{", b"[" * 10_000, b'{"alg":NaN}', b'{"alg":"\\ud800"}'])
def test_a_header_that_is_no_object_is_refused(octets: bytes) -> None:
    assert refusal(HELD, under(octets)).code == "trust.profile_violation"


def test_a_header_past_its_size_is_refused() -> None:
    padded = b'{"kid":"' + b"a" * LIMITS.protected_header_bytes + b'"}'

    assert refusal(HELD, under(padded)).code == "trust.profile_violation"


@pytest.mark.parametrize(
    "forged",
    [
        bytes(64),
        bytes(32) + b"\x00" * 31 + b"\x01",
        ORDER_P256.to_bytes(32, "big") * 2,
        (1).to_bytes(32, "big") + ORDER_P256.to_bytes(32, "big"),
        b"\xff" * 64,
        bytes(63),
        bytes(65),
        b"0\x06\x02\x01\x01\x02\x01\x01",
        b"",
        bytes(4096),
    ],
    ids=lambda value: f"{len(value)} octets",
)
def test_a_degenerate_signature_is_refused_and_crashes_nothing(forged: bytes) -> None:
    protected, payload, _ = GOOD.split(b".")

    assert refusal(HELD, b".".join([protected, payload, base64url.encode(forged).encode()])).code == (
        "trust.signature_invalid"
    )


def test_a_signature_with_surplus_octets_is_refused() -> None:
    protected, payload, signature = GOOD.split(b".")
    longer = base64url.decode(signature.decode()) + b"\x00"

    assert refusal(HELD, b".".join([protected, payload, base64url.encode(longer).encode()])).code == (
        "trust.signature_invalid"
    )


def test_a_list_past_its_size_is_refused_unread() -> None:
    assert refusal(HELD, b"a" * (LIMITS.trust_list_bytes + 1)).code == "trust.profile_violation"


def test_a_list_that_was_signed_in_the_future_is_refused() -> None:
    document = lote()
    late = signed(document, at=NOON + LIMITS.list_issue_skew + HOUR)

    assert refusal(HELD, late).code == "trust.issued_in_future"
    assert HELD.with_list(late, state=SG, at=NOON + DAY) != HELD


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "Ed25519", "PS256", "RS256"])
def test_every_algorithm_of_the_table_can_sign_a_list(algorithm: str) -> None:
    signer = generate(algorithm)
    offered = jades.sign(b"{}", signer, at=NOON).encode()

    opened = jades.open_list(offered, keys=(parse_jwk(signer.public_jwk),))

    assert (opened.payload, opened.signed_at, opened.signer) == (b"{}", NOON, signer.kid)
    assert opened.digest == hashlib.sha256(offered).hexdigest()
    assert opened.content == hashlib.sha256(b"{}").hexdigest()


def test_nobody_signs_a_list_when_no_key_is_pinned() -> None:
    with pytest.raises(TrustError) as caught:
        jades.open_list(GOOD, keys=())

    assert caught.value.code == "trust.signer_unknown"
