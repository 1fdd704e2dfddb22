"""``idbridge recognition``: which arrangements there are, and whose credentials a state recognises for what."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.material import at_option, instant, open_snapshot, region_option
from idbridge.cli.output import Failure, json_option
from idbridge.cli.reading import STATE
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.recognition.arrangement import ArrangementHistory, ArrangementVersion
from idbridge.recognition.table import StateRow, recognition_table
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.verifier import Verifier


@click.group("recognition")
def recognition() -> None:
    """Who recognises whom, how far, from when."""


@recognition.command("list")
@region_option
@at_option
@json_option
def list_arrangements(*, region: Path, at: datetime | None, as_json: bool) -> Exit:
    """List the arrangements with the version that decides."""
    moment = instant(at)
    snapshot = open_snapshot(region)
    found = [history for _, history in sorted(snapshot.arrangements.histories.items())]
    records = [_arrangement_record(history, at=moment) for history in found]
    if as_json:
        output.document("idbridge-arrangements-1", summary=_head(snapshot, at=moment), results=records)
        return Exit.DONE
    heads = ("ARRANGEMENT", "PARTIES", "VERSION", "STATUS", "FROM", "UNTIL")
    output.table(heads, (_arrangement_cells(record) for record in records), wrap={"PARTIES", "STATUS"})
    return Exit.DONE


@recognition.command("show")
@click.option("--for", "by", type=STATE, required=True, help="The state that would recognise.")
@click.option("--purpose", help="Only this purpose, with level, binding and arrangement of each state.")
@region_option
@at_option
@json_option
def show_recognition(*, by: MemberState, purpose: str | None, region: Path, at: datetime | None, as_json: bool) -> Exit:
    """Show whose credentials a state recognises.

    For one purpose in detail, or for all at a glance.
    """
    moment = instant(at)
    snapshot = open_snapshot(region)
    purposes = _purposes(snapshot, purpose)
    tables = {code: _table(snapshot, by=by, purpose=code, at=moment) for code in purposes}
    if as_json:
        results = [{"purpose": code, **row.render()} for code, rows in tables.items() for row in rows]
        summary = {**_head(snapshot, at=moment), "for": by.value, "purposes": purposes}
        output.document("idbridge-recognition-1", summary=summary, results=results)
    elif purpose is not None:
        heads = ("STATE", "RECOGNISED", "LEVEL", "FORMATS", "BINDING", "ARRANGEMENT", "UNTIL")
        output.table(
            heads,
            (_state_cells(row.render()) for row in tables[purpose]),
            wrap={"FORMATS"},
            optional={"BINDING", "UNTIL"},
        )
    else:
        _show_glance(tables)
    return Exit.DONE


def _table(snapshot: TrustSnapshot, *, by: MemberState, purpose: str, at: datetime) -> tuple[StateRow, ...]:
    standings = Verifier(trust=snapshot, status=EMPTY_STATUS).standings
    return recognition_table(snapshot.listed_states(), standings=standings, by=by, purpose=purpose, at=at)


def _purposes(snapshot: TrustSnapshot, wanted: str | None) -> list[str]:
    known = sorted(snapshot.purposes.purposes)
    if wanted is None:
        return known
    if wanted not in known:
        hint = f"the register has: {', '.join(known)}"
        raise Failure(f"there is no purpose `{wanted}`", hint=hint, exit_code=Exit.USAGE)
    return [wanted]


def _show_glance(tables: dict[str, tuple[StateRow, ...]]) -> None:
    states = sorted(MemberState)
    output.table(("PURPOSE", *states), ((code, *map(_level, rows)) for code, rows in tables.items()))
    output.line()
    output.line("the highest level that is recognised; `-` for none: add `--purpose CODE` to see why")


def _level(row: StateRow) -> str:
    return str(row.best.level) if row.code is None and row.best is not None else "-"


def _state_cells(row: dict[str, Any]) -> tuple[str, ...]:
    recognised = row["recognised"]
    return (
        row["state"],
        "yes" if recognised else row["code"],
        row["level"] or "-",
        ", ".join(row["formats"]) or "-",
        row["binding"] or "-",
        _arrangement(row),
        (row["until"] or "open") if recognised else "-",
    )


def _arrangement(row: dict[str, Any]) -> str:
    if row["arrangement"] is None:
        return "domestic" if row["recognised"] else "-"
    return f"{row['arrangement']} v{row['version']}" if row["version"] is not None else str(row["arrangement"])


def _arrangement_record(history: ArrangementHistory, *, at: datetime) -> dict[str, Any]:
    deciding = history.deciding_at(at)
    version = deciding or history.latest
    return {
        "id": version.id,
        "parties": sorted(version.parties),
        "version": version.version,
        "status": _status(version, deciding=deciding),
        "from": instant_text(version.effective_from),
        "until": instant_text(version.until) if version.until is not None else None,
        "digest": version.digest,
    }


def _status(version: ArrangementVersion, *, deciding: ArrangementVersion | None) -> str:
    return version.status.value if deciding is not None else f"{version.status.value}, not yet in force"


def _arrangement_cells(record: dict[str, Any]) -> tuple[str, ...]:
    parties = "all eleven" if len(record["parties"]) == len(MemberState) else " ".join(record["parties"])
    until = record["until"] or "open"
    return record["id"], parties, str(record["version"]), record["status"], record["from"], until


def _head(snapshot: TrustSnapshot, *, at: datetime) -> dict[str, Any]:
    return {
        "environment": snapshot.environment.value,
        "trust_snapshot": snapshot.id,
        "evaluated_at": instant_text(at),
    }
