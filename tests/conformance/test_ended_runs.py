"""A run that is ended leaves nothing behind: no folder, no process, and no record of what was not run to its end."""

import os
import select
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

SECONDS: Final = 120  # for a machine that is busy; nothing waits so long that is in order
RUNNING: Final = "from idbridge.cli.main import main; main()"
ASKING: Final = "import sys; from idbridge.conformance.targets.process import ask; ask(sys.argv[1:], ())"
# Says that it is there, lets a daemon of its own hold the pipe too, and never answers.
STUCK: Final = """
import json, os, signal, sys
verb = sys.argv[2] if len(sys.argv) > 2 else ""
if verb == "describe":
    print(json.dumps({"name": "a stuck program", "version": "1"}))
elif verb == "load" and "stuck-at-load" not in sys.argv[1]:
    print(json.dumps({"indication": "PASSED", "code": None}))
else:
    held = os.open(sys.argv[1], os.O_WRONLY)
    os.set_inheritable(held, True)
    if not os.fork():
        os.setsid()
    os.write(held, b"begun ")
    while True:
        signal.pause()
"""


class Pipe:
    """A named pipe that whoever is to end holds open."""

    def __init__(self, place: Path) -> None:
        os.mkfifo(place)
        self.place = place
        self._end = os.open(place, os.O_RDONLY | os.O_NONBLOCK)

    def heard(self) -> bytes:
        """Return what was written next, nothing once nobody holds it any more."""
        assert select.select([self._end], [], [], SECONDS)[0], "nobody writes, and somebody still holds the other end"
        return os.read(self._end, 64)

    def until_both_hold_it(self) -> None:
        said = b""
        while said.count(b"begun") < 2:
            said += self.heard()


def started(words: list[str], *, temporary: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(temporary)}, start_new_session=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "stuck_at", "chosen"),
    [
        (signal.SIGTERM, "stuck-at-verify", ("verifier", "mdoc-expired")),
        (signal.SIGINT, "stuck-at-load", ("trust-list-consumer", "attack-01-rollback-sequence")),
    ],
)
def test_a_run_that_a_signal_ends_leaves_nothing_behind(
    ending: signal.Signals, stuck_at: str, chosen: tuple[str, str], tmp_path: Path
) -> None:
    pipe, program, temporary = Pipe(tmp_path / stuck_at), tmp_path / "program.py", tmp_path / "temporary"
    program.write_text(STUCK, "utf-8")
    temporary.mkdir()
    target = f"cli:{shlex.join([sys.executable, '-S', str(program), str(pipe.place)])}"
    words = ["conformance", "run", "--target", target, "--profile", chosen[0], "--case", chosen[1], "--json"]

    with started([RUNNING, *words, "--html", str(tmp_path / "report.html")], temporary=temporary) as run:
        pipe.until_both_hold_it()
        assert list(temporary.iterdir()) != []
        run.send_signal(ending)
        told, complained = run.communicate(timeout=SECONDS)

    assert run.returncode == 128 + ending, complained
    assert pipe.heard() == b""
    assert told == b""
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "report.html").exists()


def test_whatever_a_program_started_ends_although_whoever_asked_was_killed(tmp_path: Path) -> None:
    pipe, program = Pipe(tmp_path / "pipe"), tmp_path / "program.py"
    program.write_text(STUCK, "utf-8")

    with started([ASKING, sys.executable, "-S", str(program), str(pipe.place)], temporary=tmp_path) as asking:
        pipe.until_both_hold_it()
        asking.kill()

    assert pipe.heard() == b""
