"""One-time values: what may count once, as a digest, so that nothing readable is stored (architecture D9).

Whoever spends a value keeps it until the presentation that carries it could no longer be accepted anyway.
"""

import hashlib
from datetime import UTC, datetime
from typing import Final

from idbridge.codec import length_prefixed
from idbridge.model.credential import OneTimeValue
from idbridge.model.request import VerifyRequest

_LAST: Final = datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp()  # later than this, no date can say


def nonce_once(request: VerifyRequest, *, issuer: str, until: float) -> OneTimeValue:
    """Return the one-time value of the nonce that ``request`` expects and found; ``until`` is in seconds since 1970.

    The nonce is the relying party's own, so it counts once for each relying party and issuer.
    """
    fields = ("nonce", request.relying_party.id, issuer, request.expected.nonce or "")
    key = hashlib.sha256(length_prefixed.encode(*fields)).digest()
    return OneTimeValue(key, datetime.fromtimestamp(min(until, _LAST), UTC))
