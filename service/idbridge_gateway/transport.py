"""HTTP/1.1 on the wire: uvicorn's httptools protocol, with bounds on how much and how long a client may send.

uvicorn bounds neither the size of a request's head nor the time that a request takes to arrive, so that a client that
trickles octets holds a connection for ever (slowloris). Here a request has to arrive whole within a fixed time, its
head has a size, and what follows an answer that came early is thrown away up to a bound. Bytes that are no HTTP are
answered by a problem like everything else.
"""

import json
import re
from asyncio import TimerHandle, Transport
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.api.problems import MEDIA_TYPE, problem

_BAD_REQUEST: Final = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: %b\r\ncontent-length: %d\r\nx-content-type-options: nosniff\r\n"
    b"cache-control: no-store\r\nconnection: close\r\n\r\n%b"
)
_END_OF_HEAD: Final = b"\r\n\r\n"
_UPGRADE: Final = re.compile(rb"\r\nupgrade[ \t]*:", re.IGNORECASE)


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Between requests uvicorn's own keep-alive timer bounds the wait."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._deadline: TimerHandle | None = None
        self._in_head = False
        self._arriving = False
        self._octets = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._begin_waiting()

    def data_received(self, octets: bytes) -> None:
        """Take ``octets``; a whole request that comes in one piece costs no timer."""
        if self._arriving:
            self._octets += len(octets)
        elif b"pgrade" in octets.lower():
            octets = _without_upgrade(octets)
        if self._in_head and self._octets > LIMITS.request_head_bytes:
            self.send_400_response("")
        elif self._octets > LIMITS.batch_body_bytes + LIMITS.discarded_bytes:
            self.transport.close()
        else:
            super().data_received(octets)
            self._await_rest()

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        self._in_head = self._arriving = True
        self._octets = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that the head is complete."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is complete."""
        self._arriving = False
        self._stop_waiting()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words would be the only ones without a code
        """Answer bytes that are no HTTP by a problem, and close."""
        broken = RequestError("input.request_malformed", "this is not an HTTP/1.1 request within the published bounds")
        body = json.dumps(problem(broken, correlation_id=SystemRandomness().octets(16).hex())).encode()
        self.transport.write(_BAD_REQUEST % (MEDIA_TYPE, len(body), body))
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Refuse an offer to upgrade that was not seen in time: what follows it must not be read as a next request."""
        self.send_400_response("")

    def _await_rest(self) -> None:
        if self._arriving and not self.transport.is_closing():
            self._begin_waiting()

    def _begin_waiting(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(LIMITS.request_arrival.total_seconds(), self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _without_upgrade(octets: bytes) -> bytes:
    """Return the beginning of a request with the offer to change the protocol put out of the parser's sight.

    A server may ignore the offer (RFC 9110 section 7.8) and Java's client makes it in every request without TLS; the
    parser stops at it and would take the body for the next request.
    """
    head, end, rest = octets.partition(_END_OF_HEAD)
    return _UPGRADE.sub(b"\r\nx-upgrade-ignored:", head) + end + rest
