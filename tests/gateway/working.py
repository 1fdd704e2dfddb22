"""A node of several workers, as a shell starts it, with a Redis beside it, and how a test asks one worker alone."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from idbridge.clock import SystemClock, SystemStopwatch
from idbridge.model.randomness import SystemRandomness
from idbridge.sandbox.case import MintedCase
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region
from idbridge_gateway.settings import Settings
from tests.engines import REPOSITORY
from tests.gateway.asking import LOGIN
from tests.gateway.distributed import lay_down, settings_in, the_present_region

PUT_OFF = 503
PATIENCE = 120.0  # seconds that a busy machine may need for what takes one
_COMMAND = [sys.executable, "-c", "from idbridge.cli.main import main; main()"]
_LONGER_WAITS = Path(__file__).parent / "patience"
_STOPWATCH = SystemStopwatch()


def variables(settings: Settings, **more: str) -> dict[str, str]:
    """The environment variables that say what ``settings`` say, and ``more``."""
    said = settings.model_dump(mode="json", exclude_none=True)
    if settings.database_url is not None:
        said["database_url"] = settings.database_url.get_secret_value()  # which a dump does not tell
    return {f"IDBRIDGE_{name.upper()}": str(value) for name, value in (said | more).items()}


def command(*arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What ``idbridge`` says and how it ends, run by a shell of its own."""
    return subprocess.run(
        [*_COMMAND, *arguments], env={**os.environ, **env}, cwd=REPOSITORY, capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip


@dataclass(repr=False)
class Journal:
    """The lines that a node writes, with the seconds at which each came."""

    lines: list[tuple[float, str]] = field(default_factory=list)
    _more: threading.Condition = field(default_factory=threading.Condition)

    def add(self, line: str) -> None:
        with self._more:
            self.lines.append((_STOPWATCH.seconds(), line))
            self._more.notify_all()

    def since(self, mark: int, pattern: str, *, count: int) -> list[tuple[float, re.Match[str]]]:
        """The first ``count`` matches in lines after the first ``mark``; waits for them."""
        with self._more:
            assert self._more.wait_for(lambda: len(self._found(mark, pattern)) >= count, timeout=PATIENCE), self.text
            return self._found(mark, pattern)[:count]

    @property
    def text(self) -> str:
        return "".join(line for _, line in self.lines)

    def _found(self, mark: int, pattern: str) -> list[tuple[float, re.Match[str]]]:
        found = ((at, re.search(pattern, line)) for at, line in self.lines[mark:])
        return [(at, match) for at, match in found if match is not None]


@dataclass(repr=False)
class WorkingNode:
    """A node that answers with several workers."""

    process: subprocess.Popen[str]
    settings: Settings
    region: Region
    directory: Path
    env: Mapping[str, str]
    journal: Journal
    url: str
    workers: dict[int, int]

    def question(self, name: str = LOGIN) -> MintedCase:
        """A question of the catalogue, made now."""
        return mint(case_named(name), region=self.region, at=SystemClock().now(), randomness=SystemRandomness())

    def ask(self, asked: MintedCase, **headers: str) -> httpx2.Response:
        """Ask over a connection of its own."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with httpx2.Client(base_url=self.url, trust_env=False, timeout=PATIENCE) as client:
            return client.post(asked.path, content=asked.body, headers={**asked.headers, **named})

    def answer(self, asked: MintedCase, **headers: str) -> httpx2.Response:
        """Ask as a client does: again, once it may, while a machine that stood still for a moment puts it off."""
        end = time.monotonic() + PATIENCE
        while (answer := self.ask(asked, **headers)).status_code == PUT_OFF and time.monotonic() < end:
            time.sleep(int(answer.headers["retry-after"]))
        return answer

    def get(self, path: str) -> Any:
        with httpx2.Client(base_url=self.url, trust_env=False, timeout=PATIENCE) as client:
            return client.get(path).json()

    @contextmanager
    def only(self, number: int) -> Iterator[None]:
        """Let one worker alone answer: the others stand still."""
        others = [pid for one, pid in self.workers.items() if one != number]
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in others:
                os.kill(pid, signal.SIGCONT)

    def publish(self, *, withdrawn: str) -> float:
        """Publish that a service is withdrawn as of now; return the seconds at which it was there for all."""
        at = max(SystemClock().now().replace(microsecond=0), self.region.made_at)
        self.region = self.region.with_status(withdrawn, "withdrawn", at=at)
        self.region.distribute(self.directory, at=at)
        return _STOPWATCH.seconds()

    def seconds(self) -> float:
        return _STOPWATCH.seconds()


@contextmanager
def working_node(
    directory: Path,
    redis_url: str,
    *,
    workers: int = 4,
    prepare: Callable[[Settings], None] | None = None,
    interpreter: Sequence[str] = (sys.executable,),
    **more: Any,
) -> Iterator[WorkingNode]:
    """Start a node of Thailand that takes its trust by TUF, and end it; ``prepare`` has its files before it starts.

    It waits longer for others than one that serves people.
    """
    region = the_present_region()
    lay_down(directory)
    settings = settings_in(directory, region, **more)
    if prepare is not None:
        prepare(settings)
    env = variables(settings, redis_url=redis_url, workers=str(workers), port="0")
    patient = {
        **os.environ,
        **env,
        "PYTHONPATH": os.pathsep.join((str(_LONGER_WAITS), os.environ.get("PYTHONPATH", ""))),
    }
    journal = Journal()
    with subprocess.Popen(
        [*interpreter, *_COMMAND[1:], "serve"], env=patient, cwd=REPOSITORY, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        reading = threading.Thread(target=_read, args=(process, journal), daemon=True)
        reading.start()
        try:
            ((_, port),) = journal.since(0, r"listens on \S+ port (\d+)", count=1)
            begun = journal.since(0, r"worker (\d+): answers, process (\d+)", count=workers)
            pids = {int(match[1]): int(match[2]) for _, match in begun}
            url = f"http://127.0.0.1:{port[1]}"
            yield WorkingNode(process, settings, region, directory, env, journal, url, pids)
        finally:
            process.terminate()
            try:
                process.wait(timeout=PATIENCE)
            finally:
                process.kill()
                reading.join(timeout=PATIENCE)


def _read(process: subprocess.Popen[str], journal: Journal) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        journal.add(line)


def await_end(pid: int) -> None:
    """Wait until no process has this id any more; one that ended and that nobody has taken note of has ended."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} goes on")
