"""Signed claims: does the signature over a message verify with a key that the caller took from a trust list? Step V4.

One decision for JOSE and COSE, and the only maker of ``SignedClaims``. It does not know where keys come from, nor what
the claims say. Clauses: RFC 7515 section 5.2; RFC 9052 section 4.4.
"""

from collections.abc import Mapping
from typing import Any

from idbridge.crypto.algorithms import permitted
from idbridge.errors import JoseError
from idbridge.model.credential import SignedClaims, UnverifiedJws, UnverifiedSign1
from idbridge.model.keys import PublicKey


def verify(
    unverified: UnverifiedJws | UnverifiedSign1,
    *,
    claims: Mapping[str, Any],
    key: PublicKey,
    algorithms: frozenset[str],
) -> SignedClaims:
    """Return ``claims`` as signed, if the signature verifies with ``key`` and an algorithm of ``algorithms``.

    ``claims`` must be what step V2 read from ``unverified.payload``, and no other mapping: reading it twice would cost
    a fifth of a verification. ``algorithms`` are those that the trust list names for the service.

    Raises:
        JoseError: ``jose.alg_not_allowed``, ``jose.alg_key_mismatch`` or ``jose.signature_invalid``.
    """
    header = unverified.header
    algorithm = header.algorithm
    if algorithm not in algorithms and not permitted(algorithm, algorithms):
        raise JoseError("jose.alg_not_allowed", "the algorithm is not listed for this issuer")
    key.verify(algorithm, signature=unverified.signature, signed=unverified.signed)
    return SignedClaims(claims, header, key)
