"""``idbridge trust publish|refresh``: the online role, which signs only what it would itself accept."""

import signal
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output, trees
from idbridge.cli.exits import Exit
from idbridge.cli.output import json_option, words
from idbridge.cli.passphrase import passphrase_from, passphrase_option
from idbridge.cli.trees import FILE, FOLDER, dry_run_option
from idbridge.clock import Clock, SystemClock
from idbridge.crypto.key_files import open_signer
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.model.region import Environment
from idbridge.model.time import instant_text
from idbridge.trust.operator.taking_up import OnlineRole, Places, Round
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.proposal import Proposal
from idbridge.trust.tuf.publisher import Publication

SCHEMA: Final = "idbridge-publication-1"
INTERVAL: Final = 30

Wait = Callable[[float], bool]  # waits that many seconds; tells whether to stop


def online(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options of the online role."""
    options = (
        json_option,
        passphrase_option,
        click.option("--state", "state", type=FOLDER, required=True, metavar="DIR", help="Memory of this machine."),
        click.option(
            "--root",
            "root_file",
            type=FILE,
            required=True,
            envvar="IDBRIDGE_ROOT",
            show_envvar=True,
            metavar="FILE",
            help="The pinned root.",
        ),
        click.option("--online-key", "online_key", required=True, metavar="KEY", help="Key of the online role."),
        click.option("--to", "tree", type=FOLDER, required=True, metavar="DIR", help="The static tree."),
    )
    for option in options:
        verb = option(verb)
    return verb


def online_role(
    tree: Path,
    root_file: Path,
    state: Path,
    online_key: str,
    passphrase_file: Path | None,
    *,
    environment: Environment,
) -> OnlineRole:
    """Return the online role with its key; that of a live region is encrypted, or in a token."""
    live = environment is Environment.LIVE
    signer = open_signer(online_key, passphrase=passphrase_from(passphrase_file), encrypted_only=live)
    return OnlineRole(Places(tree, root_file, state), signer)


@click.command("publish")
@click.argument("proposals", nargs=-1, type=FILE, required=True, metavar="PROPOSAL...")
@online
@click.option(
    "--initialise", is_flag=True, help="Begin: an empty tree with its pinned root, or the memory of a new machine."
)
@dry_run_option
def publish(*, proposals: tuple[Path, ...], initialise: bool, dry_run: bool, as_json: bool, **places: Any) -> Exit:
    """Publish signed proposals to a static folder.

    Any web server can host it. Thresholds, versions, expiries and hashes of everything are verified first, as every
    node will; what a node would refuse is not published. Ends with 6 if a signature is
    missing, with 1 if a proposal is refused.
    """
    with trees.refusing(SCHEMA, as_json=as_json):
        found = [trees.read_proposal(place) for place in proposals]
        role, at = online_role(**places, environment=found[0].environment), SystemClock().now()
        if initialise and (places["tree"] / "metadata" / "timestamp.json").is_file():
            role.remember()
            publication = role.publish(found, at=at, dry_run=dry_run)
        elif initialise:
            publication = role.begin(found, at=at, dry_run=dry_run)
        else:
            publication = role.publish(found, at=at, dry_run=dry_run)
    if as_json:
        summary = {"done": not dry_run, **_summary(publication)}
        output.document(SCHEMA, summary=summary, results=[_published(one) for one in found])
        return Exit.DONE
    output.table(("ROLE", "VERSION", "ACT", "GOOD UNTIL", "REASON"), map(_cells, found), wrap={"REASON"})
    output.line()
    _show(publication)
    if dry_run:
        words("hint", "everything is in order; nothing was written")
    return Exit.DONE


@click.command("refresh")
@online
@click.option("--watch", is_flag=True, help="Go on until the process is told to end.")
@click.option(
    "--interval",
    type=click.IntRange(min=1),
    default=INTERVAL,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: the time between two rounds.",
)
@click.option("--rounds", type=click.IntRange(min=1), metavar="N", help="With --watch: end after N rounds.")
def refresh(*, watch: bool, interval: int, rounds: int | None, as_json: bool, **places: Any) -> Exit:
    """Sign a fresh timestamp, and publish what is ready.

    Proposals are laid down in `incoming/` of the tree. A proposal that is refused is put
    aside under its code and holds up nothing else. Names every role of which half the life
    has passed, and every one whose file is missing or spoiled here. Ends with 1 if a
    proposal was refused or a denial waits, with 5 if this machine kept one from being
    published or recorded.
    """
    environment = trees.environment_of(trees.pinned_root(places["root_file"]))
    role = online_role(**places, environment=environment)
    with trees.refusing(SCHEMA, as_json=as_json):
        if not watch:
            return _told(role.round(at=SystemClock().now()), as_json=as_json)
        return watched(role, clock=SystemClock(), wait=_until_told(), interval=interval, rounds=rounds, as_json=as_json)


def watched(
    role: OnlineRole, *, clock: Clock, wait: Wait, interval: float, rounds: int | None, as_json: bool
) -> Exit:  # fmt: skip
    """Go round until ``wait`` says to stop, or ``rounds`` are over; a round that fails is said, and the next tried."""
    done, worst = 0, Exit.DONE
    while True:
        worst = max(worst, _round(role, at=clock.now(), as_json=as_json))
        done += 1
        if done == rounds or wait(interval):
            return worst


def _round(role: OnlineRole, *, at: datetime, as_json: bool) -> Exit:
    try:
        return _told(role.round(at=at), as_json=as_json)
    except IdBridgeError as fault:
        words("error", f"{instant_text(at.replace(microsecond=0))} {fault.code}: {fault}")
        return Exit.REFUSED


def _until_told() -> Wait:
    """Return a wait that ends at once when the process is told to end."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    return told.wait


def _told(found: Round, *, as_json: bool) -> Exit:
    if as_json:
        results = [{"file": name, "code": None, "detail": ""} for name in found.published]
        results += [{"file": one.name, "code": one.code, "detail": one.detail} for one in found.refused]
        summary = {
            "done": True,
            **_summary(found.publication),
            "published": len(found.published),
            "refused": len(found.refused),
            "waiting": [one.name for one in found.waiting],
        }
        output.document(SCHEMA, summary=summary, results=results)
    else:
        for name in found.published:
            output.line(f"published {name}")
        for one in found.waiting:
            output.line(f"waiting {one.name}: {one.detail}")
        _show(found.publication)
        for one in found.refused:
            words("warning", f"put aside {one.name}, {one.code}: {one.detail}")
    return _exit_of(found)


def _exit_of(found: Round) -> Exit:
    """Return how a round ends: nobody may think that a denial is in force which is not."""
    for one in found.waiting:
        if one.code == ConfigurationError.code:
            words("error", f"left {one.name}, {one.code}: {one.detail}")
    if any(one.code == ConfigurationError.code for one in found.waiting):
        return Exit.LOCAL
    return Exit.REFUSED if found.refused or any(one.denial for one in found.waiting) else Exit.DONE


def _summary(publication: Publication) -> dict[str, Any]:
    return {
        "timestamp": publication.timestamp_version,
        "snapshot": publication.snapshot_version,
        "due": [{"role": role, "expires": instant_text(end)} for role, end in publication.due],
        "not_accepted": [{"subject": one.subject, "code": one.code} for one in publication.accepted.refused],
        "gaps": list(publication.gaps),
    }


def _show(publication: Publication) -> None:
    output.line(f"timestamp {publication.timestamp_version}, snapshot {publication.snapshot_version}")
    for one in publication.accepted.refused:
        words("warning", f"nodes do not accept {one.subject}, {one.code}: {one.detail}")
    for role in publication.gaps:
        words("warning", f"the metadata of {_titled(role)} is missing or spoiled here; new nodes cannot read it")
    if publication.gaps:
        words("hint", "put back the file from a copy of the tree; until then nothing can follow it")
    for role, end in publication.due:
        words("warning", f"half the life of {_titled(role)} has passed; it ends at {instant_text(end)}")


def _titled(role: str) -> str:
    return "the top level" if role == roles.TARGETS else f"`{role}`"


def _published(found: Proposal) -> dict[str, Any]:
    return {
        "role": found.role,
        "version": found.file.version,
        "act": found.act,
        "reason": found.reason,
        "expires": instant_text(found.file.expires),
        "diff_digest": found.diff_digest,
    }


def _cells(found: Proposal) -> tuple[object, ...]:
    return found.role, found.file.version, found.act, instant_text(found.file.expires), found.reason
