"""Commitments: what a leaf says of a credential and a person so that only who has a key can tell whom it is about.

Decides whether a commitment opens to a credential. A plain hash would not do: who knows a national number, of which
there are ten million, would find it. The keys of a leaf come from a random key of the day; when that is destroyed,
nobody can open the leaves of that day any more but those who have been given what opens theirs. From the key of the
day come two by HKDF, one for openings and one for persons; from these come the keys and marks of leaves by HMAC.
Clauses: RFC 2104; RFC 5869; architecture D8.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

from idbridge.codec import base64url, length_prefixed
from idbridge.crypto import sealing
from idbridge.errors import EvidenceError

KEY_OCTETS: Final = sealing.SECRET_OCTETS
DIGEST_OCTETS: Final = 32
_LABEL: Final = b"idbridge/evidence/v1"
_CONSENT: Final = b"idbridge/consent/v1"
_NO_ASSERTION: Final = hashlib.sha256(b"").digest()
_sha256: Final = hashlib.sha256
_TO_INNER: Final = bytes(octet ^ 0x36 for octet in range(256))
_TO_OUTER: Final = bytes(octet ^ 0x5C for octet in range(256))
_INNER_REST: Final = bytes([0x36]) * (_sha256().block_size - KEY_OCTETS)
_OUTER_REST: Final = bytes([0x5C]) * (_sha256().block_size - KEY_OCTETS)


@dataclass(frozen=True, slots=True)
class Keyed:
    """HMAC-SHA-256 under one key, whose two blocks are prepared (RFC 2104 section 2). Made by ``keyed``.

    The library's own lets go of the interpreter for each short text, and then waits for it: twenty times as long as
    the two hashes take while the log's writer works beside it.
    """

    _inner: bytes = field(repr=False)
    _outer: bytes = field(repr=False)

    def digest(self, told: bytes) -> bytes:
        """Return the authentication code of ``told``."""
        return _sha256(self._outer + _sha256(self._inner + told).digest()).digest()


def keyed(key: bytes) -> Keyed:
    """Return what makes authentication codes with ``key``.

    Raises:
        ValueError: It has another length than the keys here.
    """
    if len(key) != KEY_OCTETS:
        raise ValueError(f"a key of {KEY_OCTETS} octets")
    return Keyed(key.translate(_TO_INNER) + _INNER_REST, key.translate(_TO_OUTER) + _OUTER_REST)


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one commitment: its key, and the SHA-256 of the assertion (of nothing, where there was none).

    Raises:
        ValueError: One of them has another length.
    """

    key: bytes = field(repr=False)
    assertion: bytes

    def __post_init__(self) -> None:
        if len(self.key) != KEY_OCTETS or len(self.assertion) != DIGEST_OCTETS:
            raise ValueError(f"a key and a digest of {DIGEST_OCTETS} octets each")

    def commitment(self, credential: bytes) -> str:
        """Return the commitment to ``credential`` and the assertion, base64url, as the leaf has it in ``com``."""
        told = _LABEL + hashlib.sha256(credential).digest() + self.assertion
        return base64url.encode(keyed(self.key).digest(told))

    def require_opens(self, commitment: str, *, credential: bytes) -> None:
        """Return if ``commitment`` is the one to ``credential`` and the assertion.

        Raises:
            EvidenceError: ``time.evidence_mismatch``.
        """
        if not hmac.compare_digest(self.commitment(credential).encode(), commitment.encode()):
            raise EvidenceError("time.evidence_mismatch")

    def consent(self, record: bytes) -> str:
        """Return the commitment to the ``record`` of a person's yes, base64url, as the leaf has it in ``con``."""
        return base64url.encode(hmac.digest(self.key, _CONSENT + hashlib.sha256(record).digest(), "sha256"))

    def require_consent(self, commitment: str, *, record: bytes) -> None:
        """Return if ``commitment`` is the one to ``record``.

        Raises:
            EvidenceError: ``time.evidence_mismatch``.
        """
        if not hmac.compare_digest(self.consent(record).encode(), commitment.encode()):
            raise EvidenceError("time.evidence_mismatch", "another consent record than the one that was committed to")

    def require_assertion(self, assertion: bytes) -> None:
        """Return if this is the opening for ``assertion``.

        Raises:
            EvidenceError: ``time.evidence_mismatch``.
        """
        if not hmac.compare_digest(hashlib.sha256(assertion).digest(), self.assertion):
            raise EvidenceError("time.evidence_mismatch", "another assertion than the one that was committed to")


@dataclass(frozen=True, slots=True)
class DayKey:
    """What comes of the key of a day. Made by ``day_key``, and to be forgotten when the day is erased."""

    _openings: Keyed = field(repr=False)
    _subjects: Keyed = field(repr=False)

    def opening(self, request: str, *, assertion: bytes = b"") -> Opening:
        """Return what opens the leaf of ``request``; ``assertion`` is the text issued, empty if none was."""
        return Opening(
            self._openings.digest(request.encode()), _sha256(assertion).digest() if assertion else _NO_ASSERTION
        )

    def subject(self, request: str, *, pairwise_subject: str) -> str:
        """Return the mark of a person in the leaf of ``request``, base64url, as the leaf has it in ``sub``.

        It is another one in every leaf; who has the key of the day and the pairwise subject finds the person's leaves.
        """
        return base64url.encode(self._subjects.digest(length_prefixed.encode(pairwise_subject, request)))


def day_key(octets: bytes) -> DayKey:
    """Return what comes of the random key of a day.

    Raises:
        ValueError: It has fewer than 32 octets.
    """
    openings, subjects = (sealing.secret_from(octets, label=f"evidence-{use}") for use in ("openings", "subjects"))
    return DayKey(keyed(openings), keyed(subjects))
