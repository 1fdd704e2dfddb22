"""Logged: the digest of an attestation in the log of a node, so that it can be shown to have been there, unchanged.

Decides whether a receipt is about this very attestation and stands in a log that whoever examines knows. Which log that
is, is theirs to say. Clauses: C2SP tlog-proof; architecture D8.
"""

import hashlib
from dataclasses import dataclass, field

from idbridge.codec import base64url
from idbridge.errors import EvidenceError
from idbridge.tlog import receipt as receipts
from idbridge.tlog.checkpoint import Log
from idbridge.tlog.leaf import LeafType
from idbridge.tlog.receipt import UnverifiedReceipt, VerifiedReceipt


@dataclass(frozen=True, slots=True)
class Logged:
    """A receipt as it was kept, and the log that it has to be of; ``None`` if nobody said which."""

    octets: bytes = field(repr=False)
    log: Log | None


def logged_digest(text: str) -> str:
    """Return the SHA-256 of an attestation as a leaf tells it."""
    return base64url.encode(hashlib.sha256(text.strip().encode("utf-8", "surrogatepass")).digest())


def parse_unverified(octets: bytes, text: str) -> UnverifiedReceipt:
    """Return the receipt that ``octets`` are, if its leaf says that it is about the attestation ``text``.

    Raises:
        EvidenceError: ``time.evidence_malformed``: it is no receipt; ``time.evidence_mismatch``: it is about something
            else.
    """
    unverified = receipts.parse_unverified(octets)
    leaf = unverified.leaf
    if leaf.type is not LeafType.ATTEST or leaf.members["dig"] != logged_digest(text):
        raise EvidenceError("time.evidence_mismatch", "the receipt is about something else than this attestation")
    return unverified


def verify(octets: bytes, text: str, *, log: Log) -> VerifiedReceipt:
    """Return the receipt of the attestation ``text`` in ``log``.

    Raises:
        EvidenceError: As ``parse_unverified``; ``time.evidence_unsigned``: another log's, or nobody's;
            ``time.evidence_not_included``: the leaf does not stand there.
    """
    return receipts.verify(parse_unverified(octets, text), log=log)
