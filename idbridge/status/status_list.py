"""A status list as verified: what one provider said of its credentials, at which address, and how long that counts.

Decides nothing but what follows from its own values: how many entries there are, which value stands at an index, and
until when a list may be relied on. ``token_status_list`` and ``bitstring`` are the only makers; whether the signer may
still speak for the address is asked again at every verification (``signers``).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from idbridge.crypto.x509 import VerifiedPath
from idbridge.errors import StatusError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.status import packing
from idbridge.status.packing import Octets

Place = tuple[MemberState, str]


class Mechanism(StrEnum):
    """How a credential refers to a list, by the standard's own word; a list of one kind never answers for another."""

    TOKEN = "status_list"  # noqa: S105 - the name of a mechanism, not a secret
    BITSTRING = "BitstringStatusListEntry"


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who signed a list: the service by its issuer, the key, and the path by which certificates led to the service."""

    issuer: str
    thumbprint: str
    path: VerifiedPath | None = None


@dataclass(frozen=True, slots=True)
class StatusList:
    """One list as signed for one address of one state.

    ``bits`` is the size of an entry; ``None`` for a bitstring, whose size each credential names. ``purposes`` are those
    of a bitstring. ``digest`` is the SHA-256 (hex) of the octets as fetched, ``content`` that of what was signed, which
    stays the same however often it is signed. ``octets`` are the packed entries, mapped into memory where there is a
    folder for them. ``binary`` tells that the list came as a CWT.
    """

    place: Place
    mechanism: Mechanism
    purposes: frozenset[str]
    bits: int | None
    issued_at: datetime
    until: datetime
    digest: str
    content: str
    signer: Vouched
    octets: Octets = field(compare=False, repr=False)
    binary: bool = False

    def is_current(self, at: datetime) -> bool:
        """Tell whether the list may be relied on ``at`` an instant; a clock a little behind is no fault."""
        return self.issued_at <= at + LIMITS.list_issue_skew and at < self.until

    def value(self, index: int, *, size: int) -> int:
        """Return the entry at ``index``; ``size`` is that of the credential's reference, or of the list itself.

        Raises:
            StatusError: ``status.index_range``: there is no such entry, or the bitstring has too few to hide it.
        """
        entries = packing.capacity(self.octets, size)
        if self.mechanism is Mechanism.BITSTRING and entries < LIMITS.status_list_entries:
            raise StatusError("status.index_range", f"a bitstring of fewer than {LIMITS.status_list_entries} entries")
        if not 0 <= index < entries:
            raise StatusError("status.index_range", f"the list ends after {entries} entries")
        if self.mechanism is Mechanism.BITSTRING:
            return packing.bitstring_value_at(self.octets, index, size)
        return packing.value_at(self.octets, index, size)


def relied_on_until(
    *, issued_at: datetime, expires_at: datetime | None, ttl: timedelta | None, fetched_at: datetime
) -> datetime:
    """Return until when a list counts: its own end, and no longer than anybody may go without a fresh copy.

    A ``ttl`` counts from the fetch (Token Status List section 13.7) and is clamped on both sides: a short one may not
    make a node forget between two rounds, a long one may not outlast a revocation by more than a day.

    Raises:
        StatusError: ``status.list_stale``: it is over, or not begun, at the fetch already.
    """
    longest = LIMITS.status_list_ttl_max
    cached = fetched_at + min(max(ttl, LIMITS.status_list_ttl_min) if ttl is not None else longest, longest)
    until = min(cached, issued_at + LIMITS.status_list_lifetime)
    if expires_at is not None:
        until = min(until, expires_at)
    if until <= fetched_at:
        raise StatusError("status.list_stale", "the list has expired")
    if issued_at > fetched_at + LIMITS.list_issue_skew:
        raise StatusError("status.list_stale", "the list is dated in the future")
    return until
