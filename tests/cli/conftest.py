"""Running commands in process, as a script would: exit code, standard output and standard error apart."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from idbridge.cli.main import root
from idbridge.clock import SystemClock
from idbridge.sandbox.region import Region
from idbridge.trust.repository import PlainRepository
from tests.cli.ceremony import Ceremony, begun, copied
from tests.cli.ended import Ended
from tests.trust.distribution.places import Place


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


@pytest.fixture(scope="session")
def _begun(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return begun(tmp_path_factory.mktemp("ceremony"))


@pytest.fixture
def ceremony(_begun: Place, run: Callable[..., Ended], tmp_path: Path) -> Ceremony:
    """A region in which everything was published once, with the keys of everybody in files: a copy for each test."""
    return Ceremony(copied(_begun, tmp_path / "place"), run)
