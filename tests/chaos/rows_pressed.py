"""Rows about too little: memory that is not there when it is asked for."""

import os
import time
from pathlib import Path

from tests.chaos.bench import Bench
from tests.chaos.load import loaded, until, until_accepted
from tests.chaos.rows import row
from tests.chaos.rows_load import post_of, raw
from tests.chaos.rows_store import redis_of

RESPAWN = 1.0  # seconds promised until a worker that ended answers again (P5)
_PATIENCE = 90.0
_ROOM = 96 * 1024 * 1024  # octets of address space beyond what a node has when it is ready
_GIBIBYTE = 1 << 30


def address_space(pid: int) -> int:
    """Return the octets of address space that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")


@row("a node gets hardly more memory than it has, while it is sent bodies without end and as many requests as ever")
def memory_short(bench: Bench) -> None:
    import resource

    server = redis_of(bench, "redis")
    node = bench.node(bench.settings(), env={"redis_url": server.url})
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    bound = address_space(node.pid) + _ROOM
    resource.prlimit(node.pid, resource.RLIMIT_AS, (bound, bound))
    question, post = post_of(bench)
    with loaded(bench.oracle, node.port, rate=60):
        for _ in range(12):
            bench.oracle.judge(
                question, raw(node.port, post + b"content-length: %d\r\n\r\n" % _GIBIBYTE + bytes(60_000))
            )
            time.sleep(0.3)
    if address_space(node.pid) > bound:
        bench.late.append("the bound was not one")
    until(lambda: node.ready() == 200, within=_PATIENCE, what="not ready with little memory")
    bench.measure_recovery(
        "accepted with little memory", lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE),
        promised=RESPAWN,
    )  # fmt: skip
