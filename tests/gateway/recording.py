"""One log for each state of the region, which all nodes of the tests share as the workers of one node do.

What is tested here of a node is not its disk: the log lies in memory where there is such a place, its clock stands at
noon, and the keys of days are there for as long as any test turns a clock.
"""

import asyncio
import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

from idbridge.clock import FixedClock
from idbridge.evidence import reading
from idbridge.evidence.writer import LogWriter, create_log
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge.tlog.leaf import Leaf, parse_leaf
from idbridge.tlog.note import note_signer
from idbridge.tlog.tile import WIDTH
from idbridge.trust.log_names import origin_of
from idbridge_gateway.evidence.line import OwnLine
from idbridge_gateway.evidence.writing import LogServer
from idbridge_gateway.settings import Settings
from tests.gateway.clocks import NOON

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system, in which the folder is made with a name of its own
_DAYS = range(-31, 431)  # as seen from noon: as far as tests turn a clock
_PATIENCE = LIMITS.log_sandbox_wait  # a machine that is busy with other tests is not a disk that failed


_LINES: dict[Path, OwnLine] = {}
_SHARED: dict[MemberState, dict[str, Any]] = {}


def shared_log(region: Region, state: MemberState) -> dict[str, Any]:
    """Return the settings by which a node of ``state`` writes to the log that the tests share."""
    if state not in _SHARED:
        _SHARED[state] = _begun(region, state)
    return _SHARED[state]


def _begun(region: Region, state: MemberState) -> dict[str, Any]:
    held = TemporaryDirectory(prefix="idbridge-log-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None)
    atexit.register(held.cleanup)
    folder = Path(held.name)
    service = region.log_service(state)
    signer = note_signer(origin_of(service.issuer), service.signer)
    create_log(folder / "log", signer=signer)
    _LINES[folder / "writer"] = OwnLine(
        lambda: LogWriter.open(
            folder / "log", signer=signer, clock=FixedClock(NOON), wait=_PATIENCE, publish_every=None
        )
    )
    serve_log(folder / "writer", folder / "writer").__enter__()  # until the process ends
    return {
        "log_dir": folder / "log",
        "log_day_keys_dir": _days(folder / "day-keys"),
        "log_heads_dir": None,
        "log_socket": folder / "writer",
        "log_wait_seconds": _PATIENCE.total_seconds(),
    }


def _days(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    for number in _DAYS:
        path = folder / f"{(NOON + timedelta(days=number)).date()}.key"
        path.write_bytes(os.urandom(32))
        path.chmod(0o600)
    return folder


@contextmanager
def serve_log(shared: Path | None, socket: Path) -> Iterator[None]:
    """Serve the log of the tests that is written at ``shared`` at another ``socket`` too."""
    assert shared is not None
    server, listening, loops = LogServer(_LINES[shared], socket), Event(), []
    ending = asyncio.Event()

    async def served() -> None:
        await server.begin()
        loops.append(asyncio.get_running_loop())
        listening.set()
        await ending.wait()
        await server.end()

    thread = Thread(target=asyncio.run, args=(served(),), daemon=True)
    thread.start()
    listening.wait()
    yield
    loops[0].call_soon_threadsafe(ending.set)
    thread.join()


def publish(settings: Settings) -> None:
    """Let others see what was written so far to the log of ``settings``, as it comes to pass each second."""
    assert settings.log_socket is not None
    _LINES[settings.log_socket].begin().publish()


def leaves(settings: Settings) -> list[Leaf]:
    """What stands in the log of ``settings``, from the first leaf to the last."""
    publish(settings)
    folder = settings.log_dir
    assert folder is not None
    size = reading.newest(folder).checkpoint.size
    bundles = (reading.bundle(folder, number, size=size) for number in range(-(-size // WIDTH)))
    return [parse_leaf(octets) for bundle in bundles for octets in bundle]
