"""Versions of the database's schema: a node uses exactly the one that it was written for.

An older one lacks what the node needs, and a newer one may mean what the node does not know: both are refused, and only
``idbridge db upgrade`` goes from one to the next.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import BigInteger, Connection, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment
from idbridge_gateway.registry.tables import REGISTRY

_LOCK: Final = 0x6964_6272_6964_6765  # any number that nobody else locks in this database: the letters of `idbridge`
_SCRIPTS: Final = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class SchemaStep:
    """From which version to which the schema goes; ``None`` is an empty database."""

    held: str | None
    newest: str


async def step_of(connection: AsyncConnection) -> SchemaStep:
    """Return the version that is held, and the one that this node knows.

    Raises:
        ConfigurationError: A newer node made the schema.
    """
    return await connection.run_sync(_step_of)


async def require_current(connection: AsyncConnection, environment: Environment) -> None:
    """Return if the schema is the one that this node knows, and of its environment.

    Raises:
        ConfigurationError: It is older or newer, or of another environment.
    """
    step = await step_of(connection)
    if step.held != step.newest:
        raise ConfigurationError("the database is of an older version; `idbridge db upgrade` brings it up to date")
    await require_environment(connection, environment)


async def require_environment(connection: AsyncConnection, environment: Environment) -> None:
    """Return if the database is of ``environment``.

    Raises:
        ConfigurationError: It is of the other one, or of none.
    """
    held = (await connection.execute(select(REGISTRY.c.environment))).scalar_one_or_none()
    if held != environment.value:
        raise ConfigurationError("the database is of another environment than this node; the two never mix")


async def upgrade(connection: AsyncConnection, environment: Environment) -> SchemaStep:
    """Bring the schema up to date, a new one for ``environment``, and return the step that was made.

    Raises:
        ConfigurationError: The schema is newer, or of another environment.
    """
    await _alone(connection)
    step = await step_of(connection)
    if step.held != step.newest:
        await connection.run_sync(_upgrade)
    if step.held is None:
        await connection.execute(insert(REGISTRY).values(id=1, environment=environment.value, revision=0))
    await require_environment(connection, environment)
    return step


async def _alone(connection: AsyncConnection) -> None:
    """Wait until nobody else upgrades this database, and keep others waiting until this transaction ends."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(literal(_LOCK, BigInteger))))
    else:
        await connection.exec_driver_sql("BEGIN IMMEDIATE")


def newest_version() -> str:
    """Return the version of the schema that this node knows."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _step_of(connection: Connection) -> SchemaStep:
    held = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if held is not None and held not in known:
        raise ConfigurationError("the database was made by a newer version of idbridge; update this one")
    return SchemaStep(held, newest_version())


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
