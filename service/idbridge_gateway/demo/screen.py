"""What the demo prints: a table of cases for a reader, or how to go on for somebody who keeps it running."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from idbridge.cli import output
from idbridge.model.region import MemberState
from idbridge.sandbox.idp.operators import STAFF
from idbridge_gateway.demo.businesses import COMPANY
from idbridge_gateway.demo.living import LivingRegion
from idbridge_gateway.demo.rounds import Result, summary

_COLOURS: Final = {"PASSED": "green", "FAILED": "red", "INDETERMINATE": "yellow"}
_SURPRISE: Final = "bold reverse red"
_WIDTH_OF_A_PIPE: Final = 200  # whoever reads a pipe folds no lines
_JSON: Final = "Content-Type: application/json"


def watched(results: Iterable[Result], *, total: int) -> list[Result]:
    """Return all ``results``, with a bar on standard error while they come, if that is a terminal."""
    console = Console(file=sys.stderr)
    columns = (TextColumn("putting cases to two nodes"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        return list(progress.track(results, total=total))


def show_table(results: Sequence[Result]) -> None:
    """Print one row for each case and the count of surprises below."""
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("state", "format", "case", "expected", "got", "reason"):
        grid.add_column(name, overflow="fold")
    grid.add_column("ms", justify="right")
    for result in results:
        grid.add_row(*_row(result))
    _print(grid)
    counted = summary(results)
    words = f"{counted['cases']} cases over {counted['states']} states, {counted['unexpected']} unexpected"
    output.emphasis(words, colour="red" if counted["unexpected"] else "green")


def _print(grid: Table) -> None:
    console = Console(file=sys.stdout, highlight=False)
    if console.is_terminal:
        console.print(grid)
        return
    console = Console(file=sys.stdout, highlight=False, width=_WIDTH_OF_A_PIPE)
    with console.capture() as captured:
        console.print(grid)
    for line in captured.get().splitlines():
        output.line(line.rstrip())


def _row(result: Result) -> tuple[Text, ...]:
    expected, got = result.expected.words, result.got.words
    form = result.case.format.value if result.case.format is not None else "-"
    return (
        Text(result.case.state.value),
        Text(form),
        Text(result.case.name),
        Text(expected, style=_COLOURS.get(expected, "")),
        Text(got, style=_SURPRISE if result.surprising else _COLOURS.get(got, "")),
        Text(_reason(result), style=_SURPRISE if result.surprising else ""),
        Text(f"{result.milliseconds:.1f}"),
    )


def _reason(result: Result) -> str:
    got, expected = result.got.code or "-", result.expected.code or "-"
    return got if got == expected else f"{got} (expected {expected})"


def show_how_to_go_on(living: LivingRegion, *, key: str, party: str, case: str, directory: Path) -> None:
    """Print where everybody is, a key, and lines to paste."""
    first = living.nodes[MemberState.TH]
    output.emphasis(
        "IdBridge sandbox: eleven states, two nodes, two banks. Nothing and nobody in it is real.", colour="green"
    )
    output.facts([
        *((f"log in at a bank of {state}", url) for state, url in living.banks.items()),
        ("try an ID in a browser", f"{first}/try"),
        (f"ask by link, as {COMPANY.scheme} {COMPANY.value}", f"{first}/ask"),
        (f"see the console, as {STAFF[0].name}", f"{first}/console"),
        *((f"node of {state}", url) for state, url in living.nodes.items()),
        ("providers", living.providers),
        ("read", f"{first}/docs"),
        ("material", directory),
        (f"key of {party}", key),
    ])  # fmt: skip
    output.line()
    output.line("Try, in another terminal:")
    output.line(f"  curl '{first}/v1/recognition?for=TH&purpose=account-opening'")
    output.line(f"  idbridge sandbox mint {case} --region {directory} > request.json")
    output.line(f"  curl '{first}/v1/verify' -d @request.json -H '{_JSON}' -H 'Authorization: Bearer {key}'")
    output.line(f"  curl -X POST '{first}/sandbox/faults/stale-lists'   # ask again, then the same with ?on=false")
    output.line(f"  curl -X POST '{living.providers}/sg-login/sandbox/faults/INVALID_SIGNATURE'   # then log in again")
    output.line()
    output.line("Ctrl-C ends it.")
