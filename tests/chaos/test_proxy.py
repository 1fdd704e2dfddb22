"""The fault proxy itself: each spoil does what its row relies on."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from threading import Thread

import pytest

from tests.chaos.proxy import WHOLE, FaultProxy, Spoil, fault_proxy


@pytest.fixture(scope="module")
def proxy() -> Iterator[FaultProxy]:
    """A proxy before a server that sends back what it is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=echoing, args=(listening,), daemon=True).start()
        with fault_proxy(listening.getsockname()[1]) as proxy:
            yield proxy


def echoing(listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        Thread(target=echo, args=(connection,), daemon=True).start()


def echo(connection: socket.socket) -> None:
    with connection:
        try:
            while octets := connection.recv(4_096):
                connection.sendall(octets)
        except OSError:
            return


def opened(proxy: FaultProxy, *, seconds: float = 10) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=seconds)


def asked_for_ever(proxy: FaultProxy) -> None:
    """Ask until the connection is reset; what comes back meanwhile is nothing."""
    with closing(opened(proxy)) as connection:
        while asked(connection, b"x") == b"":
            continue


def asked(connection: socket.socket, octets: bytes) -> bytes:
    connection.sendall(octets)
    return connection.recv(4_096)


def test_it_brings_everything_when_nothing_is_spoilt(proxy: FaultProxy) -> None:
    proxy.become(WHOLE)
    with closing(opened(proxy)) as connection:
        assert asked(connection, b"whole") == b"whole"


def test_a_reset_ends_a_connection(proxy: FaultProxy) -> None:
    proxy.become(Spoil(reset=True))
    with pytest.raises(ConnectionError):
        asked_for_ever(proxy)


def test_what_is_cut_is_cut_where_it_says(proxy: FaultProxy) -> None:
    proxy.become(Spoil(cut_after=3))
    with closing(opened(proxy)) as connection:
        assert asked(connection, b"abcdef") == b"abc"


def test_a_blackhole_brings_nothing_until_it_ends(proxy: FaultProxy) -> None:
    proxy.become(Spoil(blackhole=True))
    with closing(opened(proxy, seconds=0.3)) as connection:
        with pytest.raises(TimeoutError):
            asked(connection, b"late")
        connection.settimeout(10)
        proxy.become(WHOLE)
        assert connection.recv(4) == b"late"


def test_what_is_late_is_as_late_as_it_says_and_a_drip_is_slow(proxy: FaultProxy) -> None:
    for spoil, least in ((Spoil(latency=0.1), 0.2), (Spoil(drip=20), 0.2)):
        proxy.become(spoil)
        with closing(opened(proxy)) as connection:
            began = time.monotonic()
            connection.sendall(b"slow")
            told = b""
            while len(told) < 4:
                told += connection.recv(4)
            assert told == b"slow"
            assert time.monotonic() - began >= least


def test_connections_that_are_open_can_be_cut(proxy: FaultProxy) -> None:
    proxy.become(WHOLE)
    with closing(opened(proxy)) as connection:
        assert asked(connection, b"x") == b"x"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
