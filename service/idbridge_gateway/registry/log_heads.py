"""Heads of logs in the registry's database: one row a log, changed only by who knows what stands there.

Implements ``HeadStore``. Threads of the log ask it, about once in a second while there is anything new; each asking has
a loop and a connection of its own, so that it never holds up who answers.
"""

import asyncio

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from idbridge.codec import base64url
from idbridge.errors import ConfigurationError, FetchError, InputError
from idbridge.evidence.errors import LogError
from idbridge.evidence.head import Head
from idbridge.limits import LIMITS
from idbridge_gateway.registry.database import DatabaseAddress, engine_to, require_file, transaction
from idbridge_gateway.registry.tables import LOG_HEADS


class SqlHeads:
    """The heads of logs in the database at ``address``."""

    def __init__(self, address: DatabaseAddress) -> None:
        self._address = address

    def swap(self, head: Head, *, expected: Head | None) -> Head | None:
        """Keep ``head`` if what is kept of its origin is ``expected``, and return what was kept before.

        Raises:
            FetchError: The database cannot be asked now.
            LogError: What it holds is no head.
        """
        try:
            return asyncio.run(self._swapped(head, expected))
        except ConfigurationError as refused:
            if isinstance(refused, LogError):
                raise
            raise FetchError(str(refused)) from refused
        except TimeoutError as late:
            raise FetchError("the database does not answer in time") from late

    async def _swapped(self, head: Head, expected: Head | None) -> Head | None:
        require_file(self._address)
        engine = engine_to(self._address)
        try:
            async with asyncio.timeout(LIMITS.registry_wait.total_seconds()), transaction(engine) as connection:
                return await _swap(connection, head, expected)
        finally:
            await engine.dispose()


async def _swap(connection: AsyncConnection, head: Head, expected: Head | None) -> Head | None:
    """Change the row in one statement that names what stands in it; whoever comes second changes nothing."""
    told = {"size": head.size, "root": base64url.encode(head.root)}
    if expected is None:
        try:
            async with connection.begin_nested():
                await connection.execute(insert(LOG_HEADS).values(origin=head.origin, **told))
        except IntegrityError:
            return await _held(connection, head.origin)
        return None
    stands = (
        (LOG_HEADS.c.origin == head.origin)
        & (LOG_HEADS.c.size == expected.size)
        & (LOG_HEADS.c.root == base64url.encode(expected.root))
    )
    changed = await connection.execute(update(LOG_HEADS).where(stands).values(**told))
    return expected if changed.rowcount == 1 else await _held(connection, head.origin)


async def _held(connection: AsyncConnection, origin: str) -> Head | None:
    row = (await connection.execute(select(LOG_HEADS).where(LOG_HEADS.c.origin == origin))).one_or_none()
    if row is None:
        return None
    try:
        return Head(row.origin, row.size, base64url.decode(row.root))
    except InputError as damaged:
        raise LogError("what is kept of the head of a log is damaged") from damaged
