"""A real HTTP server on a free port of this machine, which answers the way a test tells it to."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[socket.socket], None]


def sending(octets: bytes) -> Answer:
    """Answer with ``octets`` as they are, and close."""
    return lambda connection: connection.sendall(octets)


def document(body: bytes, *headers: str, status: str = "200 OK") -> Answer:
    """Answer properly with ``body``."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return sending("\r\n".join(lines).encode() + body)


class Server:
    """What the test asked of the server, and what the server was asked."""

    def __init__(self, listening: socket.socket) -> None:
        self.port: int = listening.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = 0


def _serve(listening: socket.socket, server: Server, answer: Answer, tls: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        server.connections += 1
        with suppress(OSError), connection:
            connection.settimeout(10)
            secured = connection if tls is None else tls.wrap_socket(connection, server_side=True)
            with secured:
                server.requests.append(secured.recv(65_536))
                answer(secured)


@contextmanager
def serving(answer: Answer, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Server]:
    """Serve ``answer`` to every request while the block runs."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listening:
        listening.bind((host, 0))
        listening.listen()
        server = Server(listening)
        thread = threading.Thread(target=_serve, args=(listening, server, answer, tls), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)
