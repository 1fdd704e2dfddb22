"""``idbridge log``: a node's log of evidence, looked at, examined and pruned; nothing in it is ever changed."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from idbridge import __version__
from idbridge.cli import log_files, output
from idbridge.cli.exits import Exit
from idbridge.cli.log_erase import erase_day
from idbridge.cli.log_files import days_option, folder_option, key_option
from idbridge.cli.log_proofs import prove, verify
from idbridge.cli.log_resume import resume
from idbridge.cli.output import Failure, json_option
from idbridge.cli.passphrase import passphrase_from, passphrase_option
from idbridge.cli.reading import INSTANT, read_octets
from idbridge.clock import SystemClock
from idbridge.codec import base64std
from idbridge.crypto.key_files import open_signer
from idbridge.errors import EvidenceError
from idbridge.evidence import dispute_holds, reading, recovery
from idbridge.evidence import fsck as examination
from idbridge.evidence import prune as pruning
from idbridge.evidence.errors import LogError
from idbridge.evidence.recovery import Signed
from idbridge.evidence.writer import LogWriter, create_log
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import note
from idbridge.tlog.leaf import LeafType
from idbridge.tlog.note import NoteSigner


@click.group("log")
def log() -> None:
    """The log of evidence: prove, verify, examine, prune."""


log.add_command(prove)
log.add_command(verify)
log.add_command(resume)
log.add_command(erase_day)


@log.command("init")
@folder_option
@click.option("--origin", required=True, metavar="NAME", help="What the log is called, such as node.sg.example/log.")
@click.option("--signer", "reference", required=True, metavar="FILE", help="Its Ed25519 key: a file, or `pkcs11:...`.")
@click.option(
    "--after", "last", metavar="FILE", help="Last known checkpoint of a log that is lost: this one follows it."
)
@key_option("--after-key", "Key that signed that checkpoint, if not this one; repeatable.")
@passphrase_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def init(
    *,
    folder: Path,
    origin: str,
    reference: str,
    last: str | None,
    given: tuple[str, ...],
    passphrase_file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> Exit:
    """Begin an empty log, once for each node.

    A log of which only an old copy is left is not gone on with: others have seen more of it. Begin one of another
    origin with `--after`; its first leaf names where the old one ended.
    """
    try:
        signer = note.note_signer(origin, open_signer(reference, passphrase=passphrase_from(passphrase_file)))
    except EvidenceError as refusal:
        hint = "`openssl genpkey -algorithm ed25519` makes a key; an origin has no spaces and no `+`"
        raise Failure("this key or origin cannot sign a log", hint=hint) from refusal
    before = None if last is None else _last_of(last, given, signer)
    if not dry_run:
        create_log(folder, signer=signer)
        if before is not None:
            _follow(folder, signer, before)
    summary = {"folder": str(folder), "origin": origin, "key": signer.key.text(), "done": not dry_run}
    if as_json:
        output.document("idbridge-log-init-1", summary=summary, results=[])
        return Exit.DONE
    after = None if before is None else f"{before.checkpoint.origin}, {before.checkpoint.size:,} entries"
    output.facts((("log", folder), ("origin", origin), ("key", signer.key.text()), ("follows", after)))
    return Exit.DONE


def _last_of(last: str, given: tuple[str, ...], signer: NoteSigner) -> Signed:
    """Return the checkpoint of the log before, signed by the same key under the old name, or by one that was given."""
    octets = read_octets(last, max_bytes=LIMITS.note_bytes)
    try:
        origin = checkpoints.parse_unverified(octets).checkpoint.origin
        same = note.note_key(origin, kind=signer.key.kind, octets=signer.key.octets)
    except EvidenceError as refusal:
        raise Failure(f"`{last}` is no checkpoint", exit_code=Exit.REFUSED) from refusal
    if origin == signer.key.name:
        hint = "others have seen more of that log; choose another origin, such as one with a year in it"
        raise Failure("a log is not begun again under the same origin", hint=hint, exit_code=Exit.REFUSED)
    try:
        return recovery.signed_by(octets, (same, *log_files.keys(given)))
    except LogError as refusal:
        raise Failure(str(refusal), hint="`--after-key` names its key", exit_code=Exit.REFUSED) from refusal


def _follow(folder: Path, signer: NoteSigner, before: Signed) -> None:
    told = before.checkpoint
    writer = LogWriter.open(folder, signer=signer, clock=SystemClock(), publish_every=None)
    try:
        root = log_files.digest_text(told.root)
        writer.append_blocking(LeafType.RECOVER, {"size": told.size, "root": root, "ver": __version__})
    finally:
        writer.close()


@log.command("checkpoint")
@folder_option
@key_option("--key", "Key of the log, if not the one that its folder names; repeatable.")
@json_option
def checkpoint(*, folder: Path, given: tuple[str, ...], as_json: bool) -> Exit:
    """Show the newest checkpoint that others can see."""
    signed = reading.newest(folder, log_files.keys(given))
    told = signed.checkpoint
    if as_json:
        summary = {"origin": told.origin, "size": told.size, "root": base64std.encode(told.root)}
        output.document("idbridge-log-checkpoint-1", summary=summary, results=[signed.note.octets().decode()])
        return Exit.DONE
    log_files.show(signed.note.octets().decode())
    return Exit.DONE


@log.command("fsck")
@folder_option
@key_option("--key", "Key of the log, if not the one that its folder names; repeatable.")
@json_option
def fsck(*, folder: Path, given: tuple[str, ...], as_json: bool) -> Exit:
    """Hash every entry again and find whatever differs.

    It changes nothing. Ends with 1 if a single bit is not as the checkpoint signs it. Without `--key` it relies on the
    key that the folder names, which tells damage and not a forger.
    """
    found = examination.examine(folder, log_files.keys(given))
    outcome = Exit.REFUSED if found.findings else Exit.DONE
    if as_json:
        summary = {
            "entries": found.size,
            "first_kept": found.first_kept,
            "written_ahead": found.written_ahead,
            "findings": len(found.findings),
        }
        results = [{"path": one.path, "what": one.what} for one in found.findings]
        output.document("idbridge-log-fsck-1", summary=summary, results=results)
        return outcome
    ahead = "a node is writing, not examined" if found.written_ahead is None else f"{found.written_ahead:,} entries"
    output.facts(
        (
            ("entries", f"{found.size:,}"),
            ("pruned", f"{found.first_kept:,}" if found.first_kept else None),
            ("written ahead", ahead),
            ("found", "nothing" if not found.findings else f"{len(found.findings):,}"),
        )
    )
    if found.findings:
        output.line()
        output.table(("FILE", "WHAT"), [(one.path, one.what) for one in found.findings], wrap={"WHAT"})
    return outcome


@log.command("prune")
@folder_option
@click.option("--before", required=True, type=INSTANT, help="Remove entries older than this, 256 at a time.")
@days_option("Keys of days, beside which it stands what is held.")
@click.option("--yes", is_flag=True, help="Confirm it.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@json_option
def prune(*, folder: Path, before: datetime, days: Path, yes: bool, dry_run: bool, as_json: bool) -> Exit:
    """Remove old entries; every receipt stays good.

    Hashes stay, so that whoever holds a receipt can still have it proven. What was removed cannot be had again. What is
    of a day that `dispute hold` holds stays, and all that came later.
    """
    size = reading.newest(folder).checkpoint.size
    held = dispute_holds.held_days(days)
    wanted = pruning.prunable(folder, before=pruning.unheld(before, held), size=size)
    if pruning.unheld(before, held) != before:
        output.words("warning", f"{held[0]} is held for a dispute: its entries stay, and all later ones")
    count = wanted.first_kept_then - wanted.first_kept
    if count and not (yes or dry_run):
        hint = "`--dry-run` says what would be removed, `--yes` confirms it"
        raise Failure(f"{count:,} entries would be removed for good", hint=hint, exit_code=Exit.UNCONFIRMED)
    if not dry_run:
        pruning.prune(folder, wanted)
    summary: dict[str, Any] = {
        "before": instant_text(before),
        "entries": count,
        "first_kept": wanted.first_kept_then,
        "done": not dry_run,
    }
    if as_json:
        output.document("idbridge-log-prune-1", summary=summary, results=[])
        return Exit.DONE
    output.facts(
        (
            ("entries removed" if not dry_run else "to be removed", f"{count:,}"),
            ("first kept", f"{wanted.first_kept_then:,}"),
        )
    )
    return Exit.DONE
