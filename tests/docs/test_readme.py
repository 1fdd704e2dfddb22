"""Every block of the README is run as it stands, in order."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from idbridge.cli import trust_drill
from idbridge.clock import SystemClock
from idbridge.sandbox.catalogue import attacks
from idbridge.sandbox.region import Region
from idbridge_gateway.demo.nodes import lay_out
from tests.source import ROOT

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST, MINT_AND_VERIFY, LOOK_UP, DRILL = range(4)
SECONDS = 120
UNSET = ("IDBRIDGE_REGION", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")


def blocks() -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))


def run(script: str, *, folder: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in UNSET}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, env=clean, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def beside_a_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as a reader has it in another terminal: the environment, and the files of a running demo."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    directory = folder / ".idbridge" / "sandbox"
    directory.mkdir(parents=True)
    region = Region.generate(at=SystemClock().now())
    region.save(directory)
    lay_out(region, directory)
    return folder


def test_there_is_no_block_that_nothing_runs() -> None:
    assert [language for language, _ in blocks()] == ["sh"] * len(range(DRILL + 1))


def test_the_first_block_is_two_commands_before_anything_else() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [line.split("#")[0].strip() for line in blocks()[FIRST][1].splitlines()]

    assert commands == ["make demo", "make test"]
    assert text.index("make demo") < 700


def test_make_demo_runs_every_case_without_a_surprise() -> None:
    ended = run("make --no-print-directory demo", folder=ROOT)

    assert ended.returncode == 0, ended.stderr
    assert re.search(r"\d{2,} cases over 11 states, 0 unexpected", ended.stdout)
    assert "to keep the region running: .venv/bin/idbridge demo" in ended.stderr


def test_make_test_sets_everything_up_and_runs_all_tests() -> None:
    # These tests are what it runs, so that here only its steps are looked at.
    steps = run("make --no-print-directory --dry-run test", folder=ROOT).stdout.splitlines()

    assert steps[:2] == ["scripts/bootstrap.sh all", "scripts/engines.sh"]
    assert ".venv/bin/pytest" in steps[2]


def test_a_minted_presentation_is_verified_and_explained(beside_a_demo: Path) -> None:
    ended = run(blocks()[MINT_AND_VERIFY][1], folder=beside_a_demo)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("PASSED\n")
    assert "kb.7" in ended.stdout


def test_everything_that_can_be_looked_up_is_there(beside_a_demo: Path) -> None:
    commands = [line for line in blocks()[LOOK_UP][1].splitlines() if line]

    ended = [run(command, folder=beside_a_demo) for command in commands]

    assert len(ended) == 4
    assert [one.returncode for one in ended] == [0, 0, 0, 0]
    assert all(one.stdout for one in ended)


def test_the_drill_takes_up_every_attack_and_says_that_it_was_refused(beside_a_demo: Path) -> None:
    # `tests/sandbox/test_drill.py` carries out each of them, so that here only one of them is.
    command = blocks()[DRILL][1].strip()
    attack = "attack-05-second-list-under-one-number"

    ended = run(f"{command} --case {attack}", folder=beside_a_demo)

    assert [one.case.name for one in trust_drill.chosen(None)] == list(attacks())
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"\b2 cases, 0 false accepts\b", ended.stdout), ended.stdout[-500:]
