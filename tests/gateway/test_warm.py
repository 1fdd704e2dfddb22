"""Workers are forked by a process that holds nothing: they have no thread, no file and no chance in common."""

import os
import random
import signal
import threading
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.signer import generate
from idbridge_gateway.workers import FORKING
from tests.gateway.working import PATIENCE


def told_of_itself(telling: Connection) -> None:
    """Tell what a worker has at its beginning; it is forked, and imports nothing of this test but this."""
    import sys

    opened = sorted(str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.exists())
    telling.send(
        {
            "threads": threading.active_count(),
            "random": random.random(),
            "octets": os.urandom(8),
            "key": generate("ES256").kid,
            "opened": [place.partition(":")[0] for place in opened if not place.startswith(("/dev/null", "/proc/"))],
            "imported": "idbridge_gateway.app" in sys.modules,
            "sigint": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
            "core": Path("/proc/self/limits").read_text("ascii").split("Max core file size")[1].split()[0],
            "forked_from": os.getppid(),
        }
    )


def late(go: Connection, begun: Connection) -> None:
    """Be a worker that comes to its own first step late."""
    import time

    from idbridge_gateway.workers import hear_of_end

    go.recv()
    hear_of_end(begun)
    time.sleep(PATIENCE)


def begun() -> dict[str, Any]:
    heard, telling = FORKING.Pipe(duplex=False)
    process = FORKING.Process(target=told_of_itself, args=(telling,))
    process.start()
    telling.close()
    with heard:
        assert wait_for([heard, process.sentinel], PATIENCE)
        told: dict[str, Any] = heard.recv()
    process.join(PATIENCE)
    assert process.exitcode == 0
    return told


@pytest.fixture(scope="module")
def two() -> tuple[dict[str, Any], dict[str, Any]]:
    with socket_of_this_process():
        return begun(), begun()


def socket_of_this_process() -> Any:
    import socket

    return socket.create_server(("127.0.0.1", 0))


def test_two_workers_draw_nothing_in_common(two: tuple[dict[str, Any], dict[str, Any]]) -> None:
    one, other = two

    assert {name for name in ("random", "octets", "key") if one[name] == other[name]} == set()


def test_a_worker_begins_with_one_thread_and_nothing_open_but_its_pipes(
    two: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    for one in two:
        assert one["threads"] == 1
        assert not [place for place in one["opened"] if place.startswith("socket")]


def test_a_worker_has_everything_imported_when_it_begins_and_leaves_no_core(
    two: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    one, other = two

    assert one["forked_from"] == other["forked_from"] != os.getpid()
    assert (one["imported"], one["sigint"], one["core"]) == (True, True, "0")


def test_the_process_that_forks_is_not_told_to_end_and_cannot_be_read_by_another_of_its_account(
    two: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    pid = two[0]["forked_from"]
    os.kill(pid, signal.SIGTERM)

    assert begun()["forked_from"] == pid
    ignored = Path(f"/proc/{pid}/status").read_text("ascii").split("SigIgn:")[1].split()[0]
    assert int(ignored, 16) >> (signal.SIGTERM - 1) & 1


def test_a_worker_that_is_let_go_before_it_could_hear_a_signal_ends_all_the_same() -> None:
    """It is forked by a process that ignores the signal, and until its own first step it does so too."""
    (go, going), (lives, ending) = FORKING.Pipe(duplex=False), FORKING.Pipe(duplex=False)
    process = FORKING.Process(target=late, args=(go, lives))
    process.start()
    lives.close()
    process.terminate()
    ending.close()
    going.send(None)

    process.join(PATIENCE / 2)
    assert process.exitcode == -signal.SIGTERM
