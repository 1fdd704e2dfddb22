"""How a command reaches the registry: by the database and environment that it is told, and by no guess."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import click

from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure
from idbridge.clock import SystemClock
from idbridge.errors import RequestError
from idbridge.model.region import Environment
from idbridge_gateway.registry.database import NAME, DatabaseAddress, database_address
from idbridge_gateway.registry.store import Act, SqlRegistry

Value = TypeVar("Value")
ACTOR: Final = "local"  # whoever may write to the database; no account of this machine is named
_REFUSALS: Final = frozenset({"input.already_registered", "input.version_stale", "input.not_found"})

# No option of a command line: there everybody on the machine reads a password.
database_option: Final[Callable[..., Any]] = click.option(
    "--database",
    "address",
    envvar=NAME,
    show_envvar=True,
    metavar="URL",
    help="Database of the registry; an address with a password belongs into the variable.",
)
environment_option: Final[Callable[..., Any]] = click.option(
    "--environment",
    type=click.Choice([environment.value for environment in Environment]),
    envvar="IDBRIDGE_ENVIRONMENT",
    show_envvar=True,
    help="Which environment the registry is of.",
)
dry_run_option: Final[Callable[..., Any]] = click.option(
    "--dry-run", is_flag=True, help="Say what would be done, and do nothing."
)


def opened(address: str | None, environment: str | None) -> tuple[DatabaseAddress, Environment]:
    """Return the database and the environment that a command was told.

    Raises:
        Failure: One of them is missing.
        ConfigurationError: The address is not to be used.
    """
    if address is None:
        hint = f"set {NAME}, for example to sqlite:////var/lib/idbridge/registry.db"
        raise Failure("no database is named", hint=hint, exit_code=Exit.LOCAL)
    if environment is None:
        hint = "set IDBRIDGE_ENVIRONMENT to sandbox or live"
        raise Failure("no environment is named", hint=hint, exit_code=Exit.LOCAL)
    return database_address(address), Environment(environment)


def with_registry(
    address: str | None, environment: str | None, work: Callable[[SqlRegistry], Awaitable[Value]]
) -> Value:
    """Do ``work`` with the registry, after a look at its schema.

    Raises:
        Failure: Nothing is named, or the registry refuses.
        ConfigurationError: The database is of no use.
    """
    place, of = opened(address, environment)

    async def done() -> Value:
        registry = SqlRegistry(place, of)
        try:
            await registry.require_current()
            return await work(registry)
        finally:
            await registry.close()

    try:
        return asyncio.run(done())
    except RequestError as refusal:
        code = Exit.REFUSED if refusal.code in _REFUSALS else Exit.LOCAL
        raise Failure(str(refusal), hint=refusal.reason.remedy, exit_code=code) from refusal


def act(name: str) -> Act:
    """Return an act of whoever runs a command, now."""
    return Act(name, ACTOR, SystemClock().now())
