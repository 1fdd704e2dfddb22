"""A real Redis on a port of this machine, for as long as a test needs it."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engines import require_engine

_PATIENCE = 120.0
_TRIES = 8


@dataclass(repr=False)
class RedisServer:
    """A server that was started, and how it is reached."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def ask(self, *words: bytes) -> bytes:
        """Send one command in plain RESP and return the first 64 KiB of the answer."""
        command = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
        with socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE) as connection:
            connection.sendall(command)
            return connection.recv(65_536)

    def names(self) -> list[bytes]:
        """Return the names of all that it was given to keep; its own name and count are not among them."""
        lines = self.ask(b"KEYS", b"*").split(b"\r\n")
        return [one for one in lines[2::2] if not one.endswith(b":memory:")]

    def stop(self) -> None:
        """End the server as a crash would; what it wrote to its folder is there still."""
        self.process.kill()
        self.process.wait(timeout=_PATIENCE)


@contextmanager
def redis_server(folder: Path, *options: str, port: int = 0) -> Iterator[RedisServer]:
    """Start a server that evicts nothing and writes down what it is told, unless ``options`` say otherwise; end it."""
    usual = {"--maxmemory-policy": "noeviction", "--appendonly": "yes"}
    fit = [word for name, value in usual.items() if name not in options for word in (name, value)]
    for _ in range(_TRIES):
        server = _begun(folder, port, *fit, *options)
        if _answers(server):
            break
        server.stop()
    else:
        raise RuntimeError("redis-server did not start")
    try:
        yield server
    finally:
        server.stop()


def _begun(folder: Path, port: int, *options: str) -> RedisServer:
    if port == 0:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
    told = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), *options)
    program = require_engine("redis-server")
    process = subprocess.Popen([program, *told], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return RedisServer(process, port)


def _answers(server: RedisServer) -> bool:
    """Tell whether this very server answers; another test may have had a server at its port before it could."""
    own = b"process_id:%d\r\n" % server.process.pid
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and server.process.poll() is None:
        try:
            said = server.ask(b"INFO", b"server")
        except OSError:
            said = b""
        if said.startswith(b"-NOAUTH") or (own in said and server.ask(b"PING").startswith(b"+PONG")):
            return True
        time.sleep(0.02)
    return False
