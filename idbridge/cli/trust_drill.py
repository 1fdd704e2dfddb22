"""``idbridge trust drill``: the attack catalogue, carried out on a throwaway region on this machine."""

import difflib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option
from idbridge.clock import SystemClock
from idbridge.sandbox.catalogue import attacks
from idbridge.sandbox.drill import run
from idbridge.sandbox.drill.arena import prepare
from idbridge.sandbox.drill.attack import Attack
from idbridge.sandbox.drill.not_here import NOT_HERE
from idbridge.sandbox.drill.run import Row

_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder below it has a name of its own and mode 0700


@click.command("drill")
@click.option("--case", "name", metavar="CASE", help="Only this case, and the accepted one that it differs from.")
@json_option
def drill(*, name: str | None, as_json: bool) -> Exit:
    """Attack a throwaway region, and see that its node refuses.

    Each attack is carried out on a copy of a tree that a pretend region published, against a
    node that holds its honest lists. Ends with 1 if anything is accepted that should not be,
    refused that should not be, or refused in another way than the catalogue says.
    """
    attempts = chosen(name)
    with tempfile.TemporaryDirectory(prefix="idbridge-drill-", dir=_memory()) as folder:
        arena = prepare(Path(folder), at=SystemClock().now())
        tracked = output.tracked(attempts, label="attacking")
        rows = [row for attack in tracked for row in run.run([attack], arena=arena)]
    return tell(rows, as_json=as_json)


def chosen(name: str | None) -> Sequence[Attack]:
    """Return what to carry out: the attack ``name`` after the accepted case that it differs from, or all there are."""
    known = attacks()
    if name is None:
        return tuple(known.values())
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        hint = f"did you mean `{near[0]}`?" if near else "`idbridge trust drill` names them all"
        raise Failure(f"there is no case `{name}` in the drill", hint=hint, exit_code=Exit.USAGE)
    attack = known[name]
    return tuple(known[one] for one in (attack.case.twin, name) if one is not None)


def tell(rows: Sequence[Row], *, as_json: bool) -> Exit:
    """Print what came of a drill, and return how the command ends."""
    if as_json:
        told = run.document(rows)
        as_expected = sum(row.ok for row in rows)
        summary = {"as_expected": as_expected, "surprising": len(rows) - as_expected}
        output.document(told.pop("schema"), summary=summary, results=told.pop("results"), **told)
    else:
        _show(rows)
    return Exit.DONE if all(row.ok for row in rows) else Exit.REFUSED


def _memory() -> Path | None:
    """Return a folder in memory, since a drill writes some thirty thousand files that nobody will read again."""
    usable = "TMPDIR" not in os.environ and os.access(_IN_MEMORY, os.W_OK | os.X_OK)
    return _IN_MEMORY if usable else None


def _show(rows: Sequence[Row]) -> None:
    heads = ("NO", "CASE", "EXPECTED", "CAME OUT", "LAST GOOD", "TOLD")
    output.table(heads, map(_cells, rows), optional={"LAST GOOD", "TOLD"})
    told = run.document(rows)
    output.line()
    counts = ", ".join(
        f"{told[name]} {name.replace('_', ' ')}" for name in ("cases", "false_accepts", "false_refusals")
    )
    output.emphasis(counts, colour="green" if all(row.ok for row in rows) else "red")
    for row in rows:
        if not row.ok:
            output.words("error", f"`{row.attack.case.name}`: {row.finding.detail or 'it came out otherwise'}")
    for left in NOT_HERE:
        output.line(f"not here: {left.number}, {left.what}. {left.why}")


def _cells(row: Row) -> tuple[Any, ...]:
    case, found = row.attack.case, row.finding
    refused = case.code is not None
    return (
        row.attack.number or "",
        case.name,
        case.code or case.indication.value,
        "ok" if row.ok else found.code or found.indication.value,
        ("kept" if found.unchanged else "CHANGED") if refused else "",
        f"{found.alerts} by {found.told_by}" if refused else "",
    )
