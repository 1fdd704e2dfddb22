"""Being ended: a signal ends a command from within, so that what it made and started for itself goes with it."""

import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from idbridge.conformance.scratch import remove
from idbridge.conformance.targets.process import ENDING, undisturbed

_BY_SIGNAL: Final = 128  # and its number: how every shell says what ended a command


def _over(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(_BY_SIGNAL + number)


@contextmanager
def folder_of_a_run(prefix: str) -> Iterator[Path]:
    """Give a new folder for all that is made below it, temporary files too, and remove it whatever ends the block.

    A signal that asks for an end raises ``SystemExit`` within the block. While the folder is removed it waits.
    """
    before = tempfile.tempdir
    with _ended_by_signals():
        folder = tempfile.mkdtemp(prefix=prefix)
        try:
            tempfile.tempdir = folder
            yield Path(folder)
        finally:
            tempfile.tempdir = before
            with undisturbed():
                remove(Path(folder))


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only that one can be told
        yield
        return
    before = {one: signal.signal(one, _over) for one in ENDING}
    try:
        yield
    finally:
        for one, what in before.items():
            signal.signal(one, what)
