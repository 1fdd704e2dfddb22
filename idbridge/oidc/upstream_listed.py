"""A login provider as the trust lists name it now: where its state vouches for it, how far, and by which keys.

Decides whether anybody may be sent to the provider behind an issuer identifier, and which keys may speak for it beside
an ID token: for a logout token, say. Each listed key is judged on its own, wherever its state lists it; keys of a
listed key set come after them, as at every verification. Clauses: ETSI TS 119 602 (service status and history);
architecture D1 and D2.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from idbridge.errors import IssuerError
from idbridge.model.keys import PublicKey
from idbridge.model.region import CommitmentTier, Format, MemberState, ServiceType
from idbridge.model.trust import Polled, ServiceStatus, TrustService
from idbridge.trust.history import ENDED, severity_at
from idbridge.trust.siblings import listing_of
from idbridge.trust.snapshot import TrustSnapshot

_FAPI: Final = frozenset({CommitmentTier.T3, CommitmentTier.T4})
_LOGIN: Final = _FAPI | {CommitmentTier.T2}


@dataclass(frozen=True, slots=True)
class ListedLogin:
    """The login services of one issuer that are granted, at least one, all of one state. Made by ``listed_login``."""

    issuer: str
    state: MemberState
    services: tuple[TrustService, ...]

    @property
    def algorithms(self) -> frozenset[str]:
        """The algorithms by which any of the services may sign."""
        return frozenset[str]().union(*(service.profile.algorithms for service in self.services))

    @property
    def key_sets(self) -> frozenset[str]:
        """The addresses at which the services publish keys that their state does not list."""
        addresses = (service.profile.key_set for service in self.services)
        return frozenset(address for address in addresses if address is not None)

    @property
    def fapi(self) -> bool:
        """Whether the state is ready for FAPI 2.0 (tier T3); below it there is the plain code flow (T2)."""
        return all(service.profile.tier in _FAPI for service in self.services)


def listed_login(snapshot: TrustSnapshot, issuer: str, *, at: datetime) -> ListedLogin:
    """Return the login services of ``issuer`` by which somebody may log in at ``at``.

    Raises:
        IssuerError: ``issuer.unknown``; ``issuer.service_not_listed``: for no login, or by a state that is not ready
            for one; ``issuer.denied``, ``issuer.withdrawn``, ``issuer.compromised``, ``issuer.superseded`` or
            ``issuer.not_yet_granted``.
        TrustError: The list of its state is out of date.
    """
    listed = snapshot.by_issuer(issuer)
    if not listed:
        raise IssuerError("issuer.unknown")
    state = listed[0].member_state
    snapshot.require_not_denied(state, at=at)
    snapshot.require_current(state, at=at)
    logins = tuple(one for one in listed if _is_login(one))
    if not logins:
        raise IssuerError("issuer.service_not_listed")
    granted = tuple(one for one in logins if status_of(one, at=at) is ServiceStatus.GRANTED)
    if not granted:
        raise IssuerError(_why_not(logins, at=at))
    snapshot.require_not_denied(state, services=granted, at=at)
    return ListedLogin(issuer, state, granted)


def keys_of(listed: ListedLogin, snapshot: TrustSnapshot, polled: Polled, *, at: datetime) -> tuple[PublicKey, ...]:
    """Return the keys that may speak for ``listed`` now: those listed that are good, then those of its key sets."""
    own = (key for service in listed.services for key in service.keys if _is_good(snapshot, key, listed.state, at=at))
    held = (polled.get((listed.state, address)) for address in sorted(listed.key_sets))
    fetched = (key for one in held if one is not None and at < one.until for key in one.keys)
    keys = {key.thumbprint: key for key in own}
    for key in fetched:
        if key.thumbprint not in keys and _is_good(snapshot, key, listed.state, at=at):
            keys[key.thumbprint] = key
    return tuple(keys.values())


def status_of(service: TrustService, *, at: datetime) -> ServiceStatus | None:
    """Return the status of ``service`` at ``at``; ``None`` before its first period."""
    period = service.status_at(at)
    return period.status if period is not None else None


def _is_login(service: TrustService) -> bool:
    profile = service.profile
    signs = service.service_type is ServiceType.LOGIN and Format.ID_TOKEN in profile.formats
    return signs and profile.tier in _LOGIN


def _why_not(logins: tuple[TrustService, ...], *, at: datetime) -> str:
    worst = max(severity_at(one, at) for one in logins)
    if worst in ENDED:
        return ENDED[worst]
    begun = any(status_of(one, at=at) is not None for one in logins)
    return "issuer.superseded" if begun else "issuer.not_yet_granted"


def _is_good(snapshot: TrustSnapshot, key: PublicKey, state: MemberState, *, at: datetime) -> bool:
    """Tell whether ``key`` is neither denied nor ended, wherever ``state`` lists it."""
    listing = listing_of(snapshot, (key.thumbprint,), state=state)
    lapse = snapshot.denied.until(state, services=listing, keys=(key.thumbprint,))
    denied = lapse is not None and at < lapse
    return not denied and not any(severity_at(one, at) in ENDED for one in listing)
