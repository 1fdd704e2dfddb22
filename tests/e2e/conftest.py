"""One browser and one living region for all walks; each walk has a window of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from idbridge.clock import SystemClock
from idbridge_gateway.demo.living import LivingRegion
from idbridge_gateway.demo.nodes import region_in
from tests.e2e.browser import chromium


@pytest.fixture(scope="session")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingRegion]:
    directory: Path = tmp_path_factory.mktemp("region")
    clock = SystemClock()
    with LivingRegion(region_in(directory, at=clock.now()), directory, port=0, clock=clock) as started:
        yield started


@pytest.fixture(scope="session")
def browser(living: LivingRegion) -> Iterator[Browser]:  # noqa: ARG001 - it has to run before
    """A browser. Its own loop runs from now on, so that whatever begins another one has to begin before."""
    with chromium() as started:
        yield started
