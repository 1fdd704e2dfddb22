"""Which registry a node has, by its settings: a file, or a database that several nodes and operators share."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idbridge.clock import Clock
from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment
from idbridge_gateway.registry.in_force import NO_NAMES, RegistryInForce
from idbridge_gateway.registry.own_names import OwnNames
from idbridge_gateway.registry.watch import (
    Edition,
    FileSource,
    RegistrySource,
    RegistryWatch,
    note_unreadable,
    within_bound,
)
from idbridge_gateway.settings import Settings

if TYPE_CHECKING:
    from idbridge_gateway.registry.database import DatabaseAddress
    from idbridge_gateway.registry.store import SqlRegistry


@dataclass(frozen=True, slots=True)
class Begun:
    """A registry that a node starts with: what is in force, what keeps it so, and what has to be closed.

    ``database`` is where operators change it; ``None`` where it is a file, which `idbridge rp` changes, or an editor.
    """

    in_force: RegistryInForce
    watch: RegistryWatch
    database: "SqlRegistry | None" = None

    async def close(self) -> None:
        """End what is open."""
        if self.database is not None:
            await self.database.close()


def begin_registry(settings: Settings, *, clock: Clock, own: OwnNames = NO_NAMES) -> Begun:
    """Return the registry that ``settings`` name, with what is registered now; nobody is who the node is (``own``).

    Raises:
        ConfigurationError: It is missing or out of reach, its schema is older or newer than this version's, it is of
            another environment, or it holds what does not go together.
    """
    if settings.database_url is not None:
        from idbridge_gateway.registry.database import database_address  # as in `first_edition`
        from idbridge_gateway.registry.store import SqlRegistry

        address = database_address(settings.database_url.get_secret_value())
        edition = _apart(lambda: first_edition(address, settings.environment))
        database = SqlRegistry(address, settings.environment)
        return _begun(database, edition, database, settings=settings, own=own, clock=clock)
    if settings.relying_parties_file is None:
        raise ConfigurationError("no registry is named")
    source = FileSource(settings.relying_parties_file, environment=settings.environment)
    return _begun(source, source.read(), None, settings=settings, own=own, clock=clock)


async def first_edition(address: "DatabaseAddress", environment: Environment) -> Edition:
    """Return what is registered at ``address`` now, over connections that end with this call.

    Raises:
        ConfigurationError: It is out of reach, or of no use to a node of ``environment``.
        FetchError: It changes too quickly.
    """
    from idbridge_gateway.registry.store import (
        SqlRegistry,  # a sixth of a start, which a node with a file can do without
    )

    database = SqlRegistry(address, environment)
    try:
        await database.require_current()
        edition = await within_bound(database, None)
    except TimeoutError:
        raise ConfigurationError("the database does not answer in time") from None
    finally:
        await database.close()
    return edition or Edition(None, ())


def _begun(
    source: RegistrySource,
    edition: Edition,
    database: "SqlRegistry | None",
    *,
    settings: Settings,
    own: OwnNames,
    clock: Clock,
) -> Begun:
    note_unreadable(edition)
    registry = RegistryInForce(edition.registrations, environment=settings.environment, clock=clock, own=own)
    return Begun(registry, RegistryWatch(source, registry, seen=edition.revision), database)


def _apart(work: Callable[[], Awaitable[Edition]]) -> Edition:
    """Do ``work`` to its end in a loop of its own: whoever makes a node may be in a loop already, or in none."""

    async def done() -> Edition:
        return await work()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, done()).result()
