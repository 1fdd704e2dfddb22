"""The files of an open log as they grow: what was written ahead, and what has become tiles.

Decides when something is durable. A failure of any step leaves the journal as good as ended: whoever called writes no
more, and the next start finds out what the disk has.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from idbridge.evidence import places, publication, write_ahead
from idbridge.evidence.head import Head
from idbridge.evidence.recovery import Kept, Signed
from idbridge.evidence.write_ahead import Segment
from idbridge.limits import LIMITS
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle
from idbridge.tlog.checkpoint import Checkpoint
from idbridge.tlog.merkle import Growth
from idbridge.tlog.note import Note, NoteSigner


class Journal:
    """One writer commits, one publisher publishes, at the same time; each step is for one thread at a time."""

    def __init__(self, folder: Path, kept: Kept, signer: NoteSigner) -> None:
        """Publish what ``kept`` has written ahead, and begin the next write-ahead file.

        Raises:
            LogError: The entries do not lead to what was signed.
            OSError: The disk failed.
        """
        self._folder = folder
        self._signer = signer
        self._frontier = kept.frontier
        self._signed = kept.signed
        self._edge = kept.edge
        places.sweep(folder)
        if kept.entries:
            self._edge = publication.publish(folder, kept.edge, kept.entries, kept.signed)
        number = 0
        for path in write_ahead.segments(folder):
            number = int(path.name)
            path.unlink()
        places.sync(folder / places.WRITE_AHEAD)
        self._segment = Segment(folder, number + 1)
        try:
            self._next = Segment(folder, number + 2)
        except BaseException:
            self._segment.close()
            raise
        self._unpublished: list[bytes] = []
        self._turn = Lock()
        self._publishing = Lock()

    @property
    def published(self) -> int:
        """How many entries others can see."""
        return self._edge.size

    def head(self) -> Head:
        """Return how far the log has come."""
        told = self._signed.checkpoint
        return Head(told.origin, told.size, told.root)

    def has_room(self) -> bool:
        """Tell whether more may be written ahead of what is published."""
        return (
            self._frontier.size - self._edge.size < LIMITS.log_unpublished
            and self._segment.octets < LIMITS.log_write_ahead_bytes // 2
        )

    def commit(self, entries: Sequence[bytes]) -> tuple[Growth, Note, float]:
        """Make ``entries`` durable as one batch; return how the tree grew, its checkpoint, and the sync's seconds.

        Raises:
            LogError: The disk is full.
            OSError: It failed.
        """
        growth = self._frontier.extend([merkle.leaf_hash(entry) for entry in entries])
        told = Checkpoint(self._signer.key.name, growth.after.size, growth.after.root())
        signed = checkpoints.sign(told, self._signer)
        record = write_ahead.encode(growth.before.size, entries, root=told.root, checkpoint=signed.octets())
        with self._turn:
            seconds = self._segment.write(record)
            self._unpublished += entries
            self._frontier, self._signed = growth.after, Signed(told, signed)
        return growth, signed, seconds

    def publish(self) -> None:
        """Publish all that is durable, and empty the write-ahead file that held it.

        Raises:
            LogError: The entries do not lead to what was signed.
            OSError: The disk failed.
        """
        with self._publishing:
            if not self._unpublished:
                return
            with self._turn:
                done, self._segment, self._next = self._segment, self._next, self._segment
                entries, self._unpublished = self._unpublished, []
                signed = self._signed
            self._edge = publication.publish(self._folder, self._edge, entries, signed)
            done.empty(number=self._segment.number + 1)

    def close(self) -> None:
        """Write no more."""
        self._segment.close()
        self._next.close()
