"""``idbridge witness``: who confirms the logs of other states, and one that does nothing else."""

import logging

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.clock import SystemClock
from idbridge_gateway.distribution import distribution_of
from idbridge_gateway.hardening import leave_no_core
from idbridge_gateway.journal import JOURNAL, write_to_stderr
from idbridge_gateway.serving import Drain, listen, serve_here
from idbridge_gateway.settings import WitnessSettings, read_witness_settings
from idbridge_gateway.witness.alone import Alone
from idbridge_gateway.witness.listing import list_witnesses

_UNLISTED = "the list of {} names no witness `{}` with this key: nobody counts what it confirms"


@click.group("witness")
def witness() -> None:
    """Witnesses: who confirms the logs of other states."""


witness.add_command(list_witnesses)


@witness.command("serve")
@click.option("--check", is_flag=True, help="Check settings, files and trust material, and end.")
@click.option("--initialise", is_flag=True, help="Begin this witness's memory in an empty state directory. Once.")
@click.option("--host", help="Address to listen on, instead of IDBRIDGE_HOST.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, instead of IDBRIDGE_PORT.")
def serve(*, check: bool, initialise: bool, host: str | None, port: int | None) -> Exit:
    """Run a witness alone, as IDBRIDGE_* variables describe it.

    It answers `POST /witness/add-checkpoint` as a node does, says at `/healthz` and `/readyz` how it is, and ends well
    when it is told to. It needs IDBRIDGE_ENVIRONMENT,
    IDBRIDGE_STATE, IDBRIDGE_STATE_DIR, IDBRIDGE_WITNESS_NAME, IDBRIDGE_WITNESS_KEY_FILE and trust material.
    """
    leave_no_core()
    write_to_stderr(logging.INFO)
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = read_witness_settings(**given)
    _require_memory(settings, beginning=initialise)
    if initialise:
        distribution_of(settings).repository.initialise()
    alone = Alone(settings, clock=SystemClock())
    if not alone.is_listed():
        output.words("warning", _UNLISTED.format(settings.state, alone.key.name))
    if check:
        _show_check(settings, alone)
        return Exit.DONE
    with listen(settings.host, settings.port) as listener:
        address = listener.getsockname()
        JOURNAL.info("witness of %s (%s) listens on %s port %d", settings.state, settings.environment, *address[:2])
        serve_here(alone.app, listener=listener, drain=Drain(alone.standing.end, seconds=0))
    return Exit.DONE


def _require_memory(settings: WitnessSettings, *, beginning: bool) -> None:
    """Say what to do where no witness ever ran: one that forgot what it confirmed would confirm two histories.

    Raises:
        Failure: The state directory is empty, or is not there.
    """
    folder = settings.state_dir
    if not folder.is_dir():
        raise output.Failure(f"`{folder}` is no folder", hint="make it, for nobody but this witness")
    if not any(folder.iterdir()) and not beginning:
        hint = "begin this witness's memory on purpose, once: `idbridge witness serve --initialise`"
        raise output.Failure("the state directory is empty", hint=hint)


def _show_check(settings: WitnessSettings, alone: Alone) -> None:
    """Print what this witness would start with; everything was checked to get here."""
    output.facts(
        [
            ("environment", settings.environment),
            ("witness", f"{settings.state}, {alone.key.name}"),
            ("key", alone.key.text()),
            ("listed", "yes" if alone.is_listed() else "no"),
            ("trust snapshot", alone.trust.in_force.snapshot.id),
        ]
    )
