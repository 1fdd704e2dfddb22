"""The recognition table: whose credentials a state recognises for a purpose today, and why not the others'.

Answers ``GET /v1/recognition``. Asks ``standing`` what the pipeline asks it and adds what steps V3 and V5 say of a
service whatever the credential: the state's list, the service's status, the levels it can reach, whether a holder can
be bound. A row says *recognised* exactly if some credential of that service would be; a refused row carries the code
that such a credential would meet. Clause: architecture D2.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.model.credential import HolderBinding, HolderMethod
from idbridge.model.region import AssuranceLevel, Format, MemberState, ServiceType
from idbridge.model.time import instant_text
from idbridge.model.trust import EntitySubject, HolderBindingRule, ListProvenance, ServiceStatus, TrustService
from idbridge.recognition.assurance import bearer_ceiling
from idbridge.recognition.purpose import PurposeSubject
from idbridge.recognition.standing import Standing, Standings

_ENDED: Final = MappingProxyType({
    ServiceStatus.SUPERSEDED: "issuer.superseded",
    ServiceStatus.WITHDRAWN: "issuer.withdrawn",
    ServiceStatus.COMPROMISED: "issuer.compromised",
})  # fmt: skip
_DENIED: Final = "issuer.denied"
_NOTHING: Final[Mapping[str, datetime]] = MappingProxyType({})
_IDENTITY_TYPES: Final = frozenset({ServiceType.LOGIN, ServiceType.PID, ServiceType.ATTESTATION})
_UNBOUND: Final = HolderBinding(HolderMethod.NONE)
_BOUND_BY_LOGIN: Final = HolderBinding(HolderMethod.LOGIN)
_BOUND_BY_KEY: Final = HolderBinding(HolderMethod.KB_JWT)

# Where no service of a state is recognised, the state's row tells the reason that got furthest: the last of these.
_FURTHEST: Final = (
    "recognition.observer_state", "issuer.service_not_listed", "recognition.no_arrangement", "issuer.not_yet_granted",
    _DENIED, "issuer.compromised", "issuer.withdrawn", "issuer.superseded", "recognition.not_yet_in_force",
    "recognition.repealed", "recognition.suspended", "recognition.service_not_covered",
    "recognition.purpose_not_allowed", "mandate.missing", "mandate.out_of_scope",
    "recognition.loa_too_low", "recognition.holder_not_bound",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ListedState:
    """A state's part of a trust snapshot: its list's provenance and services, or why there is no list.

    ``stale_from`` is when its list goes out of date, where that is before its next update. ``denied_until`` is when the
    last denial of the whole state lapses, and ``services_denied_until`` the same of services by their id.
    """

    member_state: MemberState
    provenance: ListProvenance | None
    services: tuple[TrustService, ...]
    code: str | None
    stale_from: datetime | None = None
    denied_until: datetime | None = None
    services_denied_until: Mapping[str, datetime] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """What can be recognised of one service in one format. ``level`` is the highest; A0 if nothing can be."""

    service: TrustService
    format: Format
    standing: Standing
    code: str | None
    level: AssuranceLevel
    binding_required: bool

    def render(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        recognised = self.code is None
        return {
            "service_id": self.service.service_id,
            "name": self.service.name,
            "type": self.service.service_type.value,
            "format": self.format.value,
            "recognised": recognised,
            "code": self.code,
            "level": str(self.level) if recognised else None,
            "binding": _binding(self) if recognised else None,
        }


@dataclass(frozen=True, slots=True)
class StateRow:
    """What can be recognised of one state: its best service, and all of them."""

    member_state: MemberState
    code: str | None
    best: ServiceRow | None
    services: tuple[ServiceRow, ...]

    def render(self) -> dict[str, Any]:
        """Return the row as the interface page lists its members."""
        best, recognised = self.best, self.code is None
        standing = best.standing if best is not None else None
        return {
            "state": self.member_state.value,
            "recognised": recognised,
            "code": self.code,
            "level": str(best.level) if best is not None and recognised else None,
            "formats": sorted({row.format.value for row in self.services if _counts(row) and row.code is None}),
            "binding": _binding(best) if best is not None and recognised else None,
            "arrangement": standing.arrangement if standing is not None else None,
            "version": standing.version if standing is not None else None,
            "from": _written(standing.valid_from) if standing is not None else None,
            "until": _written(standing.valid_until) if standing is not None else None,
            "services": [row.render() for row in self.services],
        }


def recognition_table(
    states: Iterable[ListedState], *, standings: Standings, by: MemberState, purpose: str, at: datetime
) -> tuple[StateRow, ...]:
    """Return one row for each of ``states``: what ``by`` recognises of it for ``purpose`` at the instant ``at``."""
    return tuple(_state_row(state, standings=standings, by=by, purpose=purpose, at=at) for state in states)


def _state_row(state: ListedState, *, standings: Standings, by: MemberState, purpose: str, at: datetime) -> StateRow:
    code = _list_code(state, at=at)
    if code is not None:
        return StateRow(state.member_state, code, None, ())
    rows = tuple(
        service_row(
            service, form, standings=standings, by=by, purpose=purpose, at=at,
            denied_until=state.services_denied_until.get(service.service_id),
        )
        for service in state.services
        for form in sorted(service.profile.formats)
    )  # fmt: skip
    counting = [row for row in rows if _counts(row)]
    if not counting:
        return StateRow(state.member_state, "issuer.service_not_listed", None, rows)
    best = max(counting, key=_rank)
    return StateRow(state.member_state, best.code, best, rows)


def _list_code(state: ListedState, *, at: datetime) -> str | None:
    if state.denied_until is not None and at < state.denied_until:
        return _DENIED
    if state.provenance is None:
        return state.code or "trust.not_configured"
    return "trust.stale" if at >= (state.stale_from or state.provenance.next_update) else None


def service_row(
    service: TrustService,
    form: Format,
    *,
    standings: Standings,
    by: MemberState,
    purpose: str,
    at: datetime,
    denied_until: datetime | None = None,
) -> ServiceRow:
    """Return what ``by`` can recognise, for ``purpose`` at ``at``, of what this service issues in this format."""
    standing = standings.find(
        by=by,
        origin=service.member_state,
        service_type=service.service_type,
        format=form,
        purpose=purpose,
        at=at,
    )
    denied = denied_until is not None and at < denied_until
    code = _DENIED if denied else _status_code(service, at=at) or standing.code
    if code is not None:
        return ServiceRow(service, form, standing, code, AssuranceLevel.A0, binding_required=True)
    return _reachable(service, form, standing)


def _status_code(service: TrustService, *, at: datetime) -> str | None:
    period = service.status_at(at)
    return _ENDED.get(period.status) if period is not None else "issuer.not_yet_granted"


def _reachable(service: TrustService, form: Format, standing: Standing) -> ServiceRow:
    """Return the row of a service whose kind stands: which levels can its credentials be recognised at?"""
    bound = {standing.levels[level] for level in _levels(service, form, holder=_binding_of(service, form))}
    unbound = {standing.levels[level] for level in _levels(service, form, holder=_bearer_of(service, form))}
    serving_bound = {level for level in bound if level >= standing.minimum_level}
    serving_unbound = {level for level in unbound if level >= standing.minimum_level}
    allowed = serving_bound | (serving_unbound if standing.bearer_allowed else set())
    code = None if allowed else "recognition.holder_not_bound" if serving_unbound else "recognition.loa_too_low"
    if code is None:
        code = _mandate_code(service, standing)
    level = max(allowed, default=AssuranceLevel.A0) if code is None else AssuranceLevel.A0
    required = not (standing.bearer_allowed and serving_unbound)
    return ServiceRow(service, form, standing, code, level, binding_required=required)


def _levels(service: TrustService, form: Format, *, holder: HolderBinding | None) -> Iterator[AssuranceLevel]:
    """Yield the regional levels that the service's credentials can prove with this kind of holder binding."""
    if holder is None:
        return
    if form is Format.ASSERTION:  # an assertion states its level itself
        yield from AssuranceLevel
        return
    for step in service.profile.ladder:
        yield min(step.identity, bearer_ceiling(step.authentication, holder=holder))


def _binding_of(service: TrustService, form: Format) -> HolderBinding | None:
    """Return how a holder can be bound; ``None`` where the service's credentials name no key and no login does it."""
    if form in (Format.ID_TOKEN, Format.ASSERTION):
        return _BOUND_BY_LOGIN
    return _BOUND_BY_KEY if service.profile.holder_binding is not HolderBindingRule.NONE else None


def _bearer_of(service: TrustService, form: Format) -> HolderBinding | None:
    """Return the absence of a binding; ``None`` where step V5 refuses a presentation without one."""
    demanded = service.profile.holder_binding is HolderBindingRule.REQUIRED
    return None if demanded and form not in (Format.ID_TOKEN, Format.ASSERTION) else _UNBOUND


def _mandate_code(service: TrustService, standing: Standing) -> str | None:
    """Return why this service can never serve the purpose: it names no legal person, or only itself as one.

    An assertion may carry a mandate, whatever its own list entry says.
    """
    if standing.purpose is None or service.service_type is ServiceType.ASSERTION:
        return None
    names, subject = service.profile.claim_map, standing.purpose.subject
    if subject is PurposeSubject.LEGAL and names.mandate is None and names.entity is None:
        return "mandate.missing"
    itself = names.entity is not None and names.entity.subject is EntitySubject.ITSELF
    return "mandate.out_of_scope" if itself and subject is PurposeSubject.NATURAL else None


def _counts(row: ServiceRow) -> bool:
    """Tell whether a row speaks for its state: identities do, assertions of its node and revocations do not."""
    return row.service.service_type in _IDENTITY_TYPES


def _rank(row: ServiceRow) -> tuple[bool, AssuranceLevel, bool, int]:
    """Order rows: recognised, at the higher level, with less asked of the holder, or refused at the later check."""
    code = row.code
    furthest = _FURTHEST.index(code) if code in _FURTHEST else -1
    return code is None, row.level, not row.binding_required, furthest


def _binding(row: ServiceRow) -> str:
    return "required" if row.binding_required else "optional"


def _written(instant: datetime | None) -> str | None:
    return instant_text(instant) if instant is not None else None
