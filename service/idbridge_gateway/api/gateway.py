"""The edge: every HTTP request enters here, gets its correlation id, and leaves with an answer of ours.

Verification is answered before FastAPI's stack (architecture D6); everything else goes through it. Whatever happens
behind the edge, the caller gets a verdict or a problem, never a bare error, and the journal gets no values.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from idbridge.errors import RequestError
from idbridge.model.randomness import Randomness
from idbridge_gateway.api.answer import PROTECTION, Answer, Send, send_answer
from idbridge_gateway.api.body import ClientGone, Receive
from idbridge_gateway.api.head import RequestHead, correlate, read_head, refuse_key_in_query
from idbridge_gateway.api.problems import problem_answer
from idbridge_gateway.journal import note_unexpected

Scope = MutableMapping[str, Any]
Endpoint = Callable[[RequestHead, Receive], Awaitable[Answer]]

_ALLOW_POST: Final = (b"allow", b"POST, OPTIONS")


class GatewayApp(FastAPI):
    """The FastAPI app of a node, with its thin front. ``front`` maps a path to what answers a POST to it."""

    def __init__(
        self,
        *,
        front: Mapping[str, Endpoint],
        randomness: Randomness,
        contract: Callable[[dict[str, Any]], dict[str, Any]],
        **named: Any,
    ) -> None:
        super().__init__(docs_url=None, redoc_url=None, redirect_slashes=False, **named)
        self._front = front
        self._randomness = randomness
        self._contract = contract

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
        if endpoint is None:
            await self._pass_on(scope, receive, send, correlation_id=correlation_id)
        else:
            await self._answer(endpoint, scope, receive, send, correlation_id=correlation_id)

    async def _answer(
        self, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send, *, correlation_id: str
    ) -> None:
        """Answer by the front."""
        try:
            answer = await _called(endpoint, scope, receive, correlation_id=correlation_id)
        except RequestError as broken:
            headers = (_ALLOW_POST,) if broken.code == "input.method_not_allowed" else ()
            answer = problem_answer(broken, correlation_id=correlation_id, headers=headers)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - the edge: whatever happened, the caller gets a problem
            note_unexpected(error, correlation_id=correlation_id)
            answer = problem_answer(RequestError("system.internal"), correlation_id=correlation_id)
        await send_answer(answer, send, correlation_id=correlation_id)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, *, correlation_id: str) -> None:
        """Answer by FastAPI."""
        try:
            refuse_key_in_query(scope["query_string"])
        except RequestError as broken:
            await send_answer(
                problem_answer(broken, correlation_id=correlation_id), send, correlation_id=correlation_id
            )
            return
        is_head = scope["method"] == "HEAD"
        told = {"correlation_id": correlation_id, "is_head": is_head}  # who answers a GET may need to know
        inner = {**scope, "state": {**scope.get("state", {}), **told}}
        if is_head:
            inner["method"] = "GET"
        try:
            await super().__call__(inner, receive, _guarded(send, scope["method"], correlation_id))
        except Exception as error:  # noqa: BLE001 - FastAPI has answered by a problem and lets the cause through
            note_unexpected(error, correlation_id=correlation_id)


async def _called(endpoint: Endpoint, scope: Scope, receive: Receive, *, correlation_id: str) -> Answer:
    if scope["method"] == "OPTIONS":
        return Answer(HTTPStatus.NO_CONTENT, b"", headers=(_ALLOW_POST,))
    if scope["method"] != "POST":
        raise RequestError("input.method_not_allowed")
    if scope["query_string"]:
        refuse_key_in_query(scope["query_string"])
        raise RequestError("input.request_malformed", "this address takes no query")
    return await endpoint(read_head(scope["headers"], correlation_id=correlation_id), receive)


def _guarded(send: Send, method: str, correlation_id: str) -> Send:
    """Return ``send`` with the header fields of every answer added, and without a body for HEAD."""

    async def guarded(message: Any) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in message["headers"]}
            added = [field for field in PROTECTION if field[0] not in own]
            message["headers"] = [*message["headers"], (b"x-request-id", correlation_id.encode()), *added]
        elif method == "HEAD":
            message = {**message, "body": b""}
        await send(message)

    return guarded
