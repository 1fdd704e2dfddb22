"""The wiring of a gateway: settings in, one ASGI application out. Nothing is decided here."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from idbridge import __version__
from idbridge.clock import Clock, SystemClock
from idbridge.errors import ConfigurationError
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment
from idbridge.net.source import Source
from idbridge_gateway.admin.routes import install_admin
from idbridge_gateway.api import errors
from idbridge_gateway.api.callers import Callers as ApiCallers
from idbridge_gateway.api.callers import callers_of
from idbridge_gateway.api.contract import contract_of
from idbridge_gateway.api.docs_page import docs_router
from idbridge_gateway.api.faults import Faults, faults_router
from idbridge_gateway.api.gateway import GatewayApp
from idbridge_gateway.api.health import health_router
from idbridge_gateway.api.reasons import reasons_router
from idbridge_gateway.api.recognition import recognition_router
from idbridge_gateway.api.tree import tree_router
from idbridge_gateway.api.trust import trust_router
from idbridge_gateway.api.verify import BATCH_PATH, VERIFY_PATH, VerifyFront
from idbridge_gateway.ask.client import asking_client
from idbridge_gateway.ask.wiring import install_ask
from idbridge_gateway.bell import Bell
from idbridge_gateway.console.routes import install_console
from idbridge_gateway.distribution import distribution_of, state_loader
from idbridge_gateway.key_watch import KeyWatch, key_marks
from idbridge_gateway.keys import IssuingSource
from idbridge_gateway.lifespan import Lifespan, Watch, watching
from idbridge_gateway.oidc.clients import Clients
from idbridge_gateway.oidc.provider import provider_of
from idbridge_gateway.oidc.upstream.lines import Callers
from idbridge_gateway.oidc.upstream.routes import install_upstream
from idbridge_gateway.pages.login_site import install_login
from idbridge_gateway.pages.samples import Samples
from idbridge_gateway.pages.site import install_site
from idbridge_gateway.parts import Parts, parts_of
from idbridge_gateway.registry.chosen import begin_registry
from idbridge_gateway.registry.watch import PACE as REGISTRY_PACE
from idbridge_gateway.registry.watch import RegistryWatch
from idbridge_gateway.reload import Reload
from idbridge_gateway.revocation import ListedHosts, Prefetch, Revocations
from idbridge_gateway.settings import Settings
from idbridge_gateway.signing import IssuingInForce
from idbridge_gateway.stores.chosen import Stores
from idbridge_gateway.wallet.wiring import install_wallet
from idbridge_gateway.watch import Pace

TITLE: Final = "IdBridge"
DESCRIPTION: Final = (
    "One verdict on any ASEAN member state's credential or login: is it genuine, is it still valid, is it recognised "
    "here, at which level, for this purpose. Every refusal has a code, a clause and a remedy."
)


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    faults: Faults | None = None,
    revocation_source: Source | None = None,
    clients: Clients | None = None,
    samples: Samples | None = None,
    upstream_callers: Callers | None = None,
) -> GatewayApp:
    """Return the gateway that ``settings`` describe. ``faults`` are those of a sandbox and of nothing else.

    ``revocation_source`` is where a sandbox node fetches what its lists name, in place of the network. ``clients`` are
    those of OpenID Connect in place of the registered ones. ``samples`` open the page `/try` of a sandbox.
    ``upstream_callers`` call a sandbox's providers in place of the network.

    Raises:
        ConfigurationError: The files or settings do not allow a safe start.
    """
    clock = clock or SystemClock()
    distribution = distribution_of(settings)
    load = state_loader(settings, distribution, clock=clock)
    state = load()
    bell = Bell(clock)
    bell.ring(state.snapshot)
    source = IssuingSource(settings)
    issuing = IssuingInForce(source.begin(state.snapshot, at=clock.now()))
    registry = begin_registry(settings, clock=clock)
    parts = parts_of(settings, state, issuing, registry.in_force, clock=clock, faults=faults)
    trust = parts.turns.trust
    revocations = _revocations(settings, revocation_source, retention=distribution.retention, clock=clock)
    trust.exchange_status(revocations.restored(state.snapshot))
    prefetch = Prefetch(revocations, trust=trust, bell=bell)
    reload = Reload(
        marks=distribution.marks,
        load=load,
        trust=trust,
        bell=bell,
        on_change=_changed(prefetch, parts.stores),
        tidy=distribution.tidying(clock),
    )
    key_watch = KeyWatch(marks=key_marks(settings), source=source, issuing=issuing, trust=trust, bell=bell, clock=clock)
    looks = _looks(parts, reload, prefetch, key_watch, registry.watch, distribution.pace)
    lifespan = watching(*looks, parts.stores.hand_over, closing=(parts.stores.close, registry.close))
    callers = callers_of(parts, clients=clients or parts.registry)
    app = _bare_app(_front(parts, callers), randomness=parts.randomness, lifespan=lifespan)
    app.state.trust, app.state.reload, app.state.key_watch = trust, reload, key_watch
    app.state.prefetch, app.state.parts, app.state.registry, app.state.bell = prefetch, parts, registry, bell
    _include_routers(app, parts, faults=faults)
    app.state.provider = provider_of(parts, clients=clients or parts.registry, own=asking_client(settings))
    app.include_router(app.state.provider.router)
    install_upstream(app, parts, app.state.provider, prefetch=prefetch, callers=upstream_callers)
    install_site(app, parts, samples=samples)
    install_login(app, parts, app.state.provider, upstream=app.state.upstream, provider_ids=app.state.upstream.ids)
    install_wallet(app, parts, callers)
    install_ask(app, parts, app.state.provider)
    install_admin(app, parts, registry)
    install_console(app, parts, bell)
    return app


def _changed(prefetch: Prefetch, stores: Stores) -> Callable[[], None]:
    """Return what is told that other trust material is in force: it may demand other lists, and others have it not."""

    def changed() -> None:
        prefetch.hurry()
        stores.hint()

    return changed


def _looks(
    parts: Parts,
    reload: Reload,
    prefetch: Prefetch,
    key_watch: KeyWatch,
    registry_watch: RegistryWatch,
    pace: Pace,
) -> tuple[Watch, ...]:
    """Return what looks at the world again and again while the node runs, each at its own pace."""
    settings, randomness = parts.settings, parts.randomness
    keys_pace = Pace(timedelta(seconds=settings.reload_seconds))
    status_pace = Pace(timedelta(seconds=settings.crl_poll_seconds), jitter=True)
    return (
        lambda: reload.watch(pace=pace, randomness=randomness),
        lambda: prefetch.watch(pace=status_pace, randomness=randomness),
        lambda: key_watch.watch(pace=keys_pace, randomness=randomness),
        lambda: registry_watch.watch(pace=REGISTRY_PACE, randomness=randomness),
        parts.stores.look,
        lambda: parts.stores.listen(reload.hurry),
    )


def _front(parts: Parts, callers: ApiCallers) -> VerifyFront:
    settings, turns = parts.settings, parts.turns
    return VerifyFront(
        verdicts=parts.verdicts,
        trust=turns.trust,
        issuing=turns.issuing,
        callers=callers,
        rates=parts.rates,
        idempotency=parts.stores.idempotency,
        clock=turns.clock,
        node_audiences=frozenset({settings.node_url}),
        decryption_keys=parts.decryption_keys,
    )


def _revocations(settings: Settings, source: Source | None, *, retention: timedelta, clock: Clock) -> Revocations:
    if source is not None and settings.environment is not Environment.SANDBOX:
        raise ConfigurationError("only a sandbox fetches from anywhere but the hosts that lists name")
    source = source or ListedHosts(settings.environment)
    return Revocations(settings.state_dir, settings.environment, source=source, clock=clock, retention=retention)


def _bare_app(front: VerifyFront, *, randomness: Randomness, lifespan: Lifespan) -> GatewayApp:
    app = GatewayApp(
        front={VERIFY_PATH: front.single, BATCH_PATH: front.batch},
        randomness=randomness,
        contract=contract_of,
        lifespan=lifespan,
        title=TITLE,
        version=__version__,
        description=DESCRIPTION,
    )
    errors.install(app)
    return app


def _include_routers(app: GatewayApp, parts: Parts, *, faults: Faults | None) -> None:
    trust, issuing, clock = parts.turns.trust, parts.turns.issuing, parts.turns.clock
    published = tuple(dict(key.public_jwk) for key in parts.decryption_keys)
    app.include_router(trust_router(trust))
    app.include_router(tree_router(trust))
    app.include_router(recognition_router(trust=trust, clock=clock))
    app.include_router(reasons_router())
    app.include_router(
        health_router(trust=trust, issuing=issuing, clock=clock, registry=parts.registry, encryption=published)
    )
    app.include_router(docs_router(app.openapi))
    if faults is not None:
        app.include_router(faults_router(faults))
