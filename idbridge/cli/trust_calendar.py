"""``idbridge trust calendar``: what of the trust material ends when, and what has to be seen to now."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.material import at_option, instant, open_snapshot, region_option
from idbridge.cli.output import json_option, styled
from idbridge.cli.trust_editions import published_tree
from idbridge.model.time import instant_text
from idbridge.trust.operator.calendar import HORIZONS, Due, denial_dues, dues_of, in_order
from idbridge.trust.operator.role_calendar import role_dues
from idbridge.trust.tuf.tree import PublishedTree

_HEADINGS: Final = {"overdue": "over", **{str(days): f"within {days} days" for days in HORIZONS}, "later": "later"}
_LONG: Final = re.compile(r"[0-9a-f]{20,}")  # serial numbers, which `--json` has in full
_SHOWN: Final = 12
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)


@click.command("calendar")
@click.option(
    "--within",
    "days",
    type=click.IntRange(min=1, max=3650),
    metavar="DAYS",
    help="Only what is due, or ends within so many days.",
)
@click.option(
    "--tree",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder with a published tree: its roles too.",
)
@region_option
@at_option
@json_option
def calendar(*, days: int | None, tree: Path | None, region: Path, at: datetime | None, as_json: bool) -> Exit:
    """Show what ends when, and what is due.

    Lists, keys, certificates, roles, arrangements, and denials that lapse. Something is due when a third of its life
    is left, half a year before its end at the latest. Ends with 1 if anything is due, and with 0 if nothing is, so
    that a timer can run it.
    """
    moment = instant(at)
    snapshot = open_snapshot(region)
    published = published_tree(region, tree)
    roles = role_dues(PublishedTree(published).head()) if published is not None else ()
    found = (*dues_of(snapshot, at=moment), *denial_dues(snapshot.denials, at=moment), *roles)
    shown = in_order(dict.fromkeys(found), at=moment, within=timedelta(days=days) if days is not None else None)
    due = sum(one.is_due(moment) for one in shown)
    if as_json:
        summary = {"at": instant_text(moment), "trust_snapshot": snapshot.id, "entries": len(shown), "due": due}
        output.document("idbridge-calendar-1", summary=summary, results=[one.document(moment) for one in shown])
    else:
        _show(shown, at=moment)
        output.line(f"{due} of {len(shown)} due at {instant_text(moment)}")
    return Exit.REFUSED if due else Exit.DONE


def _show(dues: Sequence[Due], *, at: datetime) -> None:
    """Print the entries by how near their end is; what is due is marked ``!``."""
    heads = ("WHEN", "ENDS (UTC)", "LEFT", "", "STATE", "KIND", "WHAT")
    rows = []
    named = ""
    for one in dues:
        bucket = one.bucket(at)
        rows.append((_HEADINGS[bucket] if bucket != named else "", *_cells(one, at=at)))
        named = bucket
    output.table(heads, rows, wrap={"WHAT"}, optional={"WHEN"})
    if rows:
        output.line()


def _cells(one: Due, *, at: datetime) -> tuple[object, ...]:
    due = one.is_due(at)
    style = "bold red" if one.expires <= at else "yellow" if due else ""
    cells = (
        f"{one.expires:%Y-%m-%d %H:%M}",
        _left(one.expires - at),
        "!" if due else "",
        one.state or "-",
        one.kind.value,
        _LONG.sub(lambda number: f"{number[0][:_SHOWN]}..", one.subject),
    )
    return tuple(styled((cell, style)) for cell in cells)


def _left(rest: timedelta) -> str:
    if rest <= timedelta(0):
        return "over"
    return f"{rest // _DAY} d" if rest >= _DAY else f"{rest // _HOUR} h"
