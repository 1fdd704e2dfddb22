"""Status lists of one round: which are fetched ahead of time, and which of those that came count from now on.

Decides for each address that a revocation service names whether what it serves now takes the place of what it served
last: only a list that this service signed for this address, in time, and not made before one that was accepted. What
fails or is refused leaves the last good one, which then ages by its own end; no address spoils anything for another.
The same list again counts as fetched anew only once half of its time is gone, so that knowledge that did not change
keeps its name. Clauses: Token Status List sections 8.3 and 13.7; architecture D1 and D6.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from idbridge.crypto.crl import CrlFloor
from idbridge.errors import StatusError
from idbridge.limits import LIMITS
from idbridge.status.lists import verify_status_list
from idbridge.status.prefetch import Bounds, Demand, Fetched
from idbridge.status.signers import places_of, still_vouches
from idbridge.status.status_list import Place, StatusList
from idbridge.status.token_status_list import Keeper
from idbridge.trust.crl_floors import CrlFloors
from idbridge.trust.snapshot import RefusedOffer, TrustSnapshot

KIND: Final = "status-list"
BOUNDS: Final = Bounds(LIMITS.status_state_lists, LIMITS.status_list_bytes, LIMITS.status_state_bytes)


@dataclass(frozen=True, slots=True)
class HeldList:
    """The last good list of one place, its octets as fetched, and when that was, in whole seconds."""

    listed: StatusList
    octets: bytes
    fetched_at: datetime

    @property
    def place(self) -> Place:
        """For whom, and where."""
        return self.listed.place

    @property
    def floor(self) -> CrlFloor:
        """What a later list of this place must not fall below: when it was made, and what it said."""
        return CrlFloor(int(self.listed.issued_at.timestamp()), self.listed.content)

    def is_half_gone(self, at: datetime) -> bool:
        """Tell whether half of the time is over for which a copy may be relied on."""
        return at - self.fetched_at >= (self.listed.until - self.fetched_at) / 2


class ListsTaken(NamedTuple):
    """What is held after a round. ``floors`` are to be on disk before anything else of it is used."""

    held: tuple[HeldList, ...]
    floors: CrlFloors
    refused: tuple[RefusedOffer, ...]


def demanded_lists(trust: TrustSnapshot) -> tuple[Demand, ...]:
    """Return every address that a revocation service of ``trust`` names, in a fixed order, each once for each state."""
    return tuple(Demand(*place, (), KIND) for place in places_of(trust))


def still_counting(held: Iterable[HeldList], trust: TrustSnapshot, *, at: datetime) -> tuple[HeldList, ...]:
    """Return those of ``held`` whose signer may still speak for their address."""
    return tuple(one for one in held if still_vouches(one.listed, trust, at=at))


def verified_list(octets: bytes, place: Place, *, trust: TrustSnapshot, fetched_at: datetime, keep: Keeper) -> HeldList:
    """Return the list in ``octets`` as held since ``fetched_at``.

    Raises:
        StatusError: As for ``verify_status_list``.
    """
    fetched_at = fetched_at.replace(microsecond=0)
    return HeldList(
        verify_status_list(octets, place, trust=trust, fetched_at=fetched_at, keep=keep), octets, fetched_at
    )


def take_up_lists(
    fetched: Fetched,
    trust: TrustSnapshot,
    *,
    held: Iterable[HeldList],
    floors: CrlFloors,
    keep: Keeper,
    at: datetime,
) -> ListsTaken:
    """Return what is held after ``fetched`` was judged ``at`` an instant: of each place the last good list."""
    kept = {one.place: one for one in still_counting(held, trust, at=at)}
    refused = list(fetched.refused)
    floors = floors.without_past(places_of(trust), at=at)
    for demand, octets in fetched.unverified.items():
        last = kept.get(demand.place)
        if last is not None and last.octets == octets and not last.is_half_gone(at):
            continue
        try:
            offered = verified_list(octets, demand.place, trust=trust, fetched_at=at, keep=keep)
            _require_room(offered, kept)
            floors = floors.raised_list(*demand.place, offered.floor)
        except StatusError as refusal:
            refused.append(demand.refused(refusal.code, refusal.detail))
        else:
            kept[demand.place] = offered
    return ListsTaken(tuple(kept[place] for place in sorted(kept)), floors, tuple(refused))


def _require_room(offered: HeldList, kept: Mapping[Place, HeldList]) -> None:
    """Refuse what would make one state's share of what is kept too large, as fetched or as mapped."""
    others = [one for place, one in kept.items() if place[0] is offered.place[0] and place != offered.place]
    if sum(len(one.octets) for one in (*others, offered)) > LIMITS.status_state_bytes:
        raise StatusError("status.list_invalid", f"the lists of one state have over {LIMITS.status_state_bytes} octets")
    mapped = sum(len(one.listed.octets) for one in (*others, offered))
    if mapped > LIMITS.status_state_inflated_bytes:
        raise StatusError("status.list_invalid", f"more than {LIMITS.status_state_inflated_bytes} octets once inflated")
