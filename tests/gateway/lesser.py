"""Runs a program of Python without the right to look into others, as an account that is not root never has it.

That right (CAP_SYS_PTRACE) passes over what a process says of itself. Only what root may not do tells what an account
may not that runs a node. Whoever is not root has nothing to give up.
"""

import ctypes
import os
import sys
from pathlib import Path

_PR_CAPBSET_DROP = 24
_CAP_SYS_PTRACE = 19
LESSER = (sys.executable, str(Path(__file__).resolve()))


def begin(*arguments: str) -> None:
    """Give the right up, and become the program."""
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_SYS_PTRACE, 0, 0, 0)
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - the very interpreter that runs this


if __name__ == "__main__":
    begin(*sys.argv[1:])
