"""A witness without a node: the route of the node's witness, behind the same door, and whether it is well.

It decides nothing of its own. Trust material is looked at again as a node does, and what was cosigned last is kept in
the state directory, so that a node and a witness of the same memory are one witness.
"""

from idbridge.clock import Clock, SystemStopwatch
from idbridge.errors import ConfigurationError
from idbridge.model.randomness import SystemRandomness
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.tlog.note import NoteKey
from idbridge.trust.log_listing import listed_witnesses
from idbridge.verify.verifier import Verifier
from idbridge_gateway.admission import Admission
from idbridge_gateway.api import errors
from idbridge_gateway.api.gateway import GatewayApp
from idbridge_gateway.api.health import witness_health_router
from idbridge_gateway.api.witness import witness_router
from idbridge_gateway.bell import Bell
from idbridge_gateway.distribution import distribution_of
from idbridge_gateway.evidence.witness import witness_of
from idbridge_gateway.evidence.witness_refusals import WitnessRefusals
from idbridge_gateway.lifespan import watching
from idbridge_gateway.metrics.figures import Figures
from idbridge_gateway.node import NodeState, TrustInForce
from idbridge_gateway.reload import Reload
from idbridge_gateway.safety import refuse_unsafe_trust
from idbridge_gateway.settings import WitnessSettings
from idbridge_gateway.standing import Standing


class Alone:
    """The witness that ``settings`` describe: ``app`` answers, ``reload`` looks for new trust material meanwhile.

    Raises:
        ConfigurationError: The key or the trust material does not allow a safe start.
        TrustError: No trust material is held, and what is offered is not accepted.
    """

    def __init__(self, settings: WitnessSettings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._distribution = distribution_of(settings)
        desk = witness_of(settings, clock=clock)
        if desk is None:
            raise ConfigurationError("a witness has a name and a key")
        self.key: NoteKey = desk.key
        self.trust = TrustInForce(self._load(), clock=clock)
        self.reload = self._reload()
        self.standing = Standing(settings.state_dir, on_latch=lambda: None)
        self.app = self._app()
        self.app.include_router(witness_router(self.trust, desk, WitnessRefusals(None)))
        self.app.include_router(witness_health_router(trust=self.trust, clock=clock, standing=self.standing))

    def is_listed(self) -> bool:
        """Tell whether the list of its state names this witness with its key, so that its word counts for others.

        A list that is out of date leaves open whether it does, and of that others tell.
        """
        listed = listed_witnesses(self.trust.in_force.snapshot, at=self._clock.now())
        mine = (self._settings.state, self.key)
        return any((one.counts or one.stale) and (one.witness.state, one.witness.key) == mine for one in listed)

    def _load(self) -> NodeState:
        repository = self._distribution.repository
        snapshot = repository.load(at=self._clock.now())
        refuse_unsafe_trust(self._settings, snapshot)
        return NodeState(snapshot, Verifier(trust=snapshot, status=EMPTY_STATUS), self._distribution.tree())

    def _reload(self) -> Reload:
        bell = Bell(self._clock)
        bell.ring(self.trust.in_force.snapshot)
        return Reload(
            marks=self._distribution.marks,
            load=self._load,
            trust=self.trust,
            bell=bell,
            on_change=lambda: None,
            tidy=self._distribution.tidying(self._clock),
        )

    def _app(self) -> GatewayApp:
        """Return the app without a route. A disk that is full keeps it from confirming what it could not remember."""
        randomness, figures = SystemRandomness(), Figures()
        pace = self._distribution.pace
        app = GatewayApp(
            front={},
            randomness=randomness,
            admission=Admission(disk=self.standing, randomness=randomness, note=figures.shed),
            figures=figures,
            spans=None,
            stopwatch=SystemStopwatch(),
            contract=lambda contract: contract,
            lifespan=watching(lambda: self.reload.watch(pace=pace, randomness=randomness), self.standing.watch),
            openapi_url=None,
        )
        errors.install(app)
        return app
