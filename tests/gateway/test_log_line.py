"""The line of a node that writes its log itself: what a writer that failed costs, and that it is opened again."""

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import cast

import pytest

from idbridge.errors import ConfigurationError
from idbridge.evidence.errors import UnrecordedError
from idbridge.evidence.writer import LogWriter
from idbridge.limits import LIMITS
from idbridge.tlog.leaf import LeafType
from idbridge.tlog.note import SignatureLine
from idbridge_gateway.evidence.frames import Outgoing
from idbridge_gateway.evidence.line import OwnLine
from idbridge_gateway.evidence.shared_line import SharedLine
from tests.evidence.kit import Node
from tests.tlog.kit import LOG_SIGNER

START = {"ver": "1"}


@dataclass
class Stopwatch:
    """A stopwatch that is moved by hand."""

    at: float = 100.0

    def seconds(self) -> float:
        """Return where it is."""
        return self.at


def append(line: OwnLine) -> int:
    return asyncio.run(line.append(LeafType.START, START)).index


def says_broken(line: OwnLine) -> bool:
    """What the line says now; it may say otherwise a moment later."""
    return line.is_broken


def test_a_line_whose_log_cannot_be_opened_writes_nothing_and_tries_again_after_a_pause(tmp_path: Path) -> None:
    node, stopwatch = Node(tmp_path / "log"), Stopwatch()
    line = OwnLine(node.open, stopwatch=stopwatch)

    with pytest.raises(UnrecordedError):
        append(line)
    node.begin()
    with pytest.raises(UnrecordedError):  # though it could be opened by now
        append(line)

    stopwatch.at += LIMITS.log_reopen_pause.total_seconds()
    assert append(line) == 0
    line.end()
    with pytest.raises(UnrecordedError):
        append(line)


class Faltering:
    """The key of the log in a token that was taken out once."""

    def __init__(self) -> None:
        self.key = LOG_SIGNER.key
        self.out = False

    def sign(self, text: str, *, at: int | None = None) -> SignatureLine:
        """Sign, if the token is there."""
        if self.out:
            raise ConfigurationError("the token was taken out")
        return LOG_SIGNER.sign(text, at=at)


def test_a_writer_that_failed_is_opened_again_and_the_answer_that_it_cost_is_lost(tmp_path: Path) -> None:
    node, stopwatch, signer = Node(tmp_path / "log").begin(), Stopwatch(), Faltering()
    line = OwnLine(lambda: node.open(signer=signer), stopwatch=stopwatch)
    assert append(line) == 0

    signer.out = True
    with pytest.raises(UnrecordedError):
        append(line)
    signer.out = False
    with pytest.raises(UnrecordedError):
        append(line)

    stopwatch.at += LIMITS.log_reopen_pause.total_seconds()
    with pytest.raises(UnrecordedError):
        append(line)
    assert append(line) == 1
    line.end()


def test_nobody_waits_for_a_log_that_is_opened_again_on_a_disk_that_takes_its_time(tmp_path: Path) -> None:
    node, stopwatch, signer, may_go_on = Node(tmp_path / "log").begin(), Stopwatch(), Faltering(), Event()

    def opened() -> LogWriter:
        if signer.out:
            assert may_go_on.wait(timeout=60)
            signer.out = False
        return node.open(signer=signer)

    async def walked() -> int:
        line = OwnLine(opened, stopwatch=stopwatch)
        await line.append(LeafType.START, START)
        signer.out = True
        stopwatch.at += LIMITS.log_reopen_pause.total_seconds()
        for _ in range(40):  # more than there are threads
            with pytest.raises(UnrecordedError):
                await line.append(LeafType.START, START)
        assert line.is_broken

        may_go_on.set()
        await line.look()
        index = (await line.append(LeafType.START, START)).index
        await line.close()
        return index

    assert asyncio.run(walked()) == 1


class Switched(OwnLine):
    """A line whose log begins to be opened again at the very moment at which somebody looks whether it is."""

    begun = 0
    switching = False

    @property
    def _reopening(self) -> bool:
        was = bool(self.__dict__.get("is_so", False))
        if self.switching:
            self.__dict__["is_so"], self._writer = True, None
        return was

    @_reopening.setter
    def _reopening(self, value: bool) -> None:
        self.__dict__["is_so"] = value

    def begin(self) -> LogWriter:
        """Count who opens it."""
        self.begun += 1
        return super().begin()


def test_who_comes_as_a_log_begins_to_be_opened_again_does_not_wait_for_that(tmp_path: Path) -> None:
    signer = Faltering()
    writer = Node(tmp_path / "log").begin().open(signer=signer)
    signer.out = True
    with pytest.raises(UnrecordedError):
        writer.append_blocking(LeafType.START, START)
    line = Switched(lambda: writer)
    line._writer, line.switching = writer, True

    with pytest.raises(UnrecordedError):
        append(line)

    assert line.begun == 0
    writer.close()


def test_a_line_is_broken_for_as_long_as_its_log_is_being_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, signer, seen = Node(tmp_path / "log").begin(), Faltering(), list[bool]()
    line = OwnLine(lambda: node.open(signer=signer), stopwatch=Stopwatch())
    writer = line.begin()
    signer.out = True
    with pytest.raises(UnrecordedError):
        writer.append_blocking(LeafType.START, START)
    close, line._not_before = writer.close, 0.0

    def closed(**named: bool) -> None:
        seen.append(line.is_broken)
        close(**named)

    monkeypatch.setattr(writer, "close", closed)
    line.begin()

    assert seen == [True]
    line.end()


def test_a_line_whose_log_cannot_be_opened_says_so_until_a_look_finds_it_whole(tmp_path: Path) -> None:
    node, stopwatch = Node(tmp_path / "log"), Stopwatch()
    line = OwnLine(node.open, stopwatch=stopwatch)
    assert not says_broken(line)  # nobody tried

    with pytest.raises(UnrecordedError):
        append(line)
    assert says_broken(line)
    asyncio.run(line.look())
    assert says_broken(line)

    node.begin()
    stopwatch.at += LIMITS.log_reopen_pause.total_seconds()
    asyncio.run(line.look())
    assert not says_broken(line)
    line.end()


def test_a_writer_that_failed_is_told_and_a_look_opens_the_log_without_a_question(tmp_path: Path) -> None:
    node, stopwatch, signer = Node(tmp_path / "log").begin(), Stopwatch(), Faltering()
    line = OwnLine(lambda: node.open(signer=signer), stopwatch=stopwatch)
    append(line)
    signer.out = True
    with pytest.raises(UnrecordedError):
        append(line)
    assert says_broken(line)

    signer.out = False
    stopwatch.at += LIMITS.log_reopen_pause.total_seconds()
    asyncio.run(line.look())

    assert not says_broken(line)
    assert append(line) == 1
    line.end()


def test_a_worker_whose_writer_is_gone_says_so_until_a_look_finds_it(tmp_path: Path) -> None:
    async def held(ended: asyncio.Event, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        ended.set()

    async def walked() -> list[bool]:
        ended = asyncio.Event()
        line = SharedLine(tmp_path / "writer")
        told = [line.is_broken]
        with pytest.raises(UnrecordedError):
            await line.append(LeafType.START, START)
        told.append(line.is_broken)
        await line.look()
        told.append(line.is_broken)
        server = await asyncio.start_unix_server(partial(held, ended), tmp_path / "writer")
        await line.look()
        told.append(line.is_broken)
        await asyncio.sleep(0)  # whoever reads has begun to
        await line.close()
        await ended.wait()
        server.close()
        await server.wait_closed()
        return told

    assert asyncio.run(walked()) == [False, True, True, False]


def test_a_line_that_is_closed_opens_nothing(tmp_path: Path) -> None:
    line = OwnLine(Node(tmp_path / "log").begin().open)
    asyncio.run(line.close())

    with pytest.raises(UnrecordedError):
        append(line)


def test_frames_of_one_turn_go_as_one_message_and_none_to_who_has_left() -> None:
    class Wire:
        def __init__(self) -> None:
            self.messages: list[bytes] = []
            self.left = False

        def is_closing(self) -> bool:
            return self.left

        def write(self, octets: bytes) -> None:
            self.messages.append(octets)

    async def turns() -> list[bytes]:
        wire = Wire()
        outgoing = Outgoing(cast("asyncio.StreamWriter", wire))
        for several in ((b"a", b"b", b"c"), (b"d",)):
            for one in several:
                outgoing.put(one)
            await asyncio.sleep(0)
        outgoing.put(b"e")
        outgoing.send()
        wire.left = True
        outgoing.put(b"f")
        await asyncio.sleep(0)
        return wire.messages

    assert asyncio.run(turns()) == [b"abc", b"d", b"e"]
