"""What the faces of one node share: its settings, what is in force, its stores and keys. Made once, at the start."""

from dataclasses import dataclass, field

from idbridge.clock import Clock, SystemStopwatch
from idbridge.crypto.jwe import DecryptionKey
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError
from idbridge.model.randomness import Randomness, SystemRandomness
from idbridge.model.region import Environment
from idbridge_gateway.api.faults import Faults, FaultyClock, FaultyOneTime, FaultyTrust
from idbridge_gateway.keys import read_decryption_keys
from idbridge_gateway.node import NodeState, TrustInForce
from idbridge_gateway.oidc.turns import Turns
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.rates import Rates
from idbridge_gateway.settings import Settings
from idbridge_gateway.signing import IssuingInForce
from idbridge_gateway.stores.chosen import Stores, chosen_stores
from idbridge_gateway.stores.one_time import OneTime
from idbridge_gateway.verdict import Verdicts
from idbridge_gateway.webhook_key import read_webhook_key


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one node. ``one_time`` and the clock of ``turns`` are those that faults of a sandbox can befall.

    ``registry`` says who may ask, by which key or as which client, and what is agreed with them; ``rates`` how often.
    """

    settings: Settings
    turns: Turns
    registry: RegistryInForce
    rates: Rates
    randomness: Randomness
    stores: Stores
    one_time: OneTime
    verdicts: Verdicts
    decryption_keys: tuple[DecryptionKey, ...] = field(repr=False)
    webhook_key: Signer | None = field(default=None, repr=False)


def parts_of(
    settings: Settings,
    state: NodeState,
    issuing: IssuingInForce,
    registry: RegistryInForce,
    *,
    clock: Clock,
    faults: Faults | None,
) -> Parts:
    """Return the parts of the node that ``settings`` describe and ``state`` is in force at.

    Raises:
        ConfigurationError: The stores or keys do not allow a safe start, or faults are on outside a sandbox.
    """
    randomness = SystemRandomness()
    pairwise_key = issuing.current().pairwise_key
    stores = chosen_stores(settings, clock=clock, randomness=randomness, pairwise_key=pairwise_key)
    trust, told, one_time = _with_faults(settings, state, stores, clock=clock, faults=faults)
    return Parts(
        settings=settings,
        turns=Turns(trust, issuing, told),
        registry=registry,
        rates=Rates(registry, stopwatch=SystemStopwatch(), workers=settings.workers),
        randomness=randomness,
        stores=stores,
        one_time=one_time,
        verdicts=Verdicts(one_time=one_time, randomness=randomness, counts=stores.counted),
        decryption_keys=read_decryption_keys(settings, issuing=issuing.current()),
        webhook_key=read_webhook_key(settings),
    )


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
