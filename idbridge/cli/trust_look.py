"""``idbridge trust list|show|explain``: which lists and services are relied on, and why an issuer is trusted or not."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit, of_indication
from idbridge.cli.material import at_option, instant, open_snapshot, region_option
from idbridge.cli.output import json_option
from idbridge.cli.reading import STATE
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.model.trust import ServiceStatus, TrustService
from idbridge.reasons import reason
from idbridge.trust import document
from idbridge.trust.snapshot import TrustSnapshot

_EDITION: Final = ("tier", "sequence", "issued_at", "next_update", "digest", "signer", "distribution")
_CODE_OF: Final = MappingProxyType({
    ServiceStatus.WITHDRAWN: "issuer.withdrawn",
    ServiceStatus.COMPROMISED: "issuer.compromised",
    ServiceStatus.SUPERSEDED: "issuer.superseded",
})  # fmt: skip


@click.command("list")
@region_option
@at_option
@json_option
def list_states(*, region: Path, at: datetime | None, as_json: bool) -> Exit:
    """List the states with edition and freshness of each list."""
    moment = instant(at)
    snapshot = open_snapshot(region)
    rows = document.state_rows(snapshot)
    usable = sum(_freshness(snapshot, state, at=moment) == "current" for state in MemberState)
    if as_json:
        output.document("idbridge-trust-1", summary={**_head(snapshot), "usable": usable}, results=rows)
    else:
        heads = ("STATE", "LIST", "TIER", "SEQUENCE", "SERVICES", "NEXT UPDATE")
        output.table(heads, (_state_cells(row, snapshot, at=moment) for row in rows))
        output.line()
        output.line(f"snapshot {snapshot.id}, {snapshot.environment}, {usable} of {len(rows)} lists usable")
    return Exit.DONE if usable else Exit.TRUST_UNUSABLE


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
        summary = {**_head(snapshot), **document.list_row(snapshot, state)}
        output.document("idbridge-state-trust-1", summary=summary, results=document.service_rows(snapshot, state))
    else:
        row = document.list_row(snapshot, state)
        output.facts([("list", fresh), *((name.replace("_", " "), row[name]) for name in _EDITION)])
        output.line()
        heads = ("SERVICE", "TYPE", "FORMATS", "STATUS", "SINCE", "ISSUER")
        output.table(
            heads, (_service_cells(service, at=moment) for service in snapshot.services_of(state)), wrap={"SERVICE"}
        )
    return Exit.DONE if fresh == "current" else Exit.TRUST_UNUSABLE


@click.command("explain")
@click.argument("issuer")
@region_option
@at_option
@json_option
def explain_issuer(*, issuer: str, region: Path, at: datetime | None, as_json: bool) -> Exit:
    """Explain why an issuer is trusted or not.

    Says who lists it, for what, since when and in which edition. ISSUER is compared
    character by character, as a verification compares it.
    """
    moment = instant(at)
    snapshot = open_snapshot(region)
    services = snapshot.by_issuer(issuer)
    code = issuer_code(snapshot, issuer, at=moment)
    if as_json:
        summary = {**_head(snapshot), "issuer": issuer, "trusted": code is None, "code": code}
        output.document("idbridge-explain-1", summary=summary, results=[document.service_row(one) for one in services])
    else:
        _show_explanation(snapshot, issuer, code, at=moment)
    return Exit.DONE if code is None else of_indication(reason(code).indication)


def issuer_code(snapshot: TrustSnapshot, issuer: str, *, at: datetime) -> str | None:
    """Return ``None`` if a service of ``issuer`` is granted at ``at``, else the code that its credentials meet."""
    services = snapshot.by_issuer(issuer)
    if not services:
        return _absence(snapshot, issuer)
    if snapshot.provenance(services[0].member_state).next_update <= at:
        return "trust.stale"
    statuses = [period.status if (period := service.status_at(at)) else None for service in services]
    if ServiceStatus.GRANTED in statuses:
        return None
    return next((code for status, code in _CODE_OF.items() if status in statuses), "issuer.not_yet_granted")


def _absence(snapshot: TrustSnapshot, issuer: str) -> str:
    if snapshot.other_environment(issuer):
        return "recognition.environment_mismatch"
    state = snapshot.orphaned(issuer)
    return snapshot.states_without_list[state] if state is not None else "issuer.unknown"


def _show_explanation(snapshot: TrustSnapshot, issuer: str, code: str | None, *, at: datetime) -> None:
    output.line(f"{issuer} is {'trusted' if code is None else f'not trusted: {code}'} at {instant_text(at)}")
    if code is not None:
        output.facts((("meaning", reason(code).developer), ("remedy", reason(code).remedy)))
    services = snapshot.by_issuer(issuer)
    if not services:
        return
    edition = document.list_row(snapshot, services[0].member_state)
    output.line()
    output.facts(
        (
            ("listed by", f"{edition['state']}, sequence {edition['sequence']}, next update {edition['next_update']}"),
            ("list digest", edition["digest"]),
            ("snapshot", snapshot.id),
        )
    )
    output.line()
    output.table(("SERVICE", "FORMATS", "STATUS", "FROM", "UNTIL"), _timeline(services), wrap={"SERVICE"})


def _timeline(services: tuple[TrustService, ...]) -> Iterator[tuple[str, ...]]:
    for service in services:
        for period in service.history:
            until = period.validity.end
            yield (
                service.name,
                ", ".join(sorted(service.profile.formats)),
                _last_part(period.status),
                instant_text(period.validity.start),
                instant_text(until) if until is not None else "open",
            )


def _freshness(snapshot: TrustSnapshot, state: MemberState, *, at: datetime) -> str:
    if state not in snapshot.lists:
        return snapshot.states_without_list[state]
    return "current" if at < snapshot.provenance(state).next_update else "trust.stale"


def _head(snapshot: TrustSnapshot) -> dict[str, Any]:
    return {"environment": snapshot.environment.value, "trust_snapshot": snapshot.id}


def _state_cells(row: dict[str, Any], snapshot: TrustSnapshot, *, at: datetime) -> tuple[object, ...]:
    fresh = _freshness(snapshot, MemberState(row["state"]), at=at)
    told = ("tier", "sequence", "services", "next_update")
    return row["state"], fresh, *("-" if row[name] is None else row[name] for name in told)


def _service_cells(service: TrustService, *, at: datetime) -> tuple[str, ...]:
    period = service.status_at(at)
    status = _last_part(period.status) if period is not None else "not yet granted"
    since = instant_text(period.validity.start).removesuffix("T00:00:00Z") if period is not None else "-"
    kind = _last_part(service.service_type).removesuffix("-issuance")
    return service.name, kind, ", ".join(sorted(service.profile.formats)), status, since, service.issuer


def _last_part(urn: str) -> str:
    return urn.rpartition(":")[2]
