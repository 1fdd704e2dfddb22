"""Signed claims: does the signature over a message verify with a key that the caller took from a trust list? Step V4.

One decision for JOSE and COSE, and the only maker of ``SignedClaims``. It does not know where keys come from, nor what
the claims say. Clauses: RFC 7515 section 5.2; RFC 9052 section 4.4.

A signature that verified is remembered by a digest of everything that was decided from: a wallet shows the same message
of its issuer again and again, and only what it adds is new. Nothing of the message can be read from what is kept.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from idbridge.crypto.algorithms import permitted
from idbridge.errors import JoseError
from idbridge.limits import LIMITS
from idbridge.model.credential import SignedClaims, UnverifiedJws, UnverifiedSign1
from idbridge.model.keys import PublicKey


class VerifiedSignatures:
    """Which signatures verified, by digest; bounded, and forgotten all at once when there is no room.

    A refusal is never kept. Whether the key is trusted, and for this algorithm, is asked anew every time.
    """

    __slots__ = ("_marks", "_max_entries")

    def __init__(self, max_entries: int = LIMITS.signature_cache_entries) -> None:
        self._marks: set[bytes] = set()
        self._max_entries = max_entries

    def __len__(self) -> int:
        return len(self._marks)

    def clear(self) -> None:
        """Forget all."""
        self._marks.clear()

    def holds(self, mark: bytes) -> bool:
        """Tell whether the signature with this ``mark`` verified."""
        return mark in self._marks

    def keep(self, mark: bytes) -> None:
        """Keep the ``mark`` of a signature that verified."""
        if len(self._marks) >= self._max_entries:
            self._marks.clear()
        self._marks.add(mark)


def verify(
    unverified: UnverifiedJws | UnverifiedSign1,
    *,
    claims: Mapping[str, Any],
    key: PublicKey,
    algorithms: frozenset[str],
    known: VerifiedSignatures | None = None,
) -> SignedClaims:
    """Return ``claims`` as signed, if the signature verifies with ``key`` and an algorithm of ``algorithms``.

    ``claims`` must be what step V2 read from ``unverified.payload``, and no other mapping: reading it twice would cost
    a fifth of a verification. ``algorithms`` are those that the trust list names for the service. ``known`` are
    signatures that verified before, to be asked first and added to.

    Raises:
        JoseError: ``jose.alg_not_allowed``, ``jose.alg_key_mismatch`` or ``jose.signature_invalid``.
    """
    header = unverified.header
    algorithm = header.algorithm
    if algorithm not in algorithms and not permitted(algorithm, algorithms):
        raise JoseError("jose.alg_not_allowed", "the algorithm is not listed for this issuer")
    if algorithm not in key.algorithms:  # also of a key that is remembered: a list may have narrowed it meanwhile
        raise JoseError("jose.alg_key_mismatch")
    signature, signed = unverified.signature, unverified.signed
    if known is None:
        key.verify(algorithm, signature=signature, signed=signed)
        return SignedClaims(claims, header, key)
    # The lengths and the fixed size of a thumbprint make it unambiguous: no other parts have these octets.
    named = f"{algorithm} {key.thumbprint} {len(signature)} {len(signed)} ".encode()
    mark = hashlib.sha256(named + signature + signed).digest()
    if not known.holds(mark):
        key.verify(algorithm, signature=signature, signed=signed)
        known.keep(mark)
    return SignedClaims(claims, header, key)
