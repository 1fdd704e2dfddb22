"""Judges every file of public vectors, prints a table, and as the last line one JSON object with the totals."""

import json
import sys

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.judges.court import Tally, hear
from tests.judges.courts import COURTS
from tests.vectors import shared_vectors

_WIDTH = 100


def main() -> int:
    """Judge all; 1 if a bad case was accepted, or a good one refused that nobody named in advance."""
    told = Console(stderr=True)
    tallies = [hear(court, shared_vectors(court.file)) for court in track(COURTS, "judging", console=told)]
    screen = Console(width=None if sys.stdout.isatty() else _WIDTH)
    screen.print(_table(tallies))
    for tally in tallies:
        _explain(screen, tally)
    accepts = sum(len(tally.false_accepts) for tally in tallies)
    refusals = sum(len(tally.false_refusals) for tally in tallies)
    totals = {
        "files": len(tallies),
        "cases": sum(tally.cases for tally in tallies),
        "refused_by_design": sum(len(tally.by_design) for tally in tallies),
        "false_accepts": accepts,
        "false_refusals": refusals,
    }
    print(json.dumps(totals))  # noqa: T201 - the result
    return 1 if accepts or refusals or any(tally.stale for tally in tallies) else 0


def _table(tallies: list[Tally]) -> Table:
    table = Table(title="Public vectors, each kind at its own layer", title_justify="left")
    table.add_column("file")
    for name in ("cases", "right", "by design", "false accepts", "false refusals", "aside"):
        table.add_column(name, justify="right")
    for tally in tallies:
        wrong = (len(tally.false_accepts), len(tally.false_refusals))
        row = (tally.cases, tally.right, len(tally.by_design), *wrong, tally.aside)
        table.add_row(tally.file, *map(str, row), style="red" if any(wrong) else None)
    return table


def _explain(screen: Console, tally: Tally) -> None:
    """Print what was wrong, and the reasons for what is refused by design, each reason once."""
    for word, cases in (
        ("FALSE ACCEPT", tally.false_accepts),
        ("FALSE REFUSAL", tally.false_refusals),
        ("ACCEPTED BY NOW", tally.stale),
    ):
        for name, why in cases.items():
            screen.print(f"{word} {name}: {why}", style="red", markup=False, highlight=False)
    reasons: dict[str, list[str]] = {}
    for name, why in tally.by_design.items():
        reasons.setdefault(why, []).append(name)
    for why, names in reasons.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        screen.print(f"{tally.file}: {names[0]}{more}: {why}", markup=False, highlight=False, style="dim")


if __name__ == "__main__":
    sys.exit(main())
