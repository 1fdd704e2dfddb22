"""The wire: bytes that are no HTTP, heads without end, clients that never finish."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import pytest

from idbridge.limits import LIMITS
from idbridge_gateway import transport
from idbridge_gateway.serving import BackgroundServer

PATIENCE = 20.0


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer the start-up, and every request with the number of octets of its body; `/early` does not read it."""
    if scope["type"] == "lifespan":
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})
        return
    size, more = 0, scope["path"] != "/early"
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    body = b"%d" % size
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def server() -> Iterator[BackgroundServer]:
    with BackgroundServer(echo) as running:
        yield running


def connect(server: BackgroundServer) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def to_the_end(connection: socket.socket) -> bytes:
    """Everything that comes until the server closes."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def poured(connection: socket.socket, piece: bytes, *, at_most: int) -> int:
    """How many pieces the server lets a client send before it ends the connection."""
    for count in range(at_most):
        try:
            connection.sendall(piece)
        except ConnectionError:
            return count
    return at_most


def post(size: int, *, path: str = "/") -> bytes:
    return b"POST %b HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % (path.encode(), size)


@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is TLS\r\n\r\n",
        b"GET / HTTP/9.9\r\nhost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost : a\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n",
    ],
)
def test_bytes_that_are_no_http_get_a_problem_and_the_end_of_the_connection(
    server: BackgroundServer, octets: bytes
) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(octets)
        head, _, body = to_the_end(connection).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["code"] == "input.request_malformed"


def test_a_head_without_end_is_cut_off(server: BackgroundServer) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n")
        line = b"x-filler: " + b"a" * LIMITS.request_head_bytes + b"\r\n"

        assert poured(connection, line, at_most=1_000) < 1_000


def test_a_head_within_its_bound_is_read(server: BackgroundServer) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n")
        connection.sendall(b"x-filler: " + b"a" * (LIMITS.request_head_bytes - 100) + b"\r\n\r\n")

        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_head_beyond_its_bound_is_refused_also_when_it_comes_in_one_piece(server: BackgroundServer) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nx-filler: " + b"a" * LIMITS.request_head_bytes + b"\r\n\r\n")

        assert to_the_end(connection).startswith(b"HTTP/1.1 400 ")


def test_a_body_that_comes_in_the_same_piece_as_the_end_of_a_head_does_not_count_for_it(
    server: BackgroundServer,
) -> None:
    size = 2 * LIMITS.request_head_bytes
    head = post(size)
    with closing(connect(server)) as connection:
        connection.sendall(head[:-2])
        assert poured(connection, head[-2:] + b"a" * size, at_most=1) == 1

        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_never_finishes_is_cut_off(server: BackgroundServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LIMITS", replace(LIMITS, request_arrival=LIMITS.request_arrival / 75))

    for begun in (b"", b"POST / HT", b"POST / HTTP/1.1\r\nhost:", post(5), post(5) + b"abcd"):
        with closing(connect(server)) as connection:
            connection.sendall(begun)

            assert to_the_end(connection) == b""


def test_a_second_request_has_to_arrive_in_time_too(server: BackgroundServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LIMITS", replace(LIMITS, request_arrival=LIMITS.request_arrival / 75))

    with closing(connect(server)) as connection:
        connection.sendall(post(1) + b"a" + post(5) + b"abcd")

        assert to_the_end(connection).endswith(b"\r\n\r\n1")


def test_what_follows_an_early_answer_is_thrown_away_up_to_a_bound(server: BackgroundServer) -> None:
    pieces = (LIMITS.batch_body_bytes + 4 * LIMITS.discarded_bytes) // 65536
    with closing(connect(server)) as connection:
        connection.sendall(post(pieces * 65536, path="/early"))
        answer = connection.recv(65536)

        assert answer.startswith(b"HTTP/1.1 200 ")
        assert poured(connection, bytes(65536), at_most=pieces) < pieces


def test_a_connection_serves_one_request_after_another(server: BackgroundServer) -> None:
    with closing(connect(server)) as connection:
        for size in (0, 1, 70_000):
            connection.sendall(post(size) + bytes(size))

            assert connection.recv(65536).endswith(b"\r\n\r\n%d" % size)


def test_an_upgrade_is_ignored(server: BackgroundServer) -> None:
    request = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    with closing(connect(server)) as connection:
        connection.sendall(request)

        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_an_offer_to_change_the_protocol_is_ignored_and_the_body_read(server: BackgroundServer) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAEAAEAA\r\nContent-Length: 5\r\n\r\n12345"
        )
        answer = to_the_end(connection)

    assert (answer[:12], answer[-1:], answer.count(b"HTTP/1.1")) == (b"HTTP/1.1 200", b"5", 1)


def test_a_body_behind_an_offer_seen_too_late_is_never_read_as_a_request(server: BackgroundServer) -> None:
    hidden = b"GET /early HTTP/1.1\r\nHost: h\r\n\r\n"
    with closing(connect(server)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nConnection: upgrade, close\r\nUp")
        connection.sendall(b"grade: h2c\r\nContent-Length: %d\r\n\r\n%b" % (len(hidden), hidden))
        answer = to_the_end(connection)

    # On a busy machine the two pieces arrive as one: the offer is seen in time, and the body counts as a body.
    refused = answer.startswith(b"HTTP/1.1 400") and b"input.request_malformed" in answer
    read_as_body = answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"\r\n\r\n%d" % len(hidden))
    assert refused or read_as_body
    assert len(re.findall(rb"HTTP/1\.1 \d{3} ", answer)) == 1


ASKED = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"


@pytest.fixture
def few(server: BackgroundServer, monkeypatch: pytest.MonkeyPatch) -> BackgroundServer:
    """The server, with room for four connections."""
    monkeypatch.setattr(transport, "LIMITS", replace(LIMITS, connections=4, gives_way=1_800 * LIMITS.gives_way))
    return server


def is_answered(connection: socket.socket) -> bool:
    connection.sendall(ASKED)
    return connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_there_is_room_for_more_connections_than_requests() -> None:
    assert LIMITS.connections > LIMITS.requests_at_once


def test_whoever_waits_longest_without_asking_gives_way_to_whoever_comes(few: BackgroundServer) -> None:
    with ExitStack() as opened:
        idle = [opened.enter_context(closing(connect(few))) for _ in range(3)]
        asking = opened.enter_context(closing(connect(few)))
        assert is_answered(asking)
        late = opened.enter_context(closing(connect(few)))

        assert is_answered(late)
        assert to_the_end(idle[0]) == b""
        assert all(is_answered(one) for one in (*idle[1:], asking))


def test_where_all_ask_whoever_comes_is_let_go_and_nobody_loses_an_answer(few: BackgroundServer) -> None:
    with ExitStack() as opened:
        asking = [opened.enter_context(closing(connect(few))) for _ in range(4)]
        for one in asking:
            one.sendall(b"POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n")
            assert one.recv(65536).startswith(b"HTTP/1.1 100")
        late = opened.enter_context(closing(connect(few)))

        assert to_the_end(late) == b""
        for one in asking:
            one.sendall(b"a")
            assert one.recv(65536).endswith(b"1")
