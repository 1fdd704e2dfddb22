"""A journal that nobody reads: no line holds up who writes it, and what is dropped is counted."""

import io
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from idbridge.limits import LIMITS
from idbridge_gateway.unblocked import UnblockedHandler
from tests.engines import REPOSITORY


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("journal", logging.INFO, "", 0, text, None, None)


@contextmanager
def unread() -> Iterator[tuple[UnblockedHandler, int]]:
    """A handler before a pipe that is full, and the end from which it could be read."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", closefd=False) as stream:
        os.set_blocking(writing, False)
        filled = 0
        try:
            while True:
                filled += os.write(writing, bytes(4_096))
        except BlockingIOError:
            os.set_blocking(writing, True)
        handler = UnblockedHandler(stream)
        yield handler, reading
        handler.flush()
    os.close(writing)
    os.close(reading)


def test_nobody_waits_for_a_reader_and_lines_beyond_the_bound_are_dropped_and_counted() -> None:
    with unread() as (handler, reading):
        handler.emit(record("the first"))
        for number in range(LIMITS.journal_waiting + 50):
            handler.emit(record(f"line {number}"))

        told = b""
        while b"dropped" not in told:
            told += os.read(reading, 65_536)
        handler.emit(record("the last"))
        while b"the last" not in told:
            told += os.read(reading, 65_536)

    lines = [line for line in told.replace(b"\0", b"").decode().splitlines() if line]
    dropped = next(line for line in lines if line.endswith("lines of the journal were dropped: nobody read it"))
    assert int(dropped.split()[0]) in {49, 50}
    assert lines[0] == "the first"
    assert lines[-1] == "the last"


def test_a_flush_waits_for_a_reader_no_longer_than_the_bound() -> None:
    with unread() as (handler, reading):
        handler.emit(record("unread"))
        began = time.monotonic()
        handler.flush()
        assert time.monotonic() - began >= LIMITS.journal_flush.total_seconds()
        assert not handler._is_idle()
        os.read(reading, 1 << 20)


def test_a_stream_that_was_closed_ends_nothing() -> None:
    stream = io.StringIO()
    handler = UnblockedHandler(stream)
    handler.emit(record("one"))
    handler.flush()
    assert stream.getvalue() == "one\n"
    stream.close()

    handler.emit(record("two"))
    handler.flush()

    assert handler._is_idle()


_ENDS_AT_ONCE = """
import logging, multiprocessing
from idbridge_gateway.journal import JOURNAL, write_to_stderr

def work():
    write_to_stderr(logging.INFO, worker=1)
    JOURNAL.info("answers, process %d", 1)
    raise SystemExit(1)

if __name__ == "__main__":
    write_to_stderr(logging.INFO)
    process = multiprocessing.get_context("spawn").Process(target=work)
    process.start()
    process.join()
    JOURNAL.info("answers, process %d", 2)
"""


def test_what_is_written_last_is_read_though_the_process_ends_at_once(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_ENDS_AT_ONCE)

    ended = subprocess.run(
        [sys.executable, str(program)], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )

    assert [line.partition("gateway")[2] for line in ended.stderr.splitlines()] == [
        " worker 1: answers, process 1", ": answers, process 2",
    ]  # fmt: skip
