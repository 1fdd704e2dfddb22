"""Gauges: how a node stands at the moment it is asked: its lists, what it knows of revocation, its disk, its post."""

from collections.abc import Iterator
from datetime import datetime

from idbridge.clock import Clock
from idbridge_gateway.deliveries import PostOffice
from idbridge_gateway.metrics.catalogue import DISK_FREE, LIST_LEFT, READY, STATUS_AGE, TIMESTAMP_LEFT, WAITING
from idbridge_gateway.metrics.figures import Gauges, Key, keyed
from idbridge_gateway.metrics.log_gauges import LogGauges
from idbridge_gateway.node import NodeState, TrustInForce
from idbridge_gateway.standing import Standing


def gauges_of(trust: TrustInForce, *, standing: Standing, post: PostOffice, log: LogGauges, clock: Clock) -> Gauges:
    """Return what says how the node of these parts stands."""

    def gauges() -> tuple[tuple[Key, float], ...]:
        state, at = trust.in_force, clock.now()
        ready = not standing.against and bool(state.usable_states(at))
        return (
            *keyed(LIST_LEFT, _lists_left(state, at)),
            *_timestamp_left(state, at),
            *keyed(STATUS_AGE, _status_ages(state, at)),
            *keyed(WAITING, post.waiting),
            *log(at),
            ((DISK_FREE,), standing.free),
            ((READY,), float(ready)),
        )

    return gauges


def _lists_left(state: NodeState, at: datetime) -> dict[str, float]:
    snapshot = state.snapshot
    return {listed.value: (snapshot.provenance(listed).next_update - at).total_seconds() for listed in snapshot.lists}


def _timestamp_left(state: NodeState, at: datetime) -> Iterator[tuple[Key, float]]:
    regional = state.snapshot.regional
    if regional is not None:
        yield (TIMESTAMP_LEFT,), (regional.expires - at).total_seconds()


def _status_ages(state: NodeState, at: datetime) -> dict[str, float]:
    ages: dict[str, float] = {}
    for one in state.verifier.status.lists.values():
        member = one.place[0].value
        ages[member] = max(ages.get(member, 0.0), (at - one.issued_at).total_seconds())
    return ages
