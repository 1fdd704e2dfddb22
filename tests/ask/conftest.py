"""Nodes for the tests of asking by link."""

from pathlib import Path

import pytest

from tests.ask.kit import Business, business_at
from tests.gateway.conftest import node, own_node, shared_files

__all__ = ["node", "own_node", "shared_files"]


@pytest.fixture
def business(shared_files: Path) -> Business:
    """A business at a node of Thailand, in front of a browser, new for each test."""
    return business_at(shared_files)
