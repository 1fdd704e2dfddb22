"""The one process that writes a node's log for all its workers: it listens on a Unix socket, and does nothing else.

Decides who is answered: whoever can reach the socket, which lies in a folder of this node alone. A connection that says
anything but leaves is closed. Nothing is answered before a disk has the leaf, in whatever order they are done.
"""

import asyncio
from pathlib import Path

from idbridge.errors import EvidenceError, RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.evidence.frames import FrameError, Outgoing, read_frame, read_leaf, refused_frame, written_frame
from idbridge_gateway.evidence.line import OwnLine
from idbridge_gateway.journal import JOURNAL

_UNRECORDED = "system.unrecorded"


class LogServer:
    """Serves ``line`` at ``socket``."""

    def __init__(self, line: OwnLine, socket: Path) -> None:
        self._line = line
        self._socket = socket
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: dict[asyncio.StreamWriter, Outgoing] = {}
        self._server: asyncio.Server | None = None

    async def begin(self) -> None:
        """Listen, in the place of whoever listened there before."""
        self._socket.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._served, str(self._socket), limit=LIMITS.log_frame_bytes)
        self._socket.chmod(0o600)

    async def end(self) -> None:
        """Listen no longer, and answer those who asked; whoever made the line closes it."""
        if self._server is not None:
            self._server.close()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for writer, outgoing in self._writers.items():
            outgoing.send()
            writer.close()

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one worker until it leaves."""
        outgoing = self._writers[writer] = Outgoing(writer)
        try:
            while True:
                asked = await read_frame(reader)
                task = asyncio.create_task(self._written(asked, writer, outgoing))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except FrameError:
            pass
        finally:
            del self._writers[writer]
            writer.close()

    async def _written(self, asked: dict[str, object], writer: asyncio.StreamWriter, outgoing: Outgoing) -> None:
        try:
            number, kind, members, opening = read_leaf(asked)
        except FrameError:
            JOURNAL.error("a worker asked the writer of the log for no leaf")
            writer.close()
            return
        try:
            answer = written_frame(number, await self._line.append(kind, members, opening=opening))
        except RequestError as refused:
            answer = refused_frame(number, refused.code)
        except EvidenceError as refused:
            JOURNAL.error("a leaf cannot be made: %s", refused)
            answer = refused_frame(number, _UNRECORDED)
        outgoing.put(answer)
