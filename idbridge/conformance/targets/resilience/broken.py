"""Requests that are broken on their way: too large, too deep, too slow, never ending, or cut off and sent again.

Clauses: RFC 9110 sections 15.5.14 and 15.6.4; RFC 9112 section 9; interface: Idempotency-Key.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from idbridge.clock import SystemStopwatch
from idbridge.conformance.targets.gateway.edge import minted
from idbridge.conformance.targets.gateway.findings import refusal
from idbridge.conformance.targets.gateway.suite import Suite
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.conformance.targets.resilience.answers import SERVER_ERROR, patiently
from idbridge.conformance.targets.resilience.faulted import TIMES, WAIT
from idbridge.conformance.targets.resilience.line import Ended, Line, head_of
from idbridge.conformance.targets.resilience.strained import NO_ANSWER
from idbridge.limits import LIMITS
from idbridge.sandbox.case import Exchange

HELD: Final = "strain.held_for_ever"
NOT_READ: Final = "strain.read_for_ever"
_KEY: Final = "Idempotency-Key"
_VERIFY: Final = "/v1/verify"
_CHUNK: Final = b"2000\r\n" + b" " * 0x2000 + b"\r\n"
_ENDLESS: Final = 16 * 1024 * 1024
_LOOK_S: Final = 0.5
_DEEP: Final = 2_000
_FLOOD: Final = LIMITS.request_head_bytes + 1024


def dropped(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Lose the connection of a question, ``when`` the ``body`` is half there or the ``answer`` begins; ask it again.

    ``again`` is under the ``same`` idempotency key, which makes it the same question, or under ``another`` one.
    """
    asked = minted(suite, parameters["case"]).exchange
    key = suite.nonce()
    first = _under(asked, key)
    with Line(suite.wire.url) as line:
        half = len(first.body) // 2
        octets = first.body[:half] if parameters["when"] == "body" else first.body
        line.send(head_of(first, host=line.host) + octets)
        if parameters["when"] == "answer":
            line.begin_answer()
    again = first if parameters["again"] == "same" else _under(asked, suite.nonce())
    return patiently(suite, again, wait=WAIT)


def _under(exchange: Exchange, key: str) -> Exchange:
    return Exchange(exchange.method, exchange.path, {**exchange.headers, _KEY: key}, exchange.body)


def flooded(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Send what is too much in one way (``how``): it is refused, and ``case`` is answered afterwards as before."""
    found = _FLOODS[parameters["how"]](suite)
    return patiently(suite, minted(suite, parameters["case"]).exchange, wait=WAIT) or found


def _large(suite: Suite) -> Finding | None:
    body = b"{" + b" " * LIMITS.body_bytes + b"}"
    return _refused(suite, Exchange("POST", _VERIFY, suite.access(), body))


def _deep(suite: Suite) -> Finding | None:
    return _refused(suite, Exchange("POST", _VERIFY, suite.access(), b"[" * _DEEP + b"]" * _DEEP))


def _many_fields(suite: Suite) -> Finding | None:
    size = _FLOOD // 64
    fields = {f"X-Flood-{number:04d}": "x" * 48 for number in range(size)}
    return _refused(suite, Exchange("GET", "/readyz", fields))


def _long_field(suite: Suite) -> Finding | None:
    return _refused(suite, Exchange("GET", "/readyz", {"X-Flood": "x" * _FLOOD}))


def _endless(suite: Suite) -> Finding | None:
    """Send a body that does not end, and say that nobody told how long it is."""
    exchange = Exchange("POST", _VERIFY, suite.access())
    with Line(suite.wire.url) as line:
        line.send(head_of(exchange, host=line.host, more={"Transfer-Encoding": "chunked"}))
        with suppress(Ended):
            line.stream(_CHUNK, most=_ENDLESS)
            if not line.has_answer(seconds=1.0):
                return Finding(NOT_READ, f"after {_ENDLESS} octets there was neither an answer nor an end")
        return _read(line)


def _refused(suite: Suite, exchange: Exchange) -> Finding | None:
    with Line(suite.wire.url) as line:
        with suppress(Ended):  # what was answered before may still be read
            line.send(head_of(exchange, host=line.host) + exchange.body)
        return _read(line)


def _read(line: Line) -> Finding | None:
    try:
        reply = line.answer()
    except Ended:
        return NO_ANSWER
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR and reply.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return Finding(SERVER_ERROR, f"{reply.status}")
    return refusal(reply)


_FLOODS: Final[Mapping[str, Callable[[Suite], Finding | None]]] = MappingProxyType({
    "large": _large, "deep": _deep, "many-fields": _many_fields, "long-field": _long_field, "endless": _endless,
})  # fmt: skip


def slow(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Open lines that say nothing, never end their head, or never end their body: others are answered, these end."""
    exchange = Exchange("POST", _VERIFY, suite.access(), b" " * 1024)
    with ExitStack() as lines:
        silent, trickling, unending = (lines.enter_context(Line(suite.wire.url)) for _ in range(3))
        trickling.send(b"POST /v1/verify HTTP/1.1\r\n")
        unending.send(head_of(exchange, host=unending.host) + b"{")
        others = patiently(suite, minted(suite, parameters["case"]).exchange, wait=WAIT)
        left = _outlasting({"silent": silent, "trickling": trickling, "unending": unending})
    if left:
        return Finding(HELD, f"not ended after {TIMES} times the published time: {', '.join(sorted(left))}")
    return others


def _outlasting(lines: Mapping[str, Line]) -> set[str]:
    """Return which lines are still open after three times the published bound, while each trickles on."""
    stopwatch = SystemStopwatch()
    until = stopwatch.seconds() + TIMES * LIMITS.request_arrival.total_seconds()
    left, pieces = set(lines), {"trickling": b"x", "unending": b" "}
    while left and stopwatch.seconds() < until:
        for name in sorted(left):
            try:
                if name in pieces:
                    lines[name].send(pieces[name])
                if lines[name].has_answer(seconds=_LOOK_S) and lines[name].has_ended():
                    left.discard(name)
            except Ended:
                left.discard(name)
    return left


PROCEDURES: Final[Mapping[str, Procedure[Suite]]] = MappingProxyType(
    {"dropped": dropped, "flooded": flooded, "slow": slow}
)
