"""Wallets of the pretend region: what a holder shows of a credential, and the proof of being its holder.

Clauses: RFC 9901 sections 4.3 and 6.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from idbridge.codec import base64url

Sleight = Callable[[str], str]


def combined(issuer_jwt: str, disclosures: tuple[str, ...]) -> str:
    """Return the SD-JWT without key binding, up to and including its last tilde."""
    return "~".join((issuer_jwt, *disclosures, ""))


def without(disclosures: tuple[str, ...], withheld: tuple[str, ...]) -> tuple[str, ...]:
    """Return the disclosures that the holder shows: all but those of the claims ``withheld``."""
    if not withheld:
        return disclosures
    return tuple(encoded for encoded in disclosures if json.loads(base64url.decode(encoded))[1] not in withheld)


def binding_claims(sd_jwt: str, *, audience: str, nonce: str, now: int) -> dict[str, Any]:
    """Return the claims of a KB-JWT over ``sd_jwt``."""
    sd_hash = base64url.encode(hashlib.sha256(sd_jwt.encode("ascii")).digest())
    return {"iat": now, "aud": audience, "nonce": nonce, "sd_hash": sd_hash}


def as_bound(sd_jwt: str) -> str:
    """Show what was bound."""
    return sd_jwt


def last_disclosure_removed(sd_jwt: str) -> str:
    """Take a disclosure away after the binding was made, so as to hide what was to be shown."""
    return f"{sd_jwt.rstrip('~').rpartition('~')[0]}~"


def last_disclosure_garbled(sd_jwt: str) -> str:
    """Spoil the encoding of a disclosure."""
    return f"{sd_jwt.rstrip('~')}!~"
