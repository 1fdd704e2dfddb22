"""What the demo prints: a table of cases for a reader, or how to go on for somebody who keeps it running."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from idbridge.model.region import MemberState
from idbridge_gateway.demo.rounds import Result, summary

_COLOURS: Final = {"PASSED": "green", "FAILED": "red", "INDETERMINATE": "yellow"}
_WIDTH: Final = 140
_JSON: Final = "Content-Type: application/json"


def out() -> Console:
    """Return the console for what was asked for."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH)


def watched(results: Iterable[Result], *, total: int) -> list[Result]:
    """Return all ``results``, with a bar on standard error while they come, if that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("putting cases to two nodes"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        return list(progress.track(results, total=total))


def show_table(results: Sequence[Result]) -> None:
    """Print one row for each case and the count of surprises below."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("state", "format", "case", "expected", "got", "reason"):
        grid.add_column(name, overflow="fold")
    grid.add_column("ms", justify="right")
    for result in results:
        grid.add_row(*_row(result))
    console = out()
    console.print(grid)
    counted = summary(results)
    verdict = Text(f"{counted['unexpected']} unexpected", style="bold red" if counted["unexpected"] else "bold green")
    console.print(Text.assemble(f"{counted['cases']} cases over {counted['states']} states, ", verdict))


def _row(result: Result) -> tuple[Text | str, ...]:
    mark = "bold reverse red" if result.surprising else _COLOURS.get(result.got.words, "")
    expected = result.expected.words
    return (
        result.case.state.value,
        result.case.format.value if result.case.format is not None else "-",
        result.case.name,
        Text(expected, style=_COLOURS.get(expected, "")),
        Text(result.got.words, style=mark),
        Text(_reason(result), style="bold red" if result.surprising else ""),
        f"{result.milliseconds:.1f}",
    )


def _reason(result: Result) -> str:
    got, expected = result.got.code or "-", result.expected.code or "-"
    return got if got == expected else f"{got} (expected {expected})"


def show_how_to_go_on(nodes: Mapping[MemberState, str], *, key: str, party: str, case: str, directory: Path) -> None:
    """Print where the nodes are, a key, and lines to paste."""
    console = out()
    console.print(Text("IdBridge sandbox: eleven states, two nodes. Nothing and nobody in it is real.", style="bold"))
    facts = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for state, url in nodes.items():
        facts.add_row(f"node of {state}", url, f"{url}/docs")
    facts.add_row(f"API key of {party}", key, "")
    facts.add_row("material", str(directory), "")
    console.print(facts, soft_wrap=True)
    first = nodes[MemberState.TH]
    console.print(Text("\nTry, in another terminal:", style="bold"))
    for line in (
        f"curl '{first}/v1/recognition?for=TH&purpose=account-opening'",
        f"idbridge sandbox mint {case} --region {directory} > request.json",
        f"curl '{first}/v1/verify' -d @request.json -H '{_JSON}' -H 'Authorization: Bearer {key}'",
        f"curl -X POST '{first}/sandbox/faults/stale-lists'   # and ask again; switch it off with ?on=false",
    ):
        console.print(Text(f"  {line}"), soft_wrap=True)
    console.print(Text("\nCtrl-C ends it.", style="dim"))
