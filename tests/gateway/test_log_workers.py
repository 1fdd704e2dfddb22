"""Several workers of one node write one log: nothing is released while its writer is gone, and no leaf is lost."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from idbridge.evidence.fsck import examine
from tests.gateway.asking import problem_of
from tests.gateway.lesser import LESSER
from tests.gateway.redis_server import redis_server
from tests.gateway.working import WorkingNode, await_end, working_node

WORKERS = 2
ANSWERS = r"the writer of the log answers, process (\d+)"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkingNode]:
    """A node whose end the last test sees."""
    with (
        redis_server(tmp_path_factory.mktemp("redis")) as server,
        working_node(tmp_path_factory.mktemp("node"), server.url, workers=WORKERS, interpreter=LESSER) as node,
    ):
        yield node


def asked(node: WorkingNode) -> dict[str, Any]:
    """The receipt of an answer, asked for until there is one."""
    for _ in range(1_000):
        response = node.ask(node.question())
        if response.status_code == 200:
            receipt: dict[str, Any] = response.json()["receipt"]
            return receipt
        assert problem_of(response, 503) in {"system.unrecorded", "system.overloaded"}
        time.sleep(0.05)
    raise AssertionError("the log is not written to again")


def core_limits(pid: int) -> tuple[str, ...]:
    """How long a core dump of a process may be: now, and at most."""
    lines = Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()
    (found,) = [line for line in lines if line.startswith("Max core file size")]
    return tuple(found.split()[4:6])


def memory_read_of(pid: int) -> str:
    """What another program of the account that runs the node gets of the memory of a process."""
    reading = "import sys; print(open(f'/proc/{sys.argv[1]}/mem', 'rb').fileno() > 0)"
    ended = subprocess.run([*LESSER, "-c", reading, str(pid)], capture_output=True, text=True, timeout=60, check=False)
    return ended.stdout.strip() or ended.stderr.strip().splitlines()[-1].partition(":")[0]


def test_no_process_of_a_node_leaves_a_core_and_none_is_read_by_another_of_its_account(node: WorkingNode) -> None:
    ((_, writer),) = node.journal.since(0, ANSWERS, count=1)
    processes = {node.process.pid, *node.workers.values(), int(writer[1])}
    with subprocess.Popen([*LESSER, "-c", "import sys; print(flush=True); sys.stdin.read()"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as any_other:  # fmt: skip
        assert any_other.stdout is not None
        any_other.stdout.readline()
        of_any_other = memory_read_of(any_other.pid)
        any_other.communicate()

    assert len(processes) == WORKERS + 2
    assert {pid: core_limits(pid) for pid in processes} == dict.fromkeys(processes, ("0", "0"))
    assert of_any_other == "True"
    assert {pid: memory_read_of(pid) for pid in processes} == dict.fromkeys(processes, "PermissionError")


def test_while_the_writer_is_gone_nothing_is_released_and_it_begins_anew(node: WorkingNode) -> None:
    before = asked(node)
    ((_, writer),) = node.journal.since(0, ANSWERS, count=1)
    mark = len(node.journal.lines)
    node.process.send_signal(signal.SIGSTOP)  # who would begin it anew stands still, so that it is gone for a while
    try:
        os.kill(int(writer[1]), signal.SIGKILL)
        await_end(int(writer[1]))
        response = node.ask(node.question())
    finally:
        node.process.send_signal(signal.SIGCONT)

    assert problem_of(response, 503) == "system.unrecorded"
    assert response.headers["retry-after"] == "5"
    node.journal.since(mark, ANSWERS, count=1)
    assert asked(node)["index"] > before["index"]


def test_workers_write_one_log_in_which_each_leaf_has_its_own_place(node: WorkingNode) -> None:
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda _: asked(node), range(12)))

    assert len({receipt["index"] for receipt in receipts}) == len(receipts)
    assert {receipt["origin"] for receipt in receipts} == {receipts[0]["origin"]}


def test_told_to_end_with_all_its_workers_the_writer_ends_last_and_the_log_is_whole(node: WorkingNode) -> None:
    last = asked(node)["index"]
    writer = int(re.findall(ANSWERS, node.journal.text)[-1])
    os.kill(writer, signal.SIGTERM)  # as the manager of services tells every process of a node
    now = asked(node)["index"]
    assert now > last  # who was put off in between may stand there too

    node.process.terminate()
    assert node.process.wait(120) == 0
    await_end(writer)

    found = examine(Path(node.settings.log_dir or ""))
    assert not found.findings
    assert found.size > now
    assert found.written_ahead == 0
