"""The registry in a database: read as a whole for the node, changed one registration at a time by whoever keeps it.

Every change raises the revision, first of all, so that changes come one after the other and none is lost or missed; it
leaves a line of who changed what. Whoever changes a registration may say which version they saw, and is refused if it
is another by now. Implements ``RegistrySource``.
"""

from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from idbridge.codec import jcs
from idbridge.errors import ConfigurationError, FetchError, IdBridgeError, RequestError
from idbridge.model.region import Environment
from idbridge.model.time import instant_text
from idbridge_gateway.registry import rows
from idbridge_gateway.registry.act import Act
from idbridge_gateway.registry.changes import changed_members, policy_changed
from idbridge_gateway.registry.database import DatabaseAddress, engine_to, require_file, transaction
from idbridge_gateway.registry.record import Registration
from idbridge_gateway.registry.schema import require_current
from idbridge_gateway.registry.tables import CHANGES, REGISTRY
from idbridge_gateway.registry.watch import Edition
from idbridge_gateway.stores.relying_parties import ID

_ATTEMPTS: Final = 3


class SqlRegistry:
    """The registry of ``environment`` at ``address``."""

    def __init__(self, address: DatabaseAddress, environment: Environment) -> None:
        self._address = address
        self._environment = environment
        self._engine = engine_to(address)

    async def close(self) -> None:
        """End the connections."""
        await self._engine.dispose()

    async def require_current(self) -> None:
        """Return if the schema is the one that this version knows, and of this environment.

        Raises:
            ConfigurationError: It is not, or the database does not answer.
        """
        require_file(self._address)
        async with transaction(self._engine) as connection:
            await require_current(connection, self._environment)

    async def read_changed(self, seen: Hashable) -> Edition | None:
        """Return the present edition; ``None`` if it is still that of the revision ``seen``.

        The revision is read before and after: what was read between two equal ones is of one moment.

        Raises:
            ConfigurationError: The database does not answer, or is of another environment.
            FetchError: It changes so quickly that no moment could be read.
        """
        require_file(self._address)
        async with transaction(self._engine) as connection:
            for _ in range(_ATTEMPTS):
                before = await self._revision(connection)
                if before == seen:
                    return None
                found, unreadable = await rows.read_all(connection, self._environment)
                if await self._revision(connection) == before:
                    return Edition(before, found, unreadable)
        raise FetchError("the registry changes too quickly to be read")

    async def all(self) -> tuple[Registration, ...]:
        """Return all registrations that can be read.

        Raises:
            ConfigurationError: The database does not answer.
            FetchError: As above.
        """
        edition = await self.read_changed(None)
        return edition.registrations if edition is not None else ()

    async def one(self, party_id: str) -> Registration:
        """Return the registration of ``party_id``.

        Raises:
            RequestError: ``input.not_found``.
            ConfigurationError: The database does not answer.
        """
        require_file(self._address)
        async with transaction(self._engine) as connection:
            held = await self._held(connection, party_id)
        if held is None:
            raise RequestError("input.not_found", "no relying party of this id is registered")
        return held

    async def add(self, registration: Registration, act: Act, *, rehearsed: bool = False) -> Registration:
        """Register ``registration``, the first of its id, and return it as it is kept; ``rehearsed`` keeps nothing.

        Raises:
            RequestError: ``input.already_registered``: its id, or that of one of its clients, is taken.
            ConfigurationError: The database does not answer.
        """
        at = act.at.replace(microsecond=0)
        made = replace(registration, version=1, created_at=at, changed_at=at)
        async with self._changing(rehearsed=rehearsed) as connection:
            if await self._held(connection, made.id) is not None:
                raise RequestError("input.already_registered", "a relying party of this id is registered")
            await self._keep(connection, made, None, act)
        return made

    async def change(
        self,
        party_id: str,
        step: Callable[[Registration], Registration],
        act: Act,
        *,
        seen: int | None = None,
        rehearsed: bool = False,
    ) -> Registration:
        """Put what ``step`` makes of a registration in its place, and return it; no change at all is none.

        ``seen`` is the version that whoever changes it saw, ``None`` for whichever there is. What bounds requests is a
        policy: another one gets another number.

        Raises:
            RequestError: ``input.not_found``, ``input.version_stale``, ``input.already_registered``, or what ``step``
                raises.
            ConfigurationError: The database does not answer.
        """
        async with self._changing(rehearsed=rehearsed) as connection:
            held = await self._held(connection, party_id)
            if held is None:
                raise RequestError("input.not_found", "no relying party of this id is registered")
            if seen is not None and seen != held.version:
                raise RequestError("input.version_stale")
            made = step(held)
            if made == held:
                return held
            party = made.relying_party
            if policy_changed(held, made):
                party = replace(party, policy_version=held.relying_party.policy_version + 1)
            at = act.at.replace(microsecond=0)
            made = replace(made, relying_party=party, version=held.version + 1, changed_at=at)
            await self._keep(connection, made, held, act)
        return made

    @asynccontextmanager
    async def _changing(self, *, rehearsed: bool) -> AsyncIterator[AsyncConnection]:
        """Yield a connection that nobody else changes the registry beside: the revision's row is locked."""
        require_file(self._address)
        async with transaction(self._engine) as connection:
            raised = update(REGISTRY).where(REGISTRY.c.environment == self._environment.value)
            done = await connection.execute(raised.values(revision=REGISTRY.c.revision + 1))
            if done.rowcount != 1:
                raise ConfigurationError("the database is of another environment; the two never mix")
            yield connection
            if rehearsed:
                await connection.rollback()

    async def _held(self, connection: AsyncConnection, party_id: str) -> Registration | None:
        if ID.fullmatch(party_id) is None:
            return None  # nobody can be registered so, and not every database takes every text
        try:
            return await rows.read_one(connection, party_id, self._environment)
        except (IdBridgeError, ValueError, TypeError, KeyError) as fault:
            raise ConfigurationError("the registration of this id cannot be read") from fault

    async def _keep(self, connection: AsyncConnection, made: Registration, held: Registration | None, act: Act) -> None:
        if await rows.taken_client(connection, made) is not None:
            raise RequestError("input.already_registered", "a client of this id is registered for somebody else")
        await rows.write(connection, made, is_new=held is None)
        line = insert(CHANGES).values(
            at=instant_text(act.at.replace(microsecond=0)),
            actor=act.actor,
            act=act.name,
            relying_party=made.id,
            version=made.version,
            changed=jcs.canonicalize(changed_members(held, made)).decode(),
        )
        await connection.execute(line)

    async def _revision(self, connection: AsyncConnection) -> int:
        of_ours = select(REGISTRY.c.revision).where(REGISTRY.c.environment == self._environment.value)
        found = (await connection.execute(of_ours)).scalar_one_or_none()
        if found is None:
            raise ConfigurationError("the database is of another environment than this node; the two never mix")
        return int(found)
