"""Rows about too much: ten times what a node can do, clients that trickle, and bodies that nobody needs."""

import asyncio
import socket
import statistics
import time
from collections.abc import Sequence
from contextlib import suppress

from tests.chaos.bench import Bench
from tests.chaos.line import Answer, Line
from tests.chaos.load import Load, asked_of, loaded, until_accepted
from tests.chaos.oracle import Question
from tests.chaos.rows import row
from tests.chaos.rows_trust import put_off

_PATIENCE = 60.0
_MEASURED = 3.0  # seconds for which is measured what a node can do
_TIMES = 10
_MOST = 4_000.0  # requests a second that this side can still make
_ATONCE = 16
_TRICKLES = 200
_OVERLOADED = 6.0  # seconds of overload
_FEW = 20
_GIBIBYTE = 1 << 30


def capacity(bench: Bench, port: int) -> float:
    """Return how many requests a second a node answers when some clients ask one after the other."""

    async def asking() -> int:
        until, done = time.monotonic() + _MEASURED, 0

        async def one() -> None:
            nonlocal done
            line = Line(port)
            while time.monotonic() < until:
                question = bench.oracle.some()
                began = time.monotonic()
                answer = await asked_of(line, question, seconds=_PATIENCE)
                bench.oracle.judge(question, answer, seconds=time.monotonic() - began)
                done += 1
            line.close()

        await asyncio.gather(*(one() for _ in range(_ATONCE)))
        return done

    return asyncio.run(asking()) / _MEASURED


def quantiles(seconds: Sequence[float]) -> str:
    """Return the median of times and what 99 of 100 stay below, in words."""
    if len(seconds) < _FEW:
        return "too few to say"
    hundredths = statistics.quantiles(seconds, n=100)
    return f"p50 {hundredths[49] * 1000:.0f} ms, p99 {hundredths[98] * 1000:.0f} ms"


@row("ten times as many requests as it can answer, in an open loop")
def overload(bench: Bench) -> None:
    node = bench.node(bench.settings())
    can, count = capacity(bench, node.port), bench.count
    rate = min(can * _TIMES, _MOST)
    nominal, decided, put_off = quantiles(count.decided), len(count.decided), len(count.put_off)
    began = time.monotonic()
    with Load(bench.oracle, lambda: node.port, rate=rate, most=800):
        time.sleep(_OVERLOADED)
    good = (len(count.decided) - decided) / (time.monotonic() - began)
    bench.figures.append(
        f"alone it decides {can:.0f} requests a second ({nominal}); at {rate:.0f} offered it decides {good:.0f} "
        f"({good / can:.0%}; {quantiles(count.decided[decided:])}), and puts off the others "
        f"({quantiles(count.put_off[put_off:])}); whoever asks shares its processors"
    )
    if bench.count.unanswered:
        bench.late.append(f"{bench.count.unanswered} requests were not answered")
    if not bench.count.shed:
        bench.late.append(f"nothing was put off at {rate:.0f} requests a second")
    bench.measure_recovery(
        "accepted after the overload", lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE), promised=1.0
    )


@row("two hundred clients trickle the heads of their requests")
def slowloris(bench: Bench) -> None:
    node = bench.node(bench.settings())
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    trickling = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(_TRICKLES)]
    try:
        with loaded(bench.oracle, node.port, rate=40):
            for octet in b"POST /v1/verify HTTP":
                for one in trickling:
                    with suppress(OSError):
                        one.send(bytes([octet]))
                time.sleep(0.9)
        open_still = sum(_is_open(one) for one in trickling)
    finally:
        for one in trickling:
            one.close()
    if open_still:
        bench.late.append(f"{open_still} connections are held open by clients that trickle")
    if bench.count.refused_good or bench.count.unanswered or put_off(bench):
        bench.late.append("others were refused because of clients that trickle")


def _is_open(one: socket.socket) -> bool:
    one.setblocking(False)
    with suppress(BlockingIOError, OSError):
        while one.recv(4_096):
            pass
        return False
    return True


@row("bodies of a gibibyte, of eight mebibytes in chunks, nested a hundred thousand deep, and heads without end")
def oversized(bench: Bench) -> None:
    node = bench.node(bench.settings())
    question, post = post_of(bench)
    deep = b'{"credential":' + b"[" * 30_000 + b"]" * 30_000 + b"}"
    sent = (
        post + b"content-length: %d\r\n\r\n" % _GIBIBYTE + bytes(200_000),
        post + b"transfer-encoding: chunked\r\n\r\n" + b"100000\r\n" + bytes(0x100000) + b"\r\n" * 8,
        post + b"content-length: %d\r\n\r\n" % len(deep) + deep,
        post + b"x-long: " + b"a" * 200_000 + b"\r\n\r\n",
        post + b"content-length: -1\r\n\r\n",
        b"\x16\x03\x01" + bytes(500),
        post + b"content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
    )
    with loaded(bench.oracle, node.port, rate=40):
        for octets in sent * (1 if bench.short else 3):
            bench.oracle.judge(question, raw(node.port, octets))
        time.sleep(0.2 if bench.short else 1)
    if bench.count.refused_good or put_off(bench):
        bench.late.append("others were refused because of bodies that are too long")


def post_of(bench: Bench) -> tuple[Question, bytes]:
    """Return a question that nobody may accept, and how a request for it begins."""
    question = Question(bench.oracle.bad().minted, "oversized")
    head = "".join(f"{name}: {value}\r\n" for name, value in question.minted.headers.items()).encode()
    return question, b"POST /v1/verify HTTP/1.1\r\nhost: node\r\n" + head


def raw(port: int, octets: bytes) -> Answer:
    """Send octets and read the status line of what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        with suppress(OSError):
            connection.sendall(octets)
        told = b""
        with suppress(OSError):
            told = connection.recv(4_096)
    status = told.split(b" ", 2)[1] if told.startswith(b"HTTP/1.1 ") else b"0"
    return Answer(int(status), {}, b"")
