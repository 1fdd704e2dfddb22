"""``idbridge log resume``: going on with a log whose last leaf is from a future that was none."""

from pathlib import Path
from typing import Any, Final

import click

from idbridge import __version__
from idbridge.cli import log_files, output
from idbridge.cli.exits import Exit
from idbridge.cli.log_files import folder_option
from idbridge.cli.output import Failure, json_option
from idbridge.cli.passphrase import passphrase_from, passphrase_option
from idbridge.clock import SystemClock
from idbridge.crypto.key_files import open_signer
from idbridge.errors import EvidenceError
from idbridge.evidence import reading
from idbridge.evidence.writer import LogWriter
from idbridge.tlog import note
from idbridge.tlog.leaf import LeafType, Value

_MILLISECONDS: Final = 1_000


@click.command("resume")
@folder_option
@click.option("--signer", "reference", required=True, metavar="FILE", help="Its Ed25519 key: a file, or `pkcs11:...`.")
@passphrase_option
@click.option("--yes", is_flag=True, help="Confirm that the clock is right now, and was ahead then.")
@json_option
def resume(*, folder: Path, reference: str, passphrase_file: Path | None, yes: bool, as_json: bool) -> Exit:
    """Go on with a log after a clock was ahead.

    No leaf is written whose time is before that of the last one. Where a clock was ahead, that would be so until the
    time comes that it showed. This writes one leaf at the present time, which names where the log stood: what is
    before it was stamped by a clock that was wrong. The node has to be ended.
    """
    try:
        origin = reading.newest(folder).checkpoint.origin
        signer = note.note_signer(origin, open_signer(reference, passphrase=passphrase_from(passphrase_file)))
    except EvidenceError as refusal:
        raise Failure("this key cannot sign the log") from refusal
    clock = SystemClock()
    writer = LogWriter.open(folder, signer=signer, clock=clock, publish_every=None)
    try:
        ahead = max(0, writer.last_ms // _MILLISECONDS - int(clock.now().timestamp()))
        if ahead and not yes:
            hint = "`--yes` confirms that the clock is right now"
            raise Failure(f"the last leaf is {ahead:,} s ahead", hint=hint, exit_code=Exit.UNCONFIRMED)
        if ahead:
            stood = writer.set_back()
            told: dict[str, Value] = {"size": stood.size, "root": log_files.digest_text(stood.root), "ver": __version__}
            writer.append_blocking(LeafType.RECOVER, told)
    finally:
        writer.close()
    summary: dict[str, Any] = {"seconds_ahead": ahead, "done": ahead > 0}
    if as_json:
        output.document("idbridge-log-resume-1", summary=summary, results=[])
        return Exit.DONE
    output.facts((("last leaf was ahead", f"{ahead:,} s"), ("goes on", "from now" if ahead else "as before")))
    return Exit.DONE
