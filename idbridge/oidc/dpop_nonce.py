"""Nonces for DPoP: proof that a proof was made lately, without a store.

A nonce names the period of its making under a MAC, so every worker with the key accepts what any of them made, and
nobody keeps a list. It is good in its period and in the next, and never before. Clause: RFC 9449 section 8.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from idbridge.codec import base64url, length_prefixed
from idbridge.limits import LIMITS

KEY_OCTETS: Final = 32
_MAC_OCTETS: Final = 16


@dataclass(frozen=True, slots=True)
class DpopNonces:
    """The nonces of one node. ``key`` are 32 random octets, the same in each of its workers.

    Raises:
        ValueError: The key has another length.
    """

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != KEY_OCTETS:
            raise ValueError(f"nonces are made under a key of {KEY_OCTETS} octets")

    def issue(self, *, at: datetime) -> str:
        """Return the nonce of the period of ``at``."""
        return self._of(_period(at))

    def accepts(self, nonce: Any, *, at: datetime) -> bool:
        """Tell whether ``nonce`` was made by us, in the period of ``at`` or the one before; anything may be offered."""
        if type(nonce) is not str or not nonce.isascii():
            return False
        period = _period(at)
        return hmac.compare_digest(nonce, self._of(period)) | hmac.compare_digest(nonce, self._of(period - 1))

    def _of(self, period: int) -> str:
        message = length_prefixed.encode("dpop-nonce", str(period))
        return base64url.encode(hmac.digest(self.key, message, hashlib.sha256)[:_MAC_OCTETS])


def _period(at: datetime) -> int:
    return int(at.timestamp() // LIMITS.dpop_nonce_period.total_seconds())
