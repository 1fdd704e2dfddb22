"""Connections to addresses that were checked before, all within one deadline.

The name is looked up once; what was checked is what is connected to, so a name server that answers differently the
second time gains nothing. Every wait of a fetch, the look-up included, is paid from the same deadline, so a server
that sends one octet at a time gains nothing either.
"""

import socket
import ssl
import threading
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Protocol

import httpcore2

from idbridge.clock import Stopwatch
from idbridge.errors import FetchError

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class Resolver(Protocol):
    """Who knows the addresses of a host."""

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """Return every address of ``host``.

        Raises:
            OSError: The host has none, or nobody answers.
        """
        ...


class SystemResolver:
    """The name resolution of this machine."""

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """Return every address of ``host``, in the order in which this machine prefers them."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return tuple(dict.fromkeys(str(answer[4][0]) for answer in found))


class Deadline:
    """What is left of the time that one fetch may take."""

    def __init__(self, total: timedelta, stopwatch: Stopwatch) -> None:
        self._stopwatch = stopwatch
        self._end = stopwatch.seconds() + total.total_seconds()

    def remaining(self) -> float:
        """Return the seconds left, more than zero.

        Raises:
            FetchError: There are none.
        """
        left = self._end - self._stopwatch.seconds()
        if left <= 0:
            raise FetchError("the source took too long")
        return left

    def within(self, timeout: float | None) -> float:
        """Return ``timeout`` or what is left, whichever is less.

        Raises:
            FetchError: There is nothing left.
        """
        left = self.remaining()
        return left if timeout is None else min(timeout, left)


def resolve(host: str, port: int, *, resolver: Resolver, deadline: Deadline) -> tuple[str, ...]:
    """Return every address of ``host``; the look-up cannot be interrupted, so it is left behind when time is up.

    Raises:
        FetchError: There is no address, or no answer in time.
    """
    answers: list[tuple[str, ...]] = []

    def look_up() -> None:
        try:
            answers.append(resolver.addresses(host, port))
        except (OSError, UnicodeError):
            answers.append(())

    thread = threading.Thread(target=look_up, name="idbridge-resolver", daemon=True)
    thread.start()
    thread.join(deadline.remaining())
    if not answers:
        raise FetchError(f"no answer in time about the address of {host}")
    if not answers[0]:
        raise FetchError(f"{host} has no address")
    return answers[0]


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects to the given addresses and to no other, whatever host the request names."""

    def __init__(self, addresses: tuple[str, ...], deadline: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.NetworkStream:
        """Return a connection to the first address that accepts one."""
        for address in self._addresses:
            left = self._deadline.within(timeout)
            try:
                stream = self._sockets.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
            return _DeadlineStream(stream, self._deadline)
        raise FetchError(f"{host} accepts no connection")


class _DeadlineStream(httpcore2.NetworkStream):
    """A stream on which every wait ends with the deadline, whatever time-out the caller asks for."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.within(timeout))
        return _DeadlineStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
