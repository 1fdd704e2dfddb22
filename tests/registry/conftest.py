"""Nodes, and databases of both kinds, for the tests of the registry."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge_gateway.registry import log_heads
from idbridge_gateway.registry.database import database_address, engine_to, make_file, transaction
from idbridge_gateway.registry.schema import upgrade
from idbridge_gateway.registry.store import SqlRegistry
from tests.gateway.conftest import own_node
from tests.registry.postgres_server import PostgresServer, postgres_server

__all__ = ["own_node"]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Database:
    """A database that tests may do anything to."""

    url: str

    def on_connection(self, work: Callable[[AsyncConnection], Awaitable[Value]]) -> Value:
        """Do ``work`` in a transaction."""

        async def done() -> Value:
            engine = engine_to(database_address(self.url))
            try:
                async with transaction(engine) as connection:
                    return await work(connection)
            finally:
                await engine.dispose()

        return asyncio.run(done())

    def say(self, statement: str) -> list[tuple[object, ...]]:
        """Execute one statement of SQL and return its rows, if it has any."""
        (rows,) = self.said(statement)
        return rows

    def said(self, *statements: str) -> list[list[tuple[object, ...]]]:
        """Execute statements of SQL over one connection and return the rows of each."""

        async def said(connection: AsyncConnection) -> list[list[tuple[object, ...]]]:
            results = [await connection.execute(text(statement)) for statement in statements]
            return [[tuple(row) for row in result] if result.returns_rows else [] for result in results]

        return self.on_connection(said)

    def outside_a_transaction(self, statement: str) -> None:
        """Execute one statement that no transaction may hold."""

        async def done() -> None:
            engine = engine_to(database_address(self.url))
            try:
                async with engine.connect() as connection:
                    alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
                    await alone.execute(text(statement))
            finally:
                await engine.dispose()

        asyncio.run(done())

    def upgrade(self, environment: Environment = Environment.SANDBOX) -> None:
        """Bring the schema up to date."""
        make_file(database_address(self.url))
        self.on_connection(lambda connection: upgrade(connection, environment))

    def with_registry(
        self, work: Callable[[SqlRegistry], Awaitable[Value]], environment: Environment = Environment.SANDBOX
    ) -> Value:
        """Do ``work`` with the registry that is kept here."""

        async def done() -> Value:
            registry = SqlRegistry(database_address(self.url), environment)
            try:
                return await work(registry)
            finally:
                await registry.close()

        return asyncio.run(done())


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let heads of logs wait longer for the database: the disk of a busy machine may take seconds to sync a file."""
    monkeypatch.setattr(log_heads, "LIMITS", replace(LIMITS, registry_wait=20 * LIMITS.registry_wait))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all tests of this process that do not end it."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database without any table, of each kind."""
    if request.param == "sqlite":
        return Database(f"sqlite:///{tmp_path / 'registry.db'}")
    server: PostgresServer = request.getfixturevalue("postgres")
    database = Database(server.url)
    database.said("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return database


@pytest.fixture(scope="session")
def upgraded_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The octets of a file of SQLite that was brought up to date, as every test would bring its own."""
    path = tmp_path_factory.mktemp("upgraded") / "registry.db"
    Database(f"sqlite:///{path}").upgrade()
    assert [*path.parent.iterdir()] == [path]  # nothing of it lies in another file yet
    return path.read_bytes()


@pytest.fixture
def database(empty_database: Database, upgraded_file: bytes) -> Database:
    """A database of the sandbox in which nobody is registered, of each kind."""
    address = database_address(empty_database.url)
    if address.file is None:
        empty_database.upgrade()
    else:
        make_file(address)
        Path(address.file).write_bytes(upgraded_file)
    return empty_database
