"""What the doctor sees of a node's log: whether it is there and whole, who has it, and whether the second store agrees.

Decides nothing for the node, and changes nothing. A log that somebody writes to is looked at by what it shows; one that
nobody has is read to its end, as it would be at the next start.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from idbridge.errors import FetchError
from idbridge.evidence import places, reading, recovery
from idbridge.evidence.errors import BusyError, HeadBehindError, refuse
from idbridge.evidence.head import Head, HeadStore
from idbridge.evidence.recovery import Kept
from idbridge.tlog.note import NoteKey


@dataclass(frozen=True, slots=True)
class SeenLog:
    """A log that is in order: its size, whether somebody writes to it, and how old its checkpoint is.

    ``silent`` says why the second store could not be asked, ``kept`` how many entries it knows of.
    """

    size: int
    written: bool
    age: timedelta
    kept: int | None = None
    silent: str = ""


def look_at(folder: Path, key: NoteKey, *, heads: HeadStore | None, at: datetime) -> SeenLog:
    """Return what is seen of the log in ``folder``, which ``key`` is to sign.

    Raises:
        LogError: There is none, it is damaged or of another key, or the second store knows of a longer or another one.
    """
    if reading.key_of(folder) != key:
        refuse(f"the log in {folder.name} is of another key than the one that is to sign it")
    try:
        with places.locked(folder):
            kept = recovery.read(folder, (key,))
            return _seen(folder, kept.signed.checkpoint.size, _held(heads, kept, folder), at=at)
    except BusyError:
        shown = reading.newest(folder, (key,))
        return _seen(folder, shown.checkpoint.size, (None, ""), at=at, written=True)


def _seen(folder: Path, size: int, told: tuple[int | None, str], *, at: datetime, written: bool = False) -> SeenLog:
    published = datetime.fromtimestamp((folder / places.CHECKPOINT).stat().st_mtime, UTC)
    return SeenLog(size, written, max(at - published, timedelta(0)), *told)


def _held(heads: HeadStore | None, kept: Kept, folder: Path) -> tuple[int | None, str]:
    """Return how many entries the second store knows of, or why it does not say.

    It is asked to keep what it keeps already, so that it changes nothing whatever it answers.

    Raises:
        HeadBehindError: It knows of a longer log, or of another one.
    """
    if heads is None:
        return None, ""
    tree = kept.signed.checkpoint
    local = Head(tree.origin, tree.size, tree.root)
    try:
        held = heads.swap(local, expected=local)
    except FetchError as silent:
        return None, str(silent)
    if held is None:
        return None, ""
    if held.size > local.size or recovery.root_at(folder, kept, held.size) != held.root:
        raise HeadBehindError(local=local.size, known=held.size)
    return held.size, ""
