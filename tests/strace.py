"""Ending a program, or failing it, at each of its system calls that change something on disk.

Between two such calls the disk does not change, but for files that are opened and still empty; those are seen at the
call that follows. To end a process before it flushes is to end it at its next change: what is written outlives it.
"""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.engines import REPOSITORY, require_engine

CHANGING = (
    "write", "pwrite64", "writev", "ftruncate", "truncate", "rename", "renameat", "renameat2", "link", "linkat",
    "symlink", "symlinkat", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "chmod", "fchmod", "fchmodat",
    "utimensat",
)  # fmt: skip
_LINE = re.compile(r"^\d+\s+(\w+)\(")


@dataclass(frozen=True)
class Program:
    """A Python program of the tests and its arguments."""

    script: Path
    arguments: tuple[str, ...]

    def run(self, *options: str, log: Path) -> int:
        """Run it under strace and return how it ended; a signal as a negative number, as ``subprocess`` says it."""
        ended = subprocess.run(
            [
                str(require_engine("strace")), "-f", "--quiet=all", "-o", str(log), *options,
                sys.executable, "-B", str(self.script), *self.arguments,
            ],
            cwd=REPOSITORY, env={"PYTHONPATH": str(REPOSITORY), "LC_ALL": "C.UTF-8"},
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        return ended.returncode

    def calls(self, names: tuple[str, ...], *, log: Path) -> Iterator[tuple[str, int]]:
        """Run it whole and yield each call of ``names`` that it made, by name and number among those of its name."""
        assert self.run("--seccomp-bpf", "-e", f"trace={','.join(names)}", log=log) == 0
        made = Counter(match[1] for line in log.read_text().splitlines() if (match := _LINE.match(line)))
        return ((name, number) for name, count in made.items() for number in range(1, count + 1))

    def ended_at(self, call: str, number: int, *, log: Path) -> int:
        """Run it and kill it before this call takes effect."""
        return self.run("--seccomp-bpf", "-e", f"inject={call}:signal=KILL:when={number}", log=log)

    def failed_at(self, call: str, number: int, error: str, *, log: Path) -> int:
        """Run it and let this call fail."""
        return self.run("--seccomp-bpf", "-e", f"inject={call}:error={error}:when={number}", log=log)
