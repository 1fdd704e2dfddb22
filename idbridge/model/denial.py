"""Emergency denials as values: what is denied, for how long, and by whom. A denial can only take trust away.

Whether an entry counts, ``trust/deny.py`` decides; these are made by ``trust/deny_entry.py``. Clause: architecture D1.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from idbridge.model.region import MemberState, ServiceType


class DenialReason(StrEnum):
    """Why trust is taken away: a closed vocabulary, so that an entry has no room for a story."""

    KEY_COMPROMISE = "key_compromise"
    CA_COMPROMISE = "ca_compromise"
    CESSATION = "cessation"
    MISISSUANCE = "misissuance"
    ORDER_OF_AUTHORITY = "order_of_authority"


class TargetKind(StrEnum):
    """What a denial is aimed at."""

    KEY = "key"  # of a service, of a certificate on a path, or with which the state signs its list
    SERVICE = "service"
    STATE = "state"  # everything that the state vouches for


@dataclass(frozen=True, slots=True)
class DenialTarget:
    """What is denied, within one state. ``thumbprint`` is there for a key, ``issuer`` and type for a service.

    Raises:
        ValueError: A name is missing, or one too many.
    """

    kind: TargetKind
    thumbprint: str | None = None
    issuer: str | None = None
    service_type: ServiceType | None = None

    def __post_init__(self) -> None:
        service = self.kind is TargetKind.SERVICE
        names = (self.thumbprint is not None, self.issuer is not None, self.service_type is not None)
        if names != (self.kind is TargetKind.KEY, service, service):
            raise ValueError("a denial names a key, a service or a whole state")

    def document(self) -> dict[str, Any]:
        """Return the target as an entry writes it."""
        match self.kind:
            case TargetKind.KEY:
                return {"kind": "key", "thumbprint": self.thumbprint}
            case TargetKind.SERVICE:
                return {"kind": "service", "issuer": self.issuer, "type": str(self.service_type)}
            case TargetKind.STATE:
                return {"kind": "state"}


@dataclass(frozen=True, slots=True)
class DenyEntry:
    """A denial that was accepted. ``id`` is the digest of what it says, so that no two texts share one.

    ``by`` are the states whose signatures count: the affected ``state``, officers of others, or both. ``octets`` is
    the signed entry as it is kept. ``since`` is when the damage began, for people; no instant before it is spared,
    because without evidence nobody knows when something was signed.
    """

    id: str
    state: MemberState
    target: DenialTarget
    since: datetime
    reason: DenialReason
    issued_at: datetime
    by: frozenset[MemberState]
    octets: bytes = field(repr=False)

    def signed_by(self, states: frozenset[MemberState]) -> "DenyEntry":
        """Return the entry with the states whose signatures count for it."""
        return replace(self, by=states)

    @property
    def kind(self) -> TargetKind:
        """Whether a key, a service or the whole state is denied."""
        return self.target.kind

    @property
    def self_made(self) -> bool:
        """Tell whether the affected state denied itself; that never lapses."""
        return self.state in self.by

    @property
    def officers_made(self) -> bool:
        """Tell whether officers of other states stand behind it; then only the region lifts it."""
        return bool(self.by - {self.state})


class FollowUpKind(StrEnum):
    """What becomes of a denial."""

    RATIFY = "ratify"
    LIFT = "lift"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A ratification or a lift that was accepted; ``about`` is the id of the denial."""

    id: str
    kind: FollowUpKind
    about: str
    issued_at: datetime
    octets: bytes = field(repr=False)
