"""Workers: several processes of one node that answer on one socket.

Each makes its own application from the settings and takes up trust material by itself; what counts once they share in
Redis. The process that began them answers nobody. A worker that ends by itself is told in the journal and begun anew
after a pause; the others answer meanwhile. Told to end, the node lets every worker give its last answers. Where the
process that began them is killed, the workers end too: nobody would begin them anew.
"""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from logging import INFO
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from threading import Thread
from typing import Final

from idbridge.clock import Stopwatch, SystemStopwatch
from idbridge.errors import IdBridgeError
from idbridge_gateway.app import create_app
from idbridge_gateway.journal import JOURNAL, write_to_stderr
from idbridge_gateway.serving import SHUTDOWN_SECONDS, AnnouncingServer, server_config
from idbridge_gateway.settings import Settings

PAUSE_SECONDS: Final = 1.0  # before a worker begins anew, so that one that cannot begin keeps nobody busy
_SPAWN: Final = get_context("spawn")  # nothing of the parent is shared: neither threads nor sessions of a token


@dataclass(slots=True)
class _Workers:
    """The workers of one node, by number; ``due`` says when one that ended begins anew."""

    settings: Settings
    listener: socket.socket
    stopwatch: Stopwatch
    running: dict[int, SpawnProcess] = field(default_factory=dict)
    due: dict[int, float] = field(default_factory=dict)

    def begin(self, number: int) -> None:
        """Begin a worker."""
        self.due.pop(number, None)
        process = _SPAWN.Process(target=_work, args=(self.settings, self.listener, number), name=f"worker-{number}")
        process.start()
        self.running[number] = process

    def look(self) -> None:
        """See who ended, and let those begin anew who are due."""
        for number, process in [*self.running.items()]:
            if not process.is_alive():
                JOURNAL.error("worker %d ended with %s and begins anew", number, process.exitcode)
                del self.running[number]
                self.due[number] = self.stopwatch.seconds() + PAUSE_SECONDS
        for number in [number for number, at in self.due.items() if at <= self.stopwatch.seconds()]:
            self.begin(number)

    def end(self) -> None:
        """Let every worker give its last answers; whoever takes too long is ended."""
        for process in self.running.values():
            process.terminate()
        until = self.stopwatch.seconds() + SHUTDOWN_SECONDS + 1
        for process in self.running.values():
            process.join(max(0.0, until - self.stopwatch.seconds()))
        for process in self.running.values():
            if process.is_alive():
                process.kill()
                process.join()


def serve_in_workers(settings: Settings, *, listener: socket.socket) -> None:
    """Serve in as many processes as ``settings`` say until this one is told to end."""
    workers = _Workers(settings, listener, SystemStopwatch())
    with _told_to_end() as told:
        try:
            for number in range(1, settings.workers + 1):
                workers.begin(number)
            while told not in wait([told, *(one.sentinel for one in workers.running.values())], PAUSE_SECONDS):
                workers.look()
        finally:
            workers.end()


@contextmanager
def _told_to_end() -> Iterator[socket.socket]:
    """Yield a socket that can be read once this process was told to end."""
    heard, hearing = socket.socketpair()
    hearing.setblocking(False)  # noqa: FBT003 - the standard library's own parameter
    ends = (signal.SIGTERM, signal.SIGINT)
    before = {end: signal.signal(end, lambda *_: None) for end in ends}
    wakeup = signal.set_wakeup_fd(hearing.fileno())
    try:
        yield heard
    finally:
        signal.set_wakeup_fd(wakeup)
        for end, handler in before.items():
            signal.signal(end, handler)
        heard.close()
        hearing.close()


def _work(settings: Settings, listener: socket.socket, number: int) -> None:
    """Be one worker, until told to end or until the process that began this one is gone."""
    write_to_stderr(INFO, worker=number)
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        app = create_app(settings)
    except IdBridgeError as error:
        JOURNAL.error("worker %d cannot begin: %s", number, error)
        raise SystemExit(1) from None
    server = AnnouncingServer(server_config(app), announce=lambda: JOURNAL.info("answers, process %d", os.getpid()))
    with suppress(KeyboardInterrupt):  # a terminal tells the workers too; they have given their last answers by now
        server.run(sockets=[listener])


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
