"""A program under test answers with one object in time, or the suite says in which way it did not."""

import os
import select
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.targets.process import ask
from idbridge.limits import LIMITS

ACCEPTED = '{"indication":"PASSED","code":null}'
REFUSED = '{"indication":"FAILED","code":"trust.rollback"}'
SOON = timedelta(seconds=1)


def program(text: str) -> list[str]:
    return [sys.executable, "-S", "-c", text]


def saying(text: str, *, exit_code: int = 0) -> list[str]:
    return program(f"import sys; sys.stdout.write({text!r}); sys.stdout.flush(); sys.exit({exit_code})")


class Impatient:
    """A stopwatch on which everything takes as long as anybody waits."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def seconds(self) -> float:
        self._seconds += LIMITS.conformance_patience.total_seconds()
        return self._seconds


def fault_of(command: list[str], **how: timedelta) -> Fault:
    found = ask(command, (), **how)  # type: ignore[arg-type]  # the keywords of the tests below
    assert isinstance(found, Fault), found
    return found


def test_arguments_reach_the_program_and_its_object_is_returned() -> None:
    echoing = program("import json, sys; print(json.dumps({'asked': sys.argv[1:]}))")

    assert ask(echoing, ["state", "--state", "a folder"]) == {"asked": ["state", "--state", "a folder"]}


@pytest.mark.parametrize(
    ("text", "exit_code"),
    [(ACCEPTED, 0), (REFUSED, 1), ('{"indication":"INDETERMINATE","code":"trust.stale"}', 3), ('{"lists":{}}', 0)],
)
def test_an_exit_code_that_says_what_the_object_says_is_an_answer(text: str, exit_code: int) -> None:
    assert not isinstance(ask(saying(text, exit_code=exit_code), ()), Fault)


@pytest.mark.parametrize(
    ("text", "exit_code"),
    [(ACCEPTED, 1), (ACCEPTED, 3), (REFUSED, 0), (REFUSED, 3), ('{"lists":{}}', 1), ('{"indication":null}', 0)],
)
def test_an_exit_code_that_contradicts_the_object_is_no_answer(text: str, exit_code: int) -> None:
    assert fault_of(saying(text, exit_code=exit_code)).kind is FaultKind.MALFORMED


@pytest.mark.parametrize("exit_code", [2, 4, 5, 6, 70, 127, 255])
def test_an_end_that_is_no_verdict_is_a_crash_whatever_was_written(exit_code: int) -> None:
    found = fault_of(saying(REFUSED, exit_code=exit_code))

    assert found == Fault(FaultKind.CRASH, f"it ended with {exit_code}")


def test_a_program_that_a_signal_ends_has_crashed() -> None:
    found = fault_of(program("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))

    assert found == Fault(FaultKind.CRASH, "it ended with signal 11")


def test_what_a_program_complained_of_is_told() -> None:
    found = fault_of(program("import sys; sys.stderr.write('no\\n such\\tfolder'); sys.exit(4)"))

    assert found.detail == "it ended with 4: no such folder"


def test_an_uncaught_exception_is_no_refusal_though_it_ends_with_the_same_number() -> None:
    found = fault_of(program("raise ValueError('oops')"))

    assert found.kind is FaultKind.EMPTY
    assert "oops" in found.detail


@pytest.mark.parametrize("exit_code", [0, 1, 3])
@pytest.mark.parametrize("text", ["", " \n"])
def test_nothing_is_no_answer(text: str, exit_code: int) -> None:
    assert fault_of(saying(text, exit_code=exit_code)).kind is FaultKind.EMPTY


@pytest.mark.parametrize(
    "text",
    [f"{ACCEPTED}\n{ACCEPTED}", f"[{ACCEPTED}]", "PASSED", ACCEPTED[:-1], '{"code":null,"code":null}', '{"n":NaN}'],
)
def test_anything_but_one_object_is_no_answer(text: str) -> None:
    assert fault_of(saying(text)).kind is FaultKind.MALFORMED


def test_an_answer_may_be_as_long_as_the_bound_and_no_longer() -> None:
    def padded(length: int) -> list[str]:
        return program(f"import sys; sys.stdout.write({ACCEPTED!r}.ljust({length}))")

    assert not isinstance(ask(padded(LIMITS.conformance_answer_bytes), ()), Fault)
    assert fault_of(padded(LIMITS.conformance_answer_bytes + 1)).kind is FaultKind.MALFORMED


def test_a_program_that_never_stops_writing_is_stopped() -> None:
    found = fault_of(program("while True: print('x' * 65536)"))

    assert found == Fault(FaultKind.MALFORMED, f"it wrote more than {LIMITS.conformance_answer_bytes} octets")


def test_a_program_that_never_stops_complaining_hangs() -> None:
    found = fault_of(program("import sys\nwhile True: sys.stderr.write('x' * 65536)"), patience=SOON)

    assert found.kind is FaultKind.HANG


def test_a_program_that_answered_and_does_not_end_hangs() -> None:
    kept_open = f"import signal, sys; print({ACCEPTED!r}, flush=True); signal.pause()"
    closed = f"import os, signal, sys; print({ACCEPTED!r}, flush=True); os.close(1); os.close(2); signal.pause()"

    for text in (kept_open, closed):
        assert fault_of(program(text), patience=SOON) == Fault(FaultKind.HANG, "it did not end within 1 seconds")


def test_nobody_waits_longer_than_the_limit() -> None:
    found = ask(program("import signal; signal.pause()"), (), stopwatch=Impatient())

    patience = LIMITS.conformance_patience.total_seconds()
    assert found == Fault(FaultKind.HANG, f"it did not end within {patience:g} seconds")


@pytest.mark.parametrize("parent", ["signal.pause()", f"print({ACCEPTED!r}, flush=True); os._exit(0)"])
@pytest.mark.parametrize("leaving", ["", "os.setsid()", "os.setsid(); os.fork() and os._exit(0)"])
def test_whatever_a_program_started_is_ended_with_it(parent: str, leaving: str, tmp_path: Path) -> None:
    pipe = tmp_path / "held by parent and child"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    text = f"""
import os, signal
held = os.open({str(pipe)!r}, os.O_WRONLY)
os.set_inheritable(held, True)
os.write(held, b"begun")
if os.fork():
    {parent}
{leaving}
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.execv({sys.executable!r}, [{sys.executable!r}, "-S", "-c", "import signal; signal.pause()"])
"""
    ask(program(text), (), patience=SOON)

    assert os.read(reading, 16) == b"begun"
    assert select.select([reading], [], [], 5)[0], "somebody still holds the other end"
    assert os.read(reading, 16) == b""
    os.close(reading)


@pytest.mark.parametrize("signalled", ["KILL", "STOP"])
@pytest.mark.parametrize("leaving", ["", "os.setsid(); os.fork() and os._exit(0)"])
def test_whatever_a_program_started_is_ended_although_it_ends_whoever_keeps_it(
    signalled: str, leaving: str, tmp_path: Path
) -> None:
    pipe = tmp_path / "held by parent and child"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    text = f"""
import os, signal
held = os.open({str(pipe)!r}, os.O_WRONLY)
os.set_inheritable(held, True)
os.write(held, b"begun")
os.kill(os.getppid(), signal.SIG{signalled})
if os.fork():
    print({ACCEPTED!r}, flush=True)
    os._exit(0)
{leaving}
os.execv({sys.executable!r}, [{sys.executable!r}, "-S", "-c", "import signal; signal.pause()"])
"""
    found = ask(program(text), (), patience=SOON)

    assert isinstance(found, Fault), found
    assert os.read(reading, 16) == b"begun"
    assert select.select([reading], [], [], 60)[0], "somebody still holds the other end"
    assert os.read(reading, 16) == b""
    os.close(reading)


def test_a_program_of_somebody_else_goes_on_when_a_keeper_is_ended() -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", "import signal; signal.pause()"]) as other:
        ask(program("import os, signal; os.kill(os.getppid(), signal.SIGKILL)"), (), patience=SOON)
        assert other.poll() is None
        other.kill()


def test_a_program_that_is_not_there_or_may_not_be_run_is_not_reached(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.write_text("#!/bin/sh\n")

    for command in ([str(tmp_path / "nowhere")], [str(locked)], [f"nul{chr(0)}octet"]):
        assert fault_of(command).kind is FaultKind.UNREACHABLE


def test_a_program_has_nothing_to_read_from_whoever_runs_the_suite() -> None:
    assert ask(program("import sys; print('{\"read\":%d}' % len(sys.stdin.read()))"), ()) == {"read": 0}
