"""Runs harnesses, two at a time, bounded in time, and says what came of each."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from tests.source import ROOT

AT_ONCE: Final = 2
_START_SECONDS: Final = 300  # to import and instrument everything and to make the seeds, on a loaded machine
_SPARE_SECONDS: Final = 70  # for each harness, beside its fuzzing


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many inputs were tried, and what was found: nothing, or the end of what the process said and the input."""

    name: str
    tried: int
    found: str
    input: bytes | None = None


def run(names: Sequence[str], *, seconds: int) -> Iterator[Outcome]:
    """Fuzz each harness for ``seconds``; its outcome comes when all of its group have ended."""
    groups = [names[start::AT_ONCE] for start in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for outcomes in pool.map(lambda group: _run(group, seconds), groups):
            yield from outcomes


def _run(names: Sequence[str], seconds: int) -> list[Outcome]:
    command = [sys.executable, "-m", "tests.fuzz.child", str(seconds), *names]
    try:
        ended = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False,
            timeout=_START_SECONDS + len(names) * (seconds + _SPARE_SECONDS),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [Outcome(name, 0, "it did not end in time") for name in names]
    told = {line["name"]: line for line in map(json.loads, ended.stdout.splitlines())}
    return [_outcome(name, told.get(name), ended.stderr) for name in names]


def _outcome(name: str, line: dict[str, str] | None, told: str) -> Outcome:
    if line is None:
        return Outcome(name, 0, told[-2_000:] or "it ended without a word")
    return Outcome(name, int(line["tried"]), line["found"], bytes.fromhex(line["input"]) if line["input"] else None)
