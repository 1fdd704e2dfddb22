"""What the faces of one node share: its settings, what is in force, its stores and keys. Made once, at the start."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from idbridge.clock import Clock, Stopwatch, SystemStopwatch
from idbridge.crypto.jwe import DecryptionKey
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError
from idbridge.model.randomness import Randomness, SystemRandomness
from idbridge.model.region import Environment
from idbridge_gateway.api.faults import Faults, FaultyClock, FaultyLine, FaultyOneTime, FaultyTrust
from idbridge_gateway.clock_watch import ClockWatch, SteadyClock
from idbridge_gateway.deliveries import PostOffice
from idbridge_gateway.evidence.opening import Evidence, evidence_of
from idbridge_gateway.keys import read_decryption_keys
from idbridge_gateway.metrics.figures import CountedTwice, Figures
from idbridge_gateway.metrics.gauges import gauges_of
from idbridge_gateway.metrics.log_gauges import log_gauges_of
from idbridge_gateway.node import NodeState, TrustInForce
from idbridge_gateway.oidc.turns import Turns
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.rates import OwnRates, Rates, SharedRates
from idbridge_gateway.settings import Settings
from idbridge_gateway.signing import IssuingInForce
from idbridge_gateway.standing import Standing
from idbridge_gateway.stores.chosen import Stores, chosen_stores
from idbridge_gateway.stores.counted_one_time import CountedOneTime
from idbridge_gateway.stores.one_time import OneTime
from idbridge_gateway.stores.redis_rates import RedisRates
from idbridge_gateway.tracing import Spans, spans_of
from idbridge_gateway.verdict import Verdicts
from idbridge_gateway.webhook_key import read_webhook_key


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one node. ``one_time`` and the clock of ``turns`` are those that faults of a sandbox can befall.

    ``registry`` says who may ask, by which key or as which client, and what is agreed with them; ``rates`` how
    often a worker verifies for them, ``shared_rates`` how often all workers do anything else. ``post`` is
    what tells others of what came to an end. ``evidence`` is where answers are written down. ``figures`` is what this
    process counts of itself, and ``standing`` what can keep it from saying that it is ready.
    """

    settings: Settings
    turns: Turns
    registry: RegistryInForce
    rates: Rates
    shared_rates: SharedRates
    randomness: Randomness
    stores: Stores
    post: PostOffice
    one_time: OneTime
    evidence: Evidence
    verdicts: Verdicts
    figures: Figures
    standing: Standing
    spans: Spans | None
    decryption_keys: tuple[DecryptionKey, ...] = field(repr=False)
    webhook_key: Signer | None = field(default=None, repr=False)


def parts_of(
    settings: Settings,
    state: NodeState,
    issuing: IssuingInForce,
    registry: RegistryInForce,
    *,
    clock: Clock,
    watch: ClockWatch | None,
    faults: Faults | None,
) -> Parts:
    """Return the parts of the node that ``settings`` describe and ``state`` is in force at.

    Raises:
        ConfigurationError: The stores or keys do not allow a safe start, or faults are on outside a sandbox.
    """
    randomness = SystemRandomness()
    pairwise_key = issuing.current().pairwise_key
    stores = chosen_stores(settings, clock=clock, randomness=randomness, pairwise_key=pairwise_key)
    stopwatch = SystemStopwatch()
    rates = Rates(registry, stopwatch=stopwatch, workers=settings.workers)
    trust, told, unwatched = _with_faults(settings, state, stores, clock=clock, faults=faults)
    figures, post = Figures(), PostOffice(stores.outbox)
    one_time = CountedOneTime(unwatched, figures.one_time_failed)
    stamping = clock if watch is None else SteadyClock(watch)
    evidence = _evidence(settings, clock=stamping, randomness=randomness, faults=faults, figures=figures)
    standing = Standing(
        settings.state_dir,
        on_latch=issuing.stop,
        unrecorded=lambda: evidence.is_broken,
        clock_moved=lambda: watch is not None and watch.is_off,
    )
    standing.look_at_latch()
    standing.needs_room(*_written(settings))
    counts = CountedTwice(stores.counted, figures)
    figures.gauges = gauges_of(trust, standing=standing, post=post, log=log_gauges_of(evidence, settings), clock=told)
    return Parts(
        settings=settings,
        turns=Turns(trust, issuing, told),
        registry=registry,
        rates=rates,
        shared_rates=_shared(rates, registry, stores, stopwatch=stopwatch),
        randomness=randomness,
        stores=stores,
        post=post,
        one_time=one_time,
        evidence=evidence,
        verdicts=Verdicts(one_time=one_time, randomness=randomness, counts=counts, records=evidence.records),
        figures=figures,
        standing=standing,
        spans=spans_of(settings, clock=clock),
        decryption_keys=read_decryption_keys(settings, issuing=issuing.current()),
        webhook_key=read_webhook_key(settings),
    )


def _written(settings: Settings) -> tuple[Path, ...]:
    """Return the folders beside the state directory that a node writes to before it answers, or cannot do without."""
    folders = (settings.log_dir, settings.log_day_keys_dir, settings.log_heads_dir)
    return tuple(folder for folder in folders if folder is not None)


def _shared(rates: Rates, registry: RegistryInForce, stores: Stores, *, stopwatch: Stopwatch) -> SharedRates:
    """Return the limits that all workers count together; those of this one where they have no store."""
    if stores.engine is None:
        return OwnRates(rates)
    return RedisRates(stores.engine, registry, own=rates, stopwatch=stopwatch)


def _evidence(
    settings: Settings,
    *,
    clock: Clock,
    randomness: Randomness,
    faults: Faults | None,
    figures: Figures,
) -> Evidence:
    """Return what is written down, in the sandbox such that faults can befall it."""
    opened = partial(evidence_of, settings, refused=figures.unrecorded, synced=figures.synced)
    if faults is None:
        return opened(clock=clock, randomness=randomness)
    return opened(clock=clock, randomness=randomness, befallen=partial(FaultyLine, faults=faults))


def _with_faults(
    settings: Settings, state: NodeState, stores: Stores, *, clock: Clock, faults: Faults | None
) -> tuple[TrustInForce, Clock, OneTime]:
    """Return trust, clock and one-time values, in the sandbox such that faults can befall them."""
    if faults is None:
        return TrustInForce(state, clock=clock), clock, stores.one_time
    if settings.environment is not Environment.SANDBOX:
        raise ConfigurationError("faults are switched on in a sandbox and nowhere else")
    trust = FaultyTrust(state, clock=clock, faults=faults)
    told = FaultyClock(clock, trust=trust, faults=faults)
    return trust, told, FaultyOneTime(stores.one_time, faults=faults)
