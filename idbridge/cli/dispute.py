"""``idbridge dispute``: a decision taken along whole, made again, shown to who was not there, and recalled."""

import click

from idbridge.cli.dispute_export import export
from idbridge.cli.dispute_recall import affected, hold
from idbridge.cli.dispute_replay import replay, show


@click.group("dispute")
def dispute() -> None:
    """A decision in doubt: take it along, make it again, show it."""


for _verb in (export, replay, show, affected, hold):
    dispute.add_command(_verb)
