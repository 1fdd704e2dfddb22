"""A sandbox node in process, and how a test asks it something."""

import asyncio
import atexit
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.sandbox.case import Exchange, MintedCase
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region
from idbridge_gateway.api.faults import Faults
from idbridge_gateway.api.gateway import GatewayApp
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.settings import Settings
from tests.gateway.clocks import NOON, HandClock
from tests.gateway.recording import IN_MEMORY, shared_log
from tests.gateway.remembering import remembering

LOGIN = "sg-login-opens-account"
PRESENTATION = "sg-pid-opens-account"
REFUSED = "signature-changed"
BASE = "http://127.0.0.1:8080"


@cache
def the_region() -> Region:
    """The one region that tests of the gateway share; it is a value and nobody changes it."""
    return Region.generate(at=NOON)


@dataclass(repr=False)
class Node:
    """A node of the region whose clock the test turns."""

    app: GatewayApp
    settings: Settings
    clock: HandClock
    faults: Faults | None
    directory: Path
    region: Region = field(default_factory=the_region)

    def case(self, name: str) -> MintedCase:
        """The input of a case of the catalogue, made now."""
        return mint(case_named(name), region=self.region, at=self.clock.now(), randomness=SystemRandomness())

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | Any = b"",
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    ) -> httpx2.Response:
        """Send one request; a body that is no octets is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return asyncio.run(self._send(method, path, content, headers))

    async def _send(self, method: str, path: str, content: bytes, headers: Any) -> httpx2.Response:
        async with self.client() as client:
            return await client.request(method, path, content=content, headers=headers)

    def client(self) -> httpx2.AsyncClient:
        """A client of this node, for tests that send several requests at once."""
        transport = httpx2.ASGITransport(app=self.app, client=("127.0.0.1", 40000), raise_app_exceptions=True)
        return httpx2.AsyncClient(transport=transport, base_url=BASE)

    def put(self, exchange: Exchange, **more: str) -> httpx2.Response:
        """Send what a case says, with ``more`` header fields."""
        headers = {**exchange.headers, **{name.replace("_", "-"): value for name, value in more.items()}}
        return self.send(exchange.method, exchange.path, body=exchange.body, headers=headers)

    def ask(self, name: str = LOGIN, *, headers: Mapping[str, str] | None = None, **changes: Any) -> httpx2.Response:
        """Send the request of a case with some of its members changed; ``expected`` is added to what it expects."""
        minted = self.case(name)
        asked = json.loads(minted.body)
        if isinstance(changes.get("expected"), dict):
            changes["expected"] = {**asked.get("expected", {}), **changes["expected"]}
        body = {**asked, **changes}
        return self.send("POST", minted.path, body=body, headers={**minted.headers, **(headers or {})})

    def batch(self, items: list[Any], *, party: str = "th-bank", **headers: str) -> httpx2.Response:
        """Send ``items`` in one request."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", "/v1/verify/batch", body={"items": items}, headers={**self.access(party), **named})

    def item(self, name: str = LOGIN, **changes: Any) -> dict[str, Any]:
        """The question of a case, made now, as one item of a batch."""
        return {**json.loads(self.case(name).body), **changes}

    def access(self, party: str = "th-bank") -> dict[str, str]:
        """The header fields of a relying party that sends JSON."""
        return {"authorization": f"Bearer {self.region.keys.api[party]}", "content-type": "application/json"}


def node_in(
    directory: Path,
    *,
    state: MemberState = MemberState.TH,
    faults: Faults | None = None,
    region: Region | None = None,
    clock: HandClock | None = None,
    told: Mapping[str, Any] | None = None,
    **wiring: Any,
) -> Node:
    """A node of ``state`` whose files lie below ``directory``, written there if they are not yet.

    ``told`` is what its settings say in place of what is usual; ``wiring`` goes to ``create_app``. Who needs either
    names it here, as to make a node twice costs what most tests take in all.
    """
    clock = clock or HandClock()
    settings = laid_out(region or the_region(), directory)[state].model_copy(update=told)
    with remembering():
        app = create_app(settings, clock=clock, faults=faults, **wiring)
    return Node(app, settings, clock, faults, directory, region or the_region())


_LAID_OUT: dict[Path, Mapping[MemberState, Settings]] = {}


def laid_out(region: Region, directory: Path) -> Mapping[MemberState, Settings]:
    """The settings of the nodes of ``region`` with files below ``directory``, written there if they are not yet."""
    if directory not in _LAID_OUT:
        written = _copied(directory) if region is the_region() else lay_out(region, directory)
        _LAID_OUT[directory] = {
            state: settings.model_copy(update=shared_log(the_region(), state)) for state, settings in written.items()
        }
    return _LAID_OUT[directory]


@cache
def _master() -> tuple[Path, Mapping[MemberState, Settings]]:
    """The files of the one region as no node has seen them yet, and the settings that name them."""
    held = TemporaryDirectory(prefix="idbridge-region-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None)
    atexit.register(held.cleanup)
    folder = Path(held.name)
    return folder, lay_out(the_region(), folder)


def _copied(directory: Path) -> Mapping[MemberState, Settings]:
    """Lay out the one region below ``directory``: a copy, as each file that is written anew waits for its disk."""
    master, settings = _master()
    shutil.copytree(master, directory, symlinks=True, dirs_exist_ok=True)
    return {state: _moved(one, master, directory) for state, one in settings.items()}


def _moved(settings: Settings, before: Path, after: Path) -> Settings:
    """The same settings for files that lie below ``after``, not ``before``."""
    paths = {
        name: after / value.relative_to(before) for name, value in settings
        if isinstance(value, Path) and value.is_relative_to(before)
    }  # fmt: skip
    return settings.model_copy(update=paths)


def unreceipted(document: dict[str, Any]) -> dict[str, Any]:
    """An answer without its receipt: whoever asks again gets the same answer, and it is written down again."""
    return {name: member for name, member in document.items() if name != "receipt"}


def problem_of(response: httpx2.Response, status: int) -> str:
    """The code of a problem, after a look at everything else in it."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["type"] == f"/v1/reasons/{document['code']}"
    assert document["correlation_id"] == response.headers["x-request-id"]
    assert document["title"]
    assert document["detail"]
    return str(document["code"])


def verdict_of(response: httpx2.Response) -> tuple[str, str | None]:
    """Indication and reason code of a report."""
    assert response.status_code == 200, response.text
    report = response.json()
    assert report["accepted"] is (report["indication"] == "PASSED")
    return report["indication"], report["reason"]["code"] if report["reason"] else None
