"""Harnesses in one process: ``python -m tests.fuzz.child BOUND NAME...``, and one line of JSON for each of them.

``BOUND`` is what ends it, ``seconds=NUMBER``, or ``inputs=NUMBER`` of those that are tried beside the seeds.

Our code is instrumented while it is imported, so that inputs that reach something new are kept and changed further.
That takes longer than the fuzzing, and so it is done once: each harness runs in a fork, two at a time.
"""

import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["idbridge", "idbridge_gateway"]):
    from tests.fuzz.harness import MEMORY_MB, SLOWEST, Harness
    from tests.fuzz.harnesses import HARNESSES

AT_ONCE: Final = 2
_RUNS: Final = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_LONGEST_SECONDS: Final = 600  # for one harness, on a loaded machine
_TOLD_CHARACTERS: Final = 4_000
_STEP_SECONDS: Final = 0.05


def main(bound: str, names: list[str]) -> None:
    """Fuzz each harness up to a bound and print what came of it."""
    waiting = [harness for harness in HARNESSES if harness.name in names]
    running: list[Fuzzing] = []
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            running.append(Fuzzing(waiting.pop(0), bound))
        for fuzzing in tuple(running):
            status = fuzzing.status()
            if status is not None:
                running.remove(fuzzing)
                print(json.dumps(fuzzing.told(status)), flush=True)  # noqa: T201 - the result
        time.sleep(_STEP_SECONDS)


class Fuzzing:
    """A fork in which one harness is fuzzed, and the folder of what it reads and leaves."""

    def __init__(self, harness: Harness, bound: str) -> None:
        self._harness = harness
        self._folder = Path(tempfile.mkdtemp(prefix="idbridge-fuzz-"))
        seeds = harness.seeds()
        self._seeds = len(seeds)
        (self._folder / "corpus").mkdir()
        for number, seed in enumerate(seeds):
            (self._folder / "corpus" / str(number)).write_bytes(seed[: harness.max_bytes])
        (self._folder / "found").mkdir()
        self._until = time.monotonic() + _LONGEST_SECONDS
        self._process = os.fork()
        if self._process == 0:
            _fuzz(harness, _option(bound, seeds=len(seeds)), self._folder)

    def status(self) -> int | None:
        """How it ended, or ``None`` while it runs; one that takes too long is ended."""
        ended, status = os.waitpid(self._process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() < self._until:
            return None
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        return -signal.SIGKILL

    def told(self, status: int) -> dict[str, object]:
        """What came of it; the folder goes."""
        told = (self._folder / "told").read_text(encoding="utf-8", errors="replace")
        runs = _RUNS.search(told)
        found = [path.read_bytes().hex() for path in (self._folder / "found").iterdir()]
        shutil.rmtree(self._folder)
        good = status == 0 and runs is not None and not found
        return {
            "name": self._harness.name,
            "seeds": self._seeds,
            "tried": int(runs.group(1)) if runs else 0,
            "found": "" if good else told[-_TOLD_CHARACTERS:] or "it ended without a word",
            "input": found[0] if found else None,
        }


def _option(bound: str, *, seeds: int) -> str:
    """The option of libFuzzer, which counts seeds as inputs: where they are many, it would try nothing else."""
    kind, _, number = bound.partition("=")
    return f"-max_total_time={int(number)}" if kind == "seconds" else f"-runs={seeds + int(number)}"


def _fuzz(harness: Harness, option: str, folder: Path) -> None:
    """Become the fuzzer, which ends the process."""
    with (folder / "told").open("wb") as told:
        os.dup2(told.fileno(), 1)
        os.dup2(told.fileno(), 2)
    options = [
        option,
        f"-max_len={harness.max_bytes}",
        f"-timeout={SLOWEST}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-artifact_prefix={folder}/found/",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(folder / "corpus")], harness.fed)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
