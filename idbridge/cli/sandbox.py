"""``idbridge sandbox``: the cases of the pretend region, and their inputs made for trying."""

import difflib
from pathlib import Path
from typing import Any

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.material import open_region, region_option
from idbridge.cli.output import Failure, json_option
from idbridge.cli.reading import STATE
from idbridge.clock import SystemClock
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Format, MemberState
from idbridge.sandbox.case import Case, Exchange, Kind, MintedCase
from idbridge.sandbox.catalogue import case_named, cases
from idbridge.sandbox.mint import mint


@click.group("sandbox")
def sandbox() -> None:
    """A pretend region; nothing and nobody in it is real."""


@sandbox.command("list")
@click.option("--state", type=STATE, help="Only cases of this state.")
@click.option("--format", "form", type=click.Choice([one.value for one in Format]), metavar="FORMAT", help="Only this.")
@click.option("--code", help="Only cases that are refused with this reason code.")
@json_option
def list_cases(*, state: MemberState | None, form: str | None, code: str | None, as_json: bool) -> Exit:
    """List the cases: what is shown, what must come of it, and why."""
    found = [
        case
        for case in cases()
        if state in (None, case.state) and form in (None, case.format) and code in (None, case.code)
    ]
    if as_json:
        summary = {"cases": len(found), "states": len({case.state for case in found})}
        output.document("idbridge-cases-1", summary=summary, results=[case.document() for case in found])
        return Exit.DONE
    heads = ("STATE", "CASE", "EXPECTED", "WHAT IT IS")
    output.table(heads, (_cells(case) for case in found), wrap={"WHAT IT IS"}, optional={"WHAT IT IS"})
    return Exit.DONE


@sandbox.command("mint")
@click.argument("name", metavar="CASE")
@click.option("--credential", is_flag=True, help="Print the credential alone, for `idbridge verify` and `inspect`.")
@region_option
@json_option
def mint_case(*, name: str, credential: bool, region: Path, as_json: bool) -> Exit:
    """Make the input of CASE, and print the body of its request.

    It is made for the region on this machine. What must come of it is said on standard error. Credentials live for
    minutes, as real ones do.
    """
    minted = _minted(name, region)
    if as_json:
        output.document("idbridge-minted-1", summary=_expected(minted), results=[_record(one) for one in _all(minted)])
        return Exit.DONE
    if credential:
        output.raw_text(_credential(minted))
    else:
        click.echo(minted.body)
    for one in minted.before:
        output.words("note", f"the node must have been sent a {one.method} to `{one.path}` before; `--json` shows it")
    output.words(
        "note", f"{minted.method} {minted.path} to the node of {minted.case.node}, expected {_outcome(minted)}"
    )
    return Exit.DONE


def _minted(name: str, region: Path) -> MintedCase:
    try:
        case = case_named(name)
    except LookupError:
        near = difflib.get_close_matches(name, [one.name for one in cases()], n=1, cutoff=0.7)
        hint = f"did you mean `{near[0]}`?" if near else "`idbridge sandbox list` shows them all"
        raise Failure(f"there is no case `{name}`", hint=hint, exit_code=Exit.USAGE) from None
    made = open_region(region)
    try:
        return mint(case, region=made, at=SystemClock().now(), randomness=SystemRandomness())
    except (LookupError, ValueError) as error:
        attack = case.kind is Kind.ATTACK
        tried = f"by `idbridge trust drill --case {name}`" if attack else "by the tests and by `idbridge demo --once`"
        hint = f"it is tried in process, {tried}"
        raise Failure(f"case `{name}` cannot be sent: {error}", hint=hint, exit_code=Exit.USAGE) from None


def _credential(minted: MintedCase) -> str:
    try:
        credential = minted.document()["credential"]
    except (ValueError, LookupError, TypeError):
        credential = None
    if not isinstance(credential, str):
        hint = "leave `--credential` out to see the request as it is"
        raise Failure(f"the request of case `{minted.case.name}` has no credential", hint=hint, exit_code=Exit.USAGE)
    return credential


def _all(minted: MintedCase) -> tuple[Exchange, ...]:
    return (*minted.before, minted.exchange)


def _record(exchange: Exchange) -> dict[str, Any]:
    return {
        "method": exchange.method,
        "path": exchange.path,
        "headers": dict(exchange.headers),
        "body": exchange.body.decode("utf-8", errors="backslashreplace"),
    }


def _expected(minted: MintedCase) -> dict[str, Any]:
    indication = minted.expect_indication
    return {
        "case": minted.case.name,
        "node": minted.case.node.value,
        "relying_party": minted.case.relying_party,
        "expected": {
            "status": minted.expect_status,
            "indication": indication.value if indication is not None else None,
            "code": minted.expect_code,
        },
    }


def _outcome(minted: MintedCase) -> str:
    words = minted.expect_indication.value if minted.expect_indication is not None else f"HTTP {minted.expect_status}"
    return f"{words} {minted.expect_code}" if minted.expect_code is not None else words


def _cells(case: Case) -> tuple[str, ...]:
    return case.state.value, case.name, case.code or case.indication.value, case.title
