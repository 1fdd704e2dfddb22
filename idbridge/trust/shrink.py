"""The brake on an edition that ends many services at once: by mistake, or by somebody with just enough keys.

To lose a fifth of a list is what an empty template, a wrong folder or a quiet sabotage looks like. Such an edition
needs one signature more than usual; an emergency has the deny list, which needs less. Superseding a key ends nothing
as long as the service goes on. Clause: architecture D1; attack case 63.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.trust import ServiceStatus
from idbridge.trust.profile import TrustList

_ONE: Final = 1  # a single service may always end: that is what withdrawing is
Role = tuple[str, str]  # issuer and type of service


def ended(before: TrustList, after: TrustList, *, at: datetime) -> frozenset[Role]:
    """Return the services, by issuer and type, that ``before`` grants at ``at`` and ``after`` does not."""
    return _granted(before, at=at) - _granted(after, at=at)


def share_ended(before: TrustList, after: TrustList, *, at: datetime) -> float:
    """Return which share of the services that ``before`` grants ends with ``after``: 0 to 1; 0 if it grants none."""
    granted = _granted(before, at=at)
    return len(ended(before, after, at=at)) / len(granted) if granted else 0.0


def require_confirmed(before: TrustList | None, after: TrustList, *, spare: int, at: datetime) -> None:
    """Return unless ``after`` ends more than it may without a further signature; ``spare`` signed beyond need.

    Raises:
        TrustError: ``trust.shrink_unconfirmed``.
    """
    if before is None or spare > 0:
        return
    gone = ended(before, after, at=at)
    if len(gone) > _ONE and share_ended(before, after, at=at) > LIMITS.shrink_brake:
        raise TrustError("trust.shrink_unconfirmed", f"{len(gone)} services end at once: {_some(gone)}")


def _granted(listed: TrustList, *, at: datetime) -> frozenset[Role]:
    return frozenset(
        (service.issuer, service.service_type.value)
        for service in listed.services
        if (period := service.status_at(at)) is not None and period.status is ServiceStatus.GRANTED
    )


def _some(gone: Iterable[Role]) -> str:
    return ", ".join(sorted({issuer for issuer, _ in gone})[:3])
