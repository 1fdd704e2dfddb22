"""``idbridge trust history``: the editions of a state's list that are kept, and what each of them changed."""

from pathlib import Path
from typing import Final

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.material import region_option
from idbridge.cli.output import Failure, json_option, styled
from idbridge.cli.reading import STATE
from idbridge.cli.trust_editions import editions, published_tree
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.trust.operator.change import Diff, Mark
from idbridge.trust.operator.history import Edition
from idbridge.trust.operator.publications import Publication, publications

_SHOWN: Final = 12  # characters of a thumbprint; `--json` has all
_PLACES: Final = 2  # as many are named; the rest is counted


@click.command("history")
@click.argument("state", type=STATE)
@click.option(
    "--tree",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder with a published tree, which keeps every edition.",
)
@region_option
@json_option
def history(*, state: MemberState, tree: Path | None, region: Path, as_json: bool) -> Exit:
    """Show the kept editions of a state's list, oldest first.

    Those in the snapshots of the nodes on this machine, the one on offer, and with `--tree` all that were published,
    with the records of who proposed and signed them.
    `idbridge trust diff SG@7 SG@8` shows what differs between two of them.
    """
    found, unread = editions(region, state, tree=tree)
    published = published_tree(region, tree)
    recorded = publications(published, role=state.value) if published is not None else ()
    if as_json:
        unreadable = [{"found_in": one.place, "code": one.code, "detail": one.detail} for one in unread]
        records = [one.document() for one in recorded]
        summary = {"state": state.value, "editions": len(found), "unread": unreadable, "records": records}
        output.document("idbridge-editions-1", summary=summary, results=[one.document() for one in found])
    else:
        heads = ("EDITION", "ISSUED", "NEXT UPDATE", "SERVICES", "CHANGED", "KEPT IN")
        output.table(heads, map(_cells, found), wrap={"KEPT IN"}, optional={"KEPT IN"})
        if recorded:
            output.line()
            rows = map(_record_cells, recorded)
            output.table(("RECORD", "AT", "ACT", "SIGNED BY", "REASON"), rows, wrap={"REASON", "SIGNED BY"})
        for one in unread:
            output.words("warning", f"what is in {one.place} cannot be read as an edition: {one.code}, {one.detail}")
    if not found:
        raise Failure(f"no edition of the list of {state} is kept", exit_code=Exit.TRUST_UNUSABLE)
    return Exit.DONE


def _cells(one: Edition) -> tuple[object, ...]:
    about = one.listed.provenance
    return (
        about.sequence,
        _day(instant_text(about.issued_at)),
        _day(instant_text(about.next_update)),
        len(one.listed.services),
        _changed(one.diff),
        _places(one.places),
    )


def _record_cells(one: Publication) -> tuple[object, ...]:
    signers = ", ".join(f"{name[:_SHOWN]}.." for name in one.signers)
    return one.record, _day(instant_text(one.at)), f"{one.act} v{one.version}", signers, one.reason


def _day(text: str) -> str:
    return text.partition("T")[0]


def _changed(diff: Diff) -> object:
    """Return how many services came, went and changed, in red if any of it widens."""
    if diff.before is None:
        return "first that is kept"
    counts = {mark: sum(item.mark is mark for item in diff.items) for mark in Mark}
    told = " ".join(f"{mark}{number}" for mark, number in counts.items() if number) or "dates only"
    return styled((f"{told} !", "bold red")) if diff.widens else told


def _places(places: tuple[str, ...]) -> str:
    shown = [place.replace("snapshot ", "")[:_SHOWN] for place in places[:_PLACES]]
    more = len(places) - _PLACES
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
