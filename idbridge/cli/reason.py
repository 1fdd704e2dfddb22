"""``idbridge reason``: the catalogue of reason codes, as it stands in ``reasons.toml``."""

import difflib

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
        output.document(
            "idbridge-reasons-1", summary={"codes": len(found)}, results=[entry.document() for entry in found]
        )
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
        output.document("idbridge-reasons-1", summary={"codes": 1}, results=[entry.document()])
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


def _again(entry: Reason) -> str:
    if not entry.retryable:
        return "no, the same input gets the same answer"
    return "yes" if entry.retry_after is None else f"yes, after {entry.retry_after.total_seconds():.0f} s"
