"""One arena of the drill for every test that needs one; each attack has a scene of its own."""

import pytest

from idbridge.clock import SystemClock
from idbridge.sandbox.drill.arena import Arena, prepare


@pytest.fixture(scope="session")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Arena:
    """The arena at the present of this machine, which the TUF library's client reads by itself."""
    return prepare(tmp_path_factory.mktemp("arena"), at=SystemClock().now())
