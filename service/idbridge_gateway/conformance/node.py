"""A node that begins with nothing and becomes, by ``POST /conformance/load``, the node of a case.

It is reached from this machine alone. What is loaded replaces everything at once: trust material, instant, relying
parties, what was spent, sessions; what is refused changes nothing. Every other address is answered by an ordinary node,
built by the code that builds each one, whose clock stands still at the instant of the case.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

from fastapi import Request

from idbridge.clock import FixedClock
from idbridge.conformance.loading import LOAD_PATH, RECALL_PATH, STATE_PATH, Load, read_load
from idbridge.errors import ConfigurationError, IdBridgeError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness, SystemRandomness
from idbridge_gateway.api.answer import Answer, Send, json_octets, send_answer
from idbridge_gateway.api.body import ClientGone, Receive, bound_of, read_body, refuse_media
from idbridge_gateway.api.faults import Faults, refuse_strangers
from idbridge_gateway.api.gateway import GatewayApp, Scope
from idbridge_gateway.api.head import correlate, read_head
from idbridge_gateway.api.problems import problem_answer
from idbridge_gateway.app import create_app
from idbridge_gateway.conformance.laying import laid_out, statuses
from idbridge_gateway.conformance.recalling import recalled
from idbridge_gateway.journal import note_unexpected
from idbridge_gateway.stores.one_time import MemoryOneTime

_METHODS: Final[Mapping[str, str]] = MappingProxyType({LOAD_PATH: "POST", STATE_PATH: "GET", RECALL_PATH: "POST"})
Build = Callable[[Load, Path, str], GatewayApp]


def built(load: Load, folder: Path, url: str) -> GatewayApp:
    """Return the node that ``load`` describes, with its files below ``folder``; browsers reach it at ``url``.

    Raises:
        ConfigurationError: The material is of another environment, not in order, or holds no list.
    """
    settings = laid_out(load, folder, browser_url=url)
    app = create_app(settings, clock=FixedClock(load.at), faults=Faults(), revocation_source=statuses(folder))
    if not app.state.trust.in_force.snapshot.lists:
        raise ConfigurationError("the material holds no list that this node accepts")
    asyncio.run(app.state.prefetch.look())
    return app


@dataclass(frozen=True, slots=True)
class _Held:
    """The node of a case, and what ends with it."""

    app: GatewayApp
    ending: AsyncExitStack

    @property
    def spent(self) -> int:
        store = self.app.state.parts.stores.one_time
        return len(store) if isinstance(store, MemoryOneTime) else 0


class ConformanceNode:
    """The application of ``serve --conformance``. ``url`` is where browsers on this machine reach it."""

    def __init__(self, url: str, *, build: Build = built, randomness: Randomness | None = None) -> None:
        self._url = url
        self._build = build
        self._randomness = randomness or SystemRandomness()
        self._held: _Held | None = None
        self._loading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live as long as the server does."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"] in _METHODS or self._held is None:
            await self._answer(scope, receive, send)
        else:
            await self._held.app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        held, self._held = self._held, None
        if held is not None:
            await held.ending.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        correlation_id = correlate(scope["headers"], randomness=self._randomness)
        try:
            answer = await self._answered(scope, receive, correlation_id=correlation_id)
        except RequestError as broken:
            method = _METHODS.get(scope["path"], "")
            allowed = ((b"allow", method.encode()),) if broken.code == "input.method_not_allowed" else ()
            answer = problem_answer(broken, correlation_id=correlation_id, headers=allowed)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - the edge: whatever happened, the caller gets a problem
            note_unexpected(error, correlation_id=correlation_id)
            answer = problem_answer(RequestError("system.internal"), correlation_id=correlation_id)
        await send_answer(answer, send, correlation_id=correlation_id)

    async def _answered(self, scope: Scope, receive: Receive, *, correlation_id: str) -> Answer:
        method = _METHODS.get(scope["path"])
        if method is None:
            raise RequestError("system.not_ready", "nothing was loaded yet")
        refuse_strangers(Request(scope))
        if scope["method"] != method:
            raise RequestError("input.method_not_allowed")
        if method == "POST":
            head = read_head(scope["headers"], correlation_id=correlation_id)
            refuse_media(head)
            body = await read_body(receive, max_bytes=bound_of(head, max_bytes=LIMITS.conformance_load_bytes))
            if scope["path"] == RECALL_PATH:
                return Answer(200, json_octets(await self._recall(body)))
            await self._load(read_load(body))
        return Answer(
            200, json_octets({"loaded": self._held is not None, "spent": self._held.spent if self._held else 0})
        )

    async def _recall(self, body: bytes) -> dict[str, Any]:
        """Tell relying parties of a recall. Raises as ``recalled``, and ``system.not_ready``."""
        if self._held is None:
            raise RequestError("system.not_ready", "nothing was loaded yet")
        return await asyncio.to_thread(recalled, self._held.app.state.parts, body)

    async def _load(self, load: Load) -> None:
        """Become the node that ``load`` describes.

        Raises:
            RequestError: It is not in order; this node stays what it was.
        """
        async with self._loading, AsyncExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="idbridge-conformance-")))
            try:
                app = await asyncio.to_thread(self._build, load, folder, self._url)
            except IdBridgeError as refusal:
                raise RequestError("input.request_malformed", f"what is loaded is not taken up: {refusal}") from refusal
            await stack.enter_async_context(app.router.lifespan_context(app))
            earlier, self._held = self._held, _Held(app, stack.pop_all())
            if earlier is not None:
                await earlier.ending.aclose()
