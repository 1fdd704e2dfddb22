"""A node with a database and an issuer of operators, for the tests of the admin API."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.admin.kit import CLIENT, ROLE, Issuer, running_issuer
from tests.gateway.asking import Node, node_in
from tests.gateway.conftest import other_node, own_node, shared_files
from tests.registry.conftest import Database, database, empty_database, postgres, upgraded_file
from tests.registry.test_node import kept_in

__all__ = ["database", "empty_database", "other_node", "own_node", "postgres", "shared_files", "upgraded_file"]
PATH = "/admin/v1/relying-parties"


@dataclass(repr=False)
class Admin:
    """A node whose registry operators change, in one loop from its first request to its last."""

    node: Node
    issuer: Issuer
    database: Database | None
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)

    def ask(
        self, method: str, path: str = "", *, token: str | None = "", given: Any = None, **headers: str
    ) -> httpx2.Response:
        """Send a request, with a good token unless another one, or none, is given."""
        token = self.issuer.token() if token == "" else token
        head = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            head.setdefault("authorization", f"Bearer {token}")
        if given is not None:
            head.setdefault("content-type", "application/json")
        body = given if isinstance(given, bytes) else b"" if given is None else json.dumps(given).encode()
        return self.runner.run(self._asked(method, f"{PATH}{path}", body, head))

    async def _asked(self, method: str, path: str, body: bytes, head: dict[str, str]) -> httpx2.Response:
        async with self.node.client() as client:
            return await client.request(method, path, content=body, headers=head)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """What one statement of SQL finds in the registry."""
        assert self.database is not None
        return self.database.say(statement)

    def close(self) -> None:
        """End its connections and its loop."""
        self.runner.run(self.node.app.state.registry.close())
        self.runner.close()

    def patch(self, party_id: str, version: int, given: Any, **more: Any) -> httpx2.Response:
        return self.ask("PATCH", f"/{party_id}", given=given, if_match=f'"{version}"', **more)


def operated(issuer: Issuer) -> dict[str, str]:
    """The settings of a node whose operators sign in at ``issuer``."""
    return {
        "operator_issuer": issuer.url, "operator_key_set": issuer.key_set, "operator_client_id": CLIENT,
        "operator_role": ROLE,
    }  # fmt: skip


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running


@pytest.fixture
def admin(tmp_path: Path, database: Database, issuer: Issuer) -> Iterator[Admin]:
    admin = Admin(node_in(tmp_path, told={**operated(issuer), **kept_in(database)}), issuer, database)
    yield admin
    admin.close()
