"""Hardening: what a serving process gives up before it answers anybody: to leave its memory behind on a disk.

A core dump would hold keys and what people sent. The bound on its size says so to the kernel, and a process that is
not dumpable can be neither dumped nor read by another of the same account (prctl(2), ``PR_SET_DUMPABLE``; ASVS 5.0
section 13.3). A process that is begun by ``exec`` is dumpable again, so each worker says so for itself.
"""

import ctypes
import resource
from typing import Final

_PR_GET_DUMPABLE: Final = 3
_PR_SET_DUMPABLE: Final = 4


def leave_no_core() -> None:
    """Let this process leave no core dump, and let no other of its account read its memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)


def leaves_no_core() -> bool:
    """Tell whether this process leaves no core dump."""
    return resource.getrlimit(resource.RLIMIT_CORE) == (0, 0) and _prctl(_PR_GET_DUMPABLE, 0) <= 0


def _prctl(option: int, argument: int) -> int:
    """Call prctl(2); -1 where the system has none."""
    call = getattr(ctypes.CDLL(None), "prctl", None)
    return int(call(option, argument, 0, 0, 0)) if call is not None else -1
