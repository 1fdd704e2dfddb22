"""``idbridge doctor``: would a node start here, and if not, what is wrong. Looks at files and trust material only."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit, of_error
from idbridge.cli.material import instant, open_snapshot, region_option, state_directory
from idbridge.cli.output import Failure, json_option
from idbridge.errors import IdBridgeError
from idbridge.model.region import MemberState
from idbridge.trust.snapshot import NOT_CONFIGURED, TrustSnapshot

DUE_SOON: Final = timedelta(days=14)
OK: Final = "ok"
WARNING: Final = "warning"
ERROR: Final = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``exit_code`` is DONE unless it is an error."""

    check: str
    result: str
    words: str
    hint: str = ""
    exit_code: Exit = Exit.DONE


@click.command("doctor")
@region_option
@json_option
def doctor(*, region: Path, as_json: bool) -> Exit:
    """Look at files and trust material for what is wrong.

    Ends with 5 if a file is missing or not safe, with 4 if the trust material cannot be used.
    """
    found = list(examine(region, at=instant(None)))
    errors = [one for one in found if one.result == ERROR]
    if as_json:
        summary = {"errors": len(errors), "warnings": sum(one.result == WARNING for one in found)}
        results = [{"check": one.check, "result": one.result, "words": one.words, "hint": one.hint} for one in found]
        output.document("idbridge-doctor-1", summary=summary, results=results)
    else:
        output.table(("CHECK", "RESULT", "WHAT"), ((one.check, one.result, one.words) for one in found), wrap={"WHAT"})
        for one in found:
            if one.hint:
                output.words("hint", f"{one.check}: {one.hint}")
    return max((one.exit_code for one in errors), default=Exit.DONE)


def examine(region: Path, *, at: datetime) -> Iterator[Finding]:
    """Yield what is found, the files first; without them nothing further can be said."""
    try:
        state = state_directory(region)
    except Failure as failure:
        yield Finding("material", ERROR, failure.message, failure.hint, failure.code)
        return
    yield Finding("material", OK, f"{region}, memory in {state.relative_to(region)}")
    yield _privacy(region)
    try:
        snapshot = open_snapshot(region)
    except IdBridgeError as error:
        yield Finding("trust", ERROR, str(error), error.reason.remedy, of_error(error))
        return
    yield Finding("trust", OK, f"snapshot {snapshot.id[:16]}, {snapshot.environment}")
    yield from (look(snapshot, at) for look in (_lists, _due, _offers, _recognition))


def _privacy(region: Path) -> Finding:
    """Private keys are files that only their owner may read."""
    keys = [path for path in sorted(region.rglob("*")) if path.is_file() and is_private(path)]
    open_to_others = [path for path in keys if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if not open_to_others:
        return Finding("keys", OK, f"{len(keys)} private files, readable by their owner only")
    names = ", ".join(str(path.relative_to(region)) for path in open_to_others[:3])
    hint = f"chmod 600 in {region}, and think of these keys as known to others"
    return Finding("keys", ERROR, f"others may read {len(open_to_others)} private files: {names}", hint, Exit.LOCAL)


def is_private(path: Path) -> bool:
    """Tell whether a file holds a private key, by its content and never by its name."""
    with path.open("rb") as file:
        head = file.read(65_536)
    return any(mark in head for mark in (b"PRIVATE KEY", b"idb_test_", b"idb_live_", b"pairwise"))


def _lists(snapshot: TrustSnapshot, at: datetime) -> Finding:
    usable = [state for state in snapshot.lists if at < snapshot.provenance(state).next_update]
    if not usable:
        return Finding("lists", ERROR, "no list of any state is usable", "fetch them anew", Exit.TRUST_UNUSABLE)
    without = sorted(snapshot.states_without_list.items())
    absent = [f"{state} {code}" for state, code in without if code != NOT_CONFIGURED]
    words = f"{len(usable)} of {len(MemberState)} usable"
    if absent:
        return Finding("lists", WARNING, f"{words}; {', '.join(absent)}", "`idbridge reason show CODE` says what to do")
    return Finding("lists", OK, words)


def _due(snapshot: TrustSnapshot, at: datetime) -> Finding:
    updates = sorted((snapshot.provenance(state).next_update, state) for state in snapshot.lists)
    due = [state for update, state in updates if update - at < DUE_SOON]
    if due:
        words = f"due within {DUE_SOON.days} days: {', '.join(due)}"
        return Finding("freshness", WARNING, words, "ask these states for their next list")
    days = (updates[0][0] - at).days if updates else 0
    return Finding("freshness", OK, f"the next list is due in {days} days")


def _offers(snapshot: TrustSnapshot, _at: datetime) -> Finding:
    if not snapshot.refused:
        return Finding("offers", OK, "everything that is offered was accepted")
    words = "; ".join(f"{offer.subject} {offer.code}" for offer in snapshot.refused)
    return Finding("offers", WARNING, f"refused: {words}", "what was held before stays in force")


def _recognition(snapshot: TrustSnapshot, _at: datetime) -> Finding:
    arrangements, purposes = len(snapshot.arrangements.histories), len(snapshot.purposes.purposes)
    words = f"{arrangements} arrangements, {purposes} purposes"
    if arrangements and purposes:
        return Finding("recognition", OK, words)
    return Finding("recognition", WARNING, words, "without arrangements and purposes nothing foreign is recognised")
