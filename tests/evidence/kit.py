"""A log on a disk of the test, its keys, and a clock that stands where it is put."""

import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from idbridge.evidence.head import HeadStore
from idbridge.evidence.recorded import Recorded
from idbridge.evidence.writer import LogWriter, create_log
from idbridge.tlog import commitment, receipt
from idbridge.tlog.leaf import LeafType, Value
from idbridge.tlog.receipt import VerifiedReceipt
from tests.tlog.kit import CREDENTIAL, LOG, LOG_SIGNER, NOON

PATIENCE = timedelta(seconds=30)  # a machine that is busy with other tests is not a disk that failed
DAY_KEY = commitment.day_key(b"the key of a day in the tests...")


@dataclass
class Hands:
    """A clock that is moved by hand."""

    at: datetime = NOON

    def now(self) -> datetime:
        """Return where the hands are."""
        return self.at


@dataclass
class Node:
    """A node's log in ``folder``: begun, opened and appended to."""

    folder: Path
    clock: Hands = field(default_factory=Hands)
    heads: HeadStore | None = None

    def begin(self) -> "Node":
        """Begin the log."""
        create_log(self.folder, signer=LOG_SIGNER)
        return self

    def open(self, **other: Any) -> LogWriter:
        """Open the log; tiles follow only when the test says so."""
        wanted = {"signer": LOG_SIGNER, "wait": PATIENCE, "publish_every": None, "heads": self.heads, **other}
        return LogWriter.open(self.folder, clock=self.clock, **wanted)

    def filled(self, count: int, *, publish: bool = True) -> "Node":
        """Append ``count`` leaves, each a batch of its own."""
        writer = self.open()
        for number in range(count):
            append(writer, number)
        writer.close(publishing=publish)
        return self

    def size(self) -> int:
        """Return how many leaves a writer finds that opens the log now."""
        writer = self.open()
        try:
            return writer.state().published
        finally:
            writer.close()

    def copied(self, name: str) -> "Node":
        """Return the same log in another folder: a backup."""
        folder = self.folder.with_name(name)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return Node(folder, self.clock, self.heads)


def members(number: int) -> dict[str, Value]:
    """Return what the leaf of request ``number`` says."""
    request = f"rep_{number:032x}"
    opened = DAY_KEY.opening(request)
    return {"req": request, "rp": "bank.my", "res": "PASSED", "com": opened.commitment(CREDENTIAL)}


def append(writer: LogWriter, number: int) -> Recorded:
    """Append the leaf of request ``number``."""
    told = members(number)
    return writer.append_blocking(LeafType.VERIFY, told, opening=DAY_KEY.opening(str(told["req"])))


def verified(octets: bytes) -> VerifiedReceipt:
    """Return the receipt, verified as its holder does it."""
    return receipt.verify(receipt.parse_unverified(octets), log=LOG)


def later(seconds: float) -> datetime:
    """Return an instant some seconds after noon."""
    return NOON + timedelta(seconds=seconds)
