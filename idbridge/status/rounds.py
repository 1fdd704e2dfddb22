"""Rounds: all that a node fetches ahead of time at once, and all that it holds afterwards.

Decides nothing of its own: CRLs, status lists and key sets are each judged where their rules stand (``prefetch``,
``list_round``, ``key_sets``), one after the other, and none knows of the others.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from idbridge.net.source import Source
from idbridge.status import key_sets, list_round
from idbridge.status.key_sets import HeldKeySet, demanded_sets, take_up_sets
from idbridge.status.list_round import HeldList, demanded_lists, still_counting, take_up_lists
from idbridge.status.prefetch import Demand, Fetched, HeldCrl, demanded, fetch, still_demanded, take_up
from idbridge.status.snapshot import StatusSnapshot, status_snapshot
from idbridge.status.token_status_list import Keeper
from idbridge.trust.crl_floors import CrlFloors
from idbridge.trust.snapshot import RefusedOffer, TrustSnapshot


@dataclass(frozen=True, slots=True)
class Held:
    """The last good documents of every place, of each kind."""

    crls: tuple[HeldCrl, ...] = ()
    lists: tuple[HeldList, ...] = ()
    key_sets: tuple[HeldKeySet, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.crls or self.lists or self.key_sets)

    def snapshot(self) -> StatusSnapshot:
        """Return what a verification may know of it."""
        return status_snapshot(
            (one.crl for one in self.crls),
            lists=(one.listed for one in self.lists),
            polled=MappingProxyType({one.place: one.polled for one in self.key_sets}),
        )

    def still_asked_for(self, trust: TrustSnapshot, *, at: datetime) -> "Held":
        """Return those of it that the lists of ``trust`` still ask for, by signers that they still name."""
        places = {demand.place for demand in demanded_sets(trust)}
        return Held(
            still_demanded(self.crls, demanded(trust)),
            still_counting(self.lists, trust, at=at),
            tuple(one for one in self.key_sets if one.place in places),
        )


class FetchedAll(NamedTuple):
    """What a round brought of each kind, unverified."""

    crls: Fetched
    lists: Fetched
    key_sets: Fetched


class Round(NamedTuple):
    """What is known after a round. ``floors`` are to be on disk before anything else of it is used."""

    held: Held
    statuses: StatusSnapshot
    floors: CrlFloors
    refused: tuple[RefusedOffer, ...]


def fetch_all(source: Source, trust: TrustSnapshot) -> FetchedAll:
    """Return what ``source`` has for everything that the lists of ``trust`` name, the three kinds side by side."""
    with ThreadPoolExecutor(len(FetchedAll._fields), thread_name_prefix="idbridge-kind") as pool:
        coming = (
            pool.submit(fetch, source, demanded(trust)),
            pool.submit(fetch, source, demanded_lists(trust), list_round.BOUNDS),
            pool.submit(fetch, source, demanded_sets(trust), key_sets.BOUNDS),
        )
    return FetchedAll(*(one.result() for one in coming))


def take_up_all(
    fetched: FetchedAll, trust: TrustSnapshot, *, held: Held, floors: CrlFloors, keep: Keeper, at: datetime
) -> Round:
    """Return what is held after ``fetched`` was judged ``at`` an instant."""
    crls = take_up(fetched.crls, demanded(trust), held=held.crls, floors=floors, at=at)
    lists = take_up_lists(fetched.lists, trust, held=held.lists, floors=crls.floors, keep=keep, at=at)
    sets: Mapping[Demand, frozenset[str]] = demanded_sets(trust)
    keys = take_up_sets(fetched.key_sets, sets, held=held.key_sets, environment=trust.environment, at=at)
    now = Held(crls.held, lists.held, keys.held)
    return Round(now, now.snapshot(), lists.floors, (*crls.refused, *lists.refused, *keys.refused))
