"""One run of the demo: every case once, or a region that stays up."""

import signal
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.clock import Clock, SystemClock
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge_gateway.demo import rounds, screen
from idbridge_gateway.demo.living import LivingRegion
from idbridge_gateway.demo.nodes import RunningNodes, lay_out, region_in
from idbridge_gateway.serving import LOOPBACK, listen


def run_once(directory: Path | None, *, port: int, as_json: bool) -> None:
    """Put every case to two nodes and print what came of it; without ``directory`` nothing is left behind.

    Raises:
        Failure: Something came out otherwise than the catalogue says.
    """
    with ExitStack() as stack:
        place = directory or Path(stack.enter_context(TemporaryDirectory()))
        clock = SystemClock()
        region = region_in(place, at=clock.now())
        nodes = stack.enter_context(_nodes(region, place, port=port, clock=clock))
        results = _played(region, nodes, clock=clock)
    if as_json:
        documents = [result.document() for result in results]
        output.document(rounds.SCHEMA, summary=rounds.summary(results), results=documents)
    else:
        screen.show_table(results)
    if not results or any(result.surprising for result in results):
        raise output.Failure("a node answered otherwise than expected", exit_code=Exit.REFUSED)


def _played(region: Region, nodes: RunningNodes, *, clock: Clock) -> list[rounds.Result]:
    chosen = rounds.http_cases()
    randomness = SystemRandomness()
    coming = rounds.play(region, nodes=nodes.addresses, clock=clock, randomness=randomness, chosen=chosen)
    return screen.watched(coming, total=len(chosen))


def stay_up(directory: Path, *, port: int) -> None:
    """Run two nodes, the providers and two banks, print how to go on, and wait until told to end."""
    clock = SystemClock()
    region = region_in(directory, at=clock.now())
    with LivingRegion(region, directory, port=port, clock=clock) as living:
        shown = next(case for case in rounds.http_cases() if case.code is None and case.node is MemberState.TH)
        party = str(shown.relying_party)
        key = region.keys.api[party]
        screen.show_how_to_go_on(living, key=key, party=party, case=shown.name, directory=directory)
        _wait()


def _nodes(region: Region, directory: Path, *, port: int, clock: Clock) -> RunningNodes:
    layout = lay_out(region, directory, distributed_at=clock.now().replace(microsecond=0))
    ports = {MemberState.TH: port, MemberState.SG: port + 1} if port else {}
    listeners = {state: listen(LOOPBACK, number) for state, number in ports.items()}
    return RunningNodes(region, layout, listeners=listeners, clock=clock)


def _wait() -> None:
    ended = Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        ended.wait()
    except KeyboardInterrupt:
        click.echo(err=True)
