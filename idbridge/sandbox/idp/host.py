"""The host of the pretend providers: all of them behind one listener, as plain ASGI.

A provider is found by the first part of the path, its own id, which is how browsers come; or by the host that a server
means to speak to, which is how somebody comes who takes this machine for the listed host. The issuer of the nodes'
operators answers here too, below a name of its own: no state lists it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from idbridge.clock import Clock
from idbridge.limits import LIMITS
from idbridge.oidc.errors import OAuthError
from idbridge.sandbox.idp.operators import ID as OPERATORS
from idbridge.sandbox.idp.operators import OperatorIssuer
from idbridge.sandbox.idp.provider import PretendProvider
from idbridge.sandbox.idp.switches import nothing_here
from idbridge.sandbox.idp.web import Answer, Errand, WebRequest, error_answer, json_answer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Deliver = Callable[[Errand], None]


class ProviderHost:
    """The ASGI application of all providers. ``deliver`` takes a logout token to a client, and may wait for it."""

    def __init__(
        self,
        providers: Iterable[PretendProvider],
        *,
        clock: Clock,
        deliver: Deliver,
        operators: OperatorIssuer | None = None,
    ) -> None:
        self.providers: Final[Mapping[str, PretendProvider]] = {one.listed.id: one for one in providers}
        self._by_host = {urlsplit(one.listed.issuer).netloc: one for one in self.providers.values()}
        self._operators = operators
        self._clock = clock
        self._deliver = deliver

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request, or begin and end with the server."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            answer = error_answer(OAuthError("invalid_request", "the request is too long", cause="input.too_large"))
        else:
            answer = self.answer(_request(scope, body))
        for errand in answer.errands:
            await asyncio.to_thread(self._deliver, errand)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def answer(self, request: WebRequest) -> Answer:
        """Return what the provider answers that ``request`` is for; its errands are still to be run."""
        first, _, rest = request.path.removeprefix("/").partition("/")
        host = next(iter(request.fields("host")), "").lower()
        provider: PretendProvider | OperatorIssuer
        if first in self.providers:
            provider, path = self.providers[first], f"/{rest}"
        elif first == OPERATORS and self._operators is not None:
            provider, path = self._operators, f"/{rest}"
        elif host in self._by_host:
            provider, path = self._by_host[host], request.path
        elif (request.method, request.path) == ("GET", "/"):
            return self._index()
        else:
            return error_answer(nothing_here())
        below = WebRequest(request.method, path, request.query, request.headers, request.body, request.caller)
        return provider.answer(below, at=self._clock.now())

    def _index(self) -> Answer:
        """Return who is here, and where a browser finds them."""
        listed = [provider.listed for provider in self.providers.values()]
        return json_answer({
            "providers": [
                {"id": one.id, "name": one.name["en"], "issuer": one.issuer, "speaks": one.speech, "at": one.browser}
                for one in listed
            ]
        })  # fmt: skip


def _request(scope: Message, body: bytes) -> WebRequest:
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"])
    caller = scope["client"][0] if scope.get("client") else ""
    return WebRequest(scope["method"], scope["path"], scope.get("query_string", b""), headers, body, caller)


async def _body(receive: Receive) -> bytes | None:
    """Return the body of a request, ``None`` for one that is longer than it may be."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LIMITS.body_bytes:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
