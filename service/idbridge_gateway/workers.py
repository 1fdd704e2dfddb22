"""Workers: several processes of one node that answer on one socket.

Each makes its own application from the settings and takes up trust material by itself; what counts once they share in
Redis. The process that began them answers nobody. A worker that ends by itself is told in the journal and begun anew,
after a pause if it had hardly begun; the others answer meanwhile. Told to end, the node lets every worker give its
last answers. Where the process that began them is killed, the workers end too: nobody would begin them anew. Beside
them one process writes the node's log: while it is gone nothing is released, and it ends after all of them.
"""

import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from logging import INFO
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from threading import Event, Thread
from typing import Final

from idbridge.clock import Stopwatch, SystemStopwatch
from idbridge.errors import IdBridgeError
from idbridge_gateway.app import create_app
from idbridge_gateway.clock_watch import ClockWatch
from idbridge_gateway.evidence.process import reached_by_workers, write_log
from idbridge_gateway.hardening import leave_no_core
from idbridge_gateway.journal import JOURNAL, ended_with_a_line, write_to_stderr
from idbridge_gateway.metrics.gathering import Gathering, tell
from idbridge_gateway.serving import SHUTDOWN_SECONDS, AnnouncingServer, Drain, server_config
from idbridge_gateway.settings import Settings

PAUSE_SECONDS: Final = 1.0  # before a worker begins anew, so that one that cannot begin keeps nobody busy
WRITER: Final = 0  # the number of the process that writes the log, where there is one
SETTLED_SECONDS: Final = 5.0  # after so long it could begin, and whatever ended it need not end it again
# Forked by a process that has imported everything and holds nothing: no worker shares a thread, a socket or a session
# of a token with any other, nor with the process that began them.
FORKING: Final = get_context("forkserver")
_WARM: Final = "idbridge_gateway.warm"
_OF_A_DATABASE: Final = ("idbridge_gateway.registry.store", "idbridge_gateway.registry.log_heads")
FORKING.set_forkserver_preload([_WARM])


def pause_after(ran: float) -> float:
    """Return for how many seconds nobody is begun in the place of who ended after it ``ran`` for so many."""
    return 0.0 if ran >= SETTLED_SECONDS else PAUSE_SECONDS


@dataclass(slots=True)
class _Workers:
    """The workers of one node, by number; ``due`` says when one that ended begins anew.

    Each is let go by the end of a pipe in ``endings``: a signal is lost on whoever has only just been forked.
    """

    settings: Settings
    listener: socket.socket
    stopwatch: Stopwatch
    watch: ClockWatch
    gathering: Gathering
    running: dict[int, ForkServerProcess] = field(default_factory=dict)
    due: dict[int, float] = field(default_factory=dict)
    began: dict[int, float] = field(default_factory=dict)
    endings: dict[int, Connection] = field(default_factory=dict)

    def begin(self, number: int) -> None:
        """Begin a worker."""
        self.due.pop(number, None)
        self.began[number] = self.stopwatch.seconds()
        if number == WRITER:
            self._begin_writer()
            return
        lives = self._let_live(number)
        heard, telling = FORKING.Pipe(duplex=False)
        given = (self.settings, self.listener, number, telling, lives, self.watch)
        process = FORKING.Process(target=_work, args=given, name=f"worker-{number}")
        process.start()
        lives.close()
        telling.close()  # the worker has its own end; while this one is open, its end would not show
        Thread(target=self._hear, args=(number, heard), daemon=True).start()
        self.running[number] = process

    def _begin_writer(self) -> None:
        begun = self._let_live(WRITER)
        heard, telling = FORKING.Pipe(duplex=False)
        given = (self.settings, begun, telling, self.watch)
        process = FORKING.Process(target=write_log, args=given, name="log-writer")
        process.start()
        begun.close()
        telling.close()
        Thread(target=self._hear, args=(WRITER, heard), daemon=True).start()
        self.running[WRITER] = process

    def _let_live(self, number: int) -> Connection:
        """Return what is open until this one is let go, or this process is gone."""
        lives, self.endings[number] = FORKING.Pipe(duplex=False)
        return lives

    def _let_go(self, number: int) -> None:
        self.endings.pop(number).close()

    def _hear(self, number: int, pipe: Connection) -> None:
        """Take what a worker tells of itself until it has ended, and keep what it counted."""
        with pipe:
            while self.gathering.take(number, pipe):
                pass
        self.gathering.ended(number)

    def look(self) -> None:
        """See who ended, and let those begin anew who are due."""
        for number, process in [*self.running.items()]:
            if not process.is_alive():
                who = f"worker {number}" if number != WRITER else "the writer of the log"
                JOURNAL.error("%s ended with %s and begins anew", who, process.exitcode)
                del self.running[number]
                self._let_go(number)  # if only the process that forked it has ended, it lives
                now = self.stopwatch.seconds()
                self.due[number] = now + pause_after(now - self.began[number])
        for number in [number for number, at in self.due.items() if at <= self.stopwatch.seconds()]:
            self.begin(number)

    def end(self) -> None:
        """Let every worker give its last answers, and then the writer write; whoever takes too long is ended."""
        writer = self.running.pop(WRITER, None)
        workers = [*self.running.values()]
        for number in self.running:
            self._let_go(number)
        self._wait_for(workers, seconds=self.settings.drain_seconds + SHUTDOWN_SECONDS + 1)
        if writer is not None:
            self._let_go(WRITER)
            self._wait_for([writer], seconds=SHUTDOWN_SECONDS)

    def _wait_for(self, processes: Sequence[ForkServerProcess], *, seconds: float) -> None:
        until = self.stopwatch.seconds() + seconds
        for process in processes:
            process.join(max(0.0, until - self.stopwatch.seconds()))
        for process in processes:
            if process.is_alive():
                process.kill()
                process.join()


def serve_in_workers(settings: Settings, *, listener: socket.socket, gathering: Gathering) -> None:
    """Serve in as many processes as ``settings`` say until this one is told to end; they tell ``gathering``."""
    if settings.database_url is not None:
        FORKING.set_forkserver_preload([_WARM, *_OF_A_DATABASE])
    with reached_by_workers(settings) as (reaching, has_writer), _told_to_end() as told:
        workers = _Workers(reaching, listener, SystemStopwatch(), ClockWatch.begin(), gathering)
        try:
            for number in range(WRITER if has_writer else WRITER + 1, settings.workers + 1):
                workers.begin(number)
            while told not in wait([told, *(one.sentinel for one in workers.running.values())], PAUSE_SECONDS):
                workers.look()
        finally:
            listener.close()  # or connections would be taken after the last worker, and be cut without an answer
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


@ended_with_a_line()
def _work(
    settings: Settings,
    listener: socket.socket,
    number: int,
    telling: Connection,
    lives: Connection,
    watch: ClockWatch,
) -> None:
    """Be one worker, until told to end, let go, or until the process that began this one is gone."""
    hear_of_end(lives)
    leave_no_core()
    write_to_stderr(INFO, worker=number)
    try:
        app = create_app(settings, clock_watch=watch)
    except IdBridgeError as error:
        JOURNAL.error("worker %d cannot begin: %s", number, error)
        raise SystemExit(1) from None
    if number > 1:
        app.state.acts.silence()
        if app.state.cosigning is not None:
            app.state.cosigning.silence()
    parts, ended = app.state.parts, Event()
    drain = Drain(parts.standing.end, settings.drain_seconds)
    announce = partial(JOURNAL.info, "answers, process %d", os.getpid())
    server = AnnouncingServer(server_config(app), announce=announce, drain=drain)
    teller = Thread(target=tell, args=(telling, parts.figures), kwargs={"ended": ended}, daemon=True)
    teller.start()
    with suppress(KeyboardInterrupt):  # a terminal tells the workers too; they have given their last answers by now
        server.run(sockets=[listener])
    ended.set()
    teller.join(SHUTDOWN_SECONDS)


def hear_of_end(lives: Connection) -> None:
    """Let this process hear a signal to end, and end as by one once the other end of ``lives`` is closed."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # which the process that this one was forked from does not hear
    Thread(target=_end_after, args=(lives,), daemon=True).start()


def _end_after(lives: Connection) -> None:
    with suppress(EOFError, OSError):
        lives.recv_bytes()  # nothing is ever sent
    os.kill(os.getpid(), signal.SIGTERM)
