"""One browser, one living region and one node with operators for all walks; each walk has a window of its own.

Playwright's own loop runs in this thread while the browser does, so that whatever begins a loop of its own has to begin
before: the fixture of the browser asks for everything else, and ends with its module.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from idbridge.clock import SystemClock
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.living import LivingRegion
from idbridge_gateway.demo.nodes import region_in
from idbridge_gateway.serving import BackgroundServer, address_of, listen
from tests.admin.kit import CLIENT, ROLE, Issuer, running_issuer
from tests.conformance.attested import lay_attestations
from tests.e2e.browser import chromium
from tests.gateway.asking import LOGIN, node_in


@dataclass(frozen=True, repr=False)
class World:
    """A living region, where its files are, and whose it is."""

    region: Region
    directory: Path
    living: LivingRegion

    @property
    def node(self) -> str:
        """The address of the node of Thailand."""
        return self.living.nodes[MemberState.TH]

    @property
    def key(self) -> str:
        """The API key of the bank of Thailand."""
        return self.region.keys.api["th-bank"]


@dataclass(frozen=True, repr=False)
class Operated:
    """A node whose operators are known to an issuer, and what it decided so far."""

    url: str
    issuer: Issuer


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory: Path = tmp_path_factory.mktemp("region")
    clock = SystemClock()
    region = region_in(directory, at=clock.now())
    with LivingRegion(region, directory, port=0, clock=clock) as started:
        yield World(region, directory, started)


@pytest.fixture(scope="session")
def living(world: World) -> LivingRegion:
    return world.living


@pytest.fixture(scope="session")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    node = node_in(tmp_path_factory.mktemp("operated"))
    attestations = lay_attestations(tmp_path_factory.mktemp("attestations"), at=node.clock.now())
    with running_issuer() as issuer:
        told = {
            "operator_issuer": issuer.url, "operator_key_set": issuer.key_set, "operator_client_id": CLIENT,
            "operator_role": ROLE, "conformance_directory": attestations,
        }  # fmt: skip
        node.app = create_app(node.settings.model_copy(update=told), clock=node.clock)
        case = node.case(LOGIN)
        assert [node.put(case).json()["accepted"] for _ in range(3)] == [True, False, False]
        listener = listen("127.0.0.1", 0)
        with BackgroundServer(node.app, listener=listener):
            yield Operated(address_of(listener), issuer)


@pytest.fixture(scope="module")
def browser(world: World, operated: Operated) -> Iterator[Browser]:
    with chromium() as started:
        yield started
