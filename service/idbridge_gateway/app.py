"""The wiring of a gateway: settings in, one ASGI application out. Nothing is decided here."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter

from idbridge import __version__
from idbridge.clock import Clock, SystemClock, SystemStopwatch
from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment
from idbridge.net.guarded import GuardedClient
from idbridge.net.source import Source
from idbridge.trust.alerts import Alert
from idbridge_gateway.admin.routes import install_admin
from idbridge_gateway.admission import Admission
from idbridge_gateway.api import errors
from idbridge_gateway.api.attestations import install_attestations
from idbridge_gateway.api.callers import Callers as ApiCallers
from idbridge_gateway.api.callers import callers_of
from idbridge_gateway.api.contract import contract_of
from idbridge_gateway.api.docs_page import docs_router
from idbridge_gateway.api.faults import Faults, FaultySource, faults_router
from idbridge_gateway.api.gateway import GatewayApp
from idbridge_gateway.api.health import health_router
from idbridge_gateway.api.log import install_log
from idbridge_gateway.api.reasons import reasons_router
from idbridge_gateway.api.recognition import recognition_router
from idbridge_gateway.api.tree import tree_router
from idbridge_gateway.api.trust import trust_router
from idbridge_gateway.api.verify import BATCH_PATH, VERIFY_PATH, VerifyFront
from idbridge_gateway.api.witness import install_witness
from idbridge_gateway.ask.client import asking_client
from idbridge_gateway.ask.wiring import install_ask
from idbridge_gateway.bell import Bell
from idbridge_gateway.clock_watch import ClockWatch
from idbridge_gateway.console.routes import install_console
from idbridge_gateway.distribution import distribution_of, state_loader
from idbridge_gateway.evidence.acts import Acts
from idbridge_gateway.evidence.cosigning import Cosigning
from idbridge_gateway.evidence.told import ToldFile
from idbridge_gateway.identities import names_at_providers, own_names
from idbridge_gateway.key_watch import KeyWatch, key_marks
from idbridge_gateway.keys import IssuingSource
from idbridge_gateway.lifespan import Lifespan, Watch, watching
from idbridge_gateway.oidc.clients import Clients
from idbridge_gateway.oidc.provider import provider_of
from idbridge_gateway.oidc.upstream.clients_watch import ClientsWatch
from idbridge_gateway.oidc.upstream.lines import Callers
from idbridge_gateway.oidc.upstream.registrations import UpstreamClient
from idbridge_gateway.oidc.upstream.routes import install_upstream
from idbridge_gateway.pages.login_site import install_login
from idbridge_gateway.pages.samples import Samples
from idbridge_gateway.pages.site import install_site
from idbridge_gateway.parts import Parts, parts_of
from idbridge_gateway.recall.noted import RecallNotes
from idbridge_gateway.registry.chosen import Begun, begin_registry
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.watch import PACE as REGISTRY_PACE
from idbridge_gateway.registry.watch import RegistryWatch
from idbridge_gateway.reload import Reload
from idbridge_gateway.revocation import ListedHosts, Prefetch, Revocations
from idbridge_gateway.settings import Settings
from idbridge_gateway.signing import IssuingInForce
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
    clock_watch: ClockWatch | None = None,
    faults: Faults | None = None,
    revocation_source: Source | None = None,
    clients: Clients | None = None,
    samples: Samples | None = None,
    upstream_callers: Callers | None = None,
) -> GatewayApp:
    """Return the gateway that ``settings`` describe. ``faults`` are those of a sandbox and of nothing else.

    ``clock_watch`` holds the clock against the time that passed; a clock that is given without one is believed.
    ``revocation_source`` is where a sandbox node fetches what its lists name, in place of the network. ``clients`` are
    those of OpenID Connect in place of the registered ones. ``samples`` open the page `/try` of a sandbox.
    ``upstream_callers`` call a sandbox's providers in place of the network.

    Raises:
        ConfigurationError: The files or settings do not allow a safe start.
    """
    if clock is None:
        clock, clock_watch = SystemClock(), clock_watch or ClockWatch.begin()
    distribution = distribution_of(settings)
    load = state_loader(settings, distribution, clock=clock)
    state = load()
    source = IssuingSource(settings)
    issuing = IssuingInForce(source.begin(state.snapshot, at=clock.now()))
    registry = begin_registry(settings, own=own_names(settings), clock=clock)
    parts = parts_of(settings, state, issuing, registry.in_force, clock=clock, watch=clock_watch, faults=faults)
    trust, figures = parts.turns.trust, parts.figures
    acts = _acts(parts)
    bell = Bell(clock, heard=_both(figures.alerted, acts.heard))
    bell.ring(state.snapshot)
    revocations = _revocations(settings, revocation_source, faults, retention=distribution.retention, clock=clock)
    trust.exchange_status(revocations.restored(state.snapshot))
    prefetch = Prefetch(revocations, trust=trust, bell=bell)
    changed, tidy = _changed(prefetch, parts, acts), distribution.tidying(clock)
    reload = Reload(marks=distribution.marks, load=load, trust=trust, bell=bell, on_change=changed, tidy=tidy)
    key_watch = KeyWatch(marks=key_marks(settings), source=source, issuing=issuing, trust=trust, bell=bell, clock=clock)
    at_providers = ClientsWatch(settings, bell=bell, named=_keeping_names(registry.in_force, settings))
    looks = _looks(parts, reload, prefetch, key_watch, at_providers, registry.watch, distribution.pace)
    cosigning = _cosigning(parts)
    lifespan = _lifespan(parts, registry, *looks, *_telling(acts, cosigning))
    callers = callers_of(parts, clients=clients or parts.registry)
    app = _bare_app(_front(parts, callers), parts, lifespan=lifespan)
    app.state.trust, app.state.reload, app.state.key_watch = trust, reload, key_watch
    app.state.acts, app.state.cosigning = acts, cosigning
    app.state.prefetch, app.state.parts, app.state.registry, app.state.bell = prefetch, parts, registry, bell
    _include_routers(app, parts, () if faults is None else (faults_router(faults, switched=prefetch.look),))
    app.state.at_providers = at_providers
    _install_logins(app, parts, settings, clients=clients or parts.registry, callers=upstream_callers)
    install_site(app, parts, samples=samples)
    install_login(app, parts, app.state.provider, upstream=app.state.upstream, provider_ids=app.state.upstream.ids)
    install_wallet(app, parts, callers)
    install_ask(app, parts, app.state.provider)
    install_admin(app, parts, registry)
    install_console(app, parts, bell)
    _install_evidence(app, parts, callers)
    return app


def _install_logins(
    app: GatewayApp, parts: Parts, settings: Settings, *, clients: Clients, callers: Callers | None
) -> None:
    """Install both sides of a login: the provider toward relying parties, and the client of national providers."""
    app.state.provider = provider_of(parts, clients=clients, own=asking_client(settings))
    app.include_router(app.state.provider.router)
    there = app.state.at_providers.in_force
    install_upstream(app, parts, app.state.provider, clients=there, prefetch=app.state.prefetch, callers=callers)


def _lifespan(parts: Parts, registry: Begun, *watches: Watch) -> Lifespan:
    """Return the life of the node: who looks at the world while it runs, and what is closed at its end."""
    closing: tuple[Watch, ...] = (parts.post.close, parts.stores.close, registry.close, parts.evidence.close)
    if parts.spans is not None:
        watches, closing = (*watches, parts.spans.watch), (*closing, parts.spans.close)
    return watching(*watches, parts.stores.hand_over, parts.post.watch, closing=closing)


def _acts(parts: Parts) -> Acts:
    """Return what tells the node's log of what changes."""
    recalls = RecallNotes(parts.settings.state_dir)
    if parts.evidence.line is not None:
        recalls.begin()
    return Acts(
        parts.evidence.line,
        turns=parts.turns,
        registry=parts.registry,
        days=parts.evidence.days,
        memory=ToldFile(parts.settings.state_dir),
        recalls=recalls,
    )


def _telling(acts: Acts, cosigning: Cosigning | None) -> tuple[Watch, ...]:
    return (acts.watch,) if cosigning is None else (acts.watch, cosigning.watch)


def _install_evidence(app: GatewayApp, parts: Parts, callers: ApiCallers) -> None:
    """Show the node's log, and let it confirm those of others."""
    install_log(app, parts, callers, app.state.operators)
    install_attestations(app, parts, callers)
    install_witness(app, parts)


def _keeping_names(registry: RegistryInForce, settings: Settings) -> Callable[[Mapping[str, UpstreamClient]], None]:
    """Return what lets the client ids of the node at providers be its own in the ``registry``."""

    def named(clients: Mapping[str, UpstreamClient]) -> None:
        registry.keep_for_node(names_at_providers(settings, clients))

    return named


def _cosigning(parts: Parts) -> Cosigning | None:
    """Return what has the node's log confirmed; ``None`` without a log, or without anybody to confirm it."""
    folder, settings = parts.evidence.folder, parts.settings
    if folder is None or not settings.witnesses:
        return None
    hosts = frozenset(urlsplit(url).netloc for url in settings.witnesses)
    here = settings.environment is Environment.SANDBOX
    caller = GuardedClient(hosts, settings.environment, allow_loopback=here)
    return Cosigning(folder, settings, turns=parts.turns, caller=caller)


def _both(*hearers: Callable[[Alert], None]) -> Callable[[Alert], None]:
    def heard(alert: Alert) -> None:
        for hearer in hearers:
            hearer(alert)

    return heard


def _changed(prefetch: Prefetch, parts: Parts, acts: Acts) -> Callable[[], None]:
    """Return what is told that other trust material is in force: it may demand other lists, and others have it not."""

    def changed() -> None:
        prefetch.hurry()
        parts.figures.trust_changed()
        acts.look()
        parts.stores.hint()

    return changed


def _looks(
    parts: Parts,
    reload: Reload,
    prefetch: Prefetch,
    key_watch: KeyWatch,
    at_providers: ClientsWatch,
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
        lambda: at_providers.watch(pace=keys_pace, randomness=randomness),
        lambda: registry_watch.watch(pace=REGISTRY_PACE, randomness=randomness),
        parts.standing.watch,
        parts.evidence.watch,
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


def _revocations(
    settings: Settings, source: Source | None, faults: Faults | None, *, retention: timedelta, clock: Clock
) -> Revocations:
    if source is not None and settings.environment is not Environment.SANDBOX:
        raise ConfigurationError("only a sandbox fetches from anywhere but the hosts that lists name")
    source = source or ListedHosts(settings.environment)
    source = source if faults is None else FaultySource(source, faults=faults)
    return Revocations(settings.state_dir, settings.environment, source=source, clock=clock, retention=retention)


def _bare_app(front: VerifyFront, parts: Parts, *, lifespan: Lifespan) -> GatewayApp:
    app = GatewayApp(
        front={VERIFY_PATH: front.single, BATCH_PATH: front.batch},
        randomness=parts.randomness,
        admission=Admission(disk=parts.standing, randomness=parts.randomness, note=parts.figures.shed),
        figures=parts.figures,
        spans=parts.spans,
        stopwatch=SystemStopwatch(),
        contract=contract_of,
        lifespan=lifespan,
        title=TITLE,
        version=__version__,
        description=DESCRIPTION,
    )
    errors.install(app)
    return app


def _include_routers(app: GatewayApp, parts: Parts, more: Iterable[APIRouter]) -> None:
    trust, issuing, clock = parts.turns.trust, parts.turns.issuing, parts.turns.clock
    published = tuple(dict(key.public_jwk) for key in parts.decryption_keys)
    app.include_router(trust_router(trust))
    app.include_router(tree_router(trust))
    app.include_router(recognition_router(trust=trust, clock=clock))
    app.include_router(reasons_router())
    app.include_router(
        health_router(
            trust=trust,
            issuing=issuing,
            clock=clock,
            registry=parts.registry,
            standing=parts.standing,
            encryption=published,
        )
    )
    for router in (docs_router(app.openapi), *more):
        app.include_router(router)
