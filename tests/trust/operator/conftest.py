"""A region with its tree, and the offices of its states beside it; each test has copies of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from idbridge.model.region import MemberState
from tests.trust.distribution.places import Place, begin
from tests.trust.operator.offices import SG, Office, office

Open = Callable[[MemberState], Office]


@pytest.fixture(scope="session")
def _begun(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return begin(tmp_path_factory.mktemp("region"))


@pytest.fixture
def place(_begun: Place, tmp_path: Path) -> Place:
    return _begun.copied(tmp_path / "place")


@pytest.fixture
def open_office(place: Place, tmp_path: Path) -> Open:
    return lambda state: office(place, state, tmp_path / state.value)


@pytest.fixture
def sg(open_office: Open) -> Office:
    return open_office(SG)
