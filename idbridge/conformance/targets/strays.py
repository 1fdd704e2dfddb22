"""Strays: what is left of a program under test that ended its keeper, and would outlive the question.

While a question is asked, this process inherits what loses its parent (prctl(2), PR_SET_CHILD_SUBREAPER), so that such
a program gains nothing. A stray is a child of this process that began later than the keeper and is no keeper itself;
they are looked for only once a keeper ended before its work was done. Decides nothing where there is no Linux.
"""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Final

from idbridge.clock import SystemStopwatch
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS

INHERITED: Final = os.uname().sysname == "Linux"
"""Whether orphans can be inherited; elsewhere whoever begins a new session outlives the question."""
_SUBREAPER: Final = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h
_PARENT: Final = 1  # place of the parent's id in /proc/ID/stat, behind the name
_BEGUN: Final = 19  # and that of when it began
_PAUSE_S: Final = 0.01


@dataclass(slots=True)
class _Kept:
    """The keepers at work in this process."""

    keepers: set[int] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)
    asking: int = 0


_KEPT: Final = _Kept()


@contextmanager
def inheriting() -> Iterator[None]:
    """Let this process inherit orphans until the block ends, in whichever thread the last one does."""
    with _KEPT.lock:
        _KEPT.asking += 1
        _inherit(on=True)
    try:
        yield
    finally:
        with _KEPT.lock:
            _KEPT.asking -= 1
            _inherit(on=_KEPT.asking > 0)


def keeper(start: Callable[[], "subprocess.Popen[bytes]"]) -> "subprocess.Popen[bytes]":
    """Return the keeper that ``start`` starts, which is nobody's stray until it is forgotten. Raises as ``start``."""
    with _KEPT.lock:
        process = start()
        _KEPT.keepers.add(process.pid)
        return process


def forget(keeper: int) -> None:
    """Have done with the process ``keeper``, which has been waited for."""
    with _KEPT.lock:
        _KEPT.keepers.discard(keeper)


def begun(process: int) -> int:
    """Return when ``process``, which nobody waited for yet, began, in ticks since the machine did; 0 if none tells."""
    return next((when for _, when in _told(process)), 0)


def end(since: int) -> None:
    """End all strays that began later than ``since``, and what they leave, until there is none.

    Raises:
        ConfigurationError: There are always more of them.
    """
    stopwatch = SystemStopwatch()
    until = stopwatch.seconds() + LIMITS.conformance_patience.total_seconds()
    while strays := _strays(since):
        if stopwatch.seconds() >= until:
            raise ConfigurationError("what the program started cannot be ended")
        for stray in strays:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(stray, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(stray, os.WNOHANG)
        Event().wait(_PAUSE_S)


def _strays(since: int) -> list[int]:
    if not INHERITED:
        return []
    own = os.getpid()
    with _KEPT.lock:
        there = [int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit()]
        return [
            one
            for one in there
            for parent, when in _told(one)
            if parent == own and when > since and one not in _KEPT.keepers
        ]


def _told(process: int) -> Iterator[tuple[int, int]]:
    """Yield the parent of ``process`` and when it began, nothing if it is gone."""
    with suppress(OSError, IndexError, ValueError):
        words = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        yield int(words[_PARENT]), int(words[_BEGUN])


def _inherit(*, on: bool) -> None:
    if INHERITED:
        ctypes.CDLL(None).prctl(_SUBREAPER, int(on), 0, 0, 0)
