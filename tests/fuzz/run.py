"""Runs harnesses in one process, bounded in time, and says what came of each."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Timer
from typing import Final

from tests.source import ROOT

_START_SECONDS: Final = 300  # to import and instrument everything and to make the seeds, on a loaded machine
_SPARE_SECONDS: Final = 70  # for each harness, beside its fuzzing or for all of it
_TOLD_CHARACTERS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many inputs were tried, ``seeds`` among them, and what was found.

    Nothing, or the end of what the process said, and the input.
    """

    name: str
    tried: int
    found: str
    input: bytes | None = None
    seeds: int = 0


def run(names: Sequence[str], *, seconds: int | None = None, inputs: int = 0) -> Iterator[Outcome]:
    """Fuzz each harness for ``seconds``, or with so many ``inputs`` beside its seeds.

    One process for all, because importing and instrumenting takes so long.
    """
    bound = f"inputs={inputs}" if seconds is None else f"seconds={seconds}"
    command = [sys.executable, "-m", "tests.fuzz.child", bound, *names]
    left = list(names)
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        alarm = Timer(_START_SECONDS + len(names) * ((seconds or 0) + _SPARE_SECONDS), process.kill)
        alarm.start()
        try:
            for line in map(json.loads, process.stdout or ()):
                left.remove(line["name"])
                yield _outcome(line)
            process.wait()
        finally:
            alarm.cancel()
            process.kill()
        errors.seek(0)
        said = errors.read()[-_TOLD_CHARACTERS:]
    for name in left:
        yield Outcome(name, 0, said or "it ended without a word")


def _outcome(line: dict[str, str]) -> Outcome:
    octets = bytes.fromhex(line["input"]) if line["input"] else None
    return Outcome(line["name"], int(line["tried"]), line["found"], octets, int(line["seeds"]))
