"""A journal that nobody has to read: lines wait for whoever reads them, up to a bound, and no answer waits with them.

A pipe whose reader has stopped takes 64 KiB and then holds up whoever writes to it, for ever. Decides that the journal
is what is lost then, and that it says how much: what counts as evidence is in the log, not here.
"""

import logging
import os
from collections import deque
from contextlib import suppress
from multiprocessing.util import Finalize
from threading import Condition, Thread
from typing import Final, TextIO

from idbridge.limits import LIMITS

_LAST: Final = 0  # of what a process of several does when it ends


class UnblockedHandler(logging.Handler):
    """Writes lines to ``stream`` in a thread of its own, past the lock that an end of the process would wait for.

    Lines beyond ``LIMITS.journal_waiting`` are dropped, and counted in the next one that is written.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._writing = False
        self._more = Condition()
        Thread(target=self._write, name="journal", daemon=True).start()
        Finalize(None, self.flush, exitpriority=_LAST)  # a process of several ends without what `logging` does at exits

    def emit(self, record: logging.LogRecord) -> None:
        """Take one line; it never waits."""
        line = self.format(record)
        with self._more:
            if len(self._lines) >= LIMITS.journal_waiting:
                self._dropped += 1
            else:
                self._lines.append(line)
            self._more.notify_all()

    def flush(self) -> None:
        """Wait until everything is written, but no longer than ``LIMITS.journal_flush``."""
        with self._more:
            self._more.wait_for(self._is_idle, timeout=LIMITS.journal_flush.total_seconds())

    def _is_idle(self) -> bool:
        return not self._lines and not self._writing

    def _write(self) -> None:
        while True:
            with self._more:
                self._writing = False
                self._more.notify_all()
                self._more.wait_for(lambda: self._lines)
                line, dropped = self._lines.popleft(), self._dropped
                self._dropped, self._writing = 0, True
            told = f"{dropped} lines of the journal were dropped: nobody read it\n" if dropped else ""
            with suppress(OSError, ValueError):  # it was closed; there is nobody to tell
                self._put(f"{told}{line}\n")

    def _put(self, text: str) -> None:
        try:
            descriptor = self._stream.fileno()
        except (OSError, ValueError):  # no file; memory takes it at once
            self._stream.write(text)
            return
        octets = text.encode("utf-8", "backslashreplace")
        while octets:
            octets = octets[os.write(descriptor, octets) :]
