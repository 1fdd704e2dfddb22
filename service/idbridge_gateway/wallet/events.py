"""``/v1/presentations/{id}/events``: a relying party follows how a request stands, without asking again and again.

Server-sent events (HTML Living Standard, section 9.2): one event at the start and one at every change, with the state
and nothing of what was answered. A stream looks at the store that all workers share, so it does not matter which of
them a wallet reaches. It ends with the request, with the registration of who follows, or after a while, and such
clients come again by themselves.
"""

import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from idbridge.clock import Clock
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.wallet.contract import EVENTS_MEDIA, events_operation
from idbridge_gateway.wallet.parties import still_asks
from idbridge_gateway.wallet.pauses import Pause, system_pause
from idbridge_gateway.wallet.presentations import Presentations
from idbridge_gateway.wallet.records import Outcome
from idbridge_gateway.wallet.relying_party import PATH, RelyingPartySide

_HEAD: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}
_RETRY: Final = b"retry: 2000\n\n"
_HEARTBEAT: Final = b":\n\n"


class Followed:
    """The octets of one stream. It is open until it is closed, whether or not anybody heard a word of it."""

    def __init__(self, octets: AsyncGenerator[bytes], *, ended: Callable[[], None]) -> None:
        self._octets = octets
        self._ended = ended
        self._is_open = True

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the octets as they come."""
        return self._octets

    async def aclose(self) -> None:
        """End the stream; nothing, if it is closed."""
        if self._is_open:
            self._is_open = False
            self._ended()
            await self._octets.aclose()


class FollowedResponse(StreamingResponse):
    """A stream as an answer, which closes it however the answer ends."""

    def __init__(self, stream: Followed, *, headers: Mapping[str, str]) -> None:
        super().__init__(stream, media_type=EVENTS_MEDIA, headers=headers)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._stream.aclose()


class EventStreams:
    """The streams of one worker."""

    def __init__(
        self, *, presentations: Presentations, registry: RegistryInForce, clock: Clock, pause: Pause = system_pause
    ) -> None:
        self._presentations = presentations
        self._registry = registry
        self._clock = clock
        self._pause = pause
        self._open: Counter[str] = Counter()

    async def begin(self, handle: str, *, owner: str) -> "Followed":
        """Return the octets of a stream about the presentation ``handle`` of ``owner``, as they come.

        It counts from here on, and whoever gets it closes it.

        Raises:
            RequestError: ``input.not_found``, or ``system.overloaded``: too many streams are open.
        """
        await self._presentations.find(handle, owner=owner)
        if self._open.total() >= LIMITS.event_streams or self._open[owner] >= LIMITS.event_streams_each:
            raise RequestError("system.overloaded", "too many streams of events are open")
        self._open[owner] += 1
        return Followed(self._events(handle, owner), ended=lambda: self._ended(owner))

    def _ended(self, owner: str) -> None:
        self._open[owner] -= 1
        self._open += Counter()  # forgets who has none

    async def _events(self, handle: str, owner: str) -> AsyncGenerator[bytes]:
        """Yield the state whenever it changed, and a sign of life where it did not for long."""
        yield _RETRY
        told: Outcome | None = None
        quiet = timedelta(0)
        for _ in range(LIMITS.event_stream_life // LIMITS.event_look):
            outcome = await self._outcome(handle, owner)
            if outcome is None:
                return
            if outcome is not told:
                told, quiet = outcome, timedelta(0)
                yield _event(handle, outcome)
            if outcome is not Outcome.PENDING:
                return
            if quiet >= LIMITS.event_heartbeat:
                quiet = timedelta(0)
                yield _HEARTBEAT
            await self._pause(LIMITS.event_look)
            quiet += LIMITS.event_look

    async def _outcome(self, handle: str, owner: str) -> Outcome | None:
        """Return how it stands; ``None`` if that cannot be told any more, and the stream ends without a word."""
        try:
            found = await self._presentations.find(handle, owner=owner)
        except RequestError:
            return None
        at = self._clock.now()
        return found.at(at) if still_asks(self._registry, owner, at=at) else None


def _event(handle: str, outcome: Outcome) -> bytes:
    data = json.dumps({"id": handle, "state": outcome.value}, separators=(",", ":"))
    return f"event: state\ndata: {data}\n\n".encode()


def events_router(streams: EventStreams, side: RelyingPartySide) -> APIRouter:
    """Return the route of the streams."""
    router = APIRouter(tags=["presentations"])

    @router.get(
        PATH + "/{id}/events",
        summary="Follow how it stands",
        response_class=Response,
        openapi_extra=events_operation(),
    )
    async def follow(request: Request) -> Response:
        caller, _ = await side.caller(request)
        stream = await streams.begin(request.path_params["id"], owner=caller.relying_party.id)
        return FollowedResponse(stream, headers={**caller.told, **_HEAD})

    return router
