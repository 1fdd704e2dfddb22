"""What evidence costs: leaves a second with receipts, the time that a durable leaf adds to an answer, and a restart.

Everything is on the disk where temporary files are, and by the wall clock: other jobs of the machine are in it.
"""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from idbridge.clock import SystemClock
from idbridge.crypto.signer import derived_signer
from idbridge.errors import RequestError
from idbridge.evidence import fsck, publication, recovery, write_ahead
from idbridge.evidence.edge import Edge
from idbridge.evidence.journal import Journal
from idbridge.evidence.recovery import Kept, Signed
from idbridge.evidence.writer import LogWriter, create_log
from idbridge.limits import LIMITS
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import commitment, note
from idbridge.tlog.checkpoint import Checkpoint
from idbridge.tlog.leaf import Leaf, LeafType, Value

CLIENTS: Final = 256
RATE: Final = 1_000
ROUNDS: Final = 5
AGAIN_S: Final = 0.005
MILLION: Final = 1_000_000
PATIENCE: Final = timedelta(minutes=1)
SIGNER: Final = note.note_signer("bench.example/log", derived_signer(hashlib.sha256(b"a bench").digest()))
_DAY: Final = commitment.day_key(hashlib.sha256(b"the key of a day").digest())


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what was measured, what came out, and what is wanted, each with its unit."""

    name: str
    measured: str
    wanted: str = ""


def evidence_figures(*, short: bool) -> Iterator[Figure]:
    """Measure, and yield each figure as it comes."""
    seconds, entries = (1, 100_000) if short else (3, MILLION)
    with tempfile.TemporaryDirectory() as top:
        yield Figure("one sync of this disk, without a log", _bare_sync(Path(top, "file")))
        folder = Path(top, "log")
        create_log(folder, signer=SIGNER)
        writer = LogWriter.open(folder, signer=SIGNER, clock=SystemClock(), wait=PATIENCE)
        rates = sorted(_throughput(writer, seconds) for _ in range(ROUNDS))
        told = f"{rates[-1]:,.0f} (median {median(rates):,.0f})"
        yield Figure(f"leaves a second, each with its receipt, {CLIENTS} waiting", told, "5000")
        yield from _latencies([_latency(writer, seconds) for _ in range(ROUNDS)])
        writer.close()
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top, "log")
        _long_log(folder, entries)
        yield Figure(f"a start with {entries:,} leaves, as many written ahead as may be", _start(folder), "2 s")
        yield Figure(f"`log fsck` of {entries:,} leaves", _examined(folder), "20 s")


def _bare_sync(path: Path) -> str:
    """Overwrite a kilobyte and wait for the disk, again and again: what no log could be faster than."""
    spent = []
    path.write_bytes(bytes(1024 * 1024))
    descriptor = os.open(path, os.O_WRONLY)
    for number in range(1_000):
        begun = perf_counter()
        os.pwrite(descriptor, b"x" * 1024, number * 1024)
        os.fdatasync(descriptor)
        spent.append((perf_counter() - begun) * 1e3)
    os.close(descriptor)
    spent.sort()
    return f"p50 {spent[500]:.2f} ms, p99 {spent[990]:.2f} ms"


def _throughput(writer: LogWriter, seconds: int) -> float:
    async def client(number: int, until: float) -> int:
        count = 0
        while perf_counter() < until:
            try:
                await _append(writer, number * MILLION + count)
                count += 1
            except RequestError:  # more is written ahead than is published: a client asks again, and so does this one
                await asyncio.sleep(AGAIN_S)
        return count

    async def all_clients() -> int:
        until = perf_counter() + seconds
        return sum(await asyncio.gather(*[client(number, until) for number in range(CLIENTS)]))

    begun = perf_counter()
    count = asyncio.run(all_clients())
    return count / (perf_counter() - begun)


def _latencies(rounds: Sequence[tuple[float, float]]) -> Iterator[Figure]:
    for name, values, wanted in zip(("p50", "p99"), zip(*rounds, strict=True), ("1.5 ms", "10 ms"), strict=True):
        told = f"{min(values):.2f} ms (median {median(values):.2f})"
        yield Figure(f"added to an answer at {RATE:,} a second, {name}", told, wanted)


def _latency(writer: LogWriter, seconds: int) -> tuple[float, float]:
    """Return p50 and p99 in milliseconds. Requests come by the clock, whether or not those before were answered."""
    spent: list[float] = []

    async def one(number: int, due: float) -> None:
        await _append(writer, number)
        spent.append(perf_counter() - due)

    async def all_requests() -> None:
        begun, under_way = perf_counter(), []
        for number in range(RATE * seconds):
            due = begun + number / RATE
            if (left := due - perf_counter()) > 0:
                await asyncio.sleep(left)
            under_way.append(asyncio.create_task(one(-1 - number, perf_counter())))
        await asyncio.gather(*under_way)

    asyncio.run(all_requests())
    spent.sort()
    return spent[len(spent) // 2] * 1e3, spent[len(spent) * 99 // 100] * 1e3


async def _append(writer: LogWriter, number: int) -> bytes:
    opening = _DAY.opening(f"rep_{number:032x}")
    told = _members(number, opening.commitment(b"a credential"))
    return (await writer.append(LeafType.VERIFY, told, opening=opening)).receipt()


def _members(number: int, commitment_: str) -> dict[str, Value]:
    return {
        "req": f"rep_{number:032x}", "rp": "bank.my", "iss": "SG https://login.sg.example", "res": "PASSED",
        "com": commitment_, "fmt": "id_token", "alg": "ES256", "loa": "A2", "day": "2026-11-30",
        "list": "7:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg",
    }  # fmt: skip


def _long_log(folder: Path, entries: int) -> None:
    """Make a long log without its writer, whose rate was measured already; the last part of it only written ahead."""
    create_log(folder, signer=SIGNER)
    nothing = _DAY.opening("").commitment(b"")
    edge, step = Edge(), LIMITS.log_unpublished
    for first in range(0, entries - step, step):
        several = [_leaf(number, nothing) for number in range(first, min(first + step, entries - step))]
        grown = edge.grown(several).edge.frontier()
        told = Checkpoint(SIGNER.key.name, grown.size, grown.root())
        edge = publication.publish(folder, edge, several, Signed(told, checkpoints.sign(told, SIGNER)))
    kept = recovery.read(folder, (SIGNER.key,))
    journal = Journal(folder, Kept(kept.edge, (), kept.frontier, kept.signed, kept.at_ms), SIGNER)
    for first in range(edge.size, entries, 16):
        journal.commit([_leaf(number, nothing) for number in range(first, min(first + 16, entries))])
    journal.close()


def _leaf(number: int, commitment_: str) -> bytes:
    return Leaf(LeafType.VERIFY, 1_796_000_000_000, _members(number, commitment_)).octets()


def _start(folder: Path) -> str:
    ahead = sum(len(record.entries) for record in write_ahead.read_records(folder))
    begun = perf_counter()
    writer = LogWriter.open(folder, signer=SIGNER, clock=SystemClock(), wait=PATIENCE)
    spent = perf_counter() - begun
    writer.close()
    return f"{spent:.2f} s ({ahead:,} read again)"


def _examined(folder: Path) -> str:
    begun = perf_counter()
    found = fsck.examine(folder)
    return f"{perf_counter() - begun:.1f} s, {len(found.findings)} findings"
