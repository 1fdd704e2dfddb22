"""Running commands in process, as a script would: exit code, standard output and standard error apart."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from idbridge.cli.main import root


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
