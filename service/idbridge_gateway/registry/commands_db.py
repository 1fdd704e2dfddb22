"""``idbridge db``: the database of the registry, from one version of its schema to the next."""

import asyncio

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.output import json_option
from idbridge.model.region import Environment
from idbridge_gateway.registry.database import DatabaseAddress, engine_to, make_file, transaction
from idbridge_gateway.registry.opening import database_option, dry_run_option, environment_option, opened
from idbridge_gateway.registry.schema import SchemaStep, newest_version, step_of, upgrade

SCHEMA = "idbridge-db-1"


@click.group("db")
def db() -> None:
    """The database of the registry.

    It is made and brought up to date on purpose, never by itself.
    """


@db.command("upgrade")
@database_option
@environment_option
@dry_run_option
@json_option
def upgrade_database(*, address: str | None, environment: str | None, dry_run: bool, as_json: bool) -> Exit:
    """Bring the database up to date, or make a new one.

    A node refuses to start on any other version than its own, so stop the nodes, upgrade, and start the new ones.
    """
    place, of = opened(address, environment)
    step = asyncio.run(_upgraded(place, of, dry_run=dry_run))
    if as_json:
        row = {"from": step.held, "to": step.newest}
        output.document(SCHEMA, summary={"done": not dry_run, "environment": of.value}, results=[row])
    elif step.held == step.newest:
        output.line(f"the database is up to date: version {step.newest} ({of.value})")
    else:
        done = "would be brought" if dry_run else "was brought"
        output.line(f"the database {done} from {step.held or 'nothing'} to version {step.newest} ({of.value})")
    return Exit.DONE


async def _upgraded(address: DatabaseAddress, environment: Environment, *, dry_run: bool) -> SchemaStep:
    if not dry_run:
        make_file(address)
    elif address.file is not None and not address.file.exists():
        return SchemaStep(None, newest_version())
    engine = engine_to(address)
    try:
        async with transaction(engine) as connection:
            return await (step_of(connection) if dry_run else upgrade(connection, environment))
    finally:
        await engine.dispose()
