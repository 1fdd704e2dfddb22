"""Faults by name: what may befall a node, switched on by hand in the sandbox to see that it fails closed.

Served under ``idbridge demo`` and ``serve --conformance`` only, to callers on this machine only. A request that a
browser sends on behalf of some page (it carries ``Origin``, or a ``Host`` that is not this machine) is refused: no
page may break a node. Whoever switches a fault is answered once the node has looked at the world again.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from idbridge.clock import Clock
from idbridge.errors import FetchError, RequestError
from idbridge.evidence.errors import UnrecordedError
from idbridge.net.source import Source
from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import LeafType, Value
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.schemas import answers
from idbridge_gateway.evidence.line import LogLine, Written
from idbridge_gateway.node import NodeState, TrustInForce
from idbridge_gateway.settings import is_loopback
from idbridge_gateway.stores.one_time import NOBODY, OneTime

LISTS_UNREACHABLE: Final = "lists-unreachable"
STALE_LISTS: Final = "stale-lists"
CLOCK_SKEW: Final = "clock-skew"
ONE_TIME_FULL: Final = "one-time-full"
ONE_TIME_BROKEN: Final = "one-time-broken"
LOG_GONE: Final = "log-gone"
HOSTS_DOWN: Final = "hosts-down"
HOSTS_HOSTILE: Final = "hosts-hostile"
TITLES: Final = {
    LISTS_UNREACHABLE: "The node holds no usable trust list.",
    STALE_LISTS: "No list was refreshed since its next update fell due.",
    CLOCK_SKEW: "The node's clock is an hour behind.",
    ONE_TIME_FULL: "The store of one-time values takes no more.",
    ONE_TIME_BROKEN: "The store of one-time values breaks in the middle of a request.",
    LOG_GONE: "The writer of the log is gone.",
    HOSTS_DOWN: "No host of status lists, revocation lists or key sets answers.",
    HOSTS_HOSTILE: "Every such host answers with as much as anybody takes, and nothing of it is a list.",
}
SKEW: Final = timedelta(hours=1)
_FORWARDED: Final = ("origin", "forwarded", "x-forwarded-for", "sec-fetch-site")


class Faults:
    """The faults of one sandbox node that are switched on."""

    def __init__(self) -> None:
        self._on: set[str] = set()

    def is_on(self, name: str) -> bool:
        """Tell whether this fault is on."""
        return name in self._on

    def switch(self, name: str, *, on: bool) -> None:
        """Switch a fault.

        Raises:
            RequestError: There is no such fault.
        """
        if name not in TITLES:
            raise RequestError("input.not_found", "there is no fault of this name")
        (self._on.add if on else self._on.discard)(name)


class FaultyTrust(TrustInForce):
    """Trust material that can get lost."""

    def __init__(self, state: NodeState, *, clock: Clock, faults: Faults) -> None:
        super().__init__(state, clock=clock)
        self._faults = faults

    def current(self) -> NodeState:
        """Return what is in force now.

        Raises:
            RequestError: ``system.not_ready``, while the lists are out of reach.
        """
        if self._faults.is_on(LISTS_UNREACHABLE):
            raise RequestError("system.not_ready")
        return super().current()

    def last_update(self) -> datetime | None:
        """Return the instant at which the last of the lists falls due."""
        snapshot = self.in_force.snapshot
        return max((snapshot.provenance(state).next_update for state in snapshot.lists), default=None)


class FaultyClock:
    """A clock that can be wrong. For stale lists the node lives past their next update: to it nothing else happened."""

    def __init__(self, clock: Clock, *, trust: FaultyTrust, faults: Faults) -> None:
        self._clock = clock
        self._trust = trust
        self._faults = faults

    def now(self) -> datetime:
        """Return the instant that the node believes it is."""
        now = self._clock.now()
        if self._faults.is_on(CLOCK_SKEW):
            now -= SKEW
        if self._faults.is_on(STALE_LISTS):
            now = max(now, self._trust.last_update() or now)
        return now


class FaultyOneTime:
    """One-time values whose store can be full, or break."""

    def __init__(self, store: OneTime, *, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    async def claim(self, key: bytes, *, until: datetime, by: bytes = NOBODY) -> bool:
        """Spend a value.

        Raises:
            RequestError: ``system.overloaded``, while the store is full.
            OSError: It is broken, which nobody foresees; the edge answers by ``system.internal``.
        """
        if self._faults.is_on(ONE_TIME_BROKEN):
            raise OSError("the store of one-time values is broken")
        if self._faults.is_on(ONE_TIME_FULL):
            raise RequestError("system.overloaded", "too many one-time values are being remembered")
        return await self._store.claim(key, until=until, by=by)

    async def was_spent(self, key: bytes, *, by: bytes) -> bool:
        """Tell who spent a value."""
        return await self._store.was_spent(key, by=by)


class FaultyLine:
    """The line to a log whose writer can be gone."""

    def __init__(self, line: LogLine, *, faults: Faults) -> None:
        self._line = line
        self._faults = faults

    @property
    def is_broken(self) -> bool:
        """Tell whether nothing can be written down."""
        return self._faults.is_on(LOG_GONE) or self._line.is_broken

    async def append(self, kind: LeafType, members: Mapping[str, Value], *, opening: Opening | None = None) -> Written:
        """Append a leaf; return once a disk has it.

        Raises:
            RequestError: ``system.unrecorded`` or ``system.overloaded``: nothing may be released.
        """
        if self._faults.is_on(LOG_GONE):
            raise UnrecordedError("the writer of the log is gone")
        return await self._line.append(kind, members, opening=opening)

    async def look(self) -> None:
        """Look whether what was broken is whole again."""
        await self._line.look()

    async def close(self) -> None:
        """End what is open."""
        await self._line.close()


class FaultySource:
    """Hosts of lists that can be down, or be somebody else's."""

    def __init__(self, source: Source, *, faults: Faults) -> None:
        self._source = source
        self._faults = faults

    def fetch(self, url: str, *, max_bytes: int) -> bytes:
        """Return the document at ``url``.

        Raises:
            FetchError: It is unreachable or too long.
        """
        if self._faults.is_on(HOSTS_DOWN):
            raise FetchError("the host does not answer")
        if self._faults.is_on(HOSTS_HOSTILE):
            return bytes(max_bytes)
        return self._source.fetch(url, max_bytes=max_bytes)


async def _nothing() -> None:
    """Look at nothing."""


def faults_router(faults: Faults, *, switched: Callable[[], Awaitable[None]] = _nothing) -> APIRouter:
    """Return the switches; ``switched`` is waited for after each of them."""
    router = APIRouter(tags=["sandbox"])

    @router.get(
        "/sandbox/faults", summary="The faults of this sandbox node", response_class=Response,
        responses=answers("Faults", 404),
    )  # fmt: skip
    async def list_faults(request: Request) -> Response:
        refuse_strangers(request)
        return _listed(faults)

    @router.post(
        "/sandbox/faults/{name}", summary="Switch a fault on, or off with `on=false`", response_class=Response,
        responses=answers("Faults", 400, 404),
    )  # fmt: skip
    async def switch_fault(request: Request, name: str, on: bool = True) -> Response:  # noqa: FBT001, FBT002 - a query parameter
        refuse_strangers(request)
        faults.switch(name, on=on)
        await switched()
        return _listed(faults)

    return router


def _listed(faults: Faults) -> Response:
    rows = [{"name": name, "title": title, "on": faults.is_on(name)} for name, title in TITLES.items()]
    return Response(json_octets({"faults": rows}), media_type="application/json", headers={"cache-control": "no-store"})


def refuse_strangers(request: Request) -> None:
    """Answer anybody else as if there were nothing here."""
    caller = request.client.host if request.client is not None else ""
    forwarded = any(name in request.headers for name in _FORWARDED)
    if forwarded or not (is_loopback(caller) and is_loopback(_host(request))):
        raise RequestError("input.not_found")


def _host(request: Request) -> str:
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""
