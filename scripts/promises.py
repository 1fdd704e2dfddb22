"""Prove the five promises, one command each, and print what came of it. The first four fail the run, speed informs."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from idbridge.cli import output  # noqa: E402 - the repository is on the path only now

PYTEST: Final = (".venv/bin/pytest", "-q", "--no-header", "-p", "no:cacheprovider")
KEPT: Final = "kept"
BROKEN: Final = "BROKEN"
BESIDE: Final = "over target"


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised, the command that proves it, and how its output is read."""

    name: str
    command: tuple[str, ...]
    read: Callable[[int, str], tuple[str, str]]


_ROW: Final = re.compile(r" (?P<name>\S.*?) {2,}(?P<ms>[\d.]+) +(?P<multiple>[\d.]+) +[\d.]+ +(?P<target>[\d.]+) *")


def counted(code: int, text: str) -> tuple[str, str]:
    """Read pytest: the promise is kept if something ran and everything passed."""
    found = re.findall(r"^.*\b(\d+ (?:passed|failed|error).*) in [\d.]+s", text, re.MULTILINE)
    said = re.sub(r"=", "", found[-1]).strip() if found else "no test ran"
    skipped = re.search(r"\d+ skipped", said)
    return (KEPT if code == 0 and "passed" in said and not skipped else BROKEN), said


def speed(code: int, text: str) -> tuple[str, str]:
    """Read the benchmark: every row that has a target, beside it, in the unit that the head of its column names."""
    rows, unit = [], "x"
    for line in text.splitlines():
        if re.search(r"\btarget\b", line):
            unit = "ms" if line.rstrip().endswith("target ms") else "x"
        elif found := _ROW.fullmatch(line):
            rows.append((found["name"], found["ms"] if unit == "ms" else found["multiple"], unit, found["target"]))
    if code or not rows:
        return BROKEN, "nothing was measured"
    said = "; ".join(f"{name} {cost} {unit} (target {target})" for name, cost, unit, target in rows)
    return (KEPT if all(float(cost) <= float(target) for _, cost, _, target in rows) else BESIDE), said


PROMISES: Final = (
    Promise(
        "1  zero false accepts",
        (
            *PYTEST, "-n", "2", "tests/sandbox/test_cases.py", "tests/credential/test_negative_table.py",
            "tests/credential/test_tampering.py", "tests/credential/test_rfc9901_vectors.py",
            "tests/crypto/test_attacks.py", "tests/crypto/test_vectors.py", "tests/crypto/test_pkits.py",
        ),
        counted,
    ),
    Promise(
        "2  fail closed and say why",
        (*PYTEST, "tests/test_reasons.py", "tests/sandbox/test_cases.py", "-k", "reason or code or catalogue or twin"),
        counted,
    ),
    Promise(
        "3  sovereign",
        (
            *PYTEST, "tests/trust/test_trusted_set.py", "tests/recognition/test_arrangement_parties.py",
            "tests/promises/test_nothing_personal_at_rest.py",
        ),
        counted,
    ),
    Promise(
        "4  dispute-proof",
        (*PYTEST, "tests/verify/test_purity.py", "tests/promises/test_a_decision_made_again.py"),
        counted,
    ),
    Promise("5  near the limit", (".venv/bin/python", "-m", "benchmarks", "--short", "--no-http"), speed),
)  # fmt: skip


def prove(promise: Promise) -> tuple[str, str, float]:
    """Run the command of ``promise`` and return how it stands, what was counted and the seconds it took."""
    started = monotonic()
    ended = subprocess.run(promise.command, cwd=ROOT, capture_output=True, text=True, check=False)
    stands, said = promise.read(ended.returncode, ended.stdout)
    if stands == BROKEN:
        print(ended.stdout[-4000:], ended.stderr[-2000:], file=sys.stderr)
    return stands, said, monotonic() - started


def main() -> int:
    """Prove all of them."""
    rows = []
    for promise in PROMISES:
        output.words("note", f"proving {promise.name}: {' '.join(promise.command)}")
        stands, said, seconds = prove(promise)
        rows.append((promise.name, stands, said, f"{seconds:.0f} s"))
    output.table(("PROMISE", "STANDS", "COUNTED", "TIME"), rows, wrap={"COUNTED"})
    return 1 if any(stands == BROKEN for _, stands, _, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
