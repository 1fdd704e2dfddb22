"""One HTTP/1.1 connection of the oracle: small, so that it is not what a burst of requests waits for."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

_MOST = 4 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """What came back; ``status`` 0 says that nothing whole did."""

    status: int
    headers: Mapping[str, str]
    body: bytes


NOTHING = Answer(0, {}, b"")


class Line:
    """A connection to a port of this machine that is opened when it is needed, and kept while answers are whole."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"", seconds: float
    ) -> Answer:
        """Return the answer that came within so many ``seconds``, or ``NOTHING``."""
        told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {path} HTTP/1.1\r\nhost: node\r\n{told}content-length: {len(body)}\r\n\r\n".encode()
        try:
            async with asyncio.timeout(seconds):
                if self._streams is None:
                    self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=_MOST)
                reader, writer = self._streams
                writer.write(head + body)
                await writer.drain()
                answer = await _read(reader)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError, TimeoutError):
            self.close()
            return NOTHING
        if answer.headers.get("connection") == "close":
            self.close()
        return answer

    def close(self) -> None:
        """End the connection."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *rest = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(int(first.split()[1]), headers, body)
