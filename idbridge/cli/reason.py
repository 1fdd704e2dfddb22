"""``idbridge reason``: the catalogue of reason codes, as it stands in ``reasons.toml``."""

import difflib
from typing import Any

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option
from idbridge.reasons import GROUPS, REASONS, Reason


@click.group("reason")
def reason_group() -> None:
    """Every reason code, its meaning and its remedy."""


@reason_group.command("list")
@click.option("--group", type=click.Choice(GROUPS), metavar="GROUP", help="Only this group, such as `issuer`.")
@json_option
def list_reasons(*, group: str | None, as_json: bool) -> Exit:
    """List the codes with what each means."""
    found = [entry for entry in REASONS.values() if group in (None, entry.group)]
    if as_json:
        output.document("idbridge-reasons-1", summary={"codes": len(found)}, results=[reason_record(e) for e in found])
        return Exit.DONE
    output.table(
        ("CODE", "ANSWER", "MEANING"), ((e.code, answered_by(e), e.developer) for e in found), wrap={"MEANING"}
    )
    return Exit.DONE


@reason_group.command("show")
@click.argument("code")
@json_option
def show_reason(*, code: str, as_json: bool) -> Exit:
    """Show one code: clause, remedy and the sentences for each reader."""
    entry = REASONS.get(code)
    if entry is None:
        near = difflib.get_close_matches(code, REASONS, n=1)
        hint = f"did you mean `{near[0]}`?" if near else "`idbridge reason list` shows them all"
        raise Failure(f"there is no reason code `{code}`", hint=hint, exit_code=Exit.USAGE)
    if as_json:
        output.document("idbridge-reasons-1", summary={"codes": 1}, results=[reason_record(entry)])
        return Exit.DONE
    output.facts(
        (
            ("code", entry.code),
            ("answer", answered_by(entry)),
            ("clause", entry.clause),
            ("meaning", entry.developer),
            ("remedy", entry.remedy),
            ("try again", _again(entry)),
            ("to the person", entry.person),
            ("to a business", entry.business),
            ("ETSI", entry.sub_indication),
        )
    )
    return Exit.DONE


def answered_by(entry: Reason) -> str:
    """Return the verdict, or the HTTP status of the codes that answer a broken request."""
    return f"HTTP {entry.http_status}" if entry.http_status is not None else entry.indication.value


def reason_record(entry: Reason) -> dict[str, Any]:
    """Return an entry as the members of ``GET /v1/reasons/{code}``."""
    return {
        "code": entry.code,
        "indication": entry.indication.value,
        "http_status": entry.http_status,
        "clause": entry.clause,
        "sub_indication": entry.sub_indication,
        "retryable": entry.retryable,
        "retry_after_s": _seconds(entry),
        "remedy": entry.remedy,
        "person": entry.person,
        "business": entry.business,
        "developer": entry.developer,
    }


def _seconds(entry: Reason) -> int | None:
    return int(entry.retry_after.total_seconds()) if entry.retry_after is not None else None


def _again(entry: Reason) -> str:
    if not entry.retryable:
        return "no, the same input gets the same answer"
    seconds = _seconds(entry)
    return "yes" if seconds is None else f"yes, after {seconds} s"
