"""Clients that never read what is answered, or never ask to the end: they hold no connection for ever, and keep nobody
out.
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from uvicorn.server import ServerState

from idbridge.limits import LIMITS
from idbridge_gateway import transport
from idbridge_gateway.serving import BackgroundServer, server_config
from idbridge_gateway.transport import BoundedProtocol

PATIENCE = 60.0
LARGE = 16 * 1024 * 1024  # more than all buffers between two sockets of one machine hold
PIECE = 64 * 1024


async def generous(scope: Any, receive: Any, send: Any) -> None:
    """Answer the start-up, and each request: in many pieces at `/pieces`, in one at `/whole`, shortly elsewhere."""
    if scope["type"] == "lifespan":
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})
        return
    size = LARGE if scope["path"] in ("/pieces", "/whole") else 2
    piece = PIECE if scope["path"] == "/pieces" else size
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
    for start in range(0, size, piece):
        more = start + piece < size
        await send({"type": "http.response.body", "body": bytes(min(piece, size - start)), "more_body": more})


@pytest.fixture(scope="module")
def server() -> Iterator[BackgroundServer]:
    with BackgroundServer(generous) as running:
        yield running


def connect(server: BackgroundServer) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def asking(server: BackgroundServer, path: str, *fields: str) -> socket.socket:
    connection = connect(server)
    connection.sendall("\r\n".join((f"GET {path} HTTP/1.1", "host: a", *fields, "", "")).encode())
    return connection


def unread(server: BackgroundServer, path: str, *fields: str) -> socket.socket:
    """A connection whose answer has begun, of which nothing more is read."""
    connection = asking(server, path, *fields)
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def answered(server: BackgroundServer) -> bool:
    """Tell whether somebody who comes now is answered."""
    try:
        with closing(asking(server, "/")) as connection:
            return connection.recv(PIECE).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


def sockets() -> int:
    """How many sockets this process has open; the ends of both sides are among them."""
    found = 0
    for path in Path("/proc/self/fd").iterdir():
        try:
            found += str(path.readlink()).startswith("socket:")
        except OSError:
            continue
    return found


def comes_true(what: Any) -> bool:
    end = monotonic() + PATIENCE
    while not what():
        if monotonic() > end:
            return False
        sleep(0.02)
    return True


def bounded(monkeypatch: pytest.MonkeyPatch, **bounds: Any) -> None:
    monkeypatch.setattr(transport, "LIMITS", replace(LIMITS, **bounds))


@pytest.mark.parametrize("path", ["/pieces", "/whole"])
def test_who_never_reads_an_answer_is_cut_off(
    server: BackgroundServer, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    bounded(monkeypatch, answer_taken=LIMITS.answer_taken / 200)
    before = sockets()
    with ExitStack() as opened:
        for _ in range(5):
            opened.enter_context(closing(unread(server, path)))

        assert comes_true(lambda: sockets() == before + 5)  # their own ends, and none of ours


def test_who_closes_after_an_answer_that_nobody_reads_is_cut_off_too(
    server: BackgroundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded(monkeypatch, answer_taken=LIMITS.answer_taken / 200)
    before = sockets()
    with closing(unread(server, "/whole", "connection: close")):
        assert comes_true(lambda: sockets() == before + 1)


class Slowly(asyncio.Transport):
    """A connection of which some octets are taken between any two looks at what waits."""

    def __init__(self, *, takes: int) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.waiting, self.takes, self.aborted = LARGE, takes, asyncio.Event()

    def get_write_buffer_size(self) -> int:
        self.waiting -= self.takes
        return self.waiting

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        """There is nothing to close."""

    def abort(self) -> None:
        self.aborted.set()


def test_who_takes_a_little_at_a_time_is_waited_for_until_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch, answer_taken=LIMITS.answer_taken / 6000)

    async def taken() -> int:
        config = server_config(generous)
        config.load()
        slow = Slowly(takes=PIECE)
        protocol = BoundedProtocol(config=config, server_state=ServerState(), app_state={})
        protocol.connection_made(slow)
        protocol.pause_writing()
        while slow.waiting > LARGE - 20 * PIECE:
            await asyncio.sleep(0)
            assert not slow.aborted.is_set()
        slow.takes = 0
        await asyncio.wait_for(slow.aborted.wait(), PATIENCE)
        protocol.connection_lost(None)
        return slow.waiting

    assert asyncio.run(taken()) <= LARGE - 20 * PIECE


@pytest.mark.parametrize("path", ["/pieces", "/whole"])
def test_many_who_never_read_keep_nobody_out_and_leave_nothing_open(
    server: BackgroundServer, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    bounded(monkeypatch, connections=4, gives_way=LIMITS.gives_way / 200)
    before = sockets()
    with ExitStack() as opened:
        for _ in range(20):
            opened.enter_context(closing(unread(server, path)))
            assert comes_true(lambda: answered(server))

        assert comes_true(lambda: sockets() <= before + 20 + 4)


@pytest.mark.parametrize("begun", [b"P", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nabcd"])
def test_many_who_never_ask_to_the_end_keep_nobody_out(
    server: BackgroundServer, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    bounded(monkeypatch, connections=4, gives_way=LIMITS.gives_way / 200, request_arrival=240 * LIMITS.request_arrival)
    with ExitStack() as opened:
        for _ in range(20):
            opened.enter_context(closing(connect(server))).sendall(begun)
            assert comes_true(lambda: answered(server))
