"""Attestations that tests make: honest ones of ours, and what somebody signs who lies."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from idbridge.codec import base64url, jcs
from idbridge.conformance.attestation import TYPE, attest, payload_of
from idbridge.conformance.corpus import shipped, shipped_facts
from idbridge.conformance.examination import Examination, Kept, Question, Terms
from idbridge.conformance.record import Record
from idbridge.crypto import jws
from idbridge.crypto.signer import FileSigner, generate
from idbridge.reasons import Indication
from tests.conformance.records import AT, record

OURS, OTHER = generate("ES256"), generate("ES256")
WHOLE = record()
NAME = "National Verifier Project"
PASSED, FAILED, INDETERMINATE = Indication.PASSED, Indication.FAILED, Indication.INDETERMINATE
Change = Callable[[dict[str, Any]], object]


def attested(made: Record = WHOLE, *, signer: FileSigner = OURS, at: datetime = AT, name: str = NAME) -> str:
    return attest(made, shipped(), name=name, at=at, signer=signer, allow_failures=True)


def resigned(change: Change, *, signer: FileSigner = OURS, header: dict[str, Any] | None = None) -> str:
    """Sign what we would attest, changed; as an integrator would who lies, or whose program is broken."""
    payload = payload_of(WHOLE, shipped(), name=NAME, at=AT)
    change(payload)
    members = {"typ": TYPE, "jwk": dict(signer.public_jwk)} if header is None else header
    return jws.sign_compact(members, jcs.canonicalize(payload), signer)


def terms(*, record: Record | None = None, **more: Any) -> Terms:
    kept = Kept(record, shipped()) if record is not None else None
    asked: dict[str, Any] = {
        "signers": frozenset({OURS.kid}),
        "corpus": shipped_facts(),
        "at": AT,
        "kept": kept,
        **more,
    }
    return Terms(**asked)


def answer(found: Examination, question: Question) -> Indication:
    one = found.of(question)
    assert one is not None
    return one.indication


def altered(text: str, part: int) -> str:
    """Return ``text`` with one bit of one of its three parts another."""
    parts = text.split(".")
    octets = bytearray(base64url.decode(parts[part]))
    octets[len(octets) // 2] ^= 1
    parts[part] = base64url.encode(bytes(octets))
    return ".".join(parts)
