"""``idbridge serve`` and ``idbridge demo``: the verbs that the gateway adds to the command line."""

import logging
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Final

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.clock import SystemClock
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text
from idbridge.trust.snapshot import TrustSnapshot
from idbridge_gateway.api.gateway import GatewayApp
from idbridge_gateway.app import create_app
from idbridge_gateway.canary.rounds import singing
from idbridge_gateway.canary.wiring import canary_of, samples_in
from idbridge_gateway.distribution import distribution_of, state_loader
from idbridge_gateway.evidence.opening import begin_log
from idbridge_gateway.hardening import leave_no_core
from idbridge_gateway.journal import JOURNAL, alerts_left_to_workers, write_to_stderr
from idbridge_gateway.metrics.figures import Figures
from idbridge_gateway.metrics.gathering import Gathering
from idbridge_gateway.metrics.serving import routes_of, showing
from idbridge_gateway.revocation import begin_memory
from idbridge_gateway.serving import Drain, listen, serve_here
from idbridge_gateway.settings import Settings, read_settings
from idbridge_gateway.standing import release
from idbridge_gateway.stores.chosen import hint_to, require_usable_stores
from idbridge_gateway.stores.store_memory import Way
from idbridge_gateway.workers import serve_in_workers

DEFAULT_DIRECTORY: Final = Path(".idbridge") / "sandbox"
_GIVEN: Final = ("host", "port", "workers")
_FORGETS: Final = "spent one-time values are forgotten at a restart; IDBRIDGE_REDIS_URL names a store that keeps them"


@click.command("serve")
@click.option("--check", is_flag=True, help="Check settings, files and trust material, and end.")
@click.option("--initialise", is_flag=True, help="Begin this node's memory in an empty state directory. Once.")
@click.option("--host", help="Address to listen on, instead of IDBRIDGE_HOST.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, instead of IDBRIDGE_PORT.")
@click.option(
    "--hint", is_flag=True, help="Tell the workers of a running node to look for new trust material, and end."
)
@click.option(
    "--release-canary",
    is_flag=True,
    help="Start though a canary stopped this node because it accepted something forged: somebody has looked.",
)
@click.option(
    "--release-store",
    is_flag=True,
    help="Start though the store forgot what was spent: nothing of it can be accepted any longer.",
)
@click.option("--workers", type=click.IntRange(1, LIMITS.workers), help="Processes, instead of IDBRIDGE_WORKERS.")
@click.option(
    "--conformance", is_flag=True, help="Run a node for the conformance suite: on this machine alone, without settings."
)
def serve(
    *,
    check: bool,
    initialise: bool,
    hint: bool,
    release_canary: bool,
    release_store: bool,
    host: str | None,
    port: int | None,
    workers: int | None,
    conformance: bool,
) -> None:
    """Run one node, as the IDBRIDGE_* variables describe it."""
    leave_no_core()
    write_to_stderr(logging.INFO)
    if conformance:
        if check or initialise or hint or release_canary or release_store or workers is not None:
            raise click.UsageError("`--conformance` goes with `--host` and `--port` alone")
        from idbridge_gateway.conformance.serving import serve_conformance  # an ordinary node has nothing of it

        serve_conformance(host=host, port=port)
        return
    given = {name: value for name, value in zip(_GIVEN, (host, port, workers), strict=True) if value is not None}
    settings = read_settings(**given)
    if hint:
        output.facts([("workers that heard it", str(hint_to(settings)))])
        return
    _require_memory(settings, beginning=initialise)
    if initialise:
        begin_memory(settings.state_dir, settings.environment, begin=distribution_of(settings).repository.initialise)
    require_usable_stores(settings, Way.LOOK if check else Way.RELEASE if release_store else Way.USE)
    if release_canary:
        release(settings.state_dir)
    with alerts_left_to_workers() if settings.workers > 1 and not check else nullcontext():
        app = create_app(settings)
    if settings.redis_url is None:
        output.words("warning", _FORGETS)
    begin_log(app.state.parts.evidence, keeping=settings.workers == 1 and not check)
    if check:
        _show_check(settings)
        return
    _answer(settings, app)


def _answer(settings: Settings, app: GatewayApp) -> None:
    """Answer until told to end: by ``app`` in this process, or by workers that make their own."""
    routes, parts = routes_of(app), app.state.parts
    sung = partial(canary_of, settings, samples_in(settings), clock=SystemClock())
    with listen(settings.host, settings.port) as listener:
        address = listener.getsockname()
        JOURNAL.info("node of %s (%s) listens on %s port %d", settings.state, settings.environment, *address[:2])
        if settings.workers == 1:
            drain = Drain(parts.standing.end, settings.drain_seconds)
            canary = sung(listener=listener, figures=parts.figures, tell=app.state.bell.tell)
            with showing(settings, parts.figures.reading, routes=routes), singing(canary):
                serve_here(app, listener=listener, drain=drain)
            return
        del app, parts  # it was made to see that it can be
        own = Figures()
        gathering, canary = Gathering(own), sung(listener=listener, figures=own)
        with showing(settings, gathering.reading, routes=routes), singing(canary):
            serve_in_workers(settings, listener=listener, gathering=gathering)


def _require_memory(settings: Settings, *, beginning: bool) -> None:
    """Say what to do where a node never ran: without its memory it would take old lists for new ones."""
    empty = settings.state_dir.is_dir() and not any(settings.state_dir.iterdir())
    if empty and not beginning:
        hint = "begin this node's memory on purpose, once: `idbridge serve --initialise`"
        raise output.Failure("the state directory is empty", hint=hint, exit_code=Exit.LOCAL)


def _show_check(settings: Settings) -> None:
    """Print what this node would start with; everything was checked to get here."""
    clock = SystemClock()
    state = state_loader(settings, distribution_of(settings), clock=clock)()
    usable = state.usable_states(clock.now())
    output.facts([
        ("environment", settings.environment),
        ("node", f"{settings.state}, {settings.node_url}"),
        ("trust snapshot", state.snapshot.id),
        ("distribution", _distribution(state.snapshot)),
        ("one-time values", "in memory" if settings.redis_url is None else "in Redis, which evicts nothing"),
        ("registrations", "in a file" if settings.database_url is None else "in a database"),
        ("usable lists", ", ".join(usable) or "none"),
        *((f"no list of {absent}", code) for absent, code in sorted(state.snapshot.states_without_list.items())),
    ])  # fmt: skip
    if not usable:
        raise output.Failure("no list of any state is usable", exit_code=Exit.TRUST_UNUSABLE)


def _distribution(snapshot: TrustSnapshot) -> str:
    regional = snapshot.regional
    if regional is None:
        return "plain: pinned lists in a directory"
    return f"TUF: timestamp {regional.timestamp_version}, good until {instant_text(regional.expires)}"


@click.command("demo")
@click.option("--once", is_flag=True, help="Put every case to the nodes, print what came of it, and end.")
@click.option("--json", "as_json", is_flag=True, help="With --once: print one JSON object.")
@click.option(
    "--region",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="IDBRIDGE_REGION",
    metavar="DIR",
    help=f"Folder of the region.  [default: {DEFAULT_DIRECTORY}; with --once a new one that is thrown away]",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65531),
    default=0,
    help="Port of the node of TH; that of SG, the providers and two banks get the next ones.",
)
def demo(*, once: bool, as_json: bool, region: Path | None, port: int) -> None:
    """Run a pretend region of eleven states. Nothing in it is real.

    It has two nodes, providers at which people log in, wallets, and a bank at each node.
    """
    from idbridge_gateway.demo.run import run_once, stay_up  # a node that serves needs no pretend region

    if as_json and not once:
        raise click.UsageError("`--json` goes with `--once`")
    if once:
        run_once(region, port=port, as_json=as_json)
    else:
        write_to_stderr(logging.WARNING)
        stay_up(region or DEFAULT_DIRECTORY, port=port)
