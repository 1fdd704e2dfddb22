"""``idbridge trust propagation URL...``: which nodes have taken up what was published, and which are behind."""

import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.progress import track

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.material import instant
from idbridge.cli.output import json_option, styled
from idbridge.errors import ConfigurationError, FetchError, InputError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.model.time import instant_text
from idbridge.net import addresses
from idbridge.net.guarded import GuardedClient
from idbridge.trust import propagation as judgement
from idbridge.trust.propagation import PATH, UNUSABLE, Judged, Standing, Statement

SCHEMA: Final = "idbridge-trust-propagation-1"
_AT_ONCE: Final = 8
_SHOWN: Final = 12
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_COLOURS: Final = MappingProxyType({
    Standing.CURRENT: "green", **dict.fromkeys(UNUSABLE, "bold red"),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One node: what it said, if it said anything, and how it stands."""

    node: str
    statement: Statement | None
    judged: Judged
    denied: bool | None


class NodeType(click.ParamType[str]):
    """The address of a node: https, or plain http on this machine."""

    name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address without a final slash, or refuse it."""
        url = str(value)
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("https", "http") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.query or parts.fragment or "@" in parts.netloc:
            self.fail(f"`{url}` is not the address of a node, such as `https://node.th.example`", param, ctx)
        if parts.scheme == "http" and not _is_here(parts.hostname or ""):
            self.fail(f"`{url}` is not https; plain http goes to this machine alone", param, ctx)
        try:
            _client(url)
        except ConfigurationError as odd:
            self.fail(str(odd), param, ctx)
        return url.rstrip("/")


class DenialType(click.ParamType[str]):
    """The id of a denial."""

    name = "ID"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the id, or refuse what cannot be one."""
        text = str(value).lower()
        if len(text) != 64 or not set(text) <= set("0123456789abcdef"):
            self.fail("a denial is named by 64 hexadecimal digits, as `trust deny` prints them", param, ctx)
        return text


@click.command("propagation")
@click.argument("nodes", metavar="URL...", type=NodeType(), nargs=-1, required=True)
@click.option("--deny", "denial", type=DenialType(), help="Also ask whether the denial of this id is in force there.")
@json_option
def propagation(*, nodes: tuple[str, ...], denial: str | None, as_json: bool) -> Exit:
    """Show whether nodes have taken up what was published.

    Ends with 1 while a node is behind or does not answer, and with 4 if one serves an older or a forked snapshot.
    """
    moment = instant(None)
    statements = _asked(tuple(dict.fromkeys(nodes)))
    rows = _judged(statements, denial=denial, at=moment)
    if as_json:
        _print_document(rows, denial=denial, at=moment)
    else:
        _print_table(rows, denial=denial, at=moment)
    standings = {row.judged.standing for row in rows}
    if standings & UNUSABLE:
        return Exit.TRUST_UNUSABLE
    return Exit.DONE if standings == {Standing.CURRENT} else Exit.REFUSED


def _asked(nodes: tuple[str, ...]) -> Mapping[str, Statement | Standing]:
    """Ask every node, several at once; return what each said, or how it did not."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(_ask, nodes)
        told = track(
            answers,
            description="asking nodes",
            total=len(nodes),
            console=Console(file=sys.stderr),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        return dict(zip(nodes, told, strict=True))


def _client(node: str) -> GuardedClient:
    """Return a client for one node and no other host; only of this machine may it be a loopback address."""
    parts = urlsplit(node)
    here = _is_here(parts.hostname or "")
    return GuardedClient(
        frozenset({parts.netloc.lower()}),
        Environment.SANDBOX if here else Environment.LIVE,
        allow_loopback=here,
        ceiling=LIMITS.node_statement_bytes,
    )


def _ask(node: str) -> Statement | Standing:
    try:
        octets = _client(node).fetch(f"{node}{PATH}", max_bytes=LIMITS.node_statement_bytes)
    except FetchError:
        return Standing.UNREACHABLE
    try:
        return judgement.parse_unverified(octets)
    except InputError:
        return Standing.UNREADABLE


def _is_here(host: str) -> bool:
    address = addresses.parse(host)
    return host == "localhost" if address is None else address.is_loopback


def _judged(statements: Mapping[str, Statement | Standing], *, denial: str | None, at: datetime) -> tuple[Row, ...]:
    """Return how each node stands among those that answered.

    Raises:
        UsageError: Nodes of the sandbox and of the live region were named together.
    """
    made = {node: said for node, said in statements.items() if isinstance(said, Statement)}
    if len({said.environment for said in made.values()}) > 1:
        raise click.UsageError("these nodes are of two environments, which have nothing to do with each other")
    return tuple(_row(node, said, made, denial=denial, at=at) for node, said in statements.items())


def _row(
    node: str,
    said: Statement | Standing,
    made: Mapping[str, Statement],
    *,
    denial: str | None,
    at: datetime,
) -> Row:
    if isinstance(said, Standing):
        return Row(node, None, Judged(said), None)
    others = [statement for name, statement in made.items() if name != node]
    denied = said.denies(denial, at=at) if denial is not None else None
    return Row(node, said, judgement.judge(said, others, at=at, denial=denial), denied)


def _print_document(rows: Iterable[Row], *, denial: str | None, at: datetime) -> None:
    results = [_result(row, at=at) for row in rows]
    current = sum(result["standing"] == Standing.CURRENT for result in results)
    summary = {"evaluated_at": instant_text(at), "nodes": len(results), "current": current, "denial": denial}
    output.document(SCHEMA, summary=summary, results=results)


def _result(row: Row, *, at: datetime) -> dict[str, Any]:
    said = row.statement
    top = said.distributed if said is not None else None
    signed_at = said.signed_at if said is not None else None
    return {
        "node": row.node,
        "standing": row.judged.standing.value,
        "why": row.judged.why or None,
        "environment": said.environment.value if said is not None else None,
        "trust_snapshot": said.trust_snapshot if said is not None else None,
        "root_version": top.root_version if top is not None else None,
        "timestamp_version": top.timestamp_version if top is not None else None,
        "snapshot_version": top.snapshot_version if top is not None else None,
        "signed_at": instant_text(signed_at) if signed_at is not None else None,
        "expires": instant_text(top.expires) if top is not None else None,
        "age_s": int((at - signed_at).total_seconds()) if signed_at is not None else None,
        "denied": row.denied,
    }


def _print_table(rows: tuple[Row, ...], *, denial: str | None, at: datetime) -> None:
    heads = ("NODE", "STANDING", "SNAPSHOT", "TIMESTAMP", "AGE", *(("DENIED",) if denial is not None else ()), "WHY")
    output.table(heads, (_cells(row, denial=denial, at=at) for row in rows), wrap={"WHY"})
    output.line()
    current = sum(row.judged.standing is Standing.CURRENT for row in rows)
    output.line(f"{current} of {len(rows)} nodes current at {instant_text(at)}")


def _cells(row: Row, *, denial: str | None, at: datetime) -> list[object]:
    said = row.statement
    standing = styled((row.judged.standing.value, _COLOURS.get(row.judged.standing, "yellow")))
    denied = [] if denial is None else ["-" if row.denied is None else "yes" if row.denied else "no"]
    if said is None:
        return [row.node, standing, "-", "-", "-", *denied, row.judged.why]
    top = said.distributed
    version = str(top.timestamp_version) if top is not None else "plain"
    age = _age(at - said.signed_at) if said.signed_at is not None else "-"
    return [row.node, standing, said.trust_snapshot[:_SHOWN], version, age, *denied, row.judged.why]


def _age(age: timedelta) -> str:
    """Say how long ago something was signed, in the largest whole unit; what lies ahead is no time ago."""
    if age >= _DAY:
        return f"{age // _DAY} d"
    if age >= _HOUR:
        return f"{age // _HOUR} h"
    seconds = max(int(age.total_seconds()), 0)
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"
