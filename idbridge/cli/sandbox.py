"""``idbridge sandbox``: the cases of the pretend region, and their inputs made for trying."""

import difflib
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.material import open_region, region_option
from idbridge.cli.output import Failure, json_option
from idbridge.cli.reading import STATE
from idbridge.clock import SystemClock
from idbridge.codec import pem
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment, Format, MemberState
from idbridge.net.calls import Caller
from idbridge.net.guarded import GuardedClient
from idbridge.sandbox.asked import UnansweredError
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.case import Case, Exchange, Kind, MintedCase
from idbridge.sandbox.catalogue import case_named, cases
from idbridge.sandbox.holder import Holder
from idbridge.sandbox.mint import mint
from idbridge.sandbox.people import population

_THIS_MACHINE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


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


@sandbox.command("answer")
@click.argument("link", metavar="LINK")
@click.option("--as", "person", default="sg-tan", show_default=True, metavar="PERSON", help="Whose wallet answers.")
@click.option("--deny", is_flag=True, help="Say no, as a person may.")
@region_option
def answer_request(*, link: str, person: str, deny: bool, region: Path) -> Exit:
    """Answer the request behind LINK with a pretend wallet.

    LINK begins with `openid4vp://`.

    The wallet answers a node on this machine and nobody else. It checks who asks, shows what is asked for and no more,
    and tells what came back.
    """
    if person not in population().people:
        people = ", ".join(population().people)
        raise Failure(f"nobody here is called `{person}`", hint=f"there are {people}", exit_code=Exit.USAGE)
    bench = Bench(open_region(region), SystemClock().now(), SystemRandomness())
    holder = Holder(bench, person, _authorities(region), _caller(link))
    try:
        came = holder.answer(link, denies=deny)
    except UnansweredError as why:
        output.raw_text(json.dumps({"refused": True} if why.error is None else {"refused": True, "code": why.error}))
        raise Failure(f"the wallet does not answer: {why}", exit_code=Exit.REFUSED) from None
    output.raw_text(came.body.decode("utf-8", errors="backslashreplace"))
    taken = came.status == HTTPStatus.OK
    output.words("note", "the answer was taken" if taken else "the answer was refused; why, the relying party is told")
    return Exit.DONE if taken else Exit.REFUSED


def _caller(link: str) -> Caller:
    """Return what calls the node behind ``link``, if that is on this machine."""
    address = urlsplit(dict(parse_qsl(urlsplit(link).query)).get("request_uri", ""))
    if address.hostname not in _THIS_MACHINE:
        raise Failure("a pretend wallet answers on this machine and nowhere else", exit_code=Exit.USAGE)
    return GuardedClient(frozenset({address.netloc}), Environment.SANDBOX, allow_loopback=True)


def _authorities(region: Path) -> tuple[bytes, ...]:
    """Return the authorities that wallets of the region know: those of its nodes' access certificates."""
    found = sorted((region / "nodes").glob("*/access-authority.pem"))
    if not found:
        hint = "`idbridge demo` begins them"
        raise Failure(f"there are no nodes in `{region}` that wallets know", hint=hint)
    return tuple(pem.decode(path.read_text("ascii"), label=pem.CERTIFICATE)[0] for path in found)


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
