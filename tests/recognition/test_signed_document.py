"""Signed documents: who signed what, and nothing else is believed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, PURPOSES_TYPE, open_signed, sign_document
from tests.recognition.documents import MY, SG, TH, arrangement, pins, signed, signer


def opened(octets: bytes, typ: str = ARRANGEMENT_TYPE) -> frozenset[MemberState]:
    return open_signed(octets, typ=typ, keys=pins()).signed_by


def refused(octets: bytes, typ: str = ARRANGEMENT_TYPE) -> str:
    with pytest.raises(TrustError) as caught:
        open_signed(octets, typ=typ, keys=pins())
    return caught.value.code


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """A document signed by two states, changed after it was signed."""
    document = json.loads(signed(arrangement(SG, TH), SG, TH))
    change(document)
    return json.dumps(document).encode()


def with_header(**members: Any) -> bytes:
    """A document whose one signature is right and whose protected header was written by hand."""
    payload = base64url.encode(b'{"schema":"x"}')
    key = signer(SG)
    header = {"alg": key.algorithm, "kid": key.kid, "typ": ARRANGEMENT_TYPE, "state": "SG", **members}
    protected = base64url.encode(json.dumps({name: it for name, it in header.items() if it is not None}).encode())
    signature = base64url.encode(key.sign(f"{protected}.{payload}".encode()))
    return json.dumps({"payload": payload, "signatures": [{"protected": protected, "signature": signature}]}).encode()


def test_a_payload_changed_after_signing_is_refused() -> None:
    forged = base64url.encode(json.dumps(arrangement(SG, TH, until="2027-01-01T00:00:00Z")).encode())

    assert refused(changed(lambda document: document.update(payload=forged))) == "trust.arrangement_invalid"


def test_one_invalid_signature_refuses_the_document_though_the_others_are_valid() -> None:
    def break_the_second(document: dict[str, Any]) -> None:
        document["signatures"][1]["signature"] = document["signatures"][0]["signature"]

    assert refused(changed(break_the_second)) == "trust.arrangement_invalid"


def test_a_state_cannot_sign_in_the_name_of_another() -> None:
    impostor = sign_document(arrangement(SG, TH), {SG: signer(MY), TH: signer(TH)}, ARRANGEMENT_TYPE)

    assert refused(impostor) == "trust.arrangement_invalid"


def test_a_document_without_a_signature_is_refused() -> None:
    assert refused(changed(lambda document: document.update(signatures=[]))) == "trust.arrangement_invalid"


def test_nobody_signs_is_an_error_where_it_is_built() -> None:
    with pytest.raises(ValueError, match="at least one state"):
        sign_document(arrangement(SG, TH), {}, ARRANGEMENT_TYPE)


def test_more_signatures_than_the_limit_are_refused() -> None:
    def multiply(document: dict[str, Any]) -> None:
        document["signatures"] = document["signatures"][:1] * (LIMITS.recognition_document_signatures + 1)

    assert refused(changed(multiply)) == "trust.arrangement_invalid"


def test_as_many_signatures_as_the_limit_are_read() -> None:
    def multiply(document: dict[str, Any]) -> None:
        document["signatures"] = document["signatures"][:1] * LIMITS.recognition_document_signatures

    assert opened(changed(multiply)) == {SG}


def test_a_document_past_the_limit_is_refused() -> None:
    octets = signed(arrangement(SG, TH), SG, TH)
    padded = octets + b" " * (LIMITS.recognition_document_bytes + 1 - len(octets))

    assert refused(padded) == "trust.arrangement_invalid"
    assert opened(padded[:-1]) == {SG, TH}


def test_a_document_of_another_type_is_refused() -> None:
    assert refused(signed(arrangement(SG, TH), SG), typ=PURPOSES_TYPE) == "trust.arrangement_invalid"


@pytest.mark.parametrize(
    "members",
    [
        {"crit": ["state"]},
        {"b64": False},
        {"jwk": {"kty": "OKP"}},
        {"typ": None},
        {"kid": None},
        {"state": None},
        {"state": "EU"},
        {"state": 7},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES256"},
        {"alg": 5},
        {"kid": "another"},
    ],
)
def test_a_protected_header_has_exactly_its_four_members_and_they_fit_the_pinned_key(members: dict[str, Any]) -> None:
    assert opened(with_header()) == {SG}

    assert refused(with_header(**members)) == "trust.arrangement_invalid"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"not json",
        b"[]",
        b'{"payload": "", "payload": "", "signatures": []}',
        b'{"payload": 1, "signatures": [1]}',
        b'{"payload": "e30", "signatures": 1}',
        b'{"payload": "e30", "signatures": [1]}',
        b'{"payload": "e30", "signatures": [{"protected": "e30", "signature": "="}]}',
        b'{"payload": "e30", "signatures": [{"protected": 1, "signature": ""}]}',
        b'{"payload": "e30", "signatures": [], "header": {}}',
    ],
)
def test_bytes_that_are_no_signed_document_are_refused(octets: bytes) -> None:
    assert refused(octets) == "trust.arrangement_invalid"


def test_an_unprotected_header_is_refused() -> None:
    assert refused(changed(lambda document: document["signatures"][0].update(header={}))) == "trust.arrangement_invalid"


def test_a_signed_payload_that_is_no_object_is_refused() -> None:
    payload = base64url.encode(b"[]")
    key = signer(SG)
    header = {"alg": key.algorithm, "kid": key.kid, "typ": ARRANGEMENT_TYPE, "state": "SG"}
    protected = base64url.encode(json.dumps(header).encode())
    signature = base64url.encode(key.sign(f"{protected}.{payload}".encode()))
    entry = {"protected": protected, "signature": signature}

    assert refused(json.dumps({"payload": payload, "signatures": [entry]}).encode()) == "trust.arrangement_invalid"


def test_a_state_without_a_pinned_key_signs_nothing() -> None:
    octets = signed(arrangement(SG, TH), SG, TH)

    document = open_signed(octets, typ=ARRANGEMENT_TYPE, keys={SG: pins()[SG]})
    assert (document.signed_by, document.unknown) == ({SG}, {TH})
    with pytest.raises(TrustError) as caught:
        open_signed(signed(arrangement(SG, TH), TH), typ=ARRANGEMENT_TYPE, keys={SG: pins()[SG]})

    assert caught.value.code == "trust.arrangement_invalid"


def test_what_was_signed_is_what_is_read_and_its_digest_does_not_depend_on_who_signed() -> None:
    payload = arrangement(SG, TH)
    by_both = open_signed(signed(payload, SG, TH), typ=ARRANGEMENT_TYPE, keys=pins())
    by_one = open_signed(signed(payload, TH), typ=ARRANGEMENT_TYPE, keys=pins())

    assert by_both.payload == payload
    assert by_both.signed_by == {SG, TH}
    assert by_one.signed_by == {TH}
    assert by_both.digest == by_one.digest
