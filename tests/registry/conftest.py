"""Nodes for the tests of the registry."""

from tests.gateway.conftest import own_node

__all__ = ["own_node"]
