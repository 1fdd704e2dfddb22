"""``idbridge trust list|show``: which lists and services are relied on, and how fresh they are."""

from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import click
from rich.text import Text

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.material import at_option, instant, open_snapshot, region_option
from idbridge.cli.output import json_option, styled
from idbridge.cli.reading import STATE
from idbridge.errors import IssuerError, TrustError
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.model.trust import TrustService
from idbridge.trust import document
from idbridge.trust.operator.calendar import denied_thing
from idbridge.trust.operator.rules import word
from idbridge.trust.profile import Entry
from idbridge.trust.snapshot import TrustSnapshot

_CURRENT: Final = "current"
_EDITION: Final = ("tier", "sequence", "issued_at", "next_update", "digest", "signer", "distribution")
_COLOURS: Final = MappingProxyType({"granted": "green", "current": "green", "superseded": "dim"})


@click.command("list")
@region_option
@at_option
@json_option
def list_states(*, region: Path, at: datetime | None, as_json: bool) -> Exit:
    """List the states with edition and freshness of each list."""
    moment = instant(at)
    snapshot = open_snapshot(region)
    rows = document.state_rows(snapshot)
    usable = sum(_freshness(snapshot, state, at=moment) == _CURRENT for state in MemberState)
    if as_json:
        summary = {**_head(snapshot), "usable": usable, "distribution": document.distribution(snapshot)}
        output.document("idbridge-trust-1", summary=summary, results=rows)
    else:
        heads = ("STATE", "LIST", "TIER", "SEQUENCE", "SERVICES", "NEXT UPDATE")
        output.table(heads, (_state_cells(row, snapshot, at=moment) for row in rows))
        output.line()
        _show_region(snapshot, at=moment)
        output.line(f"snapshot {snapshot.id}")
        output.line(f"{snapshot.environment}, {usable} of {len(rows)} lists usable")
    return Exit.DONE if usable else Exit.TRUST_UNUSABLE


def _show_region(snapshot: TrustSnapshot, *, at: datetime) -> None:
    """Print what holds for the whole region: its timestamp, denials in force, and what was refused."""
    regional = snapshot.regional
    if regional is not None:
        signed, until = instant_text(regional.signed_at), instant_text(regional.expires)
        output.line(f"timestamp {regional.timestamp_version}, signed {signed}, good until {until}")
    for entry in snapshot.denials.in_force(at):
        output.emphasis(f"denied: {entry.state}, {denied_thing(entry)}", colour="red")
    for offer in snapshot.refused:
        output.words("warning", f"{offer.subject} was refused: {offer.code}, {offer.detail or 'see `reason show`'}")


@click.command("show")
@click.argument("state", type=STATE)
@region_option
@at_option
@json_option
def show_state(*, state: MemberState, region: Path, at: datetime | None, as_json: bool) -> Exit:
    """Show one state's list and the status of its services."""
    moment = instant(at)
    snapshot = open_snapshot(region)
    fresh = _freshness(snapshot, state, at=moment)
    if as_json:
        untrusted = [
            {"name": one.name, "issuer": one.issuer, "why": one.untrusted} for one in _untrusted(snapshot, state)
        ]
        summary = {**_head(snapshot), **document.list_row(snapshot, state), "untrusted": untrusted}
        output.document("idbridge-state-trust-1", summary=summary, results=document.service_rows(snapshot, state))
    else:
        _show_list(snapshot, state, fresh, at=moment)
    return Exit.DONE if fresh == _CURRENT else Exit.TRUST_UNUSABLE


def _show_list(snapshot: TrustSnapshot, state: MemberState, fresh: str, *, at: datetime) -> None:
    row = document.list_row(snapshot, state)
    output.facts([("list", _coloured(fresh)), *((name.replace("_", " "), row[name]) for name in _EDITION)])
    if snapshot.services_of(state):
        output.line()
        heads = ("SERVICE", "TYPE", "FORMATS", "STATUS", "SINCE", "ISSUER")
        services = snapshot.services_of(state)
        cells = (_service_cells(service, snapshot, at=at) for service in services)
        output.table(heads, cells, wrap={"SERVICE", "FORMATS"}, optional={"FORMATS"})
    for entry in _untrusted(snapshot, state):
        output.words("warning", f"{entry.name} ({entry.issuer}) gives no trust: {entry.untrusted}")


def _untrusted(snapshot: TrustSnapshot, state: MemberState) -> tuple[Entry, ...]:
    return snapshot.lists[state].untrusted if state in snapshot.lists else ()


def _freshness(snapshot: TrustSnapshot, state: MemberState, *, at: datetime) -> str:
    if state not in snapshot.lists:
        return snapshot.states_without_list[state]
    try:
        snapshot.require_not_denied(state, at=at)
        snapshot.require_current(state, at=at)
    except (IssuerError, TrustError) as refusal:
        return refusal.code
    return _CURRENT


def _coloured(word: str) -> Text:
    return styled((word, _COLOURS.get(word, "red")))


def _head(snapshot: TrustSnapshot) -> dict[str, Any]:
    return {"environment": snapshot.environment.value, "trust_snapshot": snapshot.id}


def _state_cells(row: dict[str, Any], snapshot: TrustSnapshot, *, at: datetime) -> tuple[object, ...]:
    fresh = _freshness(snapshot, MemberState(row["state"]), at=at)
    told = ("tier", "sequence", "services", "next_update")
    return row["state"], _coloured(fresh), *("-" if row[name] is None else row[name] for name in told)


def _service_cells(service: TrustService, snapshot: TrustSnapshot, *, at: datetime) -> tuple[object, ...]:
    period = service.status_at(at)
    status = word(period.status) if period is not None else "not yet granted"
    since = instant_text(period.validity.start).removesuffix("T00:00:00Z") if period is not None else "-"
    try:
        snapshot.require_not_denied(service.member_state, services=(service,), at=at)
    except IssuerError:
        status = "denied"
    kind = word(service.service_type).removesuffix("-issuance")
    return service.name, kind, ", ".join(sorted(service.profile.formats)), _coloured(status), since, service.issuer
