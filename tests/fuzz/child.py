"""Harnesses in one process: ``python -m tests.fuzz.child SECONDS NAME...``, and one line of JSON for each of them.

Our code is instrumented while it is imported, so that inputs that reach something new are kept and changed further.
That takes longer than the fuzzing, and so it is done once: each harness runs in a fork.
"""

import json
import os
import re
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

_RUNS: Final = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_SPARE_SECONDS: Final = 60  # for what a fork does beside fuzzing, on a loaded machine
_TOLD_CHARACTERS: Final = 4_000
_STEP_SECONDS: Final = 0.05


def main(seconds: int, names: list[str]) -> None:
    """Fuzz each harness for some seconds and print what came of it."""
    for harness in HARNESSES:
        if harness.name in names:
            with tempfile.TemporaryDirectory() as folder:
                print(json.dumps(_run(harness, seconds, Path(folder))), flush=True)  # noqa: T201 - the result


def _run(harness: Harness, seconds: int, folder: Path) -> dict[str, object]:
    seeds = harness.seeds()
    (folder / "corpus").mkdir()
    for number, seed in enumerate(seeds):
        (folder / "corpus" / str(number)).write_bytes(seed[: harness.max_bytes])
    (folder / "found").mkdir()
    process = os.fork()
    if process == 0:
        _fuzz(harness, seconds, folder)
    status = _ended(process, seconds + _SPARE_SECONDS)
    told = (folder / "told").read_text(encoding="utf-8", errors="replace")
    runs = _RUNS.search(told)
    found = [path.read_bytes().hex() for path in (folder / "found").iterdir()]
    good = status == 0 and runs is not None and not found
    return {
        "name": harness.name,
        "tried": int(runs.group(1)) if runs else 0,
        "found": "" if good else told[-_TOLD_CHARACTERS:] or "it ended without a word",
        "input": found[0] if found else None,
    }


def _fuzz(harness: Harness, seconds: int, folder: Path) -> None:
    """Become the fuzzer, which ends the process."""
    with (folder / "told").open("wb") as told:
        os.dup2(told.fileno(), 1)
        os.dup2(told.fileno(), 2)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={harness.max_bytes}",
        f"-timeout={SLOWEST}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-artifact_prefix={folder}/found/",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(folder / "corpus")], harness.fed)
    atheris.Fuzz()


def _ended(process: int, seconds: float) -> int:
    """Wait for a fork, and end it if it takes too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_STEP_SECONDS)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return -signal.SIGKILL


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
