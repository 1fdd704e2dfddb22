"""``idbridge rp recall``: whoever was given an answer that relied on something bad is told so, by its webhook."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output
from idbridge.cli.dispute_recall import recalled_options, relying_on
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option
from idbridge.clock import SystemClock
from idbridge.model.region import Environment
from idbridge.model.time import instant_text
from idbridge_gateway.recall.noted import RecallNotes
from idbridge_gateway.recall.notices import Notice, notices
from idbridge_gateway.registry.opening import dry_run_option, environment_option, registry_option, with_registry

SCHEMA: Final = "idbridge-rp-recall-1"
_FILE: Final = click.Path(dir_okay=False, path_type=Path)


@click.command("recall")
@recalled_options
@registry_option
@environment_option
@click.option(
    "--signer",
    type=_FILE,
    envvar="IDBRIDGE_WEBHOOK_KEY_FILE",
    show_envvar=True,
    metavar="FILE",
    help="Ed25519 key of webhooks.",
)
@click.option(
    "--passphrase-file",
    type=_FILE,
    envvar="IDBRIDGE_WEBHOOK_PASSPHRASE_FILE",
    show_envvar=True,
    metavar="FILE",
    help="What opens that key.",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="IDBRIDGE_STATE_DIR",
    show_envvar=True,
    metavar="DIR",
    help="State directory of the node, whose log tells of the recall.",
)
@dry_run_option
@json_option
def recall(
    *,
    since: datetime,
    address: str | None,
    environment: str | None,
    signer: Path | None,
    passphrase_file: Path | None,
    state: Path | None,
    dry_run: bool,
    as_json: bool,
    **named: Any,
) -> Exit:
    """Tell whose answers relied on a key, list or policy.

    Each is told by its webhook the ids of its own reports. The node writes into its log who was told, by the id of the
    webhook. Ends with 1 if somebody could not be told.
    """
    found = relying_on(since=since, **named)
    clock = SystemClock()
    everybody = with_registry(address, environment, lambda registry: registry.all())
    due = notices(found, everybody, at=clock.now())
    if not dry_run and any(one.deliveries for one in due):
        due = _told(due, signer, passphrase_file, state, environment=Environment(str(environment)))
    _show(due, since=since, done=not dry_run, as_json=as_json)
    return Exit.REFUSED if any(one.untold for one in due) else Exit.DONE


def _told(
    due: Sequence[Notice],
    key: Path | None,
    passphrase_file: Path | None,
    state: Path | None,
    *,
    environment: Environment,
) -> tuple[Notice, ...]:
    """Tell them, once it is noted for the log.

    Raises:
        Failure: No key is named, or no node whose log tells of it.
        ConfigurationError: The key may not be used, or nothing can be noted.
    """
    # The other verbs of `rp` need neither keys nor what calls over a network.
    from idbridge_gateway.recall.telling import tell
    from idbridge_gateway.wallet.webhooks import guarded_callers
    from idbridge_gateway.webhook_key import open_webhook_key

    if key is None:
        hint = "name it with `--signer` or IDBRIDGE_WEBHOOK_KEY_FILE; relying parties know its public half"
        raise Failure("a recall is signed with the node's key of webhooks", hint=hint)
    if state is None:
        hint = "name its state directory with `--state` or IDBRIDGE_STATE_DIR; it writes the leaves"
        raise Failure("the log of the node tells of each recall", hint=hint)
    signer, notes = open_webhook_key(key, passphrase_file, environment=environment), RecallNotes(state)
    return tell(due, signer=signer, callers=guarded_callers(environment), clock=SystemClock(), noted=notes.put)


def _show(due: Sequence[Notice], *, since: datetime, done: bool, as_json: bool) -> None:
    untold = sum(1 for one in due if one.untold)
    if as_json:
        summary = {"since": instant_text(since), "done": done, "rps": len(due), "untold": untold}
        results = [
            {"rp": one.party, "reports": len(one.reports), "told": done and not one.untold, "why": one.untold or None}
            for one in due
        ]
        output.document(SCHEMA, summary=summary, results=results)
    elif not due:
        output.line("no answer that was accepted relied on it")
    else:
        word = "yes" if done else "would be"
        rows = [(one.party, len(one.reports), one.untold or word) for one in due]
        output.table(("RELYING PARTY", "REPORTS", "TOLD"), rows, wrap={"TOLD"})
