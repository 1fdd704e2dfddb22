"""The calendar: what of the trust material comes to an end when, and what has to be seen to now.

Decides when something is *due*: once only a third of its life is left, half a year before its end at the latest.
Whoever is told then has time for a ceremony with several people; whoever is told by an expired list has none. Whether
anything is valid is not decided here. Clauses: reference on TUF, section 9 (alarm); architecture D1, D3.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from idbridge.crypto.certificate_facts import certificate_facts
from idbridge.model.denial import DenyEntry
from idbridge.model.time import instant_text
from idbridge.model.trust import ServiceStatus, TrustService
from idbridge.recognition.arrangement import ArrangementStatus
from idbridge.trust.deny import DenyBook
from idbridge.trust.snapshot import TrustSnapshot

HORIZONS: Final = (7, 30, 90, 180)  # days
_EARLIEST_ALARM: Final = timedelta(days=180)
_ALARM_SHARE: Final = 3  # one third of the life


class DueKind(StrEnum):
    """What comes to an end."""

    LIST = "list"
    CERTIFICATE = "certificate"
    SERVICE = "service"
    ARRANGEMENT = "arrangement"
    ROLE = "role"
    KEY = "key"
    DENIAL = "denial"


@dataclass(frozen=True, slots=True)
class Due:
    """One thing with an end. ``state`` is whose it is, empty for the region's.

    Raises:
        ValueError: It ends before it begins.
    """

    kind: DueKind
    state: str
    subject: str
    begins: datetime
    expires: datetime

    def __post_init__(self) -> None:
        if self.expires < self.begins:
            raise ValueError("what comes to an end has begun before")

    @property
    def alarm(self) -> datetime:
        """The instant from which somebody has to see to it."""
        return self.expires - min((self.expires - self.begins) / _ALARM_SHARE, _EARLIEST_ALARM)

    def is_due(self, at: datetime) -> bool:
        """Tell whether somebody has to see to it at ``at``."""
        return self.alarm <= at

    def bucket(self, at: datetime) -> str:
        """Return how near the end is: ``overdue``, ``7``, ``30``, ``90`` or ``180`` days, or ``later``."""
        if self.expires <= at:
            return "overdue"
        return next((str(days) for days in HORIZONS if self.expires <= at + timedelta(days=days)), "later")

    def document(self, at: datetime) -> dict[str, Any]:
        """Return the entry as plain JSON values, as it looks at ``at``."""
        return {
            "kind": self.kind.value,
            "state": self.state or None,
            "subject": self.subject,
            "begins": instant_text(self.begins),
            "expires": instant_text(self.expires),
            "alarm": instant_text(self.alarm.replace(microsecond=0)),
            "bucket": self.bucket(at),
            "due": self.is_due(at),
        }


def in_order(dues: Iterable[Due], *, at: datetime, within: timedelta | None = None) -> tuple[Due, ...]:
    """Return what ends soonest first: all of it, or what is due or ends ``within`` that time."""
    chosen = (one for one in dues if within is None or one.is_due(at) or one.expires <= at + within)
    return tuple(sorted(chosen, key=lambda one: (one.expires, one.kind, one.state, one.subject)))


def dues_of(snapshot: TrustSnapshot, *, at: datetime) -> tuple[Due, ...]:
    """Return everything in a snapshot that comes to an end, and is in use or will be."""
    return (
        *_lists(snapshot),
        *_certificates(snapshot, at=at),
        *_services(snapshot, at=at),
        *_arrangements(snapshot),
        *_timestamp(snapshot),
    )


def denial_dues(book: DenyBook, *, at: datetime) -> tuple[Due, ...]:
    """Return the denials in force at ``at`` that lapse unless they are ratified."""
    lapsing = ((entry, book.lapses_at(entry)) for entry in book.in_force(at))
    return tuple(
        Due(DueKind.DENIAL, entry.state.value, denied_thing(entry), entry.issued_at, lapse)
        for entry, lapse in lapsing
        if lapse is not None
    )


def denied_thing(entry: DenyEntry) -> str:
    """Return in words what a denial is aimed at."""
    target = entry.target
    name = target.thumbprint or " ".join(filter(None, (target.issuer, target.service_type)))
    return f"{entry.kind} {name or entry.state}, denial {entry.id[:12]}"


def _lists(snapshot: TrustSnapshot) -> Iterator[Due]:
    for state in sorted(snapshot.lists):
        about = snapshot.provenance(state)
        yield Due(DueKind.LIST, state.value, f"edition {about.sequence}", about.issued_at, about.next_update)


def _granted(service: TrustService, at: datetime) -> bool:
    """Tell whether the service is granted at ``at`` or will be."""
    period = service.status_at(at)
    return period is None or period.status is ServiceStatus.GRANTED


def _all_services(snapshot: TrustSnapshot) -> Iterator[TrustService]:
    for state in sorted(snapshot.lists):
        yield from snapshot.services_of(state)


def _certificates(snapshot: TrustSnapshot, *, at: datetime) -> Iterator[Due]:
    for service in _all_services(snapshot):
        for anchor in service.anchors if _granted(service, at) else ():
            facts = certificate_facts(anchor)
            subject = f"{service.name}, serial {facts.serial:x}"
            yield Due(DueKind.CERTIFICATE, service.member_state.value, subject, facts.not_before, facts.not_after)


def _services(snapshot: TrustSnapshot, *, at: datetime) -> Iterator[Due]:
    """Yield the services with an announced end; a key that another one follows on has only its overlap left."""
    for service in _all_services(snapshot):
        begins, end = service.history[0].validity.start, service.history[0].validity.end
        if _granted(service, at) and end is not None:
            following = tuple(_following(snapshot, service, end))
            kind = DueKind.KEY if following else DueKind.SERVICE
            yield Due(kind, service.member_state.value, service.name, max(begins, *following, begins), end)


def _following(snapshot: TrustSnapshot, service: TrustService, end: datetime) -> Iterator[datetime]:
    """Yield since when each service of the same issuer and type is granted that still is at ``end``."""
    for one in snapshot.by_issuer(service.issuer):
        period = one.status_at(end)
        if one.service_type is service.service_type and period is not None and period.status is ServiceStatus.GRANTED:
            yield period.validity.start


def _arrangements(snapshot: TrustSnapshot) -> Iterator[Due]:
    for name in sorted(snapshot.arrangements.histories):
        latest = snapshot.arrangements.histories[name].latest
        if latest.status is ArrangementStatus.ENACTED and latest.until is not None:
            yield Due(DueKind.ARRANGEMENT, "", f"{name} v{latest.version}", latest.effective_from, latest.until)


def _timestamp(snapshot: TrustSnapshot) -> Iterator[Due]:
    regional = snapshot.regional
    if regional is not None:
        subject = f"timestamp {regional.timestamp_version}"
        yield Due(DueKind.ROLE, "", subject, regional.signed_at, max(regional.signed_at, regional.expires))
