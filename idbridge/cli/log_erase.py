"""``idbridge log erase-day``: the key of a day goes out of use, and the node destroys it behind its leaf.

Only the node writes into its log, so that it alone says in it that a key is gone. It looks for keys that are out of use
each second, and at its start.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.log_files import days_option
from idbridge.cli.output import Failure, json_option
from idbridge.clock import SystemClock
from idbridge.evidence.day_keys import DayKeys
from idbridge.model.randomness import SystemRandomness

SCHEMA: Final = "idbridge-log-erase-day-1"


@click.command("erase-day")
@click.option("--day", required=True, type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The day, in UTC.")
@days_option("Keys of days.")
@click.option("--yes", is_flag=True, help="Confirm it.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def erase_day(*, day: datetime, days: Path, yes: bool, dry_run: bool, as_json: bool) -> Exit:
    """Destroy the key that opens the entries of a day.

    Nobody can open them any more, but whoever has a receipt keeps what opens their own. The node writes down that the
    key is gone, within a second or when it starts next, and only then destroys it.
    """
    wanted, keys = day.date(), DayKeys(days, SystemRandomness())
    if wanted not in (*keys.days(), *keys.being_erased()):
        raise Failure(f"there is no key of {wanted}", exit_code=Exit.REFUSED)
    if not (yes or dry_run):
        hint = "`--dry-run` says what would be done, `--yes` confirms it"
        why = f"the entries of {wanted} could be opened by nobody any more"
        raise Failure(why, hint=hint, exit_code=Exit.UNCONFIRMED)
    if not dry_run:
        keys.put_out_of_use(wanted, today=SystemClock().now().date())
    if as_json:
        output.document(SCHEMA, summary={"day": wanted.isoformat(), "done": not dry_run}, results=[])
    else:
        output.facts((("out of use" if not dry_run else "would go out of use", f"the key of {wanted}"),))
    return Exit.DONE
