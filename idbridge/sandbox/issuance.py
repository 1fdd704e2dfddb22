"""Issuance of an SD-JWT: the payload with its digests, and the disclosures that go with it, before anything is signed.

Clause: RFC 9901 sections 4.2 and 5.1.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.model.randomness import Randomness
from idbridge.sandbox.draft import json_text

_SALT_OCTETS: Final = 16  # RFC 9901 section 9.3: at least 128 bits of entropy
DIGEST_OCTETS: Final = 32


@dataclass(frozen=True, slots=True)
class Issuance:
    """What is about to be signed. ``disclosures`` are encoded, in the order in which the holder receives them."""

    payload: Mapping[str, Any]
    disclosures: tuple[str, ...]
    randomness: Randomness


Slip = Callable[[Issuance], Issuance]


def disclosure(*elements: Any, randomness: Randomness) -> str:
    """Return an encoded disclosure: a fresh salt, then ``elements``."""
    salt = base64url.encode(randomness.octets(_SALT_OCTETS))
    return base64url.encode(json_text([salt, *elements]))


def digest(encoded: str) -> str:
    """Return the SHA-256 digest of an encoded disclosure, as it stands in ``_sd``."""
    return base64url.encode(hashlib.sha256(encoded.encode("ascii")).digest())


def prepared(plain: Mapping[str, Any], hidden: Mapping[str, Any], *, randomness: Randomness) -> Issuance:
    """Return the issuance of ``plain`` claims and ``hidden`` ones, with one decoy among the digests.

    The digests are sorted, so that their order tells nothing (RFC 9901 section 9.4).
    """
    disclosures = tuple(disclosure(name, value, randomness=randomness) for name, value in hidden.items())
    decoy = base64url.encode(randomness.octets(DIGEST_OCTETS))
    digests = sorted([decoy, *(digest(encoded) for encoded in disclosures)])
    return Issuance({**plain, "_sd": digests, "_sd_alg": "sha-256"}, disclosures, randomness)
