"""Rows about the processes of a node: killed, frozen, upgraded, without a key, on a clock that lies, or not heard."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.chaos.bench import Bench
from tests.chaos.keeper import Keeper, kept
from tests.chaos.load import ask, loaded, until, until_accepted
from tests.chaos.rows import row
from tests.chaos.rows_store import redis_of, under_load
from tests.engines import REPOSITORY

READY = 2.0  # seconds promised from start to ready (P5)
RESPAWN = 1.0  # seconds promised until a worker that ended answers again (P5)
_PATIENCE = 90.0
_F_SETPIPE_SZ = 1031


@row("the node is killed while it appends to its log, and started again, five times")
def killed_in_append(bench: Bench) -> None:
    server = redis_of(bench, "redis")
    node = bench.node(bench.settings(), env={"redis_url": server.url})
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    with loaded(bench.oracle, node.port, rate=60, patience=10):
        for turn in range(5):
            time.sleep(0.7 + 0.13 * turn)
            node.kill()
            bench.deadline("ready after kill -9", node.start(), promised=READY)


@row("one of two workers is killed again and again under load")
def worker_killed(bench: Bench) -> None:
    server = redis_of(bench, "redis")
    node = bench.node(bench.settings(), env={"redis_url": server.url, "workers": "2"})
    until(lambda: len(node.workers()) == 2, within=_PATIENCE, what="no two workers")
    with loaded(bench.oracle, node.port, patience=10):
        for turn in range(5):
            time.sleep(3)
            number = 1 + turn % 2
            pid = node.workers()[number]
            os.kill(pid, signal.SIGKILL)
            took = until(_begun_anew(node, number, pid), within=_PATIENCE, what="a worker that was killed")
            bench.deadline("a worker that was killed answers again", took, promised=RESPAWN)
    until_accepted(bench.oracle, node.port, within=_PATIENCE)


def _begun_anew(node: Keeper, number: int, pid: int) -> Callable[[], bool]:
    return lambda: node.workers().get(number) != pid


@row("a worker is frozen, and goes on")
def worker_frozen(bench: Bench) -> None:
    server = redis_of(bench, "redis")
    node = bench.node(bench.settings(), env={"redis_url": server.url, "workers": "2"})
    until(lambda: len(node.workers()) == 2, within=_PATIENCE, what="no two workers")
    with loaded(bench.oracle, node.port, rate=20):
        time.sleep(1)
        pid = node.workers()[1]
        os.kill(pid, signal.SIGSTOP)
        time.sleep(4)
        os.kill(pid, signal.SIGCONT)
        bench.measure_recovery(
            "accepted after a frozen worker went on",
            lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE), promised=RESPAWN,
        )  # fmt: skip


@row("the process that signs and writes the log is frozen, and goes on; then it is killed")
def log_writer_frozen(bench: Bench) -> None:
    server = redis_of(bench, "redis")
    node = bench.node(bench.settings(), env={"redis_url": server.url, "workers": "2", "log_wait_seconds": "0.5"})
    until(lambda: len(node.workers()) == 2, within=_PATIENCE, what="no two workers")
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    (writer,) = re.findall(r"the writer of the log answers, process (\d+)", node.journal.text)
    with loaded(bench.oracle, node.port, rate=20):
        time.sleep(1)
        os.kill(int(writer), signal.SIGSTOP)
        time.sleep(0.5)  # whoever was answered by now had its leaf before
        if ask(bench.oracle, node.port, bench.oracle.good()):
            bench.late.append("an answer was released that nobody signed")
        time.sleep(2)
        os.kill(int(writer), signal.SIGCONT)
        bench.measure_recovery(
            "accepted after the writer went on",
            lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE), promised=RESPAWN,
        )  # fmt: skip
        time.sleep(3)
        os.kill(int(writer), signal.SIGKILL)
        bench.measure_recovery(
            "accepted after the writer was begun anew",
            lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE), promised=RESPAWN,
        )  # fmt: skip


@row("the file of the assertion key goes: what is open signs on, nothing else does, and no start without it")
def key_file_gone(bench: Bench) -> None:
    settings = bench.settings()
    server = redis_of(bench, "redis")
    node = bench.node(settings, env={"redis_url": server.url})
    path = settings.assertion_key_file
    assert path is not None
    away = path.with_suffix(".away")
    with under_load(bench, node):
        path.rename(away)
        time.sleep(2)
        until_accepted(bench.oracle, node.port, within=_PATIENCE)
    node.kill()
    node.start(waiting=False)
    assert node.process is not None
    assert node.process.wait(timeout=_PATIENCE) != 0, "a node started without its key"
    away.rename(path)
    bench.deadline("ready after its key came back", node.start(), promised=READY)
    until_accepted(bench.oracle, node.port, within=_PATIENCE)


def landed_before(folder: Path) -> dict[str, str]:
    """Lay down the commit before the last one; return the variables by which Python takes it for the product."""
    folder.mkdir()
    packed = subprocess.run(
        ["git", "archive", "HEAD^", "idbridge", "service", "trust_lists"], cwd=REPOSITORY, check=True,
        capture_output=True,
    )  # fmt: skip
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    env = {"PYTHONPATH": f"{folder}:{folder / 'service'}", "PYTHONDONTWRITEBYTECODE": "1"}
    where = "import idbridge, idbridge_gateway as g; print(idbridge.__file__, g.__file__)"
    told = subprocess.run(
        [sys.executable, "-c", where], cwd=folder, env={**os.environ, **env}, check=True, capture_output=True, text=True
    )
    assert told.stdout.count(str(folder)) == 2, told.stdout
    return env


@row("rolling upgrade: a node of the commit before and one of this tree answer over one Redis")
def rolling_upgrade(bench: Bench) -> None:
    server = redis_of(bench, "redis")
    env, oracle = {"redis_url": server.url}, bench.oracle
    python = landed_before(bench.folder / "before")
    bench.sources += [f"before/{name}" for name in ("idbridge", "service", "trust_lists")]
    before = bench.node(bench.settings(at="n"), env=env, cwd=bench.folder / "before", python=python)
    settings = bench.settings(at="n1")
    bench.logs.pop()
    after = bench.node(settings.model_copy(update={"log_dir": None}), env=env)
    with loaded(oracle, before.port, rate=20), loaded(oracle, after.port, rate=20):
        time.sleep(3)
    for question in oracle.spent()[-40:]:
        ask(oracle, before.port, question)
        ask(oracle, after.port, question)
    with loaded(oracle, after.port, rate=20):
        before.end()
        time.sleep(1)
        bench.measure_recovery(
            "accepted by the new node alone",
            lambda: until_accepted(oracle, after.port, within=_PATIENCE), promised=RESPAWN,
        )  # fmt: skip


@row("nobody reads what the node writes to standard error, and the pipe is full")
def stderr_blocked(bench: Bench) -> None:
    reading, writing = os.pipe()
    bench.stack.callback(os.close, reading)
    fcntl.fcntl(writing, _F_SETPIPE_SZ, 4096)
    server = redis_of(bench, "redis")
    node = bench.stack.enter_context(kept(bench.settings(), env={"redis_url": server.url}, stderr=writing))
    os.close(writing)
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    server.stop()  # each question that needs it writes a line now
    with loaded(bench.oracle, node.port, rate=60, patience=10):
        time.sleep(4)
    redis_of(bench, "redis", port=server.port)
    bench.measure_recovery(
        "accepted though nobody reads the journal",
        lambda: until_accepted(bench.oracle, node.port, within=20), promised=1.0,
    )  # fmt: skip
