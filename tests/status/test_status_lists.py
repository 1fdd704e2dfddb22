"""Status lists as they are taken up: signed by whom the state lists for the address, in time, whole and bounded."""

import json
import zlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import base64url, cbor
from idbridge.crypto import cose, jws
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import generate
from idbridge.errors import StatusError
from idbridge.limits import LIMITS
from idbridge.status import issue
from idbridge.status.lists import verify_with_key
from idbridge.status.packing import packed
from idbridge.status.signers import still_vouches
from idbridge.status.status_list import Mechanism
from tests.status.listing import (
    ISSUER,
    KEY,
    MADE,
    ONE,
    SG,
    THIEF,
    TWO,
    VALUES,
    bitstring,
    cwt,
    jwt,
    making,
    revocation,
    snapshot,
    taken,
    trust,
)  # fmt: skip
from tests.trust.editions import DAY, HOUR, NOON, SIGNERS, statuses

NOW = int(NOON.timestamp())


def code_of(octets: bytes, **how: Any) -> str:
    with pytest.raises(StatusError) as caught:
        taken(octets, **how)
    return caught.value.code


def lst(octets: bytes, bits: int = 2) -> dict[str, Any]:
    return {"bits": bits, "lst": base64url.encode(zlib.compress(octets))}


@pytest.mark.parametrize("made", [jwt(), cwt()], ids=["jwt", "cwt"])
def test_a_list_of_the_listed_service_says_what_it_was_signed_to_say(made: bytes) -> None:
    found = taken(made)

    assert [found.value(index, size=2) for index in range(len(VALUES))] == list(VALUES)
    assert (found.mechanism, found.bits, found.issued_at) == (Mechanism.TOKEN, 2, MADE)
    assert (found.signer.issuer, found.signer.path) == (ISSUER, None)
    assert still_vouches(found, trust(), at=NOON)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"sub": TWO}, "status.list_invalid"),
        ({"sub": None}, "status.list_invalid"),
        ({"sub": ONE + "/"}, "status.list_invalid"),
        ({"iss": "https://other.sg.example"}, "status.list_invalid"),
        ({"iat": None}, "status.list_invalid"),
        ({"iat": "now"}, "status.list_invalid"),
        ({"iat": float(NOW)}, "status.list_invalid"),
        ({"iat": True}, "status.list_invalid"),
        ({"iat": -1}, "status.list_invalid"),
        ({"iat": 10**12}, "status.list_invalid"),
        ({"iat": NOW + 301}, "status.list_stale"),
        ({"iat": NOW - int(LIMITS.status_list_lifetime.total_seconds())}, "status.list_stale"),
        ({"exp": NOW}, "status.list_stale"),
        ({"exp": "never"}, "status.list_invalid"),
        ({"nbf": NOW + 301}, "status.list_stale"),
        ({"ttl": 0}, "status.list_invalid"),
        ({"ttl": "60"}, "status.list_invalid"),
        ({"status_list": None}, "status.list_invalid"),
        ({"status_list": {"bits": 3, "lst": "eNpjAAAAAQAB"}}, "status.list_invalid"),
        ({"status_list": {"bits": True, "lst": "eNpjAAAAAQAB"}}, "status.list_invalid"),
        ({"status_list": {"bits": 1}}, "status.list_invalid"),
        ({"status_list": {"bits": 1, "lst": "eNpjAAAAAQAB="}}, "status.list_invalid"),
        ({"status_list": {"bits": 1, "lst": base64url.encode(zlib.compress(b"x") + b"y")}}, "status.list_invalid"),
        ({"status_list": {"bits": 1, "lst": base64url.encode(zlib.compress(b"x")[:-1])}}, "status.list_invalid"),
        ({"status_list": lst(b"")}, "status.list_invalid"),
    ],
    ids=str,
)
def test_a_token_status_list_that_says_something_else_is_refused(claims: dict[str, Any], code: str) -> None:
    assert code_of(jwt(claims=claims)) == code


@pytest.mark.parametrize("octets", [b"", b"<html>", b"a.b.c", b"\xd2\x84", jwt()[:-1], cwt()[:-1], jwt() + b"."])
def test_what_is_no_list_is_refused(octets: bytes) -> None:
    assert code_of(octets) == "status.list_invalid"


@pytest.mark.parametrize("typ", ["JWT", "statuslist+cwt", "kb+jwt", "dc+sd-jwt", None])
def test_a_token_of_another_type_is_no_list_whoever_signed_it(typ: str | None) -> None:
    header = {"typ": typ} if typ is not None else {}
    claims = issue.claims_of(making(), packed(VALUES, 2), 2)

    assert code_of(jws.sign_compact(header, json.dumps(claims).encode(), KEY).encode()) == "status.list_invalid"


@pytest.mark.parametrize("typ", [None, "statuslist+cwt", "application/cwt", 7])
def test_a_cwt_of_another_type_is_no_list_and_the_type_is_protected(typ: Any) -> None:
    tagged = cbor.decode(cwt(), max_bytes=10_000, tags=frozenset({cose.SIGN1}))
    _, key, payload, _ = tagged.value
    protected = cbor.encode({1: -7, **({16: typ} if typ is not None else {})})
    signature = KEY.sign(cose.signature_octets(protected=protected, payload=payload))
    outside = {**key, 16: "application/statuslist+cwt"} if typ is None else key

    parts = [protected, outside, payload, signature]
    assert code_of(cbor.encode(cbor.Tagged(cose.SIGN1, parts))) == "status.list_invalid"


def test_a_cwt_under_its_own_tag_is_read_alike() -> None:
    assert taken(b"\xd8\x3d" + cwt()).value(1, size=2) == 1


@pytest.mark.parametrize("made", [jwt(by=THIEF), cwt(by=THIEF)])
def test_a_list_that_another_key_signed_is_refused(made: bytes) -> None:
    assert code_of(made) == "status.list_invalid"


def test_a_list_that_vouches_for_itself_is_refused() -> None:
    own = generate("ES256", "my-own")
    claims = issue.claims_of(making(), packed(VALUES, 2), 2)
    brought = jws.sign_compact({"typ": "statuslist+jwt", "jwk": dict(own.public_jwk)}, json.dumps(claims).encode(), own)

    assert code_of(jwt(by=own)) == "status.signer_unauthorised"
    assert code_of(brought.encode()) == "status.list_invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"status_lists": [TWO]},
        {"status": statuses(("granted", "2026-01-01"), ("withdrawn", "2026-10-01"))},
        {"status": statuses(("granted", "2026-01-01"), ("compromised", "2026-10-01"))},
        {"status": statuses(("granted", "2026-01-01"), ("superseded", "2026-10-01"))},
        {"status": statuses(("granted", "2026-12-01"))},
        {"algorithms": ["ES384"], "keys": (generate("ES384", "status-1"),)},
        {"type": "pid-issuance", "formats": ["dc+sd-jwt"], "credential_types": ["urn:x"], "status_lists": []},
    ],
    ids=["another address", "withdrawn", "compromised", "superseded", "not yet granted", "another key", "another type"],
)
def test_only_a_revocation_service_in_force_speaks_and_only_for_its_addresses(changes: dict[str, Any]) -> None:
    if not changes.get("status_lists", True):
        service = revocation(**changes)
        del service["status_lists"]
        over = snapshot(service)
    else:
        over = snapshot(**changes)

    assert code_of(jwt(), over=over) == "status.signer_unauthorised"


def test_a_list_without_key_id_is_good_under_the_only_key_that_fits_and_not_under_one_of_two() -> None:
    claims = json.dumps(issue.claims_of(making(), packed(VALUES, 2), 2)).encode()
    header = base64url.encode(json.dumps({"alg": "ES256", "typ": "statuslist+jwt"}).encode())
    signed = f"{header}.{base64url.encode(claims)}"
    unnamed = f"{signed}.{base64url.encode(KEY.sign(signed.encode()))}".encode()

    assert taken(unnamed).signer.thumbprint == parse_jwk(KEY.public_jwk).thumbprint
    two = snapshot(revocation(keys=(KEY, generate("ES256", "status-2"))))
    assert code_of(unnamed, over=two) == "status.signer_unauthorised"


def test_who_signed_may_speak_no_longer_once_it_has_ended() -> None:
    held = taken(jwt())
    ended = statuses(("granted", "2026-01-01"), ("withdrawn", "2026-11-24"))
    retired = statuses(("granted", "2026-01-01"), ("superseded", "2026-11-25"))

    assert still_vouches(held, snapshot(status=ended), at=NOON) == ()
    assert still_vouches(held, snapshot(status_lists=[TWO]), at=NOON) == ()
    assert still_vouches(held, snapshot(keys=(generate("ES256", "new"),)), at=NOON) == ()
    assert still_vouches(held, snapshot(issuer="https://new.sg.example"), at=NOON) == ()
    assert still_vouches(held, snapshot(status=retired), at=NOON + DAY)  # it signed before it was retired


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ({"exp": None}, NOON + LIMITS.status_list_ttl_max),
        ({"exp": NOW + 3600}, NOON + HOUR),
        ({"exp": NOW + 400 * 86_400, "iat": NOW - 31 * 86_400 + 60}, NOON + timedelta(seconds=60)),
        ({"ttl": 1}, NOON + LIMITS.status_list_ttl_min),
        ({"ttl": 7200}, NOON + 2 * HOUR),
        ({"ttl": 10**15, "exp": None}, NOON + LIMITS.status_list_ttl_max),
    ],
    ids=str,
)
def test_how_long_a_list_counts_is_clamped_on_both_sides(said: dict[str, Any], until: Any) -> None:
    found = taken(jwt(claims=said))

    assert found.until == until
    assert found.is_current(until - timedelta(seconds=1))
    assert not found.is_current(until)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([4, 8]), st.integers(1, 4))
def test_a_list_that_swells_past_the_bound_is_refused_before_it_is_made(bits: int, past: int) -> None:
    bomb = zlib.compress(bytes(LIMITS.status_list_inflated_bytes + past), 1)

    code = code_of(jwt(claims={"status_list": {"bits": bits, "lst": base64url.encode(bomb)}}))
    assert code == "status.list_invalid"


def test_a_list_at_the_bound_is_good_and_one_octet_more_as_fetched_is_not() -> None:
    whole = zlib.compress(bytes(LIMITS.status_list_inflated_bytes), 1)
    found = taken(jwt(claims={"status_list": {"bits": 8, "lst": base64url.encode(whole)}}))

    assert found.value(LIMITS.status_list_inflated_bytes - 1, size=8) == 0
    with pytest.raises(StatusError) as caught:
        found.value(LIMITS.status_list_inflated_bytes, size=8)
    assert caught.value.code == "status.index_range"
    assert code_of(b"e" * (LIMITS.status_list_bytes + 1)) == "status.list_invalid"


def flips(octets: bytes) -> list[bytes]:
    return [
        octets[:place] + bytes([octets[place] ^ 1 << bit]) + octets[place + 1 :]
        for place in range(len(octets))
        for bit in range(8)
    ]


@pytest.mark.parametrize("made", [jwt(), cwt()], ids=["jwt", "cwt"])
def test_every_single_bit_flip_of_a_signed_list_is_refused_but_of_the_label_that_no_signature_covers(
    made: bytes,
) -> None:
    """A CWT whose unprotected `kid` has another label has none, and the service has one key that fits."""
    label = {made.index(b"\xa1\x04") + 1} if made[:1] == b"\xd2" else set()
    accepted = set()
    for number, flipped in enumerate(flips(made)):
        try:
            taken(flipped)
        except StatusError:
            continue
        accepted.add(number // 8)

    assert accepted <= label


def test_every_single_bit_flip_of_a_bitstring_is_refused() -> None:
    made = bitstring(entries=131_072)
    for flipped in flips(made):
        with pytest.raises(StatusError):
            taken(flipped)


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"id": TWO}, {}),
        ({"id": None}, {}),
        ({"@context": ["https://www.w3.org/2018/credentials/v1"]}, {}),
        ({"@context": None}, {}),
        ({"type": ["VerifiableCredential"]}, {}),
        ({"type": "BitstringStatusListCredential"}, {}),
        ({"issuer": "https://other.sg.example"}, {}),
        ({"issuer": None}, {}),
        ({"iss": "https://other.sg.example"}, {}),
        ({"validFrom": None}, {}),
        ({"validFrom": "2026-11-24"}, {}),
        ({"validFrom": "2026-11-24T11:00:00"}, {}),
        ({"validFrom": 7}, {}),
        ({"validUntil": "soon"}, {}),
        ({"credentialStatus": {"type": "BitstringStatusListEntry"}}, {}),
        ({}, {"type": "StatusList2021"}),
        ({}, {"statusPurpose": []}),
        ({}, {"statusPurpose": [7]}),
        ({}, {"statusPurpose": None}),
        ({}, {"statusPurpose": [str(number) for number in range(9)]}),
        ({}, {"encodedList": None}),
        ({}, {"encodedList": "eNpjAAAAAQAB"}),
        ({}, {"encodedList": "ueNpjAAAAAQAB"}),
        ({}, {"ttl": 0}),
        ({}, {"ttl": "60000"}),
    ],
    ids=str,
)
def test_a_bitstring_that_says_something_else_is_refused(changes: dict[str, Any], subject: dict[str, Any]) -> None:
    assert code_of(bitstring(changes=changes, subject=subject)) == "status.list_invalid"


def test_a_bitstring_of_the_listed_service_is_read_from_the_left_and_hides_nobody_if_it_is_short() -> None:
    found = taken(bitstring(frozenset({1, 131_071}), changes={"issuer": {"id": ISSUER}}))
    short = taken(bitstring(entries=131_064))

    assert [found.value(index, size=1) for index in (0, 1, 2, 131_071)] == [0, 1, 0, 1]
    assert (found.mechanism, found.bits, found.purposes) == (Mechanism.BITSTRING, None, {"revocation"})
    for listed, index, size in ((short, 0, 1), (found, 0, 2), (found, 131_072, 1)):
        with pytest.raises(StatusError) as caught:
            listed.value(index, size=size)
        assert caught.value.code == "status.index_range"


def test_a_bitstring_ends_by_whichever_end_comes_first() -> None:
    for changes, subject, until in (
        ({"validUntil": "2026-11-24T21:00:00+08:00"}, {}, NOON + HOUR),
        ({"exp": NOW + 60}, {}, NOON + timedelta(seconds=60)),
        ({}, {"ttl": 1_800_000}, NOON + HOUR / 2),
    ):
        assert taken(bitstring(changes=changes, subject=subject)).until == until
    assert code_of(bitstring(changes={"validUntil": "2026-11-24T12:00:00Z"})) == "status.list_stale"
    assert code_of(bitstring(changes={"validFrom": "2026-11-24T12:06:00Z"})) == "status.list_stale"


def test_whoever_trusts_a_key_for_a_reason_of_their_own_judges_the_rest_alike() -> None:
    place, key = (SG, ONE), parse_jwk(KEY.public_jwk)

    assert verify_with_key(jwt(), place, key=key, fetched_at=NOON).value(2, size=2) == 2
    for octets, code in ((jwt(by=THIEF), "status.list_invalid"), (jwt(of=making(TWO)), "status.list_invalid")):
        with pytest.raises(StatusError) as caught:
            verify_with_key(octets, place, key=key, fetched_at=NOON)
        assert caught.value.code == code
    other = parse_jwk(SIGNERS[SG].public_jwk)
    with pytest.raises(StatusError):
        verify_with_key(jwt(), place, key=other, fetched_at=NOON)


def test_a_list_says_the_same_however_often_it_is_signed() -> None:
    one, other = taken(jwt()), taken(jwt())

    assert one.content == other.content
    assert one.digest != other.digest
    assert replace(one, digest=other.digest) == other
