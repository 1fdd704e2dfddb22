"""Serving: how an application meets a socket, in the foreground of a process or beside other work in it."""

import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread, Timer
from types import FrameType, TracebackType
from typing import Any, Final

import uvicorn

from idbridge.errors import ConfigurationError
from idbridge_gateway.transport import BoundedProtocol

LOOPBACK: Final = "127.0.0.1"
# Longer than a proxy in front keeps a connection idle, so that it is never we who close one it is about to use.
KEEP_ALIVE_SECONDS: Final = 75
SHUTDOWN_SECONDS: Final = 10


def server_config(app: Any) -> uvicorn.Config:
    """Return how ``app`` is served: no access log, no server name, no proxy's word believed, no websocket."""
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes any that is free.

    Raises:
        ConfigurationError: The address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host} port {port}: {error.strerror}") from None


def address_of(listener: socket.socket) -> str:
    """Return the address at which browsers on this machine reach what ``listener`` serves."""
    return f"http://{LOOPBACK}:{listener.getsockname()[1]}"


@dataclass(frozen=True, slots=True)
class Drain:
    """What comes between being told to end and no longer listening: ``begin`` says so, and ``seconds`` go by.

    Who sends requests to a node asks it whether it is ready, and has to be told before a connection is refused.
    """

    begin: Callable[[], None]
    seconds: float


def on_this_machine(host: str) -> str:
    """Return the address at which this machine reaches who listens on ``host``, which may stand for all of its own."""
    return {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104 - what it listens on, not where we listen


def reached(listener: socket.socket) -> str:
    """Return the address at which this machine reaches what ``listener`` serves, on whichever of its own it listens."""
    host, port = listener.getsockname()[:2]
    host = on_this_machine(host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve_here(app: Any, *, listener: socket.socket, drain: Drain | None = None) -> None:
    """Serve until the process is told to end, which is no failure.

    The server sends itself the signal once more when it has given its last answers, and would be ended by it.
    """
    before = signal.signal(signal.SIGTERM, _ended)
    try:
        _run(app, listener=listener, drain=drain)
    finally:
        signal.signal(signal.SIGTERM, before)


def _ended(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _run(app: Any, *, listener: socket.socket, drain: Drain | None) -> None:
    AnnouncingServer(server_config(app), announce=lambda: None, drain=drain).run(sockets=[listener])


class BackgroundServer:
    """Serves ``app`` on this machine in a thread of its own, from ``with`` to its end.

    ``listener`` is a socket that listens there already, for who has to know the address before there is an ``app``.
    """

    def __init__(self, app: Any, *, listener: socket.socket | None = None) -> None:
        self._listener = listener or listen(LOOPBACK, 0)
        self._answering = Event()
        self._server = AnnouncingServer(server_config(app), announce=self._answering.set)
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)
        self.url: Final = address_of(self._listener)

    def __enter__(self) -> "BackgroundServer":
        """Return the server once it answers.

        Raises:
            ConfigurationError: It did not start.
        """
        self._thread.start()
        if not self._answering.wait(timeout=SHUTDOWN_SECONDS) or not self._thread.is_alive():
            raise ConfigurationError("a server did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the server and wait for its last answers."""
        self._server.should_exit = True
        self._thread.join()


class AnnouncingServer(uvicorn.Server):
    """A server that says when it answers, and drains before it ends."""

    def __init__(self, config: uvicorn.Config, *, announce: Callable[[], None], drain: Drain | None = None) -> None:
        super().__init__(config)
        self._announce = announce
        self._drain = drain

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer on ``sockets``, and say so."""
        await super().startup(sockets=sockets)
        self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end: say that the node is not ready, and stop to listen after a while; told twice, at once."""
        drain, self._drain = self._drain, None
        if drain is not None:
            drain.begin()
        if drain is None or not drain.seconds:
            super().handle_exit(sig, frame)
            return
        timer = Timer(drain.seconds, super().handle_exit, (sig, frame))
        timer.daemon = True
        timer.start()
