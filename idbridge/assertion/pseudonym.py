"""Pairwise subjects: one name per person and sector, made so that two sectors cannot compare notes.

HMAC-SHA256 under the node's state key over length-prefixed fields (architecture D9; OpenID Connect Core 1.0 section
8.1). Whoever does not hold the key can neither compute a name nor tell that two names belong to one person. Where the
provider's own identifier does not last, the name is made for one transaction and never again.

A key can be exchanged. For a while the name under the former key is told beside the new one, to the relying party that
knew it, so that it recognises its own people; a key that leaked is exchanged without that, and nobody is recognised.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from idbridge.codec import base64url, length_prefixed
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.trust import IdentifierPersistence

KEY_OCTETS: Final = 32


@dataclass(frozen=True, slots=True)
class FormerKey:
    """The key before the present one, and in which time, half-open, the names that it made are told beside the new.

    Raises:
        ConfigurationError: It could be guessed; the time is none in UTC, or longer than ``LIMITS.subject_overlap``.
    """

    octets: bytes = field(repr=False)
    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        _require_random(self.octets)
        if self.since.utcoffset() != timedelta(0) or self.until.utcoffset() != timedelta(0):
            raise ConfigurationError("the time in which former subjects are told is in UTC")
        if not timedelta(0) < self.until - self.since <= LIMITS.subject_overlap:
            raise ConfigurationError(f"former subjects are told for {LIMITS.subject_overlap.days} days at most")


@dataclass(frozen=True, slots=True)
class PairwiseKey:
    """The state key under which a node makes pairwise subjects. It is never shown, not even by ``repr``.

    Raises:
        ConfigurationError: It is shorter than 32 octets, one octet repeated, or the former key again.
    """

    octets: bytes = field(repr=False)
    former: FormerKey | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _require_random(self.octets)
        if self.former is not None and hmac.compare_digest(self.former.octets, self.octets):
            raise ConfigurationError("the former pairwise key is the present one")

    def rotated(self, octets: bytes, *, at: datetime, overlap: timedelta) -> "PairwiseKey":
        """Return a new key after which names of this one are told for the time ``overlap``; those before are over."""
        return PairwiseKey(octets, FormerKey(self.octets, at, at + overlap))


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """What a name is made of.

    ``subject`` is the value of the claim that the list names, as ``provider`` (its issuer identifier) states it. Two
    providers may give the same value to two people, so a value counts only together with its provider.
    ``transaction`` enters for identifiers that do not last, and for people whose identifier is not disclosed
    (``None``), so that two strangers never share a name.

    Raises:
        ValueError: A field is empty; everybody would share one name.
    """

    home_state: MemberState
    provider: str
    subject: str | None = field(repr=False)
    sector: str
    persistence: IdentifierPersistence
    transaction: str

    def __post_init__(self) -> None:
        if not (self.provider and self.sector and self.transaction) or self.subject == "":
            raise ValueError("a pairwise subject needs a provider, a subject, a sector and a transaction")

    @property
    def lasts(self) -> bool:
        """Tell whether the same person has the same name again."""
        return self.subject is not None and self.persistence is not IdentifierPersistence.TRANSIENT

    def message(self) -> bytes:
        """Return the fields in one string of octets that no other fields give."""
        person = length_prefixed.encode(self.provider, self.subject or "")
        once = "" if self.lasts else self.transaction
        return length_prefixed.encode(self.home_state.value, person, self.sector, once)


def pairwise(key: PairwiseKey, whose: Whose) -> str:
    """Return the subject that the sector sees."""
    return _named(key.octets, whose)


def former_pairwise(key: PairwiseKey, whose: Whose, *, at: datetime) -> str | None:
    """Return the subject that the sector saw under the former key; ``None`` once that is not told any more.

    A name that was made for one transaction has no former one.
    """
    former = key.former
    if former is None or not whose.lasts or not former.since <= at < former.until:
        return None
    return _named(former.octets, whose)


def _named(octets: bytes, whose: Whose) -> str:
    return base64url.encode(hmac.new(octets, whose.message(), hashlib.sha256).digest())


def _require_random(octets: bytes) -> None:
    if len(octets) < KEY_OCTETS or len(set(octets)) == 1:
        raise ConfigurationError(f"a pairwise key has at least {KEY_OCTETS} random octets")
