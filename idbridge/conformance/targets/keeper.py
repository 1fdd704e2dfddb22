"""``python keeper.py FD PARENT COMMAND ...``: runs a program, and ends all that is left of it, wherever that went.

A program that forks twice and begins a session of its own is nobody's child any more and in no group that its starter
knows. On Linux the keeper is who inherits such orphans (prctl(2), PR_SET_CHILD_SUBREAPER), so that all that the program
ever started is below the keeper, and ends with it, also when PARENT, who started the keeper, is killed
(PR_SET_PDEATHSIG). Ends as the program did. Why it could not start, it writes to FD, else ``ENDED`` once all is ended:
a program that ends its keeper does not let it say so, and cannot say it itself, because a keeper that is not to be
dumped opens its files to nobody.
Imports nothing of this package, because one is started for each question.
"""

import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

_SUBREAPER: Final = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h
_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of the same
_DUMPABLE: Final = 4  # PR_SET_DUMPABLE
_PARENT: Final = 1  # place of the parent's id in /proc/ID/stat, behind the name
_BEGUN: Final = 19  # and that of when it began, in ticks since the machine did
_TRIES: Final = 3
_UNSTARTABLE: Final = 125
ENDED: Final = b"\0"


class _OverError(Exception):
    """Whoever started the keeper waits no longer."""


def kept(command: Sequence[str], telling: int, starter: int) -> int:
    """Return the wait status with which ``command`` ends, after all that it started has ended too.

    All of it ends when the process ``starter`` does.

    Raises:
        OSError: It cannot be started, or the kernel does not let orphans be inherited.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_DUMPABLE, 0, 0, 0, 0)
    if prctl(_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "orphans cannot be inherited")
    os.set_inheritable(telling, False)  # noqa: FBT003 - the library knows no other way
    signal.signal(signal.SIGTERM, _over)
    if prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0) != 0 or os.getppid() != starter:
        raise OSError(ctypes.get_errno(), "whoever asked has ended")
    _let_a_tick_pass()
    program = os.posix_spawnp(command[0], list(command), os.environ, setpgroup=0, setsigdef=[signal.SIGTERM])
    try:
        return _status_of(program)
    except _OverError:
        return signal.SIGKILL
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end_all()
        os.write(telling, ENDED)


def _let_a_tick_pass() -> None:
    """Wait until whatever begins now began later than this process, as the system counts it, which it mostly does."""
    words = Path("/proc/self/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    for _ in range(_TRIES):
        if int(time.clock_gettime(time.CLOCK_BOOTTIME) * ticks) > int(words[_BEGUN]):
            return
        time.sleep(1 / ticks)


def _over(_signal: int, _frame: FrameType | None) -> None:
    raise _OverError


def _status_of(program: int) -> int:
    """Return the wait status of ``program``, and let no orphan that ends meanwhile lie about."""
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == program:
            return status


def _end_all() -> None:
    """End every child, and those that are inherited by that, until there is none."""
    with suppress(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
        while True:
            for child in _children():
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(child, signal.SIGKILL)
            os.waitpid(-1, 0)


def _children() -> Iterator[int]:
    own = str(os.getpid())
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with suppress(OSError):
                stat = (place / "stat").read_text("utf-8", "replace")
                if stat.rpartition(")")[2].split()[_PARENT] == own:
                    yield int(place.name)


def main() -> None:
    """Run the command of the arguments, and end as it does."""
    telling, starter = map(int, sys.argv[1:3])
    try:
        status = kept(sys.argv[3:], telling, starter)
    except OSError as unstartable:
        os.write(telling, str(unstartable).encode("utf-8", "replace"))
        os._exit(_UNSTARTABLE)
    if not os.WIFSIGNALED(status):
        os._exit(os.waitstatus_to_exitcode(status))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):  # of the two signals that nobody can catch
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
    os.kill(os.getpid(), os.WTERMSIG(status))


if __name__ == "__main__":
    main()
