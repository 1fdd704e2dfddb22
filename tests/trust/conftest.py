"""A node's files, written once and copied for each test."""

import shutil
from pathlib import Path

import pytest

from tests.trust.nodes import Place, new_place


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The node that the others are copies of."""
    return new_place(tmp_path_factory.mktemp("pattern"))


@pytest.fixture
def place(pattern: Place, tmp_path: Path) -> Place:
    """A node with a first edition of everything, that was just initialised and has loaded nothing."""
    shutil.copytree(pattern.root, tmp_path, dirs_exist_ok=True)
    return Place(tmp_path)
