"""Transactions: did the holder authorise those that were asked for, and no other? (OpenID4VP 1.0, 8.4 and B.3.3)

Decides for one credential by what its holder signed: digests of the very texts that were sent to the wallet. It does
not know what the other credentials of the presentation authorise; ``verify/presented`` holds them together.
"""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.model.check import Check, CheckPoint
from idbridge.model.query import Transaction

DIGESTS: Final = "transaction_data_hashes"
ALGORITHM: Final = "transaction_data_hashes_alg"
DEFAULT_ALGORITHM: Final = "sha-256"
HASHES: Final = MappingProxyType({
    "sha-256": hashlib.sha256, "sha-384": hashlib.sha384, "sha-512": hashlib.sha512,
})  # fmt: skip
_MISMATCH: Final = "holder.transaction_mismatch"
_NOTHING: Final[frozenset[str]] = frozenset()
_NONE_GIVEN: Final = "no transaction was asked for and none is authorised"
_LEFT_TO_OTHERS: Final = "it authorises no transaction, and another credential may"


def judge_transactions(
    point: CheckPoint, claims: Mapping[str, Any], *, asked: tuple[Transaction, ...]
) -> tuple[Check, frozenset[str]]:
    """Return the check, and the texts of the transactions that ``claims``, which the holder signed, authorise.

    ``asked`` are those that this credential may authorise. One that no other credential may is needed.
    """
    needed = [one for one in asked if len(one.credentials) == 1]
    if DIGESTS not in claims and ALGORITHM not in claims:
        if needed:
            return point.refused(_MISMATCH, "a transaction that it was asked to authorise is not in it"), _NOTHING
        return point.skipped(_LEFT_TO_OTHERS if asked else _NONE_GIVEN), _NOTHING
    if not asked:
        return point.refused(_MISMATCH, "it authorises what nobody asked for"), _NOTHING
    authorised = _authorised(claims, asked)
    if authorised is None:
        return point.refused(_MISMATCH, "its digests are not those of what was asked for"), _NOTHING
    if any(one.text not in authorised for one in needed):
        return point.refused(_MISMATCH, "it does not authorise all that it was asked to"), _NOTHING
    return point.passed, authorised


def _authorised(claims: Mapping[str, Any], asked: tuple[Transaction, ...]) -> frozenset[str] | None:
    """Return the texts that the digests stand for; ``None`` unless each digest stands for one of them, once."""
    algorithm = claims.get(ALGORITHM, DEFAULT_ALGORITHM)
    hash_of = HASHES.get(algorithm) if isinstance(algorithm, str) else None
    digests = claims.get(DIGESTS)
    if hash_of is None or type(digests) is not list or not 0 < len(digests) <= len(asked):
        return None
    stands_for = {
        base64url.encode(hash_of(one.text.encode()).digest()): one.text
        for one in asked
        if _agreed(one, algorithm, stated=ALGORITHM in claims)
    }
    texts = [stands_for.get(digest) for digest in digests if isinstance(digest, str)]
    found = frozenset(text for text in texts if text is not None)
    return found if len(found) == len(digests) else None


def _agreed(transaction: Transaction, algorithm: str, *, stated: bool) -> bool:
    """Tell whether the algorithm is one that was offered, and named; without an offer it is the default."""
    if not transaction.algorithms:
        return algorithm == DEFAULT_ALGORITHM
    return stated and algorithm in transaction.algorithms
