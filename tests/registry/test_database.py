"""Databases: which addresses are used, and which schemas a node works with."""

import asyncio
import os
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge_gateway.registry.database import database_address, engine_to, make_file, transaction
from idbridge_gateway.registry.schema import SchemaStep, newest_version, upgrade
from idbridge_gateway.registry.store import SqlRegistry
from idbridge_gateway.registry.tables import METADATA
from tests.registry.conftest import Database


@pytest.mark.parametrize(
    "url",
    [
        "",
        "registry.db",
        "/var/lib/registry.db",
        "mysql://idbridge@db.example/idbridge",
        "postgres://idbridge@db.example/idbridge",
        "postgresql+psycopg://idbridge@db.example/idbridge",
        "sqlite+aiosqlite:///registry.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:registry.db",
        "sqlite:///registry.db?mode=memory",
        "sqlite://host/registry.db",
        "postgresql://idbridge@db.example",
        "postgresql:///idbridge",
        "postgresql://idbridge@db.example/idbridge?host=/run/postgresql",
        "postgresql:///idbridge?host=db.example",
        "postgresql:///idbridge?host=/run/a&host=/run/b",
        "postgresql://idbridge@db.example/idbridge?ssl=disable",
        "postgresql://idbridge@db.example/idbridge?sslmode=disable",
        "postgresql://idbridge@db.example/idbridge?ssl_ca_certs=/nowhere/at/all.pem",
        "postgresql://idbridge:s3cr3t@db.example:port/idbridge",
    ],
)
def test_an_address_that_is_not_to_be_used_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError, match="IDBRIDGE_DATABASE_URL") as caught:
        database_address(url)

    assert "s3cr3t" not in str(caught.value)
    assert caught.value.code == "system.configuration"


def test_another_machine_is_reached_by_tls_that_believes_nobody_without_a_certificate() -> None:
    told = database_address("postgresql://idbridge:s3cr3t@db.example/idbridge").told

    assert told["ssl"].check_hostname
    assert told["ssl"].verify_mode.name == "CERT_REQUIRED"
    assert told["timeout"] == told["command_timeout"] == LIMITS.registry_wait.total_seconds()
    assert "s3cr3t" not in repr(database_address("postgresql://idbridge:s3cr3t@db.example/idbridge"))


@pytest.mark.parametrize("url", ["postgresql://a@127.0.0.1/b", "postgresql://a@localhost:5433/b"])
def test_this_machine_is_reached_without(url: str) -> None:
    assert database_address(url).told["ssl"] is False


def require(database: Database, environment: Environment = Environment.SANDBOX) -> None:
    database.with_registry(SqlRegistry.require_current, environment)


def test_a_file_that_is_not_there_is_not_made_by_looking_for_it(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'registry.db'}")

    with pytest.raises(ConfigurationError, match="db upgrade"):
        require(database)

    assert not list(tmp_path.iterdir())


def test_a_file_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'registry.db'}")
    before = os.umask(0)
    try:
        database.upgrade()
    finally:
        os.umask(before)
    assert (tmp_path / "registry.db").stat().st_mode & 0o777 == 0o600
    require(database)
    (tmp_path / "registry.db").chmod(0o660)

    with pytest.raises(ConfigurationError, match="owner only"):
        require(database)


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_text("S1234567D" * 500, encoding="ascii")
    (tmp_path / "registry.db").chmod(0o600)

    with pytest.raises(ConfigurationError, match="the database refuses") as caught:
        require(Database(f"sqlite:///{tmp_path / 'registry.db'}"))

    assert "S1234567D" not in str(caught.value)


def test_a_folder_that_is_not_there_holds_no_new_database(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be made"):
        make_file(database_address(f"sqlite:///{tmp_path / 'nowhere' / 'registry.db'}"))


def test_a_server_that_does_not_answer_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not answer"):
        require(Database(f"postgresql://idbridge@/idbridge?host={tmp_path}"))


def test_an_empty_database_is_no_registry(empty_database: Database) -> None:
    make_file(database_address(empty_database.url))

    with pytest.raises(ConfigurationError, match="db upgrade"):
        require(empty_database)


def test_a_schema_of_a_newer_node_is_refused_by_nodes_and_by_the_upgrade(database: Database) -> None:
    database.say("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(ConfigurationError, match="newer version"):
        require(database)
    with pytest.raises(ConfigurationError, match="newer version"):
        database.upgrade()
    assert database.say("SELECT version_num FROM alembic_version") == [("9999",)]


def test_a_database_of_another_environment_is_refused_by_nodes_and_by_the_upgrade(database: Database) -> None:
    require(database)

    with pytest.raises(ConfigurationError, match="another environment"):
        require(database, Environment.LIVE)
    with pytest.raises(ConfigurationError, match="another environment"):
        database.upgrade(Environment.LIVE)


def test_an_upgrade_that_is_done_is_done_again_without_a_change(database: Database) -> None:
    database.say("UPDATE registry SET revision = 7")
    database.upgrade()

    assert database.say("SELECT id, environment, revision FROM registry") == [(1, "sandbox", 7)]


def test_of_several_first_upgrades_at_once_one_makes_the_database_and_the_others_find_it(
    empty_database: Database,
) -> None:
    make_file(database_address(empty_database.url))

    async def one() -> SchemaStep:
        engine = engine_to(database_address(empty_database.url))
        try:
            async with transaction(engine) as connection:
                return await upgrade(connection, Environment.SANDBOX)
        finally:
            await engine.dispose()

    async def several() -> list[SchemaStep]:
        return await asyncio.gather(*(one() for _ in range(3)))

    steps = asyncio.run(several())

    assert sorted(str(step.held) for step in steps) == sorted([newest_version(), newest_version(), "None"])
    require(empty_database)


def test_the_migrations_make_the_tables_that_the_code_means(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, METADATA))

    assert database.on_connection(lambda connection: connection.run_sync(differences)) == []


def test_there_is_one_row_that_says_what_a_database_is_for(database: Database) -> None:
    with pytest.raises(ConfigurationError, match="refuses"):
        database.say("INSERT INTO registry (id, environment, revision) VALUES (2, 'live', 0)")


def test_connections_are_ended_and_leave_nothing_behind(database: Database) -> None:
    async def twice() -> None:
        for _ in range(2):
            registry = SqlRegistry(database_address(database.url), Environment.SANDBOX)
            assert await registry.all() == ()
            await registry.close()

    asyncio.run(twice())
