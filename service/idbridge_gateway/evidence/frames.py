"""Frames between a worker and the writer of the log: a length and one JSON object, in both directions.

Decides whether octets are a frame. Both ends are processes of one node, and yet each bounds and checks what it reads:
whatever is not a frame ends the connection, and with it nobody is told that a leaf was written.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

from idbridge.codec import base64url, strict_json
from idbridge.errors import InputError, RequestError
from idbridge.evidence.errors import UnrecordedError
from idbridge.limits import LIMITS
from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import LeafType, Value
from idbridge_gateway.evidence.line import Written

_LENGTH_OCTETS: Final = 4
_MAX_DEPTH: Final = 3
_OVERLOADED: Final = "system.overloaded"


class FrameError(Exception):
    """What came is no frame."""


class Outgoing:
    """Frames on their way over one connection: all that are put in one turn of the event loop go as one message.

    A batch of leaves is told at once, and a message for each would be a call of the system for each.
    """

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._frames: list[bytes] = []

    def put(self, octets: bytes) -> None:
        """Send a frame at the end of this turn."""
        self._frames.append(octets)
        if len(self._frames) == 1:
            asyncio.get_running_loop().call_soon(self.send)

    def send(self) -> None:
        """Send what was put, unless nobody listens any more."""
        frames, self._frames = self._frames, []
        if frames and not self._writer.is_closing():
            self._writer.write(b"".join(frames))


def frame(members: Mapping[str, Any]) -> bytes:
    """Return ``members`` as a frame."""
    octets = json.dumps(members, separators=(",", ":")).encode("ascii")
    return len(octets).to_bytes(_LENGTH_OCTETS, "big") + octets


async def read_frame(reader: asyncio.StreamReader) -> dict[str, Any]:
    """Return the next frame.

    Raises:
        FrameError: It is none, or the connection is over.
    """
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH_OCTETS), "big")
        if not 0 < length <= LIMITS.log_frame_bytes:
            raise FrameError
        octets = await reader.readexactly(length)
        return strict_json.parse_object(octets, max_bytes=LIMITS.log_frame_bytes, max_depth=_MAX_DEPTH)
    except (asyncio.IncompleteReadError, ConnectionError, InputError) as over:
        raise FrameError from over


def leaf_frame(number: int, kind: LeafType, members: Mapping[str, Value], opening: Opening | None) -> bytes:
    """Return the frame by which a worker asks for a leaf."""
    opened = None if opening is None else [base64url.encode(opening.key), base64url.encode(opening.assertion)]
    return frame({"n": number, "t": kind.value, "m": dict(members), "o": opened})


def read_leaf(asked: Mapping[str, Any]) -> tuple[int, LeafType, dict[str, Value], Opening | None]:
    """Return what a worker asks for; the members are checked where the leaf is made.

    Raises:
        FrameError: It asks for no leaf.
    """
    try:
        number, members, opened = asked["n"], asked["m"], asked["o"]
        if type(number) is not int or type(members) is not dict:
            raise FrameError
        opening = None if opened is None else Opening(*(base64url.decode(text) for text in opened))
        return number, LeafType(asked["t"]), members, opening
    except (KeyError, TypeError, ValueError, InputError) as strange:
        raise FrameError from strange


def written_frame(number: int, written: Written) -> bytes:
    """Return the frame that tells of a leaf which a disk has."""
    return frame({"n": number, "i": written.index, "r": written.receipt.decode("utf-8")})


def refused_frame(number: int, code: str) -> bytes:
    """Return the frame that tells that no leaf was written."""
    return frame({"n": number, "c": code})


def read_outcome(told: Mapping[str, Any]) -> Written | RequestError:
    """Return what became of a leaf.

    Raises:
        FrameError: It does not say.
    """
    if told.keys() == {"n", "i", "r"} and type(told["i"]) is int and type(told["r"]) is str:
        return Written(told["i"], told["r"].encode("utf-8"))
    if told.keys() == {"n", "c"} and type(told["c"]) is str:
        if told["c"] == _OVERLOADED:
            return RequestError(_OVERLOADED, "as many leaves wait for the disk as may")
        return UnrecordedError("the writer of the log wrote nothing")
    raise FrameError
