"""The writer of the log as a process of its own, for a node of several workers.

It ends when the process that began it lets it, or is gone, and not with the workers: they have last answers to give,
and none leaves without its leaf.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from logging import INFO
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from idbridge.errors import IdBridgeError
from idbridge_gateway.clock_watch import ClockWatch, SteadyClock
from idbridge_gateway.evidence.line import OwnLine
from idbridge_gateway.evidence.opening import log_opener
from idbridge_gateway.evidence.writing import LogServer
from idbridge_gateway.hardening import leave_no_core
from idbridge_gateway.journal import JOURNAL, ended_with_a_line, write_to_stderr
from idbridge_gateway.metrics.figures import Figures
from idbridge_gateway.metrics.gathering import TELL_SECONDS, tell
from idbridge_gateway.settings import Settings


@contextmanager
def reached_by_workers(settings: Settings) -> Iterator[tuple[Settings, bool]]:
    """Yield the settings by which workers reach the writer of their log, and whether there has to be one.

    Its socket is in a folder that nobody else may enter, and whose name is short enough for a socket's.
    """
    if settings.log_dir is None or settings.log_socket is not None:
        yield settings, False
        return
    with TemporaryDirectory(prefix="idbridge-") as folder:
        yield settings.model_copy(update={"log_socket": Path(folder) / "log"}), True


@ended_with_a_line()
def write_log(settings: Settings, begun: Connection, telling: Connection, watch: ClockWatch) -> None:
    """Write the log for the workers until the other end of ``begun`` is closed; ``watch`` says if the clock is good.

    What it counts goes through ``telling``.
    """
    leave_no_core()
    write_to_stderr(INFO)
    for one in (signal.SIGTERM, signal.SIGINT):  # they are told to the whole node, whose last answers are to come
        signal.signal(one, signal.SIG_IGN)
    figures, ended = Figures(), Event()
    try:
        line = OwnLine(log_opener(settings, clock=SteadyClock(watch), synced=figures.synced))
        line.begin()
    except IdBridgeError as error:
        JOURNAL.error("the writer of the log cannot begin: %s", error)
        raise SystemExit(1) from None
    told = {"ended": ended, "is_worker": False}
    teller = Thread(target=tell, args=(telling, figures), kwargs=told, daemon=True)
    teller.start()
    if settings.log_socket is not None:
        asyncio.run(_served(line, settings.log_socket, begun))
    line.end()
    ended.set()
    teller.join(TELL_SECONDS)


async def _served(line: OwnLine, socket: Path, begun: Connection) -> None:
    ending = asyncio.Event()
    asyncio.get_running_loop().add_reader(begun.fileno(), ending.set)
    server = LogServer(line, socket)
    await server.begin()
    JOURNAL.info("the writer of the log answers, process %d", os.getpid())
    await ending.wait()
    asyncio.get_running_loop().remove_reader(begun.fileno())
    await server.end()
