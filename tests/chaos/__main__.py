"""``make chaos``: every row of the fault matrix on real processes; a table, and the sums as one JSON object last."""

import json
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from tests.chaos.bench import Bench
from tests.chaos.oracle import Count
from tests.chaos.rows import Row, all_rows

_WIDTH: Final = 132  # of what is kept in a file


@dataclass(frozen=True)
class Ran:
    """What came of a row; ``faults`` say why it counts as failed."""

    row: Row
    count: Count
    recovered: float | None
    took: float
    faults: tuple[str, ...]
    figures: tuple[str, ...] = ()


def run_row(one: Row, *, short: bool = False) -> Ran:
    """Run one row in a folder of its own, and tidy up after it."""
    folder, began = Path(tempfile.mkdtemp(prefix="chaos-")), time.monotonic()
    faults: list[str] = []
    with ExitStack() as outer:
        outer.callback(shutil.rmtree, folder, ignore_errors=True)
        stack = ExitStack()
        bench = Bench(folder, stack, short)
        ending = Timer(one.seconds, stack.close)  # what waits for a node that is gone fails at once
        ending.daemon = True
        ending.start()
        try:
            with stack:
                one.run(bench)
        except Exception as error:  # noqa: BLE001 - a row that fails is a row of the table
            faults.append(f"{type(error).__name__}: {str(error)[:2_000]}")
            faults.append(traceback.format_exc(limit=-3)[:1_500])
        finally:
            ending.cancel()
        try:
            bench.examine_logs()
        except Exception as error:  # noqa: BLE001 - likewise
            faults.append(f"its log cannot be read: {error}")
        faults += [f"somebody is left in {place}: {sorted(who)[:3]}" for place, who in bench.people_left().items()]
        faults += [f"late: {words}" for words in bench.late]
        return Ran(one, bench.count, bench.recovered, time.monotonic() - began, tuple(faults), tuple(bench.figures))


def failed(ran: Ran) -> bool:
    """Tell whether anything of a row is not as it has to be."""
    count = ran.count
    damaged = any(note.startswith("log: ") for note in count.notes)
    return bool(ran.faults or count.false_accepts or count.lost_leaves or count.unexpected_5xx or damaged)


# What a row is counted by: the head of its column, the count, and whether anything but zero is wrong.
_COLUMNS: Final[tuple[tuple[str, Callable[[Count], int], bool], ...]] = (
    ("requests", lambda count: count.requests, False),
    ("accepted", lambda count: count.accepted, False),
    ("of them\nin grace", lambda count: count.in_grace, False),
    ("receipts", lambda count: len(count.receipts), False),
    ("put off\nby 503", lambda count: count.shed, False),
    ("no\nanswer", lambda count: count.unanswered, False),
    ("false\naccepts", lambda count: count.false_accepts, True),
    ("lost\nleaves", lambda count: count.lost_leaves, True),
    ("other\n5xx", lambda count: count.unexpected_5xx, True),
)


def table_of(rows: list[Ran]) -> Table:
    """Return the table that a person reads: what has to be zero stands last and in colour, and sums at the foot."""
    counts = [ran.count for ran in rows]
    table = Table(
        title="Faults on real processes", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD,
        show_footer=True, pad_edge=False, padding=(0, 1, 0, 0), footer_style="bold",
    )  # fmt: skip
    table.add_column("row", footer=f"{len(rows)} rows", no_wrap=True)
    for head, counted, _ in _COLUMNS:
        table.add_column(
            head, footer=f"{sum(map(counted, counts)):,}", justify="right", vertical="bottom", no_wrap=True
        )
    longest = max((ran.recovered for ran in rows if ran.recovered is not None), default=None)
    table.add_column("recovered\nwithin", footer=_seconds(longest), justify="right", vertical="bottom")
    table.add_column("took", footer=f"{sum(ran.took for ran in rows):,.0f} s", justify="right", vertical="bottom")
    for ran in rows:
        mark = "[red]✗" if failed(ran) else "[green]✓"
        told = (_told(counted(ran.count), bad=bad) for _, counted, bad in _COLUMNS)
        table.add_row(f"{mark}[/] {ran.row.name}", *told, _seconds(ran.recovered), f"{ran.took:.0f} s")
    return table


def _told(count: int, *, bad: bool) -> str:
    if not count:
        return "[dim]0[/]"
    return f"[bold red]{count:,}[/]" if bad else f"{count:,}"


def _seconds(seconds: float | None) -> str:
    return "[dim]-[/]" if seconds is None else f"{seconds:.1f} s"


def summary(rows: list[Ran]) -> dict[str, int]:
    """Return the sums: everything but the number of rows has to be zero."""
    return {
        "rows": len(rows),
        "false_accepts": sum(ran.count.false_accepts for ran in rows),
        "lost_leaves": sum(ran.count.lost_leaves for ran in rows),
        "unexpected_5xx": sum(ran.count.unexpected_5xx for ran in rows),
    }


def main(names: list[str]) -> int:
    """Run the rows of ``names``, or all of them."""
    console, ran = Console(width=None if sys.stdout.isatty() else _WIDTH), []
    rows = all_rows()
    chosen = [rows[name] for name in names] if names else [*rows.values()]
    for number, one in enumerate(chosen, start=1):
        if console.is_terminal:
            console.print(f"[dim]{number}/{len(chosen)} {one.name}: {one.fault}[/dim]")
        ran.append(run_row(one))
        if failed(ran[-1]):
            told = [*ran[-1].faults, *ran[-1].count.notes[:5]]
            console.print(f"✗ {one.name}", *told, sep="\n  ", markup=False, highlight=False)
    console.print(table_of(ran))
    for one in ran:
        for words in one.figures:
            console.print(f"{one.row.name}: {words}", highlight=False, markup=False)
    console.print_json(json.dumps(summary(ran)), indent=None)
    return 1 if any(map(failed, ran)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
