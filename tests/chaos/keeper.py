"""Keeping real nodes: started as a shell starts them, killed by their own id, started again at the same port."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from idbridge_gateway.settings import Settings
from tests.chaos.load import get, until
from tests.engines import REPOSITORY
from tests.gateway.working import Journal, variables

PATIENCE = 120.0
SERVE = (sys.executable, "-c", "from idbridge.cli.main import main; main()", "serve")
_READY = 200


def free_port() -> int:
    """Return a port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@dataclass(repr=False)
class Keeper:
    """One node and how it is started. ``before`` are the words before its command, as of strace or of a namespace."""

    settings: Settings
    env: Mapping[str, str]
    port: int
    command: Sequence[str] = SERVE
    before: Sequence[str] = ()
    cwd: Path = REPOSITORY
    python: Mapping[str, str] = field(default_factory=dict)
    stderr: int | None = None
    process: subprocess.Popen[str] | None = None
    reading: threading.Thread | None = None
    journal: Journal = field(default_factory=Journal)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self, *, waiting: bool = True) -> float:
        """Start it; return the seconds until it was ready."""
        began = time.monotonic()
        told = self.stderr if self.stderr is not None else subprocess.PIPE
        self.process = subprocess.Popen(
            [*self.before, *self.command], env={**os.environ, **self.env, **self.python}, cwd=self.cwd,
            stdout=subprocess.DEVNULL, stderr=told, text=True, start_new_session=True,
        )  # fmt: skip
        if self.stderr is None:
            self.reading = threading.Thread(target=_read, args=(self.process, self.journal), daemon=True)
            self.reading.start()
        if waiting:
            self.await_ready()
        return time.monotonic() - began

    def await_ready(self, *, within: float = PATIENCE) -> float:
        """Wait until it says that it is ready."""
        return until(self._is_ready, within=within, what=f"not ready\n{self.journal.text[-2_000:]}")

    def _is_ready(self) -> bool:
        assert self.process is None or self.process.poll() is None, self.journal.text[-2_000:]
        return self.ready() == _READY

    def ready(self) -> int:
        """Return the status with which it answers whether it is ready; 0 if it does not answer."""
        return get(self.port, "/readyz", seconds=5).status

    def workers(self) -> dict[int, int]:
        """Return the process of each worker, as last told."""
        told = re.findall(r"worker (\d+): answers, process (\d+)", self.journal.text)
        return {int(number): int(pid) for number, pid in told}

    def kill(self) -> None:
        """End it, and every process that it began, as a power failure would."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=PATIENCE)
            if self.reading is not None:
                self.reading.join(PATIENCE)
            if self.process.stderr is not None:
                self.process.stderr.close()

    def end(self, *, within: float = PATIENCE) -> int:
        """Tell it to end; return how it ended."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=within)


def _read(process: subprocess.Popen[str], journal: Journal) -> None:
    assert process.stderr is not None
    with suppress(ValueError):
        for line in process.stderr:
            journal.add(line)


@contextmanager
def kept(
    settings: Settings, *, start: bool = True, env: Mapping[str, str] | None = None, **more: Any
) -> Iterator[Keeper]:
    """Keep a node of ``settings``; whatever is left of it is ended."""
    port = free_port()
    said = variables(settings, port=str(port), **(env or {}))
    keeper = Keeper(settings, said, port, **more)
    try:
        if start:
            keeper.start()
        yield keeper
    finally:
        keeper.kill()


def seamed(
    *, clock_file: Path | None = None, hosts: Mapping[str, str] | None = None, passing: bool = False
) -> tuple[str, ...]:
    """Return the command of a node whose clock reads ``clock_file``, and for which others stand in for ``hosts``.

    The clock lies, unless the time that it shows is meant to have passed (``passing``).
    """
    seams = {"clock": str(clock_file) if clock_file else None, "hosts": dict(hosts or {}), "passing": passing}
    return (sys.executable, "-m", "tests.chaos.seamed_node", json.dumps(seams))
