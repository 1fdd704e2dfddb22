"""The trust snapshot: all that a verification knows of who may issue what, immutable and named by its content.

Decides nothing; it answers by issuer, key thumbprint and key identifier in one step. ``id`` is the SHA-256 of the
canonical manifest, so that a verdict names exactly what it relied on and a replay can fetch just that. A request pins
one snapshot from start to end.
"""

import copy
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, TypeVar

from idbridge.codec import jcs
from idbridge.errors import IssuerError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.denial import DenyEntry
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import instant_text
from idbridge.model.trust import ListProvenance, TrustService
from idbridge.recognition.arrangement import ArrangementIndex
from idbridge.recognition.purpose import PurposeRegister
from idbridge.recognition.table import ListedState
from idbridge.trust.denials import Denied, denied_by
from idbridge.trust.deny import DenyBook
from idbridge.trust.freshness import RegionalFreshness
from idbridge.trust.profile import TrustList
from idbridge.trust.trusted_set import TrustedSet

SCHEMA: Final = "idbridge-trust-snapshot-1"
NO_TIME: Final = timedelta(0)
NOT_CONFIGURED: Final = "trust.not_configured"
# How a state without list is reported to who asks about one of its issuers: nothing is known, and that may pass.
_UNDECIDED: Final = MappingProxyType({
    NOT_CONFIGURED: NOT_CONFIGURED,
    "trust.unreachable": "trust.unreachable",
    "trust.expired": "trust.stale",
})  # fmt: skip
_NO_LAPSES: Final[Mapping[str, datetime]] = MappingProxyType({})
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)  # a denial that lapsed then is none
_NO_REASONS: Final[Mapping[MemberState, str]] = MappingProxyType({})
Name = TypeVar("Name", bound=Hashable)
Index = Mapping[Name, tuple[TrustService, ...]]


@dataclass(frozen=True, slots=True)
class RefusedOffer:
    """Something that was offered and not accepted while the snapshot was made; what was held stayed in force."""

    subject: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class TrustSnapshot:
    """What was accepted, at one moment. Made by ``snapshot_of``.

    ``lists`` and ``states_without_list`` together name every state; the latter with the code of the reason.
    ``refused`` is for operators and no part of the content. ``regional`` is ``None`` where there is no timestamp.
    ``denials`` are those held; ``denied`` is what of this snapshot they reach, and false if nothing is.
    """

    id: str
    environment: Environment
    lists: Mapping[MemberState, TrustList]
    states_without_list: Mapping[MemberState, str]
    arrangements: ArrangementIndex
    purposes: PurposeRegister
    refused: tuple[RefusedOffer, ...]
    regional: RegionalFreshness | None
    denials: DenyBook
    denied: Denied
    _manifest: dict[str, Any]
    _by_issuer: Index[str]
    _by_thumbprint: Index[str]
    _by_key_identifier: Index[bytes]
    _elsewhere: frozenset[str]
    _orphans: Mapping[str, MemberState]

    def services_of(self, state: MemberState) -> tuple[TrustService, ...]:
        """Return the services that ``state`` lists, in the order of its list; none without a list."""
        listed = self.lists.get(state)
        return listed.services if listed is not None else ()

    def by_issuer(self, issuer: str) -> tuple[TrustService, ...]:
        """Return the services of ``issuer``, all of one state; compared character by character."""
        return self._by_issuer.get(issuer, ())

    def by_thumbprint(self, thumbprint: str) -> tuple[TrustService, ...]:
        """Return the services that list the key of this RFC 7638 thumbprint, as JWK or in a certificate."""
        return self._by_thumbprint.get(thumbprint, ())

    def by_ski(self, key_identifier: bytes) -> tuple[TrustService, ...]:
        """Return the services that list a certificate of this subject key identifier; two keys may share one."""
        return self._by_key_identifier.get(key_identifier, ())

    def provenance(self, state: MemberState) -> ListProvenance:
        """Return which edition of the list of ``state`` this snapshot holds.

        Raises:
            TrustError: It holds none; the code says why.
        """
        listed = self.lists.get(state)
        if listed is None:
            raise TrustError(self.states_without_list[state])
        return listed.provenance

    def stale_from(self, state: MemberState) -> datetime:
        """Return from when on the list of ``state`` is out of date: its next update, or the end of the distribution's.

        Raises:
            TrustError: None is held; the code says why.
        """
        next_update = self.provenance(state).next_update
        if self.regional is None:
            return next_update
        return min(next_update, self.regional.expires, self.regional.states_until.get(state, next_update))

    def grace_ends(self) -> datetime | None:
        """Return until when a list may have grace at all: later, nobody knows what was denied.

        ``None`` where no timestamp tells how fresh denials are: then there is none.
        """
        return None if self.regional is None else self.regional.signed_at + LIMITS.deny_freshness

    def longest_grace(self, *, at: datetime) -> timedelta:
        """Return by how much a list may be out of date at ``at`` for the least demanding of arrangements."""
        ends = self.grace_ends()
        return LIMITS.grace_low if ends is not None and at <= ends else NO_TIME

    def require_current(self, state: MemberState, *, at: datetime, grace: timedelta = NO_TIME) -> ListProvenance:
        """Return which edition of the list of ``state`` is held, if it is up to date at ``at``, or almost.

        ``grace`` is by how much it may be out of date.

        Raises:
            TrustError: ``trust.stale``, ``trust.not_configured``, ``trust.unreachable`` or ``trust.refused``: the list
                is out of date or not held, and nothing can be said of the state's services.
        """
        listed = self.lists.get(state)
        if listed is None:
            raise TrustError(_UNDECIDED.get(self.states_without_list[state], "trust.refused"))
        stale_from = self.stale_from(state)
        if stale_from <= at and (not grace or stale_from + grace < at):
            raise TrustError("trust.stale")
        return listed.provenance

    def require_not_denied(
        self, state: MemberState, *, services: Iterable[TrustService] = (), keys: Iterable[str] = (), at: datetime
    ) -> datetime | None:
        """Return when the last denial lapsed that reached ``state`` or any of these of it; ``None`` without one.

        Raises:
            IssuerError: ``issuer.denied``: one is in force at ``at``.
        """
        if not self.denied:
            return None
        lapse = self.denied.until(state, services=services, keys=keys)
        if lapse is not None and at < lapse:
            raise IssuerError("issuer.denied")
        return lapse

    def listed_states(self) -> tuple[ListedState, ...]:
        """Return all eleven states as the recognition table reads them: lists and services, and what stops them."""
        return tuple(self._listed_state(state) for state in sorted(MemberState))

    def _listed_state(self, state: MemberState) -> ListedState:
        listed = self.lists.get(state)
        return ListedState(
            state,
            listed.provenance if listed is not None else None,
            self.services_of(state),
            self.states_without_list.get(state),
            self.stale_from(state) if listed is not None else None,
            self.denied.until(state),
            self._services_denied(listed) if listed is not None and self.denied else _NO_LAPSES,
        )

    def _services_denied(self, listed: TrustList) -> Mapping[str, datetime]:
        """Return when the denials lapse that leave no key of a service, by the id of the service."""
        lapses = {
            entry.service_id: min(until)
            for entry in listed.entries
            if (until := [self._key_denied(key.thumbprint, listed.provenance.member_state) for key in entry.keys])
        }
        return {name: lapse for name, lapse in lapses.items() if lapse > _EARLIEST}

    def _key_denied(self, thumbprint: str, state: MemberState) -> datetime:
        services = (service for service in self.by_thumbprint(thumbprint) if service.member_state is state)
        return self.denied.until(state, services=services, keys=(thumbprint,)) or _EARLIEST

    def other_environment(self, issuer: str) -> bool:
        """Tell whether a state lists ``issuer`` as one of its other environment. It leads to a refusal either way."""
        return issuer in self._elsewhere

    def addresses_of(self, state: MemberState) -> frozenset[str]:
        """Return the addresses that the list of ``state`` calls itself by and no other list does.

        None while a list is lost: it might be the one that they belong to.
        """
        listed = self.lists.get(state)
        if listed is None or self.lost_lists():
            return frozenset()
        others = (other.addresses for held, other in self.lists.items() if held is not state)
        return listed.addresses.difference(*others)

    def orphaned(self, issuer: str) -> MemberState | None:
        """Return the state that spoke for ``issuer`` when a list of it was last accepted, if none is held now."""
        return self._orphans.get(issuer)

    def lost_lists(self) -> Mapping[MemberState, str]:
        """Return the states whose list is not held though it should be, or once was, with the code to tell."""
        spoke = frozenset(self._orphans.values())
        return {
            state: _UNDECIDED.get(why, "trust.refused")
            for state, why in self.states_without_list.items()
            if why != NOT_CONFIGURED or state in spoke
        }

    def require_none_lost(self, thumbprint: str, *, at: datetime) -> None:
        """Return if no list is lost in which the key of this thumbprint could stand, and no lost state denied it.

        Raises:
            IssuerError: ``issuer.denied``.
            TrustError: As for ``require_current``.
        """
        # Of a state that is denied itself, nothing in its list would count.
        lost = [state for state in self.lost_lists() if (self.denied.until(state) or at) <= at]
        for state in lost:
            self.require_not_denied(state, keys=(thumbprint,), at=at)
        for state in lost:
            self.require_current(state, at=at)

    def manifest(self) -> dict[str, Any]:
        """Return the content that ``id`` is the digest of; a copy, so that no reader can change it for another."""
        return copy.deepcopy(self._manifest)


def snapshot_of(
    trusted: TrustedSet,
    *,
    states_without_list: Mapping[MemberState, str] = _NO_REASONS,
    refused: tuple[RefusedOffer, ...] = (),
    regional: RegionalFreshness | None = None,
) -> TrustSnapshot:
    """Return the snapshot of ``trusted``; a state that has no list and no given reason is not configured."""
    absent = {
        state: states_without_list.get(state, NOT_CONFIGURED) for state in MemberState if state not in trusted.lists
    }
    orphans = {issuer: state for state in absent if state in trusted.floors for issuer in trusted.floors[state].issuers}
    manifest = _manifest(trusted, absent=absent, orphans=orphans, regional=regional)
    lists = tuple(trusted.lists.values())
    return TrustSnapshot(
        id=jcs.digest_hex(manifest),
        environment=trusted.environment,
        lists=MappingProxyType(dict(trusted.lists)),
        states_without_list=MappingProxyType(absent),
        arrangements=trusted.arrangements,
        purposes=trusted.purposes,
        refused=refused,
        regional=regional,
        denials=trusted.denials,
        denied=denied_by(
            trusted.denials, signers={state: listed.provenance.signer for state, listed in trusted.lists.items()}
        ),
        _manifest=manifest,
        _by_issuer=_index((service.issuer, service) for listed in lists for service in listed.services),
        _by_thumbprint=_index(
            (key.thumbprint, entry.service) for listed in lists for entry in listed.entries for key in entry.keys
        ),
        _by_key_identifier=_index(
            (key.key_identifier, entry.service) for listed in lists for entry in listed.entries for key in entry.keys
        ),
        _elsewhere=frozenset(issuer for listed in lists for issuer in listed.other_environment_issuers),
        _orphans=MappingProxyType(orphans),
    )


def _index(pairs: Iterable[tuple[Name | None, TrustService | None]]) -> Index[Name]:
    """Return the services by name, in the order given; what has no name or gives no trust is left out."""
    found: defaultdict[Name, list[TrustService]] = defaultdict(list)
    for name, service in pairs:
        if name is not None and service is not None:
            found[name].append(service)
    return MappingProxyType({name: tuple(services) for name, services in found.items()})


def _manifest(
    trusted: TrustedSet,
    *,
    absent: Mapping[MemberState, str],
    orphans: Mapping[str, MemberState],
    regional: RegionalFreshness | None,
) -> dict[str, Any]:
    """Return everything that a verdict can depend on, in canonical order."""
    return {
        "schema": SCHEMA,
        "environment": trusted.environment.value,
        "regional": regional.document() if regional is not None else None,
        "denials": [_denial(entry, trusted.denials) for entry in trusted.denials.standing()],
        "lists": [_edition(trusted.lists[state]) for state in sorted(trusted.lists)],
        "states_without_list": {state.value: absent[state] for state in sorted(absent)},
        "orphaned_issuers": {issuer: orphans[issuer].value for issuer in sorted(orphans)},
        "arrangements": trusted.arrangements.manifest(),
        "purposes": {"version": trusted.purposes.version, "digest": trusted.purposes.digest},
    }


def _denial(entry: DenyEntry, book: DenyBook) -> dict[str, Any]:
    """Return a denial by its id, which is the digest of what it says, and when it lapses."""
    lapse = book.lapses_at(entry)
    return {"id": entry.id, "lapses_at": instant_text(lapse) if lapse is not None else None}


def _edition(listed: TrustList) -> dict[str, Any]:
    about = listed.provenance
    return {
        "state": about.member_state.value,
        "sequence": about.sequence,
        "digest": about.digest,
        "issued_at": instant_text(about.issued_at),
        "next_update": instant_text(about.next_update),
        "signer": about.signer,
        "distribution": about.distribution,
        "untrusted": sorted(entry.service_id for entry in listed.untrusted),
    }
