"""Rows about where trust comes from: its source, its lists, its files, and whoever publishes and rotates."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from idbridge.clock import SystemClock
from idbridge.model.region import MemberState
from idbridge.sandbox.distribution import TREE
from idbridge.sandbox.publication import LIST_LIFETIME
from tests.chaos import publishing, rotating_keys
from tests.chaos.bench import Bench, busy
from tests.chaos.keeper import Keeper, seamed
from tests.chaos.load import ask, loaded, until, until_accepted
from tests.chaos.oracle import Oracle
from tests.chaos.proxy import WHOLE, Spoil, fault_proxy
from tests.chaos.rotated import begun_keys, sound_keys
from tests.chaos.rows import row
from tests.chaos.rows_clock import set_clock
from tests.engines import REPOSITORY
from tests.strace import CHANGING, Program

REVOKED_IN = 2.0  # seconds promised from a publication until every worker refuses what it withdrew (P6)
_PATIENCE = 60.0
_SHORTLY = timedelta(minutes=1)
_BUSY = 2.0  # times longer than on an idle machine
_WITHDRAWN = "sg-login-opens-account"
_LOGINS = ("sg-login-opens-account", "id-login-opens-account", "my-login-sends-money", "bn-login-visits-hospital")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Write nothing."""


class QuietServer(ThreadingHTTPServer):
    """A server to which it is nothing new that somebody goes away in the middle."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """Write nothing."""


@contextmanager
def served(server: QuietServer) -> Iterator[int]:
    """Serve in a thread of its own; yield the port."""
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def await_withdrawal(bench: Bench, node: Keeper, *, since: str) -> None:
    """Wait until a login that was withdrawn is refused, and see that it stays so."""
    took = until(
        lambda: not ask(bench.oracle, node.port, bench.oracle.good(_WITHDRAWN)), within=_PATIENCE,
        what="a withdrawn login is accepted",
    )  # fmt: skip
    bench.deadline(f"refused after {since}", took, promised=REVOKED_IN)
    bench.oracle.untrue = lambda question: question.name == _WITHDRAWN
    with loaded(bench.oracle, node.port, rate=30):
        time.sleep(2)


def put_off(bench: Bench) -> bool:
    """Tell whether more was put off than a machine puts off that has other work: one request in twenty."""
    allowed = 0 if busy() < _BUSY else bench.count.requests // 20
    return bench.count.shed > allowed


def none_refused(bench: Bench, what: str) -> None:
    """Say it if something good was refused so far."""
    if bench.count.refused_good or bench.count.unanswered or put_off(bench):
        bench.late.append(
            f"{what}: {bench.count.refused_good} good ones refused, {bench.count.shed} put off, "
            f"{bench.count.unanswered} not answered"
        )


@row("the source of the lists is down, silent or cut short; then it withdraws a service")
def trust_source_down(bench: Bench) -> None:
    folder = bench.folder / "node" / TREE
    handler = partial(_Quiet, directory=str(folder))
    port = bench.stack.enter_context(served(QuietServer(("127.0.0.1", 0), handler)))
    proxy = bench.stack.enter_context(fault_proxy(port))
    node = bench.node(bench.settings(trust_url=f"http://127.0.0.1:{proxy.port}", poll_seconds=0.3))
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    with loaded(bench.oracle, node.port, rate=30):
        for spoil in (Spoil(reset=True), Spoil(blackhole=True), Spoil(cut_after=200), Spoil(drip=20)):
            proxy.become(spoil, cutting=True)
            time.sleep(1.5)
    none_refused(bench, "while the source was down")
    at = SystemClock().now().replace(microsecond=0)
    bench.region.with_status(publishing.WITHDRAWN, "withdrawn", at=at).distribute(bench.folder / "node", at=at)
    proxy.become(WHOLE, cutting=True)
    await_withdrawal(bench, node, since="the source came back with a withdrawal")


@row("the list of one state of eleven has ended")
def one_list_ended(bench: Bench) -> None:
    clock = bench.folder / "clock"
    clock.write_text("0")
    settings = bench.settings(plain=True)
    node = bench.node(settings, command=seamed(clock_file=clock, passing=True))
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    region = bench.region
    later, ended = LIST_LIFETIME - timedelta(days=20), LIST_LIFETIME + timedelta(days=1)
    set_clock(clock, later.total_seconds())
    for state in region.published.lists:
        if state is not MemberState.SG:
            region = region.reissued(state, at=SystemClock().now().replace(microsecond=0) + later)
    region.publish(bench.folder / "node")
    moved = Oracle(
        region, good=_LOGINS, clock=lambda: SystemClock().now() + ended, trust_at=region.made_at + later + _SHORTLY
    )
    moved.count, moved.untrue = bench.count, lambda question: question.state is MemberState.SG
    bench.oracle = moved
    time.sleep(1.5)
    set_clock(clock, ended.total_seconds())
    bench.measure_recovery(
        "the other states' are accepted",
        lambda: until_accepted(moved, node.port, within=_PATIENCE, name="my-login-sends-money"), promised=REVOKED_IN,
    )  # fmt: skip
    with loaded(moved, node.port, rate=30):
        time.sleep(3)
    for name in _LOGINS[1:]:
        if not ask(moved, node.port, moved.good(name)):
            bench.late.append(f"{name} is refused, whose list has not ended")


@row("the file of a list is cut at forty places, spoilt at forty, and taken away")
def list_file_spoilt(bench: Bench) -> None:
    node = bench.node(bench.settings(plain=True, reload_seconds=0.05))
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    path = next((bench.folder / "node" / "trust").rglob("SG*"))
    path = next(one for one in (path, *path.rglob("*")) if one.is_file())
    whole = path.read_bytes()
    with loaded(bench.oracle, node.port, rate=30):
        for turn in range(40):
            place = len(whole) * turn // 40
            path.write_bytes(whole[:place])
            time.sleep(0.06)
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            time.sleep(0.06)
        path.unlink()
        time.sleep(0.3)
        path.write_bytes(whole)
        time.sleep(0.5)
    none_refused(bench, "while a list was spoilt")


@row("whoever publishes is killed in the middle, ten times; then publishes a withdrawal")
def killed_in_publish(bench: Bench) -> None:
    folder, stored = bench.folder / "node", bench.folder / "region"
    node = bench.node(bench.settings())
    bench.region.save(stored)
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    command = [sys.executable, "-B", publishing.__file__, str(stored), str(folder)]
    with loaded(bench.oracle, node.port, rate=20):
        for turn in range(10):
            with subprocess.Popen(
                [*command, str(turn * publishing.EDITIONS)], cwd=REPOSITORY, stdout=subprocess.PIPE
            ) as publisher:
                assert publisher.stdout is not None
                assert publisher.stdout.readline() == b"publishing\n"
                time.sleep(0.05 + 0.037 * turn)
                publisher.kill()
    none_refused(bench, "while publishing was killed")
    subprocess.run(
        [*command, str(10 * publishing.EDITIONS), "last"], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL,
        timeout=_PATIENCE,
    )  # fmt: skip
    await_withdrawal(bench, node, since="a withdrawal by the next publisher")


@row("a rotation of keys is killed at thirty of its steps (no node, so no requests and no receipts)")
def killed_in_rotation(bench: Bench) -> None:
    begun = bench.folder / "begun"
    begun_keys(begun)
    log, script = bench.folder / "strace.log", Path(rotating_keys.__file__)

    def rotating(number: int) -> Program:
        copy = bench.folder / f"keys-{number}"
        shutil.copytree(begun, copy)
        return Program(script, (str(copy),))

    calls = [*rotating(0).calls((*CHANGING, "fsync", "fdatasync"), log=log)]
    kills = 3 if bench.short else 30
    for number, (name, count) in enumerate(calls[:: max(1, len(calls) // kills)], start=1):
        rotating(number).ended_at(name, count, log=log)
        sound_keys(bench.folder / f"keys-{number}")
