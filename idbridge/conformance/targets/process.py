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
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final

from idbridge.clock import Stopwatch, SystemStopwatch
from idbridge.codec import strict_json
from idbridge.conformance.answer import Fault, FaultKind
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.reasons import Indication

_CHUNK: Final = 64 * 1024
_WORDS: Final = 400  # of what a program complains, the last octets
_STOPWATCH: Final = SystemStopwatch()
_KEEPER: Final = Path(__file__).with_name("keeper.py")
_INHERITS_ORPHANS: Final = os.uname().sysname == "Linux"  # elsewhere whoever begins a new session outlives the question
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

    Whatever it started is ended with it, in whichever session that is (``keeper``).
    """
    telling, told = os.pipe()
    with os.fdopen(telling, "rb") as why:
        try:
            process = _started(command, told)
        except (OSError, ValueError) as unstartable:
            return Fault(FaultKind.UNREACHABLE, f"it cannot be started: {unstartable}")
        finally:
            os.close(told)
        with process:
            try:
                said = _heard(process, until=stopwatch.seconds() + patience.total_seconds(), stopwatch=stopwatch)
            except subprocess.TimeoutExpired:
                said = Fault(FaultKind.HANG, f"it did not end within {patience.total_seconds():g} seconds")
            finally:
                _end_all(process)
        unstarted = why.read(_WORDS).decode("utf-8", "replace")
    return Fault(FaultKind.UNREACHABLE, f"it cannot be started: {unstarted}") if unstarted else said


def _started(command: Sequence[str], told: int) -> "subprocess.Popen[bytes]":
    """Start ``command`` below a keeper, which writes to ``told`` why it cannot be started.

    Raises:
        OSError: Not even the keeper can be started.
        ValueError: A word of the command is none.
    """
    keeper = (sys.executable, "-I", "-S", str(_KEEPER), str(told), str(os.getpid())) if _INHERITS_ORPHANS else ()
    return subprocess.Popen(  # noqa: S603 - whoever runs the suite names the program
        [*keeper, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(told,) if keeper else (),
        start_new_session=True,  # a group of its own, all of which can be ended
    )


def _heard(process: "subprocess.Popen[bytes]", *, until: float, stopwatch: Stopwatch) -> Said | Fault:
    """Return all that ``process`` writes before it ends.

    Raises:
        subprocess.TimeoutExpired: It is not at its end by ``until``.
    """
    written = {process.stdout: b"", process.stderr: b""}
    with selectors.DefaultSelector() as waiting:
        for pipe in (process.stdout, process.stderr):
            waiting.register(_opened(pipe), selectors.EVENT_READ)
        while waiting.get_map():
            left = _left(process, until=until, stopwatch=stopwatch)
            for key, _ in waiting.select(left):
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    waiting.unregister(key.fileobj)
                kept = written[key.fileobj] + chunk  # type: ignore[index]  # the pipes registered above
                written[key.fileobj] = kept if key.fileobj is process.stdout else kept[-_WORDS:]  # type: ignore[index]
            if len(written[process.stdout]) > LIMITS.conformance_answer_bytes:
                return Fault(FaultKind.MALFORMED, f"it wrote more than {LIMITS.conformance_answer_bytes} octets")
    process.wait(_left(process, until=until, stopwatch=stopwatch))
    return Said(process.returncode, written[process.stdout], _complaint(written[process.stderr]))


def _opened(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("a process is started with both of its pipes")
    return pipe


def _left(process: "subprocess.Popen[bytes]", *, until: float, stopwatch: Stopwatch) -> float:
    """Return how many seconds are left.

    Raises:
        subprocess.TimeoutExpired: None are.
    """
    left = until - stopwatch.seconds()
    if left <= 0:
        raise subprocess.TimeoutExpired(process.args, until)
    return left


def _end_all(process: "subprocess.Popen[bytes]") -> None:
    """End the process and all that it started and left behind; a keeper is asked first, who knows all of it."""
    with undisturbed():
        if _INHERITS_ORPHANS:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(LIMITS.conformance_settling.total_seconds())
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


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
