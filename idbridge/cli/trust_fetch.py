"""``idbridge trust fetch``: pull the tree as a node does, and show what was accepted of it and what was not."""

from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import click

from idbridge.cli import output, trees
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option, words
from idbridge.cli.proposal_text import require_typed
from idbridge.cli.trees import FOLDER, from_option, root_option
from idbridge.clock import SystemClock
from idbridge.errors import FetchError, TrustError
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.trust import document
from idbridge.trust.alerts import Severity, alerts_between
from idbridge.trust.operator import published
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf.repository import TufRepository

SCHEMA: Final = "idbridge-fetch-1"
_HEADS: Final = ("STATE", "LIST", "SEQUENCE", "SERVICES", "NEXT UPDATE", "REFUSED")
_PRIVATE_FOLDER: Final = 0o700


@click.command("fetch")
@from_option
@root_option
@click.option("--state", "state", type=FOLDER, required=True, metavar="DIR", help="The memory of this node.")
@click.option("--initialise", is_flag=True, help="Begin the memory of a new node.")
@click.option(
    "--reanchor",
    "reanchor",
    multiple=True,
    metavar="XX[=DIGEST]",
    help="Accept new keys of a state that its old ones did not countersign, after asking it by another way.",
)
@json_option
def fetch(
    *,
    place: str | None,
    root_file: Path | None,
    state: Path,
    initialise: bool,
    reanchor: tuple[str, ...],
    as_json: bool,
) -> Exit:
    """Pull the region's lists as a node does.

    Says of each state what was accepted. What is refused leaves in force what was held.
    Ends with 1 if something was refused, with 4 if no list is usable.
    """
    root = trees.pinned_root(root_file)
    if place is None or root_file is None:
        raise click.UsageError("say where the tree is with `--from TREE`")
    tree = trees.open_tree(place, trees.environment_of(root))
    repository = TufRepository(tree, root_file, state)
    if initialise:
        _begin(state)
        repository.initialise()
    at = SystemClock().now()
    if reanchor:
        confirmed = dict(_confirmed(one, published.read(tree, root)) for one in reanchor)
        snapshot = repository.reanchored(MappingProxyType(confirmed), at=at)
    else:
        snapshot = repository.load(at=at)
    return _told(snapshot, at=at, as_json=as_json)


def _begin(state: Path) -> None:
    try:
        state.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as unwritable:
        raise Failure(f"`{state}` cannot be made: {(unwritable.strerror or '').lower()}") from None


def _confirmed(asked: str, before: published.Published) -> tuple[MemberState, str]:
    """Return a state with the digest of its new key set, which somebody confirmed by another way than the tree."""
    name, _, given = asked.partition("=")
    if name.upper() not in MemberState.__members__:
        raise click.UsageError(f"`{asked}` is not written as XX or XX=DIGEST")
    state = MemberState(name.upper())
    quorum = before.voters(state.value)[0].quorum
    if given:
        if given.lower() != quorum.digest:
            raise Failure(
                f"the keys of {state} that are on offer have the digest {quorum.digest}, and another was confirmed",
                exit_code=Exit.UNCONFIRMED,
            )
        return state, quorum.digest
    words("warning", f"the new keys of {state} were not countersigned by its old ones")
    for thumbprint in sorted(quorum.keys):
        words("warning", f"{state} {thumbprint}")
    words("warning", f"{quorum.threshold} of {len(quorum.keys)}, digest {quorum.digest}")
    prompt = f"ask {state} by another way, then type the digest that it names"
    require_typed(quorum.digest, prompt, hint=f"or confirm it with `--reanchor {state}=DIGEST`")
    return state, quorum.digest


def _told(snapshot: TrustSnapshot, *, at: datetime, as_json: bool) -> Exit:
    rows = [_row(one, snapshot, at=at) for one in MemberState]
    usable = sum(1 for row in rows if row["code"] is None)
    regional = snapshot.regional
    current = regional is not None and regional.expires > at
    refused = [{"subject": one.subject, "code": one.code, "detail": one.detail} for one in snapshot.refused]
    if as_json:
        summary = {
            "usable": usable if current else 0,
            "current": current,
            "trust_snapshot": snapshot.id,
            "regional": regional.document() if regional is not None else None,
        }
        told = [one.document() for one in alerts_between(None, snapshot, at=at) if one.severity is not Severity.INFO]
        denials = document.denial_rows(snapshot)
        output.document(SCHEMA, summary=summary, results=rows, refused=refused, denials=denials, alerts=told)
    else:
        _show(snapshot, rows, usable, current=current)
        _warn(snapshot, at=at)
    if not usable or not current:
        return Exit.TRUST_UNUSABLE
    return Exit.REFUSED if refused else Exit.DONE


def _row(state: MemberState, snapshot: TrustSnapshot, *, at: datetime) -> dict[str, Any]:
    row = {**document.list_row(snapshot, state), "services": len(snapshot.services_of(state))}
    try:
        snapshot.require_current(state, at=at)
    except (TrustError, FetchError) as refusal:
        return {**row, "code": refusal.code}
    return {**row, "code": None}


def _show(snapshot: TrustSnapshot, rows: list[dict[str, Any]], usable: int, *, current: bool) -> None:
    codes = {one.subject.rpartition("/")[2]: one.code for one in snapshot.refused}
    shown = [row for row in rows if row["code"] != "trust.not_configured" or row["state"] in codes]
    output.table(_HEADS, ((*_cells(row), codes.get(row["state"], "-")) for row in shown))
    output.line()
    regional = snapshot.regional
    if regional is not None:
        output.facts(
            (
                ("signed at", instant_text(regional.signed_at)),
                ("good until", instant_text(regional.expires)),
                ("timestamp", regional.timestamp_version),
                ("root", regional.root_version),
                ("denials in force", len(document.denial_rows(snapshot)) or None),
            )
        )
    output.line(f"snapshot {snapshot.id}")
    output.line(f"{usable} of {len(rows)} lists usable")
    if not current:
        words("error", "the region's timestamp is out of date; every list is stale")


def _warn(snapshot: TrustSnapshot, *, at: datetime) -> None:
    """Say what was refused, and what else somebody has to look at."""
    for one in snapshot.refused:
        words("warning", f"refused {one.subject}, {one.code}: {one.detail}")
    known = {(one.subject, one.code) for one in snapshot.refused}
    for alert in alerts_between(None, snapshot, at=at):
        if alert.severity is not Severity.INFO and (alert.subject, alert.code) not in known:
            words("warning", f"{alert.kind.replace('_', ' ')}: {alert.subject}, {alert.detail}")


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    values = (row["sequence"], row["services"], row["next_update"])
    return row["state"], row["code"] or "ok", *("-" if value is None else value for value in values)
