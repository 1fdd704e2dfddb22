"""Every block of the guide to logins is run as it stands, in order, against a region that is really up."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.test_first_verdict import BLOCK, SECONDS, Reader, free_port
from tests.engines import REPOSITORY, require_engine, require_node_packages
from tests.gateway.walking import Walker

GUIDE = REPOSITORY / "docs" / "first-login.md"
UNNAMED = 2  # what a reader does by hand: start the region, set the variables
ATTEMPTS = 20  # each takes the start of a program, a good tenth of a second
LOGGED_IN = "Tan Hui Ling 1991-04-17 SG A3\n"


def blocks() -> Mapping[str, str]:
    return {name: text for _, name, text in BLOCK.findall(GUIDE.read_text(encoding="utf-8")) if name}


@dataclass(frozen=True)
class LoginReader(Reader):
    """Somebody who follows the guide, with a browser beside."""

    def shell(self, name: str) -> str:
        return self.run("bash", "-euc", blocks()[name])

    def file(self, name: str) -> Path:
        path = self.folder / name
        path.write_text(blocks()[name], encoding="utf-8")
        return path

    def started(self, *command: str | Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_until_registered(self) -> None:
        """Begin logins until the node has taken up the file in which the client stands: a second at most."""
        program = self.file("login.py")
        for _ in range(ATTEMPTS):
            with self.started(sys.executable, program) as process:
                assert process.stdout is not None
                begun = process.stdout.readline().startswith("open ")
                process.kill()
            if begun:
                return
        raise AssertionError("the node did not take up the registration")

    def log_in(self, *command: str | Path, **said: str) -> str:
        """What a program of the guide prints, once somebody opened the address that it prints first."""
        with self.started(*command) as process:
            assert process.stdout is not None
            said_first = process.stdout.readline()
            assert said_first.startswith("open http://127.0.0.1:"), said_first + process.stdout.read()
            with Walker() as walker:
                walker.go(said_first.removeprefix("open ").strip()).log_in("sg-login", **said)
                assert "You can close this window." in walker.page.text
            printed, _ = process.communicate(timeout=SECONDS)
        return printed


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoginReader]:
    """Somebody beside a demo that stays up, with a client that is registered."""
    region, folder, port = tmp_path_factory.mktemp("region"), tmp_path_factory.mktemp("reader"), free_port()
    (folder / "node_modules").symlink_to(require_node_packages() / "node_modules")
    paths = (Path(sys.executable).parent, require_engine("curl").parent, os.environ["PATH"])
    environment = os.environ | {"PATH": os.pathsep.join(str(path) for path in paths), "COLUMNS": "200"}
    command = ["idbridge", "demo", "--port", str(port), "--region", str(region)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        printed = ""
        while "Ctrl-C" not in printed:
            line = process.stdout.readline()
            assert line, f"the demo ended early: {printed}"
            printed += line
        providers = re.search(r"providers\s+(http://127\.0\.0\.1:\d+)", printed)
        assert providers is not None, printed
        told = {
            "IDBRIDGE_URL": f"http://127.0.0.1:{port}",
            "IDBRIDGE_PROVIDERS": providers[1],
            "IDBRIDGE_REGION": str(region),
            "CALLBACK": f"http://127.0.0.1:{free_port()}/callback",
        }
        started = LoginReader(folder, {**environment, **told})
        started.run(sys.executable, started.file("register.py"))
        started.wait_until_registered()
        yield started
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=SECONDS) == 0


def test_the_guide_has_no_block_that_nothing_runs() -> None:
    found = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    source = Path(__file__).read_text(encoding="utf-8")

    assert len([name for _, name, _ in found if not name]) == UNNAMED
    assert not [name for _, name, _ in found if name and f'"{name}"' not in source]


def test_the_line_that_a_reader_types_runs_the_file_of_the_guide() -> None:
    assert blocks()["python"] == "python login.py\n"


@pytest.mark.parametrize("name", ["login.py", "login.mjs"])
def test_each_language_logs_somebody_in_and_hears_a_no(reader: LoginReader, name: str) -> None:
    engine = Path(sys.executable) if name == "login.py" else require_engine("node")
    program = reader.file(name)

    assert reader.log_in(engine, program, person="sg-tan") == LOGGED_IN
    assert "not logged in: access_denied" in reader.log_in(engine, program, consent="no")


def test_a_fault_of_a_provider_comes_back_as_a_no_until_it_is_mended(reader: LoginReader) -> None:
    program = reader.file("login.py")

    reader.shell("fault")
    assert "not logged in: access_denied" in reader.log_in(sys.executable, program)
    reader.shell("mended")
    assert reader.log_in(sys.executable, program, person="sg-tan") == LOGGED_IN
