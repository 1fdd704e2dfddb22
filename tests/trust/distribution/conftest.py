"""One region for all tests of the distribution on disk; each test has a copy of its own."""

from pathlib import Path

import pytest

from tests.trust.distribution.places import Place, begin


@pytest.fixture(scope="session")
def _begun(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return begin(tmp_path_factory.mktemp("region"))


@pytest.fixture
def place(_begun: Place, tmp_path: Path) -> Place:
    return _begun.copied(tmp_path / "place")
