"""What an append returns: the leaf as it stands in the log, and its receipt, made when somebody asks for it."""

from dataclasses import dataclass, field

from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import Leaf
from idbridge.tlog.receipt import BatchReceipts


@dataclass(frozen=True, slots=True)
class Recorded:
    """A leaf that a disk has: made only once it has. ``opening`` is for whom the leaf is about, and for nobody else."""

    leaf: Leaf
    index: int
    opening: Opening | None
    _entry: bytes = field(repr=False)
    _receipts: BatchReceipts = field(repr=False)

    def receipt(self) -> bytes:
        """Return the receipt as it travels (C2SP tlog-proof), with what opens the leaf if there is something to open.

        It is complete: nothing is to come later but the signatures of witnesses.
        """
        return self._receipts.octets(self.index, entry=self._entry, opening=self.opening)
