"""What a row has in hand: a folder, a region of today, an oracle, and what tidies up after it."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from idbridge.evidence import fsck, reading, recovery
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.settings import Settings
from tests.chaos.keeper import Keeper, kept
from tests.chaos.oracle import Count, Oracle
from tests.gateway.distributed import lay_down, settings_in, the_present_region
from tests.promises.canaries import Traces, files_below

LENIENT = 3  # how many times its promise a deadline is, on a machine that has nothing else to do
_SPIN = 0.15  # seconds of computing by which is measured how busy this machine is
# Slower than a live node lets a disk be: the machine has other work, and its disk is not what is looked at.
SLOW_DISK = 5.0


def busy() -> float:
    """Return how many times longer a computation takes now than it would on a machine that does nothing else.

    What just was counts too: how many wanted to compute in the last minute, for each processor.
    """
    began, spent = time.monotonic(), time.process_time()
    while time.process_time() - spent < _SPIN:
        sum(range(1_000))
    return max(1.0, (time.monotonic() - began) / _SPIN, os.getloadavg()[0] / (os.cpu_count() or 1))


@dataclass(repr=False)
class Bench:
    """One row's. ``recovered`` is the longest time that it took to answer again, ``late`` what missed its deadline.

    A ``short`` one does the same to fewer requests, as all other tests run beside it. ``figures`` are told below the
    table.
    """

    folder: Path
    stack: ExitStack
    short: bool = False
    region: Region = field(default_factory=the_present_region)
    recovered: float | None = None
    late: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)
    keepers: list[Keeper] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)  # folders in ``folder`` with a product, and so with its people
    _oracle: Oracle | None = None

    @property
    def oracle(self) -> Oracle:
        if self._oracle is None:
            self._oracle = Oracle(self.region)
        return self._oracle

    @oracle.setter
    def oracle(self, oracle: Oracle) -> None:
        self._oracle = oracle

    @property
    def count(self) -> Count:
        return self.oracle.count

    def settings(self, *, plain: bool = False, at: str = "node", **more: Any) -> Settings:
        """Lay down the files of a node of Thailand that takes its trust by TUF, or from pinned lists, and its log."""
        folder = self.folder / at
        folder.mkdir(exist_ok=True)
        told = {"log_wait_seconds": SLOW_DISK, "reload_seconds": 0.2, **more}
        if plain:
            settings = lay_out(self.region, folder)[MemberState.TH].model_copy(update=told)
        else:
            lay_down(folder)
            settings = settings_in(folder, self.region, **told)
        if settings.log_dir is not None:
            self.logs.append(settings.log_dir)
        return settings

    def node(self, settings: Settings, *, env: Mapping[str, str] | None = None, **more: Any) -> Keeper:
        """Keep a node until the end of the row, ready."""
        keeper = self.stack.enter_context(kept(settings, env=env, **more))
        self.keepers.append(keeper)
        return keeper

    def deadline(self, what: str, took: float, *, promised: float, recovery: bool = True) -> None:
        """Hold ``took`` against three times what was promised, counted in seconds of a machine that is idle."""
        if recovery:
            self.recovered = max(self.recovered or 0.0, took)
        if took > LENIENT * promised and took > LENIENT * promised * busy():
            self.late.append(f"{what}: {took:.1f} s, promised {promised:g} s")

    def measure_recovery(self, what: str, again: Callable[[], object], *, promised: float) -> None:
        """Do ``again``, which returns once there is an answer, and hold its time against the promise."""
        began = time.monotonic()
        again()
        self.deadline(what, time.monotonic() - began, promised=promised)

    def examine_logs(self) -> None:
        """Look in each log, as a node that starts would, for the leaf of every receipt that was given out."""
        for folder in self.logs:
            if not folder.is_dir():
                continue
            found = fsck.examine(folder)
            self.count.notes += [f"log: {one.path}: {one.what}" for one in found.findings if _is_damage(one.what)]
        held = {index: octets for folder in self.logs if folder.is_dir() for index, octets in _entries(folder).items()}
        for receipt in self.count.receipts:
            if f'"req":"{receipt.report_id}"'.encode() not in held.get(receipt.index, b""):
                self.count.lost_leaves += 1
                self.count.notes.append(f"no leaf {receipt.index} of {receipt.report_id}")

    def people_left(self) -> dict[str, set[tuple[str, str]]]:
        """Return where anybody of the region is found in what the row left, by value and encoding; nothing is right.

        Searched are its files, the journals of its nodes, and the answers that were no verdicts.
        """
        laid_down = tuple(f"files/{name}/" for name in self.sources)
        found = files_below(self.folder, name="files")
        places = {place: octets for place, octets in found if not place.startswith(laid_down)}
        for number, keeper in enumerate(self.keepers):
            places[f"journal {number}"] = keeper.journal.text.encode()
        places["answers that are no verdicts"] = b"\n".join(self.count.problems)
        return Traces(places).hits()


def _is_damage(what: str) -> bool:
    """Tell whether a finding is more than the end of a write that was cut short, which a start removes."""
    return "cut short" not in what


def _entries(folder: Path) -> dict[int, bytes]:
    signed = reading.newest(folder)
    size, found = signed.checkpoint.size, {}
    for number in range(-(-size // 256)):
        for place, octets in enumerate(reading.bundle(folder, number, size=size)):
            found[number * 256 + place] = octets
    ahead = recovery.read(folder, (reading.key_of(folder),))
    return found | {ahead.edge.size + place: octets for place, octets in enumerate(ahead.entries)}
