"""A line to a gateway under test: one connection, octet by octet, so that a request can be cut off, held or repeated.

Decides nothing about answers. What ends before its answer is there is told as such: a gateway may end a connection.
"""

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException, HTTPResponse
from select import select
from threading import Event
from types import MappingProxyType, TracebackType
from typing import Final
from urllib.parse import urlsplit

from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply
from idbridge.conformance.targets.patience import OutOfPatienceError, within
from idbridge.limits import LIMITS
from idbridge.sandbox.case import Exchange

_PORTS: Final = {"http": 80, "https": 443}
_PIECE: Final = 8 * 1024
_PATIENCE: Final = LIMITS.conformance_patience.total_seconds()


class Ended(Exception):
    """The gateway ended the connection before its answer was whole, which may be what it has to do."""


class Line:
    """One connection to the gateway at ``url``.

    Raises:
        NoVerdictError: Nobody listens there.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        try:
            plain = socket.create_connection((host, parts.port or _PORTS[parts.scheme]), timeout=_PATIENCE)
        except OSError as gone:
            raise NoVerdictError(FaultKind.UNREACHABLE, f"no connection: {type(gone).__name__}") from None
        secure = parts.scheme == "https"
        self._socket = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
        self.host: Final = parts.netloc

    def __enter__(self) -> "Line":
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop the connection."""
        self.drop()

    def send(self, octets: bytes) -> None:
        """Send ``octets``.

        Raises:
            Ended: The gateway takes no more.
        """
        try:
            self._socket.sendall(octets)
        except OSError:
            raise Ended from None

    def stream(self, piece: bytes, *, most: int) -> None:
        """Send ``piece`` again and again, until there is something to read, or ``most`` octets were sent.

        Raises:
            Ended: The gateway takes no more.
        """
        for _ in range(0, most, len(piece)):
            if self.has_answer(seconds=0.0):
                return
            self.send(piece)

    def has_answer(self, *, seconds: float) -> bool:
        """Tell whether there is something to read, or the end, within ``seconds``."""
        readable, _, _ = select([self._socket], [], [], seconds)
        return bool(readable)

    def has_ended(self) -> bool:
        """Read what there is, and tell whether it was the end."""
        try:
            return self._socket.recv(_PIECE) == b""
        except OSError:
            return True

    def begin_answer(self) -> None:
        """Wait for the first octet of an answer, and leave it where it is.

        Raises:
            Ended: The connection ended without one.
            NoVerdictError: Nothing came in time.
        """
        try:
            if self._socket.recv(1, socket.MSG_PEEK) == b"":
                raise Ended
        except TimeoutError:
            raise _hang() from None
        except OSError:
            raise Ended from None

    def answer(self) -> Reply:
        """Return the answer to what was sent.

        Raises:
            Ended: The connection ended before it was whole.
            NoVerdictError: Nothing came in time, or more than an answer may be.
        """
        try:
            return within(LIMITS.conformance_patience, self._read)
        except (TimeoutError, OutOfPatienceError):
            raise _hang() from None
        except (OSError, HTTPException):
            raise Ended from None

    def _read(self, _over: Event) -> Reply:
        response = HTTPResponse(self._socket)
        try:
            response.begin()
            body = response.read(LIMITS.conformance_answer_bytes + 1)
        finally:
            response.close()
        missing = response.length is not None and response.length > 0
        if missing and len(body) <= LIMITS.conformance_answer_bytes:
            raise Ended
        if len(body) > LIMITS.conformance_answer_bytes:
            raise NoVerdictError(FaultKind.MALFORMED, "the answer is longer than an answer may be")
        fields = MappingProxyType({name.lower(): value for name, value in response.getheaders()})
        return Reply(response.status, fields, body)

    def drop(self) -> None:
        """End the connection."""
        self._socket.close()


def head_of(exchange: Exchange, *, host: str, more: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """Return the head of a request whose body has the length that it says, unless ``more`` says otherwise."""
    length = {} if "Transfer-Encoding" in more else {"Content-Length": str(len(exchange.body))}
    fields = {"Host": host, "Connection": "close", **exchange.headers, **length, **more}
    lines = [f"{exchange.method} {exchange.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def at_once(url: str, exchanges: Sequence[Exchange]) -> tuple[Reply | None, ...]:
    """Return the answers to requests of which each was sent but for its last octet before the first was sent whole.

    ``None`` stands for a connection that the gateway ended.

    Raises:
        NoVerdictError: Nobody listens there, or answers in time.
    """
    lines: list[Line] = []
    try:
        for exchange in exchanges:
            line = Line(url)
            lines.append(line)
            _quietly(line.send, head_of(exchange, host=line.host) + exchange.body[:-1])
        for line, exchange in zip(lines, exchanges, strict=True):
            _quietly(line.send, exchange.body[-1:])
        return tuple(_answered(line) for line in lines)
    finally:
        for line in lines:
            line.drop()


def _quietly(send: Callable[[bytes], None], octets: bytes) -> None:
    """Send; one that was refused early shows that in its answer."""
    try:
        send(octets)
    except Ended:
        return


def _answered(line: Line) -> Reply | None:
    try:
        return line.answer()
    except Ended:
        return None


def _hang() -> NoVerdictError:
    return NoVerdictError(FaultKind.HANG, f"no whole answer within {_PATIENCE:g} s")
