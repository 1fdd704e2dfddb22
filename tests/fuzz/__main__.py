"""``python -m tests.fuzz [SECONDS]``: every harness for some seconds, two at a time, and a table of what came of it."""

import base64
import sys

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.fuzz.harnesses import HARNESSES
from tests.fuzz.run import Outcome, run

_WIDTH = 100


def main(seconds: int = 20) -> int:
    """Run all; 1 if anything was found."""
    told = Console(stderr=True)
    names = [harness.name for harness in HARNESSES]
    running = run(names, seconds=seconds)
    outcomes = list(track(running, f"fuzzing, {seconds} s each", total=len(names), console=told))
    screen = Console(width=None if sys.stdout.isatty() else _WIDTH)
    screen.print(_table(outcomes))
    for outcome in outcomes:
        if outcome.found:
            screen.print(f"{outcome.name}: {outcome.found}", style="red", markup=False, highlight=False)
            if outcome.input is not None:
                text = base64.b64encode(outcome.input).decode()
                screen.print(f"the input, in base64: {text}", markup=False, highlight=False)
    return 1 if any(outcome.found for outcome in outcomes) else 0


def _table(outcomes: list[Outcome]) -> Table:
    table = Table(title="Fuzzing", title_justify="left")
    table.add_column("harness")
    table.add_column("inputs tried", justify="right")
    table.add_column("found")
    for outcome in outcomes:
        found = "nothing" if not outcome.found else "a fault, see below"
        table.add_row(outcome.name, f"{outcome.tried:,}", found, style="red" if outcome.found else None)
    return table


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
