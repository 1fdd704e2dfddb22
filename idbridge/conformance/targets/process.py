"""Programs under test: one process for one question, and the one object that it answers with, or how it gave none.

Decides whether a program answered at all: in time, within bounds, with one JSON object, and with an exit code that
says the same as that object. It does not know what was asked, nor whether the answer is right. Exit codes are those of
the house table: 0 accepted or done, 1 refused, 3 undecided; every other end is a crash, however good the object looks.
"""

import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final

from idbridge.clock import Stopwatch, SystemStopwatch
from idbridge.codec import strict_json
from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.targets import strays
from idbridge.conformance.targets.keeper import ENDED
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.reasons import Indication

_CHUNK: Final = 64 * 1024
_WORDS: Final = 400  # of what a program complains, the last octets
_STOPWATCH: Final = SystemStopwatch()
_KEEPER: Final = Path(__file__).with_name("keeper.py")
ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals that ask whoever runs the suite for an end."""
ENDS: Final[Mapping[int, Indication]] = MappingProxyType(
    {0: Indication.PASSED, 1: Indication.FAILED, 3: Indication.INDETERMINATE}
)


@dataclass(frozen=True, slots=True)
class Said:
    """How a process ended and what it wrote; of what it complained, the end."""

    exit_code: int
    output: bytes
    complaint: str


def ask(
    command: Sequence[str],
    arguments: Sequence[str],
    *,
    patience: timedelta = LIMITS.conformance_patience,
    stopwatch: Stopwatch = _STOPWATCH,
) -> Mapping[str, Any] | Fault:
    """Return the object with which ``command`` answers to ``arguments``, or in which way it gives none.

    An object that states an ``indication`` goes with the exit code of that; any other goes with 0. Whatever the
    program started is ended with it.
    """
    said = said_by([*command, *arguments], patience=patience, stopwatch=stopwatch)
    if isinstance(said, Fault):
        return said
    if said.exit_code not in ENDS:
        return Fault(FaultKind.CRASH, f"it ended with {_end(said.exit_code)}{said.complaint}")
    if not said.output.strip():
        return Fault(FaultKind.EMPTY, f"it wrote nothing, and ended with {said.exit_code}{said.complaint}")
    try:
        document = strict_json.parse_object(said.output, max_bytes=LIMITS.conformance_answer_bytes)
    except InputError as unreadable:
        return Fault(FaultKind.MALFORMED, f"it wrote something else than one JSON object: {unreadable.detail}")
    stated = document.get("indication", Indication.PASSED)
    if stated != ENDS[said.exit_code]:
        return Fault(FaultKind.MALFORMED, f"it ended with {said.exit_code}, and its object says another thing")
    return document


def said_by(
    command: Sequence[str], *, patience: timedelta = LIMITS.conformance_patience, stopwatch: Stopwatch = _STOPWATCH
) -> Said | Fault:
    """Return how ``command`` ended and what it wrote, or in which way it never came to an end within bounds.

    Whatever it started is ended with it, in whichever session that is (``keeper``), and although it ends its keeper
    (``strays``).
    """
    telling, told = os.pipe()
    with os.fdopen(telling, "rb") as why, strays.inheriting():
        try:
            process = strays.keeper(partial(_started, command, told))
        except (OSError, ValueError) as unstartable:
            return Fault(FaultKind.UNREACHABLE, f"it cannot be started: {unstartable}")
        finally:
            os.close(told)
        with process:
            hearing = _Hearing(process, why, until=stopwatch.seconds() + patience.total_seconds())
            since = strays.begun(process.pid)
            try:
                return hearing.whole(stopwatch)
            except subprocess.TimeoutExpired:
                return Fault(FaultKind.HANG, f"it did not end within {patience.total_seconds():g} seconds")
            finally:
                with undisturbed():
                    _end_all(process)
                    if not hearing.is_told_of_the_end():
                        strays.end(since)
                    strays.forget(process.pid)


def _started(command: Sequence[str], told: int) -> "subprocess.Popen[bytes]":
    """Start ``command`` below a keeper, which writes to ``told`` why it cannot be started, or that all is ended.

    Raises:
        OSError: Not even the keeper can be started.
        ValueError: A word of the command is none.
    """
    keeper = (sys.executable, "-I", "-S", str(_KEEPER), str(told), str(os.getpid())) if strays.INHERITED else ()
    return subprocess.Popen(  # noqa: S603 - whoever runs the suite names the program
        [*keeper, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(told,) if keeper else (),
        start_new_session=True,  # a group of its own, all of which can be ended
    )


class _Hearing:
    """All that ``process`` writes before it ends, and what its keeper says to ``why``; nobody waits after ``until``."""

    def __init__(self, process: "subprocess.Popen[bytes]", why: IO[bytes], *, until: float) -> None:
        self._process = process
        self._out, self._complaints, self._why = map(_opened, (process.stdout, process.stderr, why))
        self._written = {self._out: b"", self._complaints: b"", self._why: b""}
        self._until = until

    def whole(self, stopwatch: Stopwatch) -> Said | Fault:
        """Return all of it, or in which way there is none.

        Raises:
            subprocess.TimeoutExpired: It is not at its end in time.
        """
        with selectors.DefaultSelector() as waiting:
            for pipe in self._written:
                waiting.register(pipe, selectors.EVENT_READ)
            while waiting.get_map():
                for key, _ in waiting.select(self._left(stopwatch)):
                    if not self._read(key):
                        waiting.unregister(key.fileobj)
                        if key.fileobj is self._why and strays.INHERITED and not self._written[self._why]:
                            return Fault(FaultKind.CRASH, "it ended the process that keeps it")
                if len(self._written[self._out]) > LIMITS.conformance_answer_bytes:
                    return Fault(FaultKind.MALFORMED, f"it wrote more than {LIMITS.conformance_answer_bytes} octets")
        self._process.wait(self._left(stopwatch))
        if self._written[self._why] not in (b"", ENDED):
            words = self._written[self._why].decode("utf-8", "replace")
            return Fault(FaultKind.UNREACHABLE, f"it cannot be started: {words}")
        return Said(self._process.returncode, self._written[self._out], _complaint(self._written[self._complaints]))

    def is_told_of_the_end(self) -> bool:
        """Tell whether the keeper, which has ended, said that it ended all else before, or could not start it."""
        return bool(self._written[self._why] or self._why.read(_WORDS))

    def _read(self, key: selectors.SelectorKey) -> bytes:
        """Return what there is to read, and keep of complaints the end alone."""
        chunk, pipe = os.read(key.fd, _CHUNK), key.fileobj
        kept = self._written[pipe] + chunk  # type: ignore[index]  # one of the pipes registered above
        self._written[pipe] = kept if pipe is self._out else kept[-_WORDS:]  # type: ignore[index]
        return chunk

    def _left(self, stopwatch: Stopwatch) -> float:
        """Return how many seconds are left.

        Raises:
            subprocess.TimeoutExpired: None are.
        """
        left = self._until - stopwatch.seconds()
        if left <= 0:
            raise subprocess.TimeoutExpired(self._process.args, self._until)
        return left


def _opened(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("a process is started with both of its pipes")
    return pipe


def _end_all(process: "subprocess.Popen[bytes]") -> None:
    """End the process and all that it started and left behind; a keeper is asked first, who knows all of it."""
    if strays.INHERITED:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(LIMITS.conformance_settling.total_seconds())
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let signals that ask for an end wait until the block is done, in which something is ended or removed."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(exit_code: int) -> str:
    return str(exit_code) if exit_code >= 0 else f"signal {-exit_code}"


def _complaint(octets: bytes) -> str:
    words = " ".join(octets.decode("utf-8", "replace").split())
    return f": {words}" if words else ""
