"""``idbridge witness list``: which witnesses the lists name, whose word counts, and when each last confirmed a log."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.material import at_option, instant, open_snapshot, region_option
from idbridge.cli.output import Failure, json_option
from idbridge.evidence import places
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import note
from idbridge.tlog.checkpoint import Log, LoggedCheckpoint
from idbridge.tlog.note import NoteKey
from idbridge.trust.log_listing import ListedWitness, listed_log, listed_witnesses
from idbridge.trust.operator.rules import word
from idbridge.trust.snapshot import TrustSnapshot
from idbridge_gateway.evidence.cosigned import COSIGNED

SCHEMA: Final = "idbridge-witness-list-1"
_HEADS: Final = ("STATE", "WITNESS", "STATUS", "COUNTS", "KEY")
_LAST: Final = "LAST COSIGNED"


class Cosigned(NamedTuple):
    """The checkpoint of a node's log that was confirmed last, and when by each witness's own word."""

    logged: LoggedCheckpoint
    instants: Mapping[NoteKey, datetime]

    @property
    def log(self) -> Log:
        """Whose checkpoint it is."""
        return self.logged.log


@click.command("list")
@region_option
@click.option(
    "--node",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="State directory of a node: tell when each witness last cosigned its log.",
)
@at_option
@json_option
def list_witnesses(*, region: Path, node: Path | None, at: datetime | None, as_json: bool) -> Exit:
    """List the witnesses of all states, and when each last cosigned.

    Ends with 4 if the word of none of them counts, with 1 if none whose word counts has confirmed the log of `--node`.
    """
    moment = instant(at)
    snapshot = open_snapshot(region)
    listed = listed_witnesses(snapshot, at=moment)
    cosigned = None if node is None else read_cosigned(node, snapshot, listed, at=moment)
    if as_json:
        _print(snapshot, listed, cosigned)
    else:
        _show(snapshot, listed, cosigned, with_node=node is not None)
    if not any(one.counts for one in listed):
        return Exit.TRUST_UNUSABLE
    return Exit.REFUSED if node is not None and not _is_confirmed(listed, cosigned) else Exit.DONE


def read_cosigned(
    node: Path, snapshot: TrustSnapshot, listed: Sequence[ListedWitness], *, at: datetime
) -> Cosigned | None:
    """Return the checkpoint that the node with the state directory ``node`` had confirmed last; ``None`` if none is.

    An instant past ``at``, by more than the leeway of clocks, is nobody's.

    Raises:
        Failure: There is no such folder.
        LogError: The file cannot be read.
        EvidenceError: It is no checkpoint of a log that a list names, or the line of a listed witness does not verify.
        TrustError: The list that names the log is out of date.
    """
    if not node.is_dir():
        raise Failure(f"`{node}` is no folder", hint="name the state directory of a node, IDBRIDGE_STATE_DIR")
    octets = places.read(node, COSIGNED, max_bytes=LIMITS.note_bytes)
    if octets is None:
        return None
    unverified = checkpoints.parse_unverified(octets)
    log = listed_log(snapshot, unverified.checkpoint.origin, signed_at=at, at=at)
    logged = checkpoints.verify(unverified, log=log)
    latest = int((at + LIMITS.clock_leeway).timestamp())
    keys = tuple({one.witness.key: None for one in listed if one.witness.state is not log.state})
    signed = note.signed_by(logged.note, keys)
    told = {one.key: datetime.fromtimestamp(one.at, UTC) for one in signed if one.at is not None and one.at <= latest}
    return Cosigned(logged, told)


def _is_confirmed(listed: Sequence[ListedWitness], cosigned: Cosigned | None) -> bool:
    return cosigned is not None and any(one.counts and one.witness.key in cosigned.instants for one in listed)


def _last(one: ListedWitness, cosigned: Cosigned | None) -> str | None:
    """Return when ``one`` confirmed what was confirmed last; ``None`` if it has not, or may not its own state's log."""
    at = None if cosigned is None else cosigned.instants.get(one.witness.key)
    return None if at is None else instant_text(at)


def _print(snapshot: TrustSnapshot, listed: Sequence[ListedWitness], cosigned: Cosigned | None) -> None:
    summary: dict[str, Any] = {
        "environment": snapshot.environment.value,
        "trust_snapshot": snapshot.id,
        "witnesses": len(listed),
        "counting": sum(one.counts for one in listed),
        "log": None if cosigned is None else _log(cosigned),
    }
    results = [
        {
            "state": one.witness.state.value,
            "name": one.witness.key.name,
            "key": one.witness.key.text(),
            "thumbprint": one.thumbprint,
            "status": None if one.status is None else word(one.status),
            "list": one.stale or "current",
            "counts": one.counts,
            "last_cosigned": _last(one, cosigned),
        }
        for one in listed
    ]
    output.document(SCHEMA, summary=summary, results=results)


def _log(cosigned: Cosigned) -> dict[str, Any]:
    return {
        "origin": cosigned.log.origin,
        "state": cosigned.log.state.value,
        "size": cosigned.logged.checkpoint.size,
    }


def _show(
    snapshot: TrustSnapshot, listed: Sequence[ListedWitness], cosigned: Cosigned | None, *, with_node: bool
) -> None:
    heads = (*_HEADS[:-1], _LAST, _HEADS[-1]) if with_node else _HEADS
    output.table(heads, [_cells(one, cosigned, with_node=with_node) for one in listed])
    output.line()
    if cosigned is not None:
        size = cosigned.logged.checkpoint.size
        output.line(f"{cosigned.log.origin} of {cosigned.log.state}: confirmed up to {size:,} entries")
    elif with_node:
        output.words("warning", "no witness has confirmed the log of this node")
    counting = sum(one.counts for one in listed)
    output.line(f"{snapshot.environment}, {counting} of {len(listed)} witnesses count")


def _cells(one: ListedWitness, cosigned: Cosigned | None, *, with_node: bool) -> tuple[object, ...]:
    key = one.witness.key
    status = one.stale or ("not begun" if one.status is None else word(one.status))
    cells = (one.witness.state, key.name, status, "yes" if one.counts else "no")
    return (*cells, _last(one, cosigned) or "-", key.text()) if with_node else (*cells, key.text())
