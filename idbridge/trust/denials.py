"""Denials applied: what of the lists held is denied, and until when; and what a list has ended by itself.

Answers for one snapshot, from look-ups made once. A denial reaches back: while it is in force, it is in force at every
earlier instant too, because without evidence nobody knows when something was signed. So all that there is to know of a
denied thing is when the last denial of it lapses. It reaches what its own state lists, and nothing of another state.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.model.denial import DenyEntry, TargetKind
from idbridge.model.region import MemberState
from idbridge.model.trust import ServiceStatus, TrustService
from idbridge.trust.deny import STATES_TO_DENY_A_STATE, DenyBook
from idbridge.trust.history import SEVERITY, History
from idbridge.trust.ledger import Ledger, Line, LineName

NEVER: Final = datetime.max.replace(tzinfo=UTC)  # a denial that lapses then does not lapse
_NONE: Final[Mapping[Any, datetime]] = MappingProxyType({})
_ENDED: Final = SEVERITY[ServiceStatus.WITHDRAWN]


@dataclass(frozen=True, slots=True)
class Denied:
    """When the last denial lapses: by state, by service (state, issuer, type), by key (state, thumbprint)."""

    states: Mapping[MemberState, datetime] = field(default_factory=lambda: _NONE)
    services: Mapping[tuple[MemberState, str, str], datetime] = field(default_factory=lambda: _NONE)
    keys: Mapping[tuple[MemberState, str], datetime] = field(default_factory=lambda: _NONE)

    def __bool__(self) -> bool:
        """Tell whether anything is denied at all, so that the usual day costs one question."""
        return bool(self.states or self.services or self.keys)

    def until(
        self, state: MemberState, *, services: Iterable[TrustService] = (), keys: Iterable[str] = ()
    ) -> datetime | None:
        """Return when the last denial of ``state`` lapses that reaches one of ``services`` or ``keys`` of it."""
        found = [
            self.states.get(state),
            *(self.services.get((state, service.issuer, service.service_type.value)) for service in services),
            *(self.keys.get((state, thumbprint)) for thumbprint in keys),
        ]
        return max((lapse for lapse in found if lapse is not None), default=None)


def denied_by(book: DenyBook, *, signers: Mapping[MemberState, str]) -> Denied:
    """Return what ``book`` denies; ``signers`` are the thumbprints of the keys that signed the lists held.

    Whose list was signed with a denied key says nothing that counts: all of the state is denied with it.
    """
    states: dict[MemberState, datetime] = {}
    services: dict[tuple[MemberState, str, str], datetime] = {}
    keys: dict[tuple[MemberState, str], datetime] = {}
    for entry in book.standing():
        lapse, target = book.lapses_at(entry) or NEVER, entry.target
        if target.thumbprint is not None:
            _later(keys, (entry.state, target.thumbprint), lapse)
        signs_the_list = target.thumbprint is not None and target.thumbprint == signers.get(entry.state)
        if target.kind is TargetKind.STATE or (signs_the_list and _reaches_the_state(entry, book)):
            _later(states, entry.state, lapse)
        if target.issuer is not None and target.service_type is not None:
            _later(services, (entry.state, target.issuer, target.service_type.value), lapse)
    return Denied(MappingProxyType(states), MappingProxyType(services), MappingProxyType(keys))


def _reaches_the_state(entry: DenyEntry, book: DenyBook) -> bool:
    """Tell whether a denial of the key that signs a state's list may end all of the state, as no one officer may."""
    return entry.self_made or book.lapses_at(entry) is None or len(entry.by) >= STATES_TO_DENY_A_STATE


def _later(lapses: dict[Any, datetime], name: Any, lapse: datetime) -> None:
    lapses[name] = max(lapse, lapses.get(name, lapse))


def ended(ledger: Ledger, entry: DenyEntry, *, at: datetime) -> bool:
    """Tell whether all that ``entry`` denies was listed once and is withdrawn, compromised or dropped at ``at``.

    What never was listed, such as the key of a certificate or of the list itself, no list can end.
    """
    concerned = [line for name, line in ledger.items() if _names(entry, name)]
    return bool(concerned) and all(_line_ended(line, at=at) for line in concerned)


def _names(entry: DenyEntry, name: LineName) -> bool:
    thumbprint, service_type, issuer = name
    target = entry.target
    return target.thumbprint == thumbprint or (target.issuer, target.service_type) == (issuer, service_type)


def _line_ended(line: Line, *, at: datetime) -> bool:
    return line.dropped or all(_history_ended(history, at=at) for history in line.histories)


def _history_ended(history: History, *, at: datetime) -> bool:
    return any(period.validity.start <= at and SEVERITY[period.status] >= _ENDED for period in history)
