"""The edge: every HTTP request enters here, gets its correlation id, and leaves with an answer of ours.

Verification is answered before FastAPI's stack (architecture D6); everything else goes through it. Whatever happens
behind the edge, the caller gets a verdict or a problem, never a bare error, and the journal gets no values.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from idbridge.clock import Stopwatch
from idbridge.errors import LaterError, RequestError
from idbridge.model.randomness import Randomness
from idbridge_gateway.admission import OUTSIDE, Admission, Turn, rank_of
from idbridge_gateway.api.answer import PROTECTION, Answer, Send, send_answer
from idbridge_gateway.api.body import ClientGone, Receive
from idbridge_gateway.api.head import RequestHead, correlate, read_head, refuse_key_in_query
from idbridge_gateway.api.problems import problem_answer
from idbridge_gateway.journal import note_unexpected
from idbridge_gateway.metrics.exposition import UNMATCHED
from idbridge_gateway.metrics.figures import Figures
from idbridge_gateway.refused import RefusedRequests
from idbridge_gateway.tracing import Spans
from idbridge_gateway.transport import ARRIVED

Scope = MutableMapping[str, Any]
Headers = Iterable[tuple[bytes, bytes]]
Endpoint = Callable[[RequestHead, Receive], Awaitable[Answer]]

REFUSED: Final = "refused"  # where whoever answers behind the edge leaves the code of a refusal
_ALLOW_POST: Final = (b"allow", b"POST, OPTIONS")


@dataclass(slots=True)
class Visit:
    """One request at the edge: its id, the seconds at which it was there, and its place among those in work."""

    correlation_id: str
    begun: float
    method: str
    headers: Headers = field(repr=False)
    turn: Turn = OUTSIDE


class GatewayApp(FastAPI):
    """The FastAPI app of a node, with its thin front. ``front`` maps a path to what answers a POST to it."""

    def __init__(
        self,
        *,
        front: Mapping[str, Endpoint],
        randomness: Randomness,
        admission: Admission,
        figures: Figures,
        spans: Spans | None,
        stopwatch: Stopwatch,
        contract: Callable[[dict[str, Any]], dict[str, Any]],
        **named: Any,
    ) -> None:
        super().__init__(docs_url=None, redoc_url=None, redirect_slashes=False, **named)
        self._front = front
        self._randomness = randomness
        self._admission = admission
        self._figures = figures
        self._spans = spans
        self._stopwatch = stopwatch
        self._refused = RefusedRequests(stopwatch)
        self._contract = contract

    @property
    def front_paths(self) -> tuple[str, ...]:
        """The paths that are answered before FastAPI's stack."""
        return tuple(self._front)

    def openapi(self) -> dict[str, Any]:
        """Return the contract: what FastAPI knows of its own routes, and the front's beside it."""
        if not self.openapi_schema:
            self.openapi_schema = self._contract(super().openapi())
        return self.openapi_schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        correlation_id = correlate(scope["headers"], randomness=self._randomness)
        endpoint = self._front.get(scope["path"])
        now = self._stopwatch.seconds()
        visit = Visit(correlation_id, scope.get(ARRIVED, now), scope["method"], scope["headers"])
        try:
            rank = rank_of(scope["path"], is_front=endpoint is not None)
            visit.turn = self._admission.enter(rank, waited=now - visit.begun)
            if endpoint is None:
                await self._pass_on(scope, receive, send, visit)
            else:
                await self._answer(endpoint, scope, receive, send, visit)
        except LaterError as refused:
            self._count(scope["path"] if endpoint is not None else UNMATCHED, HTTPStatus.SERVICE_UNAVAILABLE, visit)
            answer = problem_answer(refused, correlation_id=correlation_id)
            await send_answer(answer, send, correlation_id=correlation_id)
        finally:
            visit.turn.leave()

    def _count(self, route: str, status: int, visit: Visit, *, code: str = "") -> None:
        """Count an answer that is about to be sent, and make room for another request; ``code`` says why it refuses."""
        visit.turn.leave()
        seconds = self._stopwatch.seconds() - visit.begun
        self._figures.answered(route, status, seconds=seconds)
        self._refused.note(route, status, code)
        if self._spans is not None:
            self._spans.note(visit.method, route, status, seconds=seconds, headers=visit.headers)

    async def _answer(self, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send, visit: Visit) -> None:
        """Answer by the front."""
        correlation_id, code = visit.correlation_id, ""
        try:
            answer = await _called(endpoint, scope, receive, visit)
        except RequestError as broken:
            code = broken.code
            headers = (_ALLOW_POST,) if broken.code == "input.method_not_allowed" else ()
            answer = problem_answer(broken, correlation_id=correlation_id, headers=headers)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - the edge: whatever happened, the caller gets a problem
            note_unexpected(error, correlation_id=correlation_id)
            answer = problem_answer(RequestError("system.internal"), correlation_id=correlation_id)
        self._count(scope["path"], answer.status, visit, code=code)
        await send_answer(answer, send, correlation_id=correlation_id)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, visit: Visit) -> None:
        """Answer by FastAPI. A request is in work until its answer begins: a stream of events is none for its life.

        Nor is it in work while its body arrives: nobody has said yet who sends it.
        """
        correlation_id = visit.correlation_id
        try:
            refuse_key_in_query(scope["query_string"])
        except RequestError as broken:
            answer = problem_answer(broken, correlation_id=correlation_id)
            self._count(UNMATCHED, answer.status, visit, code=broken.code)
            await send_answer(answer, send, correlation_id=correlation_id)
            return
        is_head = scope["method"] == "HEAD"
        told = {"correlation_id": correlation_id, "is_head": is_head}  # who answers a GET may need to know
        inner = {**scope, "state": {**scope.get("state", {}), **told}}
        if is_head:
            inner["method"] = "GET"
        try:
            begins = partial(self._begins, inner, visit)
            arriving = partial(_received, receive, visit.turn)
            await super().__call__(inner, arriving, _guarded(send, scope["method"], correlation_id, begins=begins))
        except Exception as error:  # noqa: BLE001 - FastAPI has answered by a problem and lets the cause through
            note_unexpected(error, correlation_id=correlation_id)

    def _begins(self, scope: Scope, visit: Visit, status: int) -> None:
        """Note that the answer to a request begins, which FastAPI has given a route by then if there is one."""
        route = getattr(scope.get("route"), "path", UNMATCHED)
        self._count(route, status, visit, code=scope["state"].get(REFUSED, ""))


async def _called(endpoint: Endpoint, scope: Scope, receive: Receive, visit: Visit) -> Answer:
    if scope["method"] == "OPTIONS":
        return Answer(HTTPStatus.NO_CONTENT, b"", headers=(_ALLOW_POST,))
    if scope["method"] != "POST":
        raise RequestError("input.method_not_allowed")
    if scope["query_string"]:
        refuse_key_in_query(scope["query_string"])
        raise RequestError("input.request_malformed", "this address takes no query")
    return await endpoint(read_head(scope["headers"], correlation_id=visit.correlation_id, turn=visit.turn), receive)


async def _received(receive: Receive, turn: Turn) -> Any:
    """Return what comes next of a request, which is not in work meanwhile.

    Raises:
        LaterError: ``system.overloaded``, others have taken its room.
    """
    turn.pause()
    message = await receive()
    turn.resume()
    return message


def _guarded(send: Send, method: str, correlation_id: str, *, begins: Callable[[int], None]) -> Send:
    """Return ``send`` with the header fields of every answer added, and without a body for HEAD.

    ``begins`` is told of the status of the answer.
    """

    async def guarded(message: Any) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in message["headers"]}
            added = [field for field in PROTECTION if field[0] not in own]
            begins(message["status"])
            message["headers"] = [*message["headers"], (b"x-request-id", correlation_id.encode()), *added]
        elif method == "HEAD":
            message = {**message, "body": b""}
        await send(message)

    return guarded
