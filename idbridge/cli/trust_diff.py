"""``idbridge trust diff``: what differs between two editions of a list, and how any difference is shown to a person."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
from rich.text import Text

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.material import region_option
from idbridge.cli.output import json_option, styled
from idbridge.cli.trust_editions import edition
from idbridge.limits import LIMITS
from idbridge.trust.operator.change import Change, Diff, Item, Kind, Mark, Value
from idbridge.trust.operator.diff import diff_lists

_COLOURS: Final = {Mark.ADDED: "green", Mark.DROPPED: "yellow", Mark.CHANGED: "cyan"}
_ALARM: Final = "red"
_NAMES: Final = re.compile(r"(?<![\w-])(?:[0-9a-f]{64}|[\w-]{43})(?![\w-])", re.ASCII)
_SHOWN: Final = 12  # characters of a thumbprint or digest, enough to tell two of them apart; `--json` has all
_UNITS: Final = {
    Kind.LIST: ("service", "services"),
    Kind.ARRANGEMENT: ("recognition", "recognitions"),
    Kind.DELEGATIONS: ("role", "roles"),
    Kind.DENIALS: ("denial", "denials"),
}
_WHAT: Final = {
    Kind.LIST: "list of",
    Kind.ARRANGEMENT: "arrangement",
    Kind.DELEGATIONS: "roles in",
    Kind.DENIALS: "list",
}


@click.command("diff")
@click.argument("old")
@click.argument("new")
@region_option
@json_option
def diff(*, old: str, new: str, region: Path, as_json: bool) -> Exit:
    """Show what differs between two editions of a list.

    OLD and NEW are files with a signed list or a proposal of one, `SG` for the list of a state that is held,
    or `SG@7` for an edition of it that is kept. Each must be signed by a key that is known
    here for its state. Ends with 1 if the editions differ.
    """
    found = diff_lists(edition(region, old), edition(region, new))
    if as_json:
        summary = {name: told for name, told in found.document().items() if name not in ("schema", "items")}
        output.document(
            found.document()["schema"],
            summary={**summary, "digest": found.digest, "share_removed": found.share_removed},
            results=found.document()["items"],
        )
    else:
        show(found)
    return Exit.REFUSED if found.differs else Exit.DONE


def show(found: Diff) -> None:
    """Print a difference for a person to read, what widens in red and marked ``!``."""
    _head(found)
    output.grid(map(_row, found.facts))
    for item in found.items:
        output.line()
        _item(item)
    output.line()
    _foot(found)


def _head(found: Diff) -> None:
    title = f"{_WHAT[found.kind]} {found.subject}: {found.effect}"
    output.styled_line(styled((title, "bold")))


def _item(item: Item) -> None:
    colour = _ALARM if item.widens else _COLOURS[item.mark]
    output.styled_line(styled((f"{item.mark} {item.name}", f"bold {colour}")))
    where = () if item.name in item.where.values() else tuple(item.where.values())[::-1]
    if where:
        output.grid([(" ", styled((" ".join(where), "dim")))])
    output.grid(map(_row, item.changes))


def _row(change: Change) -> tuple[Text, Text, Text]:
    style = f"bold {_ALARM}" if change.widens else ""
    return (
        styled(("!" if change.widens else " ", style)),
        styled((change.what, style)),
        styled(*_values(change, style)),
    )


def _values(change: Change, style: str) -> Iterator[tuple[str, str]]:
    """Yield what was and what is; of many words of which most stay, those that come and go."""
    old, new = change.before, change.after
    if isinstance(old, tuple) and isinstance(new, tuple) and set(old) & set(new):
        yield ", ".join(f"+ {_shown(word)}" for word in new if word not in old), style
        yield "; " if set(new) - set(old) and set(old) - set(new) else "", "dim"
        yield ", ".join(f"- {_shown(word)}" for word in old if word not in new), "dim"
        return
    if old is not None:
        yield f"{_shown(old)} -> {'nothing' if new is None else ''}", "dim"
    if new is not None:
        yield _shown(new), style


def _shown(value: Value) -> str:
    parts = value if isinstance(value, tuple) else (value,)
    text = ", ".join(str(part) for part in parts) or "none"
    return _NAMES.sub(lambda name: f"{name[0][:_SHOWN]}..", text.replace("T00:00:00Z", ""))


def _foot(found: Diff) -> None:
    one, many = _UNITS[found.kind]
    changes = sum(len(item.changes) for item in found.items) + len(found.facts)
    output.line(
        f"{_count(changes, 'difference', 'differences')}; {found.ended} of {_count(found.held, one, many)} ends"
    )
    if found.widens:
        output.emphasis("scope widened: see the lines marked !", colour="red")
    if found.kind is Kind.LIST and found.ended > 1 and found.share_removed > LIMITS.shrink_brake:
        share = f"{LIMITS.shrink_brake:.0%}"
        output.emphasis(
            f"more than {share} of the services end: needs one signature beyond the threshold", colour="red"
        )
    output.line(f"digest {found.digest}")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
