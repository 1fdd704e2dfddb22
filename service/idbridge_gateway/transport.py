"""HTTP/1.1 on the wire: uvicorn's httptools protocol, with bounds on how much and how long a client may send.

uvicorn bounds neither the size of a request's head nor the time that a request takes to arrive, so that a client that
trickles octets holds a connection for ever (slowloris). Here a request has to arrive whole within a fixed time, its
head has a size, and what follows an answer that came early is thrown away up to a bound. Nor does it bound how many
connections there are: a worker that has no descriptor left would answer nobody, so that whoever has waited longest
without asking, without asking to the end, or without taking an answer, gives way to whoever comes. And an answer that
nobody takes is not kept for ever, nor is its connection: to close one waits until all is sent. Bytes that are no HTTP
are answered by a problem like everything else.
"""

import json
import re
from asyncio import TimerHandle, Transport
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from idbridge.clock import SystemStopwatch
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.api.problems import MEDIA_TYPE, problem

ARRIVED: Final = "idbridge.arrived"  # the seconds at which the head of a request was there
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
        self._stopwatch = SystemStopwatch()
        self._in_head = False
        self._arriving = False
        self._begun = 0.0
        self._octets = 0
        self._tail = b""
        self._taking: TimerHandle | None = None
        self._untaken = 0
        self._untaken_since = 0.0
        self.idle_since = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is asked here that is not answered."""
        return not self._arriving and not self.pipeline and (self.cycle is None or self.cycle.response_complete)

    @property
    def spared_since(self) -> float | None:
        """Since when nobody would miss this connection; ``None`` if somebody would."""
        if self._taking is not None:
            since = self._untaken_since
        elif self._arriving:
            since = self._begun
        elif self.is_idle:
            since = self.idle_since
            if not self.transport.get_write_buffer_size():
                return since
        else:
            return None
        return since if self._stopwatch.seconds() - since >= LIMITS.gives_way.total_seconds() else None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.idle_since = self._stopwatch.seconds()
        self._begin_waiting()
        if len(self.connections) > LIMITS.connections:
            self._make_room()

    def _make_room(self) -> None:
        """End the connection that nobody would miss for longest; this one if there is none among the others."""
        others = (one for one in self.connections if one is not self and isinstance(one, BoundedProtocol))
        spared = [(since, one) for one in others if (since := one.spared_since) is not None]
        _, given_up = min(spared, key=lambda each: each[0], default=(0.0, self))
        self.connections.discard(given_up)
        if given_up.transport.get_write_buffer_size() > 0:
            given_up.transport.abort()  # to close it would wait for who takes nothing
        else:
            given_up.transport.close()

    def data_received(self, octets: bytes) -> None:
        """Take ``octets``; a whole request that comes in one piece costs no timer."""
        if self._head_grows_too_long(octets):
            self.send_400_response("")
            return
        begins = not self._arriving
        if self._arriving:
            self._octets += len(octets)
        elif b"pgrade" in octets.lower():
            octets = _without_upgrade(octets)
        if self._octets > LIMITS.batch_body_bytes + LIMITS.discarded_bytes:
            self._end()
        else:
            super().data_received(octets)
            if begins and self._in_head:
                self._octets = len(octets)
            self._tail = (self._tail + octets)[1 - len(_END_OF_HEAD) :]
            self._await_rest()

    def _head_grows_too_long(self, octets: bytes) -> bool:
        """Tell whether with ``octets`` the head of a request is longer than it may be, in however many pieces it came.

        What follows the head in the same piece does not count.
        """
        if self._arriving and not self._in_head:
            return False
        before, tail = (self._octets, self._tail) if self._arriving else (0, b"")
        if before + len(octets) <= LIMITS.request_head_bytes:
            return False
        end = (tail + octets).find(_END_OF_HEAD)
        return end < 0 or before + end - len(tail) > LIMITS.request_head_bytes

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        self._in_head = self._arriving = True
        self._begun = self._stopwatch.seconds()
        self._octets = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that the head is complete."""
        self._in_head = False
        self.scope[ARRIVED] = self._stopwatch.seconds()  # type: ignore[typeddict-unknown-key] # ours, read at the edge
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is complete."""
        self._arriving = False
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Note since when nothing is asked."""
        self.idle_since = self._stopwatch.seconds()
        super().on_response_complete()
        if self.transport.is_closing():
            self._await_taking()

    def pause_writing(self) -> None:
        """Begin to wait for a client that does not take what is sent."""
        super().pause_writing()
        self._await_taking()

    def resume_writing(self) -> None:
        """Stop to wait for it."""
        super().resume_writing()
        self._stop_taking()
        if self.transport.is_closing():
            self._await_taking()

    def timeout_keep_alive_handler(self) -> None:
        """End a connection on which nothing was asked for long."""
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        self._stop_taking()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words would be the only ones without a code
        """Answer bytes that are no HTTP by a problem, and close."""
        broken = RequestError("input.request_malformed", "this is not an HTTP/1.1 request within the published bounds")
        body = json.dumps(problem(broken, correlation_id=SystemRandomness().octets(16).hex())).encode()
        self.transport.write(_BAD_REQUEST % (MEDIA_TYPE, len(body), body))
        self._end()

    def _unsupported_upgrade_warning(self) -> None:
        """Refuse an offer to upgrade that was not seen in time: what follows it must not be read as a next request."""
        self.send_400_response("")

    def _await_rest(self) -> None:
        if self._arriving and not self.transport.is_closing():
            self._begin_waiting()

    def _begin_waiting(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(LIMITS.request_arrival.total_seconds(), self._end)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self) -> None:
        """End the connection once all is sent, or nothing of it is taken any more."""
        self.transport.close()
        self._await_taking()

    def _await_taking(self) -> None:
        if self._taking is None:
            self._untaken_since = self._stopwatch.seconds()
            self._look_for_taking()

    def _look_for_taking(self) -> None:
        self._untaken = self.transport.get_write_buffer_size()
        self._taking = self.loop.call_later(LIMITS.answer_taken.total_seconds(), self._require_taken)

    def _require_taken(self) -> None:
        """Wait on if a part of what waited has been taken; end the connection if not."""
        if self.transport.get_write_buffer_size() < self._untaken:
            self._look_for_taking()
        else:
            self.transport.abort()

    def _stop_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None


def _without_upgrade(octets: bytes) -> bytes:
    """Return the beginning of a request with the offer to change the protocol put out of the parser's sight.

    A server may ignore the offer (RFC 9110 section 7.8) and Java's client makes it in every request without TLS; the
    parser stops at it and would take the body for the next request.
    """
    head, end, rest = octets.partition(_END_OF_HEAD)
    return _UPGRADE.sub(b"\r\nx-upgrade-ignored:", head) + end + rest
