"""Prefetch: which revocation lists are fetched ahead of time, and what a round of fetching leaves in force.

Decides for each address that a state's list names whether what it serves now takes the place of what it served last:
only a CRL that one of the listed certificates signed, that is current, and whose number is not below what was accepted
before. What fails or is refused leaves the last good one, which then ages by its own next update; and whatever one
address or one state does, the others are judged as if it were not there. A verification never comes here (architecture
D6). CRLs of authorities below a listed one are not fetched: the list has no certificate to verify them with, so that
their certificates stay undecided until the state lists that authority itself. Clause: RFC 5280 section 6.3.3.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Lock
from types import MappingProxyType
from typing import Final

from idbridge.crypto.crl import VerifiedCrl, verify_crl
from idbridge.errors import FetchError, StatusError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.net.source import Source
from idbridge.status.snapshot import StatusSnapshot, status_snapshot
from idbridge.trust.crl_floors import CrlFloors
from idbridge.trust.snapshot import RefusedOffer, TrustSnapshot

UNREACHABLE: Final = "status.unavailable"
Place = tuple[MemberState, str]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of one kind is fetched for one state in a round: addresses, octets of each document, octets of all."""

    addresses: int
    each_bytes: int
    state_bytes: int


CRLS: Final = Bounds(LIMITS.crl_state_addresses, LIMITS.crl_bytes, LIMITS.crl_state_bytes)


@dataclass(frozen=True, slots=True)
class Demand:
    """An address that a state's list names, and of a CRL the certificates (DER) one of which signs it.

    ``kind`` says what is there, in the word by which operators are told of it.
    """

    state: MemberState
    address: str
    issuers: tuple[bytes, ...]
    kind: str = "crl"

    @property
    def place(self) -> Place:
        """For whom, and where: what is held is held for this."""
        return self.state, self.address

    def refused(self, code: str, detail: str) -> RefusedOffer:
        """Return what is told when nothing, or nothing good, came from here."""
        return RefusedOffer(f"{self.kind}/{self.state} {self.address}", code, detail)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a round brought, unverified: the octets by demand, and what could not be had."""

    unverified: Mapping[Demand, bytes]
    refused: tuple[RefusedOffer, ...]


@dataclass(frozen=True, slots=True)
class HeldCrl:
    """The last good CRL of one place, its octets, and the certificate (DER) with which it was verified."""

    place: Place
    crl: VerifiedCrl
    octets: bytes
    issuer: bytes


@dataclass(frozen=True, slots=True)
class Prefetched:
    """What is known after a round. ``floors`` are to be on disk before anything else of it is used."""

    statuses: StatusSnapshot
    held: tuple[HeldCrl, ...]
    floors: CrlFloors
    refused: tuple[RefusedOffer, ...]


def demanded(snapshot: TrustSnapshot) -> tuple[Demand, ...]:
    """Return every address that a service of ``snapshot`` names, in a fixed order, each once for each state."""
    issuers: dict[Place, dict[bytes, None]] = defaultdict(dict)
    for state in sorted(snapshot.lists):
        for service in snapshot.services_of(state):
            for address in service.profile.crl:
                issuers[state, address].update(dict.fromkeys(service.anchors))
    return tuple(Demand(*place, tuple(issuers[place])) for place in sorted(issuers))


def fetch(source: Source, demands: Iterable[Demand], bounds: Bounds = CRLS) -> Fetched:
    """Return what ``source`` has for each of ``demands``, asked once; states side by side, so that none waits long.

    Of one state a few addresses are asked at a time (``status_state_fetches``), so that one that does not answer keeps
    the others waiting no longer than it takes them to answer themselves.
    """
    by_state: dict[MemberState, list[Demand]] = defaultdict(list)
    for demand in demands:
        by_state[demand.state].append(demand)
    with ThreadPoolExecutor(max_workers=len(MemberState), thread_name_prefix="idbridge-state") as pool:
        rounds = list(pool.map(partial(_fetch_of_state, source, bounds), by_state.values()))
    unverified = {demand: octets for one in rounds for demand, octets in one.unverified.items()}
    return Fetched(MappingProxyType(unverified), tuple(refused for one in rounds for refused in one.refused))


def _fetch_of_state(source: Source, bounds: Bounds, demands: list[Demand]) -> Fetched:
    asked, past = demands[: bounds.addresses], demands[bounds.addresses :]
    coming = _Coming(bounds)
    with ThreadPoolExecutor(LIMITS.status_state_fetches, thread_name_prefix="idbridge-status") as pool:
        answers = list(zip(asked, pool.map(partial(_answer, source, coming), asked), strict=True))
    unverified: dict[Demand, bytes] = {}
    refused: list[RefusedOffer] = []
    left = bounds.state_bytes
    for demand, answer in answers:
        if isinstance(answer, bytes) and len(answer) <= left:
            unverified[demand] = answer
            left -= len(answer)
        else:
            why = answer if isinstance(answer, str) else f"past {bounds.state_bytes} octets of one state"
            refused.append(demand.refused(UNREACHABLE, why))
    refused += [demand.refused(UNREACHABLE, f"past {bounds.addresses} addresses of one state") for demand in past]
    return Fetched(unverified, tuple(refused))


def _answer(source: Source, coming: "_Coming", demand: Demand) -> bytes | str:
    """Return the octets at an address, or why there are none."""
    try:
        octets = source.fetch(demand.address, max_bytes=coming.room())
    except FetchError as unreachable:
        return str(unreachable)
    coming.came(len(octets))
    return octets


class _Coming:
    """How much of one kind one state may still send in this round, while several of its addresses are asked.

    What is under way counts once it has come, so that an address that never answers takes nothing from the others; a
    state may therefore send as many documents past its share as are asked at a time, and those are not kept.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._each = bounds.each_bytes
        self._left = bounds.state_bytes
        self._lock = Lock()

    def room(self) -> int:
        """Return how many octets the next document may have."""
        with self._lock:
            return min(self._each, max(self._left, 0))

    def came(self, octets: int) -> None:
        """Count a document that came."""
        with self._lock:
            self._left -= octets


def still_demanded(held: Iterable[HeldCrl], demands: Iterable[Demand]) -> tuple[HeldCrl, ...]:
    """Return those of ``held`` that a list still names, under a certificate that it still names."""
    issuers = {demand.place: demand.issuers for demand in demands}
    return tuple(one for one in held if one.issuer in issuers.get(one.place, ()))


def take_up(
    fetched: Fetched, demands: Iterable[Demand], *, held: Iterable[HeldCrl], floors: CrlFloors, at: datetime
) -> Prefetched:
    """Return what is held after ``fetched`` was judged ``at`` an instant: of each place the last good CRL."""
    kept = {one.place: one for one in still_demanded(held, demands)}
    refused = list(fetched.refused)
    for demand, octets in fetched.unverified.items():
        last = kept.get(demand.place)
        try:
            if last is not None and last.octets == octets and last.crl.is_current(at):
                continue  # also where another address had a newer one since: it is no step back
            offered = _verified(demand, octets, at=at)
            _require_no_step_back(offered.crl, last)
            _require_room(offered, kept)
            floors = floors.raised(demand.state, offered.crl)
        except StatusError as refusal:
            refused.append(demand.refused(refusal.code, refusal.detail))
        else:
            kept[demand.place] = offered
    standing = tuple(kept[place] for place in sorted(kept))
    return Prefetched(status_snapshot(one.crl for one in standing), standing, floors, tuple(refused))


def _verified(demand: Demand, octets: bytes, *, at: datetime) -> HeldCrl:
    """Return ``octets`` as a CRL of one of the listed authorities; of several refusals the most telling is raised."""
    if not demand.issuers:
        raise StatusError("status.crl_invalid", "the list names no certificate that could have signed the CRL")
    if len(demand.issuers) > LIMITS.crl_issuers:
        raise StatusError("status.crl_invalid", f"one of more than {LIMITS.crl_issuers} certificates signs the CRL")
    refusals: list[StatusError] = []
    for issuer in demand.issuers:
        try:
            return HeldCrl(demand.place, verify_crl(octets, issuer=issuer, at=at), octets, issuer)
        except StatusError as refusal:
            refusals.append(refusal)
    raise max(refusals, key=lambda refusal: refusal.code != "status.crl_invalid")


def _require_no_step_back(offered: VerifiedCrl, last: HeldCrl | None) -> None:
    """Refuse an elder CRL of another scope in the place of a younger one: numbers of two scopes do not compare."""
    if last is not None and offered.authority == last.crl.authority and offered.this_update < last.crl.this_update:
        raise StatusError("status.crl_rollback", "the CRL was made before the one that came from here last")


def _require_room(offered: HeldCrl, kept: Mapping[Place, HeldCrl]) -> None:
    """Refuse what would make one state's share of what is kept too large, old ones of silent places included."""
    state = offered.place[0]
    others = sum(len(one.octets) for place, one in kept.items() if place[0] is state and place != offered.place)
    if others + len(offered.octets) > LIMITS.crl_state_bytes:
        raise StatusError("status.crl_invalid", f"the CRLs of one state have more than {LIMITS.crl_state_bytes} octets")
