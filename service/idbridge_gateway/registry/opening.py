"""How a command reaches the registry: by the database or file and the environment that it is told, and by no guess."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import click

from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure
from idbridge.clock import SystemClock
from idbridge.errors import RequestError
from idbridge.model.region import Environment
from idbridge_gateway.registry.act import Act
from idbridge_gateway.registry.database import NAME, DatabaseAddress, database_address
from idbridge_gateway.registry.file_store import FileRegistry
from idbridge_gateway.registry.record import Registration
from idbridge_gateway.registry.store import SqlRegistry

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
FILE_NAME: Final = "IDBRIDGE_RELYING_PARTIES_FILE"
_FILE: Final = "idbridge.relying-parties-file"  # where click keeps it between the option and the work


def _keep_file(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    context.meta[_FILE] = value


_file_option: Final[Callable[..., Any]] = click.option(
    "--relying-parties-file",
    envvar=FILE_NAME,
    show_envvar=True,
    type=click.Path(path_type=Path, dir_okay=False),
    expose_value=False,
    callback=_keep_file,
    help="File of the registry, where there is no database.",
)


def registry_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let ``command`` be told the database or the file of the registry."""
    decorated: Callable[..., Any] = database_option(_file_option(command))
    return decorated


dry_run_option: Final[Callable[..., Any]] = click.option(
    "--dry-run", is_flag=True, help="Say what would be done, and do nothing."
)


class Registry(Protocol):
    """A registry that commands look at and change; errors as for ``SqlRegistry``."""

    async def close(self) -> None:
        """End what is open."""
        ...

    async def require_current(self) -> None:
        """Return if it is one that this version knows."""
        ...

    async def all(self) -> tuple[Registration, ...]:
        """Return all registrations."""
        ...

    async def one(self, party_id: str) -> Registration:
        """Return one registration."""
        ...

    async def add(self, registration: Registration, act: Act, *, rehearsed: bool = False) -> Registration:
        """Register somebody new."""
        ...

    async def change(
        self,
        party_id: str,
        step: Callable[[Registration], Registration],
        act: Act,
        *,
        rehearsed: bool = False,
    ) -> Registration:
        """Put what ``step`` makes of a registration in its place."""
        ...


def opened(address: str | None, environment: str | None) -> tuple[DatabaseAddress, Environment]:
    """Return the database and the environment that a command was told.

    Raises:
        Failure: One of them is missing.
        ConfigurationError: The address is not to be used.
    """
    if address is None:
        hint = f"set {NAME}, for example to sqlite:////var/lib/idbridge/registry.db; `rp` takes {FILE_NAME} too"
        raise Failure("no database is named", hint=hint, exit_code=Exit.LOCAL)
    if environment is None:
        hint = "set IDBRIDGE_ENVIRONMENT to sandbox or live"
        raise Failure("no environment is named", hint=hint, exit_code=Exit.LOCAL)
    return database_address(address), Environment(environment)


def with_registry(address: str | None, environment: str | None, work: Callable[[Registry], Awaitable[Value]]) -> Value:
    """Do ``work`` with the registry, after a look at its schema: that of the database, or else that of the file.

    Raises:
        Failure: Nothing is named, or the registry refuses.
        ConfigurationError: The database is of no use.
    """
    make = _named(address, environment)

    async def done() -> Value:
        registry = make()
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


def _named(address: str | None, environment: str | None) -> Callable[[], Registry]:
    """Return what opens the registry that a command was told; a database goes before a file."""
    context = click.get_current_context(silent=True)
    file: Path | None = context.meta.get(_FILE) if context is not None else None
    if address is None and environment is not None and file is not None:
        in_file, of_file = file, Environment(environment)
        return lambda: FileRegistry(in_file, of_file)
    place, of = opened(address, environment)
    return lambda: SqlRegistry(place, of)


def act(name: str) -> Act:
    """Return an act of whoever runs a command, now."""
    return Act(name, ACTOR, SystemClock().now())
