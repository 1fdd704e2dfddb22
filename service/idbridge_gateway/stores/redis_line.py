"""One connection to a server, over which many commands go at once: what spends one-time values costs its packing.

Written by hand over hiredis: a client that is made for everything costs more than the verification it is for
(``python -m benchmarks`` shows it). Answers come in the order of the commands. Whenever anything is left over, missing
or cut off, the connection is given up: an answer that came late would be taken for another's.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast

import hiredis

from idbridge_gateway.stores.redis_server import (
    FIT_BY,
    RUNS_NO_SCRIPTS,
    STATS,
    ServerAddress,
    UnfitServerError,
    require_fit,
    require_nothing_evicted,
)  # fmt: skip
from idbridge_gateway.stores.store_memory import CLOCK, StoreMemory

Command = tuple[bytes | str | int, ...]
_ASKED: Final[tuple[Command, ...]] = tuple(("INFO", section) for section in FIT_BY)
# Last, so that it counts what the commands before it evicted as well: the next of them could spend that once more.
_EVICTED: Final[Command] = ("INFO", STATS)


class RedisLine:
    """A connection to ``address`` that is opened when it is needed. One exchange at a time; the caller sees to it.

    ``memory`` is what this process knows of the store there.
    """

    def __init__(self, address: ServerAddress, memory: StoreMemory) -> None:
        self._address = address
        self._memory = memory
        self._replies: _Replies | None = None

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Return the answers to ``commands``, in their order; one that is refused is an exception among them.

        Raises:
            OSError: The server cannot be reached, or went away; what was sent may have been carried out.
            UnfitServerError: The server may not hold what counts once, or forgot or evicted something, or its clock was
                set ahead, by the time of the last answer. What was sent is carried out then, and not to be believed.
        """
        if self._replies is None or self._replies.lost:
            self._replies = await self._opened()
        since, counting = self._memory.count, self._memory.counting()
        *answers, count, time, stats = await _exchanged(self._replies, (*commands, counting, CLOCK, _EVICTED))
        require_nothing_evicted(stats)
        _require_counted(count)
        try:
            self._memory.hear_time(time)
            self._memory.hear_count(count, since=since)
        except UnfitServerError:
            self._replies.give_up()  # the next connection asks what it still knows
            raise
        return answers

    def close(self) -> None:
        """End the connection."""
        if self._replies is not None:
            self._replies.give_up()

    async def _opened(self) -> "_Replies":
        """Return a connection to a server that was greeted and is fit."""
        loop, address = asyncio.get_running_loop(), self._address
        if address.path:
            _, replies = await loop.create_unix_connection(_Replies, address.path)
        else:
            _, replies = await loop.create_connection(_Replies, address.host, address.port, ssl=address.tls)
        try:
            greeting = _greeting(address)
            answers = await _exchanged(replies, (*greeting, *_ASKED))
            _require_welcome(answers)
            require_fit(*answers[len(greeting) :])
            (recalled,) = await _exchanged(replies, (self._memory.question(),))
            _require_recalled(recalled)
            self._memory.hear(recalled)
        except BaseException:
            replies.give_up()
            raise
        return replies


def _greeting(address: ServerAddress) -> list[Command]:
    """Return what is said first: who this is, and which database is meant."""
    greeting: list[Command] = []
    if address.password:
        names = (address.username,) if address.username else ()
        greeting.append(("AUTH", *names, address.password))
    if address.database:
        greeting.append(("SELECT", address.database))
    return greeting


def _require_welcome(answers: Sequence[Any]) -> None:
    if any(isinstance(answer, Exception) for answer in answers):
        raise ConnectionRefusedError("the server does not let this node in")


def _require_recalled(answer: Any) -> None:
    """Return if a server ran the script by which it says what it remembers; whoever takes a value needs scripts too."""
    if isinstance(answer, Exception):
        words = str(answer)
        if words.startswith("NOPERM") or words.lower().startswith("err unknown command"):
            raise UnfitServerError(RUNS_NO_SCRIPTS)
        raise ConnectionRefusedError("the server does not say what it remembers")


def _require_counted(count: Any) -> None:
    """Return if a server counted a batch: one that is full, or lets nobody count, takes nothing that counts once."""
    if isinstance(count, Exception) and not str(count).startswith("ERR hash value"):
        raise ConnectionRefusedError("the server counts nothing")


def _packed(command: Command) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub means tuples of one word
    return packed


async def _exchanged(replies: "_Replies", commands: Sequence[Command]) -> list[Any]:
    try:
        return await replies.to(b"".join(map(_packed, commands)), count=len(commands))
    except BaseException:  # above all when nobody waits any longer
        replies.give_up()
        raise


class _Replies(asyncio.Protocol):
    """What a server answers on one connection."""

    def __init__(self) -> None:
        self.lost = False
        self._reader = hiredis.Reader()
        self._transport: asyncio.Transport | None = None
        self._awaited: asyncio.Future[list[Any]] | None = None
        self._count = 0
        self._came: list[Any] = []

    async def to(self, octets: bytes, *, count: int) -> list[Any]:
        """Send ``octets`` and return the ``count`` answers to it."""
        if self._transport is None or self.lost or self._awaited is not None:
            raise ConnectionResetError("the connection is not free")
        awaited: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._awaited = awaited
        self._count, self._came = count, []
        self._transport.write(octets)
        return await awaited

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to. The transports of uvloop, on which a node runs, are no subclass of asyncio's."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take answers apart, and give them over once all are there."""
        self._reader.feed(data)
        try:
            answer = self._reader.gets()
            while answer is not False:
                self._came.append(answer)
                answer = self._reader.gets()
        except hiredis.ProtocolError:
            self.give_up()
            return
        if self._awaited is None or len(self._came) > self._count:  # nobody asked
            self.give_up()
        elif len(self._came) == self._count:
            awaited, self._awaited = self._awaited, None
            if not awaited.done():
                awaited.set_result(self._came)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """Tell whoever waits that nothing more will come."""
        self.lost = True
        awaited, self._awaited = self._awaited, None
        if awaited is not None and not awaited.done():
            awaited.set_exception(ConnectionResetError("the server went away"))

    def give_up(self) -> None:
        """Believe nothing more that comes."""
        self.lost = True
        if self._transport is not None:
            self._transport.abort()
