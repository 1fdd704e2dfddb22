"""The line of a worker to the one process that writes the log, over a Unix socket.

Decides that nothing is taken for written unless that process said so in time: a connection that ends, or a process that
is gone, leaves all who wait unrecorded, and the next leaf looks for it again. One connection serves an event loop.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from weakref import WeakKeyDictionary

from idbridge.errors import RequestError
from idbridge.evidence.errors import UnrecordedError
from idbridge.limits import LIMITS
from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import LeafType, Value
from idbridge_gateway.evidence.frames import FrameError, Outgoing, leaf_frame, read_frame, read_outcome
from idbridge_gateway.evidence.line import Written


@dataclass(slots=True, eq=False)
class _Link:
    """One connection: who waits on it, by number, and what reads it.

    Whoever waits goes away after a while and what they sent does not: a writer that stands still may fill no memory.
    """

    writer: asyncio.StreamWriter
    outgoing: Outgoing
    waiting: dict[int, "asyncio.Future[Written]"] = field(default_factory=dict)
    reading: "asyncio.Task[None] | None" = None
    asked: int = 0
    told: int = 0
    over: bool = False

    @property
    def untold(self) -> int:
        """How many leaves lie between here and the writer; one that stands still takes none of them."""
        return self.asked - self.told

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Tell those who wait what became of their leaves, until the connection is over."""
        try:
            while True:
                told = await read_frame(reader)
                self.told += 1
                outcome = read_outcome(told)
                future = self.waiting.pop(told["n"], None)
                if future is None or future.done():
                    continue
                if isinstance(outcome, Written):
                    future.set_result(outcome)
                else:
                    future.set_exception(outcome)
        except FrameError:
            pass
        finally:
            self.end()

    def end(self) -> None:
        """Let nobody wait any more."""
        self.over = True
        self.writer.transport.abort()  # what was not sent by now is of no use to anybody
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(UnrecordedError("the writer of the log is gone"))
        self.waiting.clear()


class SharedLine:
    """The line to the writer that listens at ``socket``; ``wait`` is how long a leaf may take."""

    def __init__(self, socket: Path, *, wait: timedelta = LIMITS.log_wait) -> None:
        self._socket = socket
        self._wait_s = wait.total_seconds()
        self._linking: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        self._links: WeakKeyDictionary[asyncio.AbstractEventLoop, _Link] = WeakKeyDictionary()
        self._gone = False

    @property
    def is_broken(self) -> bool:
        """Tell whether the writer could not be reached when it was tried last, or its connection has ended since.

        What a loop that is closed had ended with it, and says nothing of the writer.
        """
        return self._gone or any(link.over for loop, link in self._links.items() if not loop.is_closed())

    async def look(self) -> None:
        """Look for the writer again if it is gone."""
        if self.is_broken:
            with suppress(UnrecordedError):
                await self._linked()

    async def append(self, kind: LeafType, members: Mapping[str, Value], *, opening: Opening | None = None) -> Written:
        """Append a leaf; return once a disk has it.

        Raises:
            RequestError: ``system.unrecorded`` or ``system.overloaded``: nothing may be released.
        """
        try:
            async with asyncio.timeout(self._wait_s):
                return await self._asked(kind, members, opening)
        except TimeoutError:
            raise UnrecordedError("the writer of the log did not answer in time") from None

    async def _asked(self, kind: LeafType, members: Mapping[str, Value], opening: Opening | None) -> Written:
        link = self._links.get(asyncio.get_running_loop())
        if link is None or link.over:
            link = await self._linked()
        if link.untold >= LIMITS.log_waiting:
            raise RequestError("system.overloaded", "as many leaves wait for the disk as may")
        link.asked += 1
        number = link.asked
        future: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        link.waiting[number] = future
        link.outgoing.put(leaf_frame(number, kind, members, opening))
        try:
            return await future
        finally:
            link.waiting.pop(number, None)

    async def _linked(self) -> _Link:
        """Return the connection of this loop; of several who look for one at once, one makes it."""
        loop = asyncio.get_running_loop()
        async with self._linking.setdefault(loop, asyncio.Lock()):
            link = self._links.get(loop)
            if link is not None and not link.over:
                return link
            try:
                reader, writer = await asyncio.open_unix_connection(str(self._socket), limit=LIMITS.log_frame_bytes)
            except OSError as gone:
                self._gone = True
                raise UnrecordedError("the writer of the log is gone") from gone
            self._gone = False
            link = self._links[loop] = _Link(writer, Outgoing(writer))
            link.reading = loop.create_task(link.read(reader))
            return link

    async def close(self) -> None:
        """End the connection of this loop."""
        link = self._links.pop(asyncio.get_running_loop(), None)
        if link is not None and link.reading is not None:
            link.reading.cancel()
            with suppress(asyncio.CancelledError):
                await link.reading
