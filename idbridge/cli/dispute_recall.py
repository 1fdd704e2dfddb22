"""``idbridge dispute affected`` and ``hold``: whom a bad key concerns, and what stays for as long as it is disputed."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import dispute_files, output
from idbridge.cli.dispute_material import kept_under
from idbridge.cli.exits import Exit
from idbridge.cli.log_files import folder_option
from idbridge.cli.material import region_option
from idbridge.cli.output import Failure, json_option
from idbridge.cli.reading import INSTANT
from idbridge.evidence import dispute_holds, dispute_record, reading
from idbridge.evidence.dispute_affected import Recalled, is_of
from idbridge.evidence.dispute_affected import affected as concerned
from idbridge.evidence.dispute_record import recorded_at
from idbridge.model.time import instant_text, parse_instant
from idbridge.tlog.leaf import Leaf, parse_leaf
from idbridge.tlog.tile import WIDTH

_FOLDER = click.Path(file_okay=False, path_type=Path)
_SNAPSHOTS = ("trust_snapshot", "status_snapshot")


_OPTIONS: Final = (
    folder_option,
    click.option("--since", required=True, type=INSTANT, help="Answers from this instant on."),
    click.option("--key", metavar="THUMBPRINT", help="That relied on this key (RFC 7638)."),
    click.option("--list", "trust_list", metavar="SHA256", help="That relied on this edition of a trust list."),
    click.option("--status", metavar="SHA256", help="That relied on this status snapshot."),
    click.option("--policy", metavar="ID@VERSION", help="That relied on this version of a relying party's policy."),
    click.option("--rp", metavar="ID", help="Only those of this relying party."),
)


def recalled_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let ``command`` be told what is recalled, and from which log."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def relying_on(
    *,
    folder: Path,
    since: datetime,
    key: str | None,
    trust_list: str | None,
    status: str | None,
    policy: str | None,
    rp: str | None,
) -> Mapping[str, tuple[str, ...]]:
    """Return what ``affected`` finds in the log in ``folder``, of what the options name.

    Raises:
        Failure: They name nothing, or more than one thing, or it has another form.
        LogError: The log cannot be read.
    """
    try:
        recalled = Recalled(since, key, trust_list, status, _policy(policy))
    except ValueError as refusal:
        raise Failure(str(refusal), exit_code=Exit.USAGE) from refusal
    _warn_of_pruned(folder, since=since)
    return concerned(_leaves(folder, rp), recalled)


def _warn_of_pruned(folder: Path, *, since: datetime) -> None:
    """Say that answers may be missing whose leaves were let go: that none is found is no good news then."""
    first = reading.pruned_below(folder)
    if not first:
        return
    oldest = reading.entry(folder, first, size=reading.newest(folder).checkpoint.size).leaf
    if recorded_at(oldest) > since:
        output.words("warning", f"{first:,} entries before {instant_text(recorded_at(oldest))} were pruned")


@click.command("affected")
@recalled_options
@json_option
def affected(*, since: datetime, as_json: bool, **named: Any) -> Exit:
    """Find which answers relied on a key, list or policy.

    It reads the leaves of the log, which name report ids and no person. Ends with 1 if there is any.
    """
    found = relying_on(since=since, **named)
    outcome = Exit.REFUSED if found else Exit.DONE
    if as_json:
        results = [{"rp": party, "reports": list(reports)} for party, reports in found.items()]
        summary = {"since": instant_text(since), "rps": len(found), "reports": sum(map(len, found.values()))}
        output.document("idbridge-dispute-affected-1", summary=summary, results=results)
    elif not found:
        output.line("no answer that was accepted relied on it")
    else:
        _table(found)
    return outcome


def _policy(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    party, _, version = text.rpartition("@")
    if not party or not version.isdecimal():
        raise ValueError(f"`{text}` is not ID@VERSION")
    return party, int(version)


def _leaves(folder: Path, rp: str | None) -> Iterator[Leaf]:
    """Yield the leaves that are kept, those of one relying party if it is named."""
    size = reading.newest(folder).checkpoint.size
    for number in range(reading.pruned_below(folder) // WIDTH, -(-size // WIDTH)):
        for octets in reading.bundle(folder, number, size=size)[: size - number * WIDTH]:
            leaf = parse_leaf(octets)
            if rp is None or is_of(leaf, rp):
                yield leaf


def _table(found: Mapping[str, tuple[str, ...]]) -> None:
    output.table(("RELYING PARTY", "REPORT"), [(party, one) for party, reports in found.items() for one in reports])


@click.command("hold")
@click.option("--report", required=True, metavar="FILE", help="The report that is in dispute.")
@click.option("--days", type=_FOLDER, metavar="DIR", help="Keys of days of the node.")
@click.option("--release", is_flag=True, help="Let retention go on.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@region_option
@json_option
def hold(*, report: str, days: Path | None, release: bool, dry_run: bool, region: Path, as_json: bool) -> Exit:
    """Keep what a decision rests on, or let it go again.

    The trust and status snapshots stay, and with `--days` the key of the day, without which the record could be opened
    by nobody but who has its receipt.
    """
    told = dispute_files.read_object(report, "report")
    by, at = str(told.get("report_id")), _instant(told.get("evaluated_at"))
    acts = list(_acts(region, told, by=by, release=release))
    if days is not None:
        day_act = dispute_holds.release_day if release else dispute_holds.hold_day
        acts += [(f"the key of {day}", partial(day_act, days, day, by=by)) for day in _days(at, folder=days)]
    if not acts:
        hint = "a node in plain mode keeps none; `idbridge dispute export` takes along what there is"
        raise Failure("none of the snapshots of this report is kept here", hint=hint, exit_code=Exit.REFUSED)
    for _, done in acts:
        if not dry_run:
            done()
    names = [name for name, _ in acts]
    if as_json:
        summary = {"report_id": by, "held": not release, "done": not dry_run}
        output.document("idbridge-dispute-hold-1", summary=summary, results=names)
    else:
        output.facts((("report", by), ("kept" if not release else "no longer kept", ", ".join(names))))
    return Exit.DONE


def _instant(text: object) -> datetime:
    try:
        return parse_instant(str(text))
    except ValueError:
        raise Failure("this is no report: it names no instant", exit_code=Exit.REFUSED) from None


def _days(at: datetime, *, folder: Path) -> Iterator[date]:
    """Yield the days whose key may open the record of what was decided ``at``: it may be written after midnight."""
    yield at.date()
    last = (at + dispute_record.LATEST).date()
    if last != at.date() and dispute_holds.has_key(folder, last):
        yield last


def _acts(
    region: Path, told: Mapping[str, object], *, by: str, release: bool
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield what is to be held or released, each with the act that does it."""
    for name in _SNAPSHOTS:
        for store, stored_id in kept_under(region, name, str(told.get(name))):
            act = store.release if release else store.hold
            yield f"the {name.replace('_', ' ')} {stored_id[:12]}", partial(act, stored_id, by)
