"""Any history of a log against a model of it: a list of what was acknowledged, whatever happens in between."""

import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.evidence import fsck, reading, write_ahead
from idbridge.evidence.recorded import Recorded
from idbridge.tlog import merkle, receipt
from tests.evidence.kit import Node, append, verified

RUNS = int(os.environ.get("IDBRIDGE_MODEL_RUNS", "40"))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 5)),
        st.tuples(st.just("fill"), st.sampled_from([120, 250, 256])),
        st.tuples(st.just("publish"), st.just(0)),
        st.tuples(st.just("close"), st.just(0)),
        st.tuples(st.just("kill"), st.just(0)),
        st.tuples(st.just("cut"), st.integers(1, 2_000)),
        st.tuples(st.just("copy"), st.just(0)),
    ),
    max_size=12,
)


class History:
    """A log to which things happen, and what was acknowledged."""

    def __init__(self, folder: Path) -> None:
        self.node = Node(folder).begin()
        self.writer = self.node.open()
        self.acknowledged: list[Recorded] = []

    def append(self, count: int) -> None:
        for _ in range(count):
            self.node.clock.at += timedelta(milliseconds=1)
            self.acknowledged.append(append(self.writer, len(self.acknowledged)))

    fill = append

    def publish(self, _: int) -> None:
        self.writer.publish()
        assert self.writer.state().published == len(self.acknowledged)

    def close(self, _: int) -> None:
        self.writer.close()
        self._opened()

    def kill(self, _: int) -> None:
        self.writer.close(publishing=False)
        self._opened()

    def cut(self, octets: int) -> None:
        """Write one more record, of which the last ``octets`` never came to the disk and nobody was told."""
        self.writer.publish()
        append(self.writer, len(self.acknowledged))
        self.writer.close(publishing=False)
        (path,) = [one for one in write_ahead.segments(self.node.folder) if any(one.read_bytes()[:64])]
        whole = path.read_bytes()
        end = write_ahead.end_of(whole)
        kept = max(end - octets, 0)
        path.write_bytes(whole[:kept] + bytes(len(whole) - kept))
        self._opened()

    def copy(self, _: int) -> None:
        """Go on with a copy of the files, as after a move to another disk while the process was down."""
        self.writer.close(publishing=False)
        moved = self.node.folder.with_name("moved")
        shutil.copytree(self.node.folder, moved)
        shutil.rmtree(self.node.folder)
        moved.rename(self.node.folder)
        self._opened()

    def _opened(self) -> None:
        self.writer = self.node.open()
        assert self.writer.state().published == len(self.acknowledged)

    def end(self) -> None:
        """Fail unless the log is, entry for entry, what was acknowledged, and every receipt still fits into it."""
        self.writer.close()
        assert fsck.examine(self.node.folder).findings == ()
        told = reading.newest(self.node.folder).checkpoint
        entries = [one.leaf.octets() for one in self.acknowledged]
        tree = merkle.Frontier().extend([merkle.leaf_hash(entry) for entry in entries])
        assert (told.size, told.root) == (len(entries), tree.after.root())
        for number, one in enumerate(self.acknowledged):
            if number % 41 == 0 or number + 3 > len(entries):
                octets = one.receipt()
                assert receipt.parse_unverified(octets).entry == entries[number]
                seen = verified(octets).checkpoint
                proof = merkle.consistency_proof(seen.size, told.size, tree.node)
                merkle.require_consistent(
                    old=seen.size, old_root=seen.root, new=told.size, new_root=told.root, proof=proof
                )


@given(steps=STEPS)
@settings(max_examples=RUNS, deadline=None)
def test_whatever_happens_the_log_is_what_was_acknowledged(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as top:
        history = History(Path(top, "log"))
        for name, argument in steps:
            getattr(history, name)(argument)

        history.end()
