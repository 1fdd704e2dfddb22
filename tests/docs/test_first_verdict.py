"""Every block of the guide is run as it stands, in order, against a region that is really up."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engines import REPOSITORY, require_engine, require_node_packages

GUIDE = REPOSITORY / "docs" / "first-verdict.md"
BLOCK = re.compile(r"^```(\w+)(?: name=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 60
PORTS = 5  # of a demo: two nodes, the providers, two banks
UNNAMED = 2  # what a reader does by hand: start the region, set the variables


def blocks() -> Mapping[str, str]:
    """Return the guide's named blocks by name."""
    return {name: text for _, name, text in BLOCK.findall(GUIDE.read_text(encoding="utf-8")) if name}


@dataclass(frozen=True)
class Reader:
    """Somebody who follows the guide in a folder of their own."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str | Path) -> str:
        finished = subprocess.run(
            command,
            cwd=self.folder,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def shell(self, name: str) -> str:
        return self.run("bash", "-euc", blocks()[name])

    def file(self, name: str) -> Path:
        path = self.folder / name
        path.write_text(blocks()[name], encoding="utf-8")
        return path


def free_port() -> int:
    """Return a port that is free with its successors, as far as one can tell."""
    while True:
        with ExitStack() as stack:
            first = stack.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                for successor in range(port + 1, port + PORTS):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", successor))
            except (OSError, OverflowError):
                continue
            return port


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, str]]:
    """Start ``idbridge demo`` and yield its region's folder, the address of Thailand's node and the API key."""
    folder = tmp_path_factory.mktemp("region")
    port = free_port()
    command = [Path(sys.executable).parent / "idbridge", "demo", "--port", str(port), "--region", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"COLUMNS": "200"}) as process:
        assert process.stdout is not None
        printed = ""
        while "Ctrl-C" not in printed:
            line = process.stdout.readline()
            assert line, f"the demo ended early: {printed}"
            printed += line
        key = re.search(r"idb_test_\S+", printed)
        assert key is not None, printed
        yield folder, f"http://127.0.0.1:{port}", key.group()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=SECONDS) == 0


@pytest.fixture(scope="module")
def reader(demo: tuple[Path, str, str], tmp_path_factory: pytest.TempPathFactory) -> Reader:
    region, url, key = demo
    folder = tmp_path_factory.mktemp("reader")
    (folder / "node_modules").symlink_to(require_node_packages() / "node_modules")
    paths = (Path(sys.executable).parent, require_engine("curl").parent, os.environ["PATH"])
    environment = os.environ | {
        "PATH": os.pathsep.join(str(path) for path in paths),
        "IDBRIDGE_URL": url,
        "IDBRIDGE_KEY": key,
        "IDBRIDGE_REGION": str(region),
    }
    return Reader(folder, environment)


def test_the_guide_has_no_block_that_nothing_runs() -> None:
    found = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    source = Path(__file__).read_text(encoding="utf-8")

    assert len([name for _, name, _ in found if not name]) == UNNAMED
    assert not [name for _, name, _ in found if name and f'"{name}"' not in source]


def test_curl_gets_a_report_that_is_accepted_and_then_one_that_is_spent(reader: Reader) -> None:
    reader.shell("mint")

    first, second = json.loads(reader.shell("curl")), json.loads(reader.shell("curl"))

    assert (first["indication"], first["issuer"]["state"], first["holder"]["method"]) == ("PASSED", "SG", "kb-jwt")
    assert (second["indication"], second["reason"]["code"]) == ("FAILED", "holder.replayed")


@pytest.mark.parametrize("name", ["verify.py", "verify.mjs", "Verify.java", "verify.php"])
def test_each_language_gets_the_verdict(reader: Reader, name: str) -> None:
    reader.shell("mint")
    engines = {
        "verify.py": Path(sys.executable),
        "verify.mjs": require_engine("node"),
        "Verify.java": require_engine("java"),
        "verify.php": require_engine("php"),
    }

    assert "PASSED" in reader.run(engines[name], reader.file(name))


def test_a_refusal_is_handled_with_its_reason(reader: Reader) -> None:
    reader.shell("refused")

    assert "refused: recognition.holder_not_bound" in reader.run(sys.executable, reader.file("handle.py"))


def test_an_assertion_is_checked_in_python_and_in_node(reader: Reader) -> None:
    reader.shell("mint-assertion")

    said_by_python = reader.run(sys.executable, reader.file("assertion.py"))
    said_by_node = reader.run(require_engine("node"), reader.file("assertion.mjs"))

    assert said_by_python == said_by_node == "SG A3 account-opening\n"
