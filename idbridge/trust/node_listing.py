"""Which of a node's own keys its state lets it use: what the lists say of one key at one instant.

A key counts as granted where a list names it as a plain key of an assertion service, for its algorithm, in a period
that grants, and nothing in force denies it. A key that no list grants makes assertions that nobody accepts. It knows
nothing of private parts (``trust/key_folder``), and not what a node does meanwhile. Architecture D1 and section 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from idbridge.errors import IssuerError
from idbridge.model.keys import PublicKey
from idbridge.model.region import ServiceType
from idbridge.model.trust import ServiceStatus, TrustService
from idbridge.trust.snapshot import TrustSnapshot


@dataclass(frozen=True, slots=True)
class Grant:
    """One assertion service that a key may sign for, and the key as its list names it."""

    service: TrustService
    key: PublicKey


def grants(snapshot: TrustSnapshot, thumbprint: str, *, algorithm: str, at: datetime) -> Iterator[Grant]:
    """Yield the grants that the key of this RFC 7638 thumbprint has at ``at``, in the order of the lists."""
    for service in snapshot.by_thumbprint(thumbprint):
        if _is_granted(service, algorithm, at=at) and not _is_denied(snapshot, service, thumbprint, at=at):
            yield from (Grant(service, key) for key in service.keys if key.thumbprint == thumbprint)


def _is_granted(service: TrustService, algorithm: str, *, at: datetime) -> bool:
    period = service.status_at(at)
    return (
        service.service_type is ServiceType.ASSERTION
        and algorithm in service.profile.algorithms
        and period is not None
        and period.status is ServiceStatus.GRANTED
    )


def _is_denied(snapshot: TrustSnapshot, service: TrustService, thumbprint: str, *, at: datetime) -> bool:
    """Tell whether a denial reaches the key in any service of its state, as it does for whoever verifies."""
    state = service.member_state
    listing = [other for other in snapshot.by_thumbprint(thumbprint) if other.member_state is state]
    try:
        snapshot.require_not_denied(state, services=listing, keys=(thumbprint,), at=at)
    except IssuerError:
        return True
    return False
