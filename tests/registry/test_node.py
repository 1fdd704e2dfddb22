"""A node whose registry is a database: who is switched off is out a look later; one that is down changes nothing."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment, MemberState
from idbridge_gateway.app import create_app
from idbridge_gateway.registration import registration_of
from idbridge_gateway.registry.act import Act
from idbridge_gateway.registry.record import Registration
from idbridge_gateway.registry.store import SqlRegistry
from idbridge_gateway.registry.watch import RegistryWatch
from idbridge_gateway.serving import BackgroundServer
from idbridge_gateway.settings import Settings
from tests.gateway.asking import Node, problem_of, verdict_of
from tests.gateway.clocks import NOON
from tests.registry.conftest import Database
from tests.registry.kit import registration
from tests.registry.postgres_server import postgres_server, start_again

ACT = Act("change", "local", NOON)


def fill(database: Database, node: Node) -> None:
    async def filled(registry: SqlRegistry) -> None:
        for one in node.region.registrations(MemberState.TH):
            await registry.add(registration_of(one.relying_party), ACT)
        await registry.add(registration(), ACT)

    database.with_registry(filled)


def switch(database: Database, party_id: str, *, enabled: bool) -> None:
    def switched(held: Registration) -> Registration:
        return replace(held, relying_party=replace(held.relying_party, enabled=enabled))

    database.with_registry(lambda registry: registry.change(party_id, switched, ACT))


def kept_in(database: Database) -> dict[str, Any]:
    """The settings of a node whose registry is a database."""
    return {"database_url": SecretStr(database.url), "relying_parties_file": None}


def settings_with(node: Node, database: Database) -> Settings:
    return node.settings.model_copy(update=kept_in(database))


def on_database(node: Node, database: Database) -> Node:
    node.settings = settings_with(node, database)
    node.app = create_app(node.settings, clock=node.clock)
    return node


@pytest.fixture
def node(own_node: Node, database: Database) -> Node:
    fill(database, own_node)
    return on_database(own_node, database)


def look(*nodes: Node) -> None:
    """Let each node look once, and let go of its connections, which belong to the loop of this look."""

    async def looked() -> None:
        for node in nodes:
            watch: RegistryWatch = node.app.state.registry.watch
            await watch.look()
            await node.app.state.registry.close()

    asyncio.run(looked())


def standing(node: Node) -> bool:
    return bool(node.send("GET", "/readyz").json()["registrations"]["current"])


def test_a_party_that_is_switched_off_is_out_a_look_later_with_its_clients(node: Node, database: Database) -> None:
    assert verdict_of(node.ask()) == ("PASSED", None)
    switch(database, "th-bank", enabled=False)
    switch(database, "bakery", enabled=False)

    look(node)

    assert problem_of(node.ask(), 403) == "policy.relying_party_disabled"
    client = node.app.state.parts.registry.find("bakery-web")
    assert client is not None
    assert not client.enabled
    switch(database, "th-bank", enabled=True)
    look(node)
    assert verdict_of(node.ask()) == ("PASSED", None)


def test_two_nodes_share_one_registry(node: Node, database: Database, tmp_path: Path) -> None:
    second = replace(node, app=create_app(node.settings, clock=node.clock))
    switch(database, "th-bank", enabled=False)

    look(node, second)

    assert problem_of(second.ask(), 403) == problem_of(node.ask(), 403) == "policy.relying_party_disabled"


def test_one_registration_that_was_spoilt_takes_only_its_own_party_out_and_is_said_once(
    node: Node, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    database.say("UPDATE relying_parties SET document = '{}' WHERE id = 'bakery'")
    database.say("UPDATE registry SET revision = revision + 1")
    with caplog.at_level(logging.ERROR, logger="idbridge_gateway"):
        look(node)
        database.say("UPDATE registry SET revision = revision + 1")
        look(node)

    assert node.app.state.parts.registry.find("bakery-web") is None
    assert verdict_of(node.ask()) == ("PASSED", None)
    assert [record.message for record in caplog.records] == [
        "the registration of bakery cannot be read; it serves nobody"
    ]


def test_a_schema_that_is_missing_older_newer_or_of_another_environment_starts_no_node(
    own_node: Node, empty_database: Database
) -> None:
    def refused() -> str:
        with pytest.raises(ConfigurationError) as caught:
            create_app(settings_with(own_node, empty_database), clock=own_node.clock)
        return str(caught.value)

    assert "db upgrade" in refused()
    empty_database.upgrade(Environment.LIVE)
    assert "another environment" in refused()
    empty_database.say("DELETE FROM alembic_version")
    assert "db upgrade" in refused()
    empty_database.say("INSERT INTO alembic_version VALUES ('9999')")
    assert "newer version" in refused()


def test_a_node_starts_with_an_empty_registry_and_lets_nobody_in(own_node: Node, database: Database) -> None:
    node = on_database(own_node, database)

    assert problem_of(node.ask(), 401) == "policy.unauthenticated"


def test_a_node_is_made_inside_a_loop_as_well(own_node: Node, database: Database) -> None:
    async def made() -> Node:
        return on_database(own_node, database)

    assert problem_of(asyncio.run(made()).ask(), 401) == "policy.unauthenticated"


def test_a_database_that_goes_down_leaves_the_last_registrations_and_comes_back_by_itself(
    own_node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    with postgres_server() as server:
        database = Database(server.url)
        database.upgrade()
        fill(database, own_node)
        node = on_database(own_node, database)
        server.stop()
        with caplog.at_level(logging.ERROR, logger="idbridge_gateway"):
            look(node)
            look(node)
        assert verdict_of(node.ask()) == ("PASSED", None)
        assert not standing(node)
        assert len([one for one in caplog.records if "the last registrations stay" in one.message]) == 1
        with pytest.raises(ConfigurationError, match="does not answer"):
            create_app(node.settings, clock=node.clock)

        again = start_again(server.folder)
        try:
            switch(database, "th-bank", enabled=False)
            look(node)
        finally:
            again.stop()

    assert standing(node)
    assert problem_of(node.ask(), 403) == "policy.relying_party_disabled"


def test_a_file_that_is_gone_leaves_the_last_registrations(own_node: Node, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'registry.db'}")
    database.upgrade()
    fill(database, own_node)
    node = on_database(own_node, database)
    (tmp_path / "registry.db").unlink()

    look(node)

    assert verdict_of(node.ask()) == ("PASSED", None)
    assert not standing(node)
    assert not (tmp_path / "registry.db").exists()


def test_a_node_that_serves_ends_its_connections_with_itself(node: Node) -> None:
    with BackgroundServer(node.app):
        pass

    assert verdict_of(node.ask()) == ("PASSED", None)
