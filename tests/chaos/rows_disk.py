"""Rows about disks: one that fails to write down, and ones that are full. A full disk is a tmpfs of the row's own."""

import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tests.chaos.bench import Bench
from tests.chaos.load import ask, loaded, until, until_accepted
from tests.chaos.rows import row
from tests.chaos.rows_store import redis_of
from tests.engines import require_engine

RESUMED = 5.0  # seconds promised from when there is room again (fault matrix)
_PATIENCE = 60.0
_SLOW_DISK = 5.0


@row("the disk of the log answers EIO to twenty writes that have to last")
def fsync_fails(bench: Bench) -> None:
    trace = bench.folder / "strace.log"
    before = (
        str(require_engine("strace")), "-f", "--quiet=all", "--seccomp-bpf", "-o", str(trace),
        "-e", "inject=fdatasync:error=EIO:when=30..50",
    )  # fmt: skip
    server = redis_of(bench, "redis")
    node = bench.node(bench.settings(), env={"redis_url": server.url}, before=before)
    with loaded(bench.oracle, node.port, rate=30):
        until(lambda: "EIO" in trace.read_text() or bench.count.shed > 0, within=_PATIENCE, what="no disk failed")
        bench.measure_recovery(
            "accepted after the disk failed", lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE),
            promised=RESUMED,
        )  # fmt: skip
        time.sleep(2)


class SmallDisk:
    """A tmpfs that a process of its own holds, and that a node sees which is started by ``before``."""

    def __init__(self, bench: Bench, place: Path, *, mebibytes: int) -> None:
        place.mkdir(parents=True, exist_ok=True)
        kept = bench.folder / "kept-for-disk"
        shutil.copytree(place, kept)
        script = (
            'mount -t tmpfs -o "size=$3m,mode=700" tmpfs "$1" && cp -a "$2/." "$1/" && echo mounted && exec sleep 600'
        )
        user = () if os.getuid() == 0 else ("--user", "--map-root-user")
        words = ["unshare", *user, "--mount", "--propagation", "private", "sh", "-c", script, "sh", str(place)]
        self._holder = subprocess.Popen([*words, str(kept), str(mebibytes)], stdout=subprocess.PIPE, text=True)
        bench.stack.callback(self._end)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "mounted\n"
        into = () if os.getuid() == 0 else ("--user", "--preserve-credentials")
        self.before = ("nsenter", "-t", str(self._holder.pid), *into, "--mount")
        self.inside = Path(f"/proc/{self._holder.pid}/root") / place.relative_to("/")

    def fill(self) -> None:
        """Fill it to the last octet."""
        with suppress(OSError), (self.inside / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4_096))

    def free(self) -> None:
        """Make room."""
        (self.inside / "filler").unlink()

    def _end(self) -> None:
        self._holder.kill()
        self._holder.wait(timeout=10)
        if self._holder.stdout is not None:
            self._holder.stdout.close()


@row("the disk of the log is full, and has room again")
def log_disk_full(bench: Bench) -> None:
    disk_folder = bench.folder / "log-disk"
    disk = SmallDisk(bench, disk_folder, mebibytes=160)
    settings = bench.settings(log_dir=disk_folder / "log")
    server = redis_of(bench, "redis")
    node = bench.node(settings, env={"redis_url": server.url}, before=disk.before)
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    with loaded(bench.oracle, node.port, rate=100):
        time.sleep(1)
        disk.fill()
        time.sleep(4)
        disk.free()
        bench.measure_recovery(
            "accepted after the log has room", lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE),
            promised=RESUMED,
        )  # fmt: skip
        time.sleep(1)
    node.kill()
    shutil.copytree(disk.inside / "log", bench.folder / "log-copied")
    bench.logs = [bench.folder / "log-copied"]


@row("the disk of the state directory is full: not ready, then nothing decided, and ready once there is room")
def state_disk_full(bench: Bench) -> None:
    settings = bench.settings()
    disk = SmallDisk(bench, settings.state_dir, mebibytes=64)
    server = redis_of(bench, "redis")
    node = bench.node(settings, env={"redis_url": server.url}, before=disk.before)
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    with loaded(bench.oracle, node.port):
        disk.fill()
        until(lambda: node.ready() == 503, within=_PATIENCE, what="ready on a full disk")
        until(
            lambda: not ask(bench.oracle, node.port, bench.oracle.good()), within=_PATIENCE,
            what="decided on a full disk",
        )  # fmt: skip
        disk.free()
        bench.measure_recovery("ready after there was room", lambda: node.await_ready(), promised=RESUMED)
        until_accepted(bench.oracle, node.port, within=_PATIENCE)
