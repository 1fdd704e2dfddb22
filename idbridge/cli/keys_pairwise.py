"""``idbridge keys rotate-pairwise``: a new state key for the names of people, with the former names or without."""

from datetime import timedelta
from pathlib import Path

import click

from idbridge.assertion import pairwise_file
from idbridge.assertion.pairwise_file import PairwiseFile, StillToldError
from idbridge.cli import output, proposal_text
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option
from idbridge.clock import SystemClock
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.time import instant_text

SCHEMA = "idbridge-keys-pairwise-1"
_HEADS = ("FILE", "ENVIRONMENT", "FORMER NAMES", "SINCE", "UNTIL")
_CONFIRMED = "pairwise"


@click.command("rotate-pairwise")
@click.option(
    "--file",
    "path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="IDBRIDGE_PAIRWISE_KEY_FILE",
    show_envvar=True,
    metavar="FILE",
    help="The pairwise key of the node.",
)
@click.option(
    "--former-for",
    "days",
    type=click.IntRange(1, LIMITS.subject_overlap.days),
    metavar="DAYS",
    help=f"Tell each relying party the former name too, for so many days; {LIMITS.subject_overlap.days} at most.",
)
@click.option("--leaked", is_flag=True, help="The key leaked: tell no former name, and nobody is known again.")
@click.option("--yes", is_flag=True, help="With --leaked: confirm it instead of typing it.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def rotate_pairwise(*, path: Path, days: int | None, leaked: bool, yes: bool, dry_run: bool, as_json: bool) -> Exit:
    """Exchange the key under which relying parties know people.

    Everybody gets a new name at every relying party. With `--former-for` each is told the name that it knew beside the
    new one; a key that leaked is exchanged with `--leaked`, because whoever has it could follow people across. Begin
    all workers of all nodes of the state anew right after it.
    """
    if leaked is (days is not None):
        hint = "`--former-for DAYS` lets relying parties know people again, `--leaked` lets nobody"
        raise Failure("say what becomes of the former names", hint=hint, exit_code=Exit.USAGE)
    at, overlap = SystemClock().now().replace(microsecond=0), None if days is None else timedelta(days=days)
    randomness = SystemRandomness()
    try:
        planned = pairwise_file.read_pairwise_file(path).exchanged(at=at, overlap=overlap, randomness=randomness)
        if dry_run:
            _show(path, planned, done=False, as_json=as_json)
            return Exit.DONE
        if leaked and not yes:
            output.words("warning", "no relying party will know anybody again, and no former name is told any more")
            proposal_text.require_typed(_CONFIRMED, f"type {_CONFIRMED} to go on", hint="or confirm with `--yes`")
        held = pairwise_file.exchange(path, at=at, overlap=overlap, randomness=randomness)
    except StillToldError as refusal:
        hint = "wait until then; a key that leaked is exchanged at once, with `--leaked`"
        raise Failure(str(refusal), hint=hint, exit_code=Exit.REFUSED) from refusal
    _show(path, held, done=True, as_json=as_json)
    output.words("hint", "begin all workers of all nodes of this state anew, with this file at each of them")
    return Exit.DONE


def _show(path: Path, held: PairwiseFile, *, done: bool, as_json: bool) -> None:
    """Tell what becomes of the names. Of the keys nothing is told, not even a digest."""
    former = held.key.former
    since, until = (None, None) if former is None else (instant_text(former.since), instant_text(former.until))
    if as_json:
        summary = {"done": done, "file": str(path), "environment": held.environment.value}
        names = {"told": former is not None, "since": since, "until": until}
        output.document(SCHEMA, summary=summary, results=[names])
        return
    told = "told" if former is not None else "not told"
    output.table(_HEADS, [(path, held.environment, told, since or "-", until or "-")])
