"""The writer of a node's log: a leaf is told to be in it once a disk has it, and never before.

Decides what is in the log, in which order and at which time. The steps are those of the reference: (1) a batch is
everybody who came while the disk was busy; (2) leaf hashes and the right edge; (3) the checkpoint is signed; (4) one
record, one write, one fdatasync; (5) those who waited are told, with receipts; (6) tiles follow, and then the
write-ahead file goes; (7) a start reads all of it again and refuses what does not add up; (8) a disk that fails once
ends the writer: what became of the data is not known, and asking again would be told a lie; (9) time never goes back.

Whoever has opened the log has it alone. A writer that has failed is closed, and opened again once the disk is well.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Final, Self
from weakref import WeakKeyDictionary

from idbridge.clock import Clock, SystemStopwatch
from idbridge.errors import IdBridgeError
from idbridge.evidence import head as heads_
from idbridge.evidence import places, recovery
from idbridge.evidence.errors import LogError, UnrecordedError
from idbridge.evidence.head import Head, HeadStore, Keeper
from idbridge.evidence.journal import Journal
from idbridge.evidence.recorded import Recorded
from idbridge.evidence.waiting import Deadlines, Line, Waiting, tell
from idbridge.limits import LIMITS
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle
from idbridge.tlog.checkpoint import Checkpoint
from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import Leaf, LeafType, Value
from idbridge.tlog.note import NoteKey, NoteSigner
from idbridge.tlog.receipt import BatchReceipts

_CLOSED: Final = "the log was closed"
_LATE: Final = "the disk did not answer in time"
_MILLISECONDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class LogState:
    """How a writer is doing: entries that are durable, published and known to the store of heads; who waits.

    ``failure`` says why nothing is written any more, ``heads_silent`` that the store of heads did not answer last.
    """

    size: int
    published: int
    head_kept: int
    waiting: int
    failure: str
    heads_silent: bool


def create_log(folder: Path, *, signer: NoteSigner) -> None:
    """Begin an empty log in ``folder``, whose origin is the name of ``signer``.

    Raises:
        LogError: The folder is not empty, or cannot be written.
    """
    places.make(folder)
    signed = checkpoints.sign(Checkpoint(signer.key.name, 0, merkle.EMPTY_ROOT), signer)
    try:
        places.put(folder, {places.VKEY: f"{signer.key.text()}\n".encode(), places.CHECKPOINT: signed.octets()})
    except OSError as unwritable:
        raise LogError(f"{folder.name} cannot be written: {unwritable.strerror}") from unwritable


class LogWriter:
    """A log that is open for writing. Made by ``open``; closed at the end, also if it has failed.

    ``publish_every`` is how often tiles follow by themselves; ``None`` leaves it to ``publish``.
    """

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        signer: NoteSigner,
        clock: Clock,
        heads: HeadStore | None = None,
        confirmed: Head | None = None,
        former_keys: Sequence[NoteKey] = (),
        wait: timedelta = LIMITS.log_wait,
        publish_every: timedelta | None = LIMITS.log_publish_pause,
        synced: Callable[[int, float], None] | None = None,
    ) -> Self:
        """Return a writer of the log in ``folder``, after all that its files hold was read and found to add up.

        It blocks: in an event loop, call it in a thread. ``former_keys`` signed before ``signer`` did. ``confirmed`` is
        a head that others are known to have seen. ``synced`` is told of each batch that a disk has, of how many entries
        it is and for how many seconds the sync was waited for; the thread that writes calls it, so it takes no time.

        Raises:
            LogError: There is no log, somebody else has it, its files are damaged, or other keys have signed it;
                ``HeadBehindError``: ``heads`` or others have seen a longer log, or another one.
            FetchError: The store of heads cannot be asked now.
        """
        lock = places.lock(folder)
        try:
            kept = recovery.read(folder, (signer.key, *former_keys))
            local = Head(signer.key.name, kept.frontier.size, kept.frontier.root())
            root_at = partial(recovery.root_at, folder, kept)
            if confirmed is not None:
                heads_.require_continued(local, confirmed, root_at=root_at)
            if heads is not None:
                heads_.settle(heads, local, root_at=root_at)
            keeper = None if heads is None else Keeper(heads, local)
            return cls(
                lock,
                Journal(folder, kept, signer),
                clock,
                keeper,
                last_ms=kept.at_ms,
                wait=wait,
                every=publish_every,
                synced=synced,
            )
        except OSError as failed:
            os.close(lock)
            raise LogError(f"the log cannot be opened: {failed.strerror}") from failed
        except BaseException:
            os.close(lock)
            raise

    def __init__(
        self,
        lock: int,
        journal: Journal,
        clock: Clock,
        keeper: Keeper | None,
        *,
        last_ms: int,
        wait: timedelta,
        every: timedelta | None,
        synced: Callable[[int, float], None] | None,
    ) -> None:
        self._lock = lock
        self._journal = journal
        self._clock = clock
        self._keeper = keeper
        self._last_ms = last_ms
        self._wait_s = wait.total_seconds()
        self._synced = synced
        self._line = Line(SystemStopwatch())
        self._deadlines: WeakKeyDictionary[asyncio.AbstractEventLoop, Deadlines] = WeakKeyDictionary()
        self._closing = Event()
        self._writing = Thread(target=self._write, name="log-writer", daemon=True)
        self._threads = [self._writing]
        if every is not None:
            chores = [self.publish] if keeper is None else [self.publish, self.keep_head]
            self._threads += [Thread(target=self._repeat, args=(one, every), daemon=True) for one in chores]
        for thread in self._threads:
            thread.start()

    async def append(self, kind: LeafType, members: Mapping[str, Value], *, opening: Opening | None = None) -> Recorded:
        """Append a leaf of this type and these members; return once a disk has it.

        Its time is that of the writer's clock, and never before that of the leaf before. ``opening`` goes into the
        receipt, for whom the leaf is about. Whatever is raised, nothing may be released: that the leaf comes to stand
        in the log all the same harms nobody.

        Raises:
            EvidenceError: ``time.evidence_malformed``: the type does not have these members, or not like this.
            RequestError: ``system.overloaded``: too many wait.
            UnrecordedError: ``system.unrecorded``: the disk failed or did not answer in time, the clock went back, or
                the log is closed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Recorded] = loop.create_future()
        self._join(kind, members, opening, future, loop)
        deadlines = self._deadlines.get(loop)
        if deadlines is None:
            deadlines = self._deadlines[loop] = Deadlines(self._wait_s, _LATE)
        deadlines.watch(future)
        return await future

    def append_blocking(
        self, kind: LeafType, members: Mapping[str, Value], *, opening: Opening | None = None
    ) -> Recorded:
        """Append a leaf as ``append`` does, from a thread without an event loop: rare acts, and the command line.

        Raises:
            IdBridgeError: As ``append``.
        """
        future: futures.Future[Recorded] = futures.Future()
        self._join(kind, members, opening, future, None)
        try:
            return future.result(self._wait_s)
        except TimeoutError:
            raise UnrecordedError(_LATE) from None

    def publish(self) -> None:
        """Write tiles and checkpoint of all that is durable; what others see is then the whole log.

        A disk that fails ends the writer; ``state`` says so.
        """
        self._or_fail(self._journal.publish)

    def keep_head(self) -> None:
        """Let the store of heads know how far the log has come."""
        keeper = self._keeper
        if keeper is not None:
            self._or_fail(lambda: keeper.keep(self._journal.head()))

    def state(self) -> LogState:
        """Return how the writer is doing."""
        failure = self._line.closed()
        keeper = self._keeper
        return LogState(
            size=self._journal.head().size,
            published=self._journal.published,
            head_kept=0 if keeper is None else keeper.kept.size,
            waiting=self._line.length(),
            failure="" if failure == _CLOSED else failure,
            heads_silent=keeper is not None and keeper.silent,
        )

    @property
    def last_ms(self) -> int:
        """The time of the last leaf, in milliseconds since 1970; 0 in an empty log."""
        return self._last_ms

    def set_back(self) -> Head:
        """Write from the present time on, though the last leaf is later; return how far the log has come.

        For an operator, who says that the clock was ahead. The leaf that follows has to say where the log stood.
        """
        self._last_ms = 0
        return self._journal.head()

    def close(self, *, publishing: bool = True) -> None:
        """Write what is in line, publish it, and let others have the log. It blocks.

        Without ``publishing`` it ends sooner, and the next start publishes, as it does when a process was killed.
        """
        if self._lock < 0:
            return
        self._line.close(_CLOSED)
        self._closing.set()
        for thread in self._threads:
            thread.join()
        if publishing and not self.state().failure:
            self.publish()
            self.keep_head()
        self._journal.close()
        os.close(self._lock)
        self._lock = -1

    def _join(
        self,
        kind: LeafType,
        members: Mapping[str, Value],
        opening: Opening | None,
        future: "asyncio.Future[Recorded] | futures.Future[Recorded]",
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        def made() -> Waiting:
            leaf = Leaf(kind, self._stamp(), members)
            return Waiting(leaf, leaf.octets(), opening, future, loop)

        self._line.join(made, room=self._journal.has_room)

    def _stamp(self) -> int:
        """Return the time of the next leaf; the line calls it for one at a time."""
        now_ms = int(self._clock.now().timestamp() * _MILLISECONDS)
        if now_ms < self._last_ms - LIMITS.log_clock_back.total_seconds() * _MILLISECONDS:
            raise UnrecordedError("the clock went back behind what stands in the log")
        self._last_ms = max(self._last_ms, now_ms)
        return self._last_ms

    def _write(self) -> None:
        try:
            while batch := self._line.take():
                self._or_fail(partial(self._commit, batch))
                if self.state().failure:
                    break
        finally:
            self._line.close("the writer of the log has ended")
            self._line.turn_away()

    def _commit(self, batch: Sequence[Waiting]) -> None:
        growth, signed, seconds = self._journal.commit([one.entry for one in batch])
        first, receipts = growth.before.size, BatchReceipts(growth, signed)
        self._line.settled()
        tell([
            (one, Recorded(one.leaf, first + place, one.opening, one.entry, receipts))
            for place, one in enumerate(batch)
        ])  # fmt: skip
        if self._synced is not None:  # once those who waited are told
            self._synced(len(batch), seconds)

    def _repeat(self, chore: Callable[[], None], every: timedelta) -> None:
        while not self._closing.wait(every.total_seconds()) and not self.state().failure:
            chore()

    def _or_fail(self, step: Callable[[], None]) -> None:
        """Take a step, after whose failure nothing is written any more, because what the disk has is not known."""
        try:
            step()
        except OSError as failed:
            self._line.close(f"the disk failed: {failed.strerror}")
        except IdBridgeError as refused:
            self._line.close(str(refused))
