"""The line to the writer of the log: a leaf goes in, and its place and receipt come back once a disk has it.

Decides what becomes of a writer that failed: it is closed, and opened again when the next leaf comes, not more often
than once in a pause. The log is opened when the node starts to serve, or with the first leaf. Where several workers
share one writer, ``shared_line`` is what they have instead.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final, Protocol

from idbridge.clock import Stopwatch, SystemStopwatch
from idbridge.errors import ConfigurationError, FetchError
from idbridge.evidence.errors import UnrecordedError
from idbridge.evidence.writer import LogWriter
from idbridge.limits import LIMITS
from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import LeafType, Value
from idbridge_gateway.journal import JOURNAL

_AGAIN_SECONDS: Final = LIMITS.log_reopen_pause.total_seconds()


@dataclass(frozen=True, slots=True)
class Written:
    """A leaf that a disk has: its place in the log, and its receipt as it travels."""

    index: int
    receipt: bytes


class LogLine(Protocol):
    """Where leaves go."""

    async def append(self, kind: LeafType, members: Mapping[str, Value], *, opening: Opening | None = None) -> Written:
        """Append a leaf; return once a disk has it.

        Raises:
            RequestError: ``system.unrecorded`` or ``system.overloaded``: nothing may be released.
        """
        ...

    @property
    def is_broken(self) -> bool:
        """Tell whether, by what was seen last, nothing can be written down."""
        ...

    async def look(self) -> None:
        """Look whether what was broken is whole again; of a line that is whole nothing is asked."""
        ...

    async def close(self) -> None:
        """End what is open."""
        ...


class OwnLine:
    """The line of a node that is one process and writes its log itself; ``open_log`` opens it and may block."""

    def __init__(self, open_log: Callable[[], LogWriter], *, stopwatch: Stopwatch | None = None) -> None:
        self._open_log = open_log
        self._stopwatch = stopwatch or SystemStopwatch()
        self._opening = Lock()
        self._writer: LogWriter | None = None
        self._not_before = 0.0
        self._closed = False
        self._refused = False
        self._reopening = False

    @property
    def is_broken(self) -> bool:
        """Tell whether the writer has failed, or the log could not be opened when it was tried last."""
        writer = self._writer
        return self._refused if writer is None else bool(writer.state().failure)

    async def look(self) -> None:
        """Open the log again if it is broken."""
        if self.is_broken:
            await asyncio.to_thread(self._look_again)

    def begin(self) -> LogWriter:
        """Open the log if it is not open, or if its writer failed. It blocks.

        Raises:
            LogError: The log does not allow to go on.
            FetchError: The store of heads cannot be asked now.
            UnrecordedError: It was tried a moment ago, or the line is closed.
        """
        with self._opening:
            writer = self._writer
            if writer is not None and not writer.state().failure:
                return writer
            if self._closed or self._stopwatch.seconds() < self._not_before:
                raise UnrecordedError("the log is not open")
            self._not_before = self._stopwatch.seconds() + _AGAIN_SECONDS
            if writer is not None:
                JOURNAL.error("the log is opened again: %s", writer.state().failure)
                self._reopening = self._refused = True  # before the writer goes: nobody may take the line for whole
                self._writer = None
            try:
                if writer is not None:
                    writer.close(publishing=False)
                self._refused = True
                self._writer = self._open_log()
                self._refused = False
            finally:
                self._reopening = False
            return self._writer

    async def append(self, kind: LeafType, members: Mapping[str, Value], *, opening: Opening | None = None) -> Written:
        """Append a leaf; return once a disk has it.

        Raises:
            RequestError: ``system.unrecorded`` or ``system.overloaded``: nothing may be released.
        """
        writer = self._writer  # read first: whoever opens the log again says so before they take the writer away
        if self._reopening:  # a disk that failed once may take minutes, and nobody waits for it
            raise UnrecordedError("the log is being opened again")
        try:
            if writer is None:
                writer = await asyncio.to_thread(self.begin)
            recorded = await writer.append(kind, members, opening=opening)
        except UnrecordedError:
            if writer is not None and writer.state().failure and not self._reopening:
                asyncio.get_running_loop().run_in_executor(None, self._look_again)  # this answer is lost already
            raise
        except (ConfigurationError, FetchError) as refused:
            JOURNAL.error("the log cannot be opened: %s", refused)
            raise UnrecordedError("the log cannot be opened") from refused
        return Written(recorded.index, recorded.receipt())

    def _look_again(self) -> None:
        """Open the log for those who come next; this answer is lost."""
        try:
            self.begin()
        except UnrecordedError:
            return
        except (ConfigurationError, FetchError) as refused:
            JOURNAL.error("the log cannot be opened: %s", refused)

    async def close(self) -> None:
        """Write what is in line, publish it, and let others have the log."""
        await asyncio.to_thread(self.end)

    def end(self) -> None:
        """Close the log. It blocks."""
        with self._opening:
            self._closed = True
            if self._writer is not None:
                self._writer.close()
                self._writer = None
