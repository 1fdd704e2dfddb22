"""A TCP proxy of the tests' own that spoils what passes through it: late, in drips, cut short, or not at all."""

import asyncio
import random
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

_CHUNK = 65_536
_TICK = 0.02  # seconds between two looks whether a connection that is held back may go on
_RESETS = struct.pack("ii", 1, 0)  # a socket that lingers for no time is reset when it is closed


@dataclass(frozen=True)
class Spoil:
    """What becomes of a connection. ``drip`` is octets per second, ``cut_after`` octets of the answer.

    ``latency`` and up to ``jitter`` more are seconds before each piece goes on, in either direction.
    """

    latency: float = 0.0
    jitter: float = 0.0
    blackhole: bool = False
    reset: bool = False
    drip: int | None = None
    cut_after: int | None = None


WHOLE = Spoil()


@dataclass(repr=False)
class FaultProxy:
    """Takes connections on ``port`` and brings them to ``target``; ``spoil`` may change while they are open."""

    target: int
    port: int = 0
    spoil: Spoil = WHOLE
    seen: int = 0
    _chance: random.Random = field(default_factory=lambda: random.Random(7))
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None

    def become(self, spoil: Spoil, *, cutting: bool = False) -> None:
        """Spoil from now on; ``cutting`` ends what is open, as where a cable is pulled."""
        self.spoil = spoil
        if cutting:
            self.cut()

    def cut(self) -> None:
        """Reset every connection that is open."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for writer in [*self._open]:
            _reset(writer)

    async def taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Bring one connection to its target and back, until either side or the proxy ends."""
        with suppress(asyncio.CancelledError):
            await self._taken(reader, writer)

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen += 1
        self._open.add(writer)
        try:
            if self.spoil.reset:
                _reset(writer)
                return
            there_reader, there = await asyncio.open_connection("127.0.0.1", self.target)
            self._open.add(there)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._carried(reader, there, cut_after=None))
                    both.create_task(self._carried(there_reader, writer, cut_after=self.spoil.cut_after))
            finally:
                self._open.discard(there)
                there.close()
        except* OSError:
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _carried(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, cut_after: int | None
    ) -> None:
        left = cut_after
        while octets := await reader.read(_CHUNK if self.spoil.drip is None else 1):
            await self._held_back(len(octets))
            if left is not None:
                octets, left = octets[:left], left - len(octets[:left])
            writer.write(octets)
            await writer.drain()
            if left == 0:
                _reset(writer)
                return
        with suppress(OSError):
            writer.write_eof()

    async def _held_back(self, octets: int) -> None:
        spoil = self.spoil
        if spoil.latency or spoil.jitter:
            await asyncio.sleep(spoil.latency + self._chance.random() * spoil.jitter)
        if spoil.drip is not None:
            await asyncio.sleep(octets / spoil.drip)
        while self.spoil.blackhole:
            await asyncio.sleep(_TICK)


def _reset(writer: asyncio.StreamWriter) -> None:
    known = writer.get_extra_info("socket")
    if known is not None:
        with suppress(OSError):
            known.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)
    writer.transport.abort()


@contextmanager
def fault_proxy(target: int) -> Iterator[FaultProxy]:
    """Run a proxy before the port ``target`` of this machine, in a thread with a loop of its own."""
    proxy, listening = FaultProxy(target), Event()
    ending: list[asyncio.Event] = []

    async def served() -> None:
        server = await asyncio.start_server(proxy.taken, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        proxy._loop = asyncio.get_running_loop()
        ending.append(asyncio.Event())
        listening.set()
        await ending[0].wait()
        server.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    thread = Thread(target=asyncio.run, args=(served(),), daemon=True)
    thread.start()
    assert listening.wait(120)
    try:
        yield proxy
    finally:
        assert proxy._loop is not None
        proxy._loop.call_soon_threadsafe(ending[0].set)
        thread.join(120)
