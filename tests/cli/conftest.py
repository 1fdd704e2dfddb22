"""Running commands in process, as a script would: exit code, standard output and standard error apart."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from idbridge.cli.main import root
from idbridge.clock import SystemClock
from idbridge.sandbox.region import Region
from idbridge.trust.repository import PlainRepository


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON object it must be."""
        return json.loads(self.out)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Return a function that runs ``idbridge`` with arguments and optional standard input."""
    monkeypatch.delenv("IDBRIDGE_REGION", raising=False)
    monkeypatch.setenv("COLUMNS", "120")

    def run_command(*arguments: str, stdin: str | bytes = "") -> Ended:
        result = CliRunner().invoke(root, arguments, input=stdin)
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run_command


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a pretend region with one node, as `idbridge demo` leaves it."""
    folder = tmp_path_factory.mktemp("region")
    made = Region.generate(at=SystemClock().now())
    made.save(folder)
    made.publish(folder)
    memory = folder / "nodes" / "TH" / "state"
    memory.mkdir(parents=True, mode=0o700)
    PlainRepository(folder / "trust", folder / "pins.json", memory).initialise()
    return folder
