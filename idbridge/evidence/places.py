"""The files of a log: where each stands, how one comes to last, and that one writer at a time has them.

Decides nothing about what is in them. Everything stands below one folder, in the layout that C2SP tlog-tiles gives to
clients, so that a plain file server can show it; entry bundles and the write-ahead files are for their owner alone.
"""

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from idbridge.errors import FetchError, InputError
from idbridge.evidence.errors import BusyError, LogError, refuse
from idbridge.limits import LIMITS
from idbridge.tlog.tile import Bundle, Tile
from idbridge.trust import files
from idbridge.trust.files import AbsentError

CHECKPOINT: Final = "checkpoint"
VKEY: Final = "log.vkey"  # the key that signs, as configurations hold it; its key id tells any change of it
PRUNED: Final = "pruned"
WRITE_AHEAD: Final = "wal"
TILES: Final = "tile"
ENTRIES: Final = "entries"
LOCK: Final = ".lock"
DRAFTS: Final = ".draft"
_PRIVATE: Final = (WRITE_AHEAD, DRAFTS, f"{TILES}/{ENTRIES}")
_BEGUN: Final = frozenset({VKEY, LOCK})  # there before the first checkpoint, without which there is no log
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def make(folder: Path) -> None:
    """Make the folders of a log in ``folder``, which is empty, not there, or was left by who had only begun with it.

    Raises:
        LogError: There is something already, or it cannot be written.
    """
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        held = [one.relative_to(folder) for one in folder.rglob("*") if not one.is_dir()]
        if any(str(one) not in _BEGUN and one.parts[0] != DRAFTS for one in held):
            refuse(f"{folder.name} is not empty; a log begins in a folder of its own")
        (folder / TILES).mkdir(mode=0o755, exist_ok=True)
        for private in _PRIVATE:
            (folder / private).mkdir(mode=0o700, exist_ok=True)
        for made in (folder / TILES, folder, folder.parent):
            sync(made)
    except OSError as unwritable:
        raise LogError(f"{folder.name} cannot be written: {unwritable.strerror}") from unwritable


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Have the log alone, for as long as the block lasts.

    Raises:
        LogError: There is no log, or somebody else has it.
    """
    descriptor = lock(folder)
    try:
        yield
    finally:
        os.close(descriptor)


def lock(folder: Path) -> int:
    """Have the log alone until the descriptor is closed, however this process ends.

    Raises:
        LogError: There is no log, or somebody else has it.
    """
    if not (folder / WRITE_AHEAD).is_dir():
        refuse(f"there is no log in {folder.name}; `idbridge log init` begins one")
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as unwritable:
        raise LogError(f"{folder.name} cannot be written: {unwritable.strerror}") from unwritable
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as busy:
        os.close(descriptor)
        raise BusyError("somebody else writes to this log") from busy
    return descriptor


def read(folder: Path, path: str, *, max_bytes: int) -> bytes | None:
    """Return the octets of a file of the log, ``None`` if it is not there.

    Raises:
        LogError: It cannot be read, or is longer than ``max_bytes``.
    """
    place = folder / path
    try:
        return files.read(place.parent, place.name, max_bytes=max_bytes)
    except AbsentError:
        return None
    except (FetchError, InputError) as unreadable:
        raise LogError(f"{path} cannot be read, or is too long") from unreadable


def read_tile(folder: Path, tile: Tile) -> bytes:
    """Return the octets of a tile; where its partial file has made room for a wider one, the first part of that.

    Raises:
        LogError: It is not there, or has another length.
    """
    found = read(folder, tile.path, max_bytes=tile.octets)
    if found is None and tile.width < (full := Tile(tile.level, tile.index)).width:
        wider = read(folder, full.path, max_bytes=full.octets)
        found = None if wider is None else wider[: tile.octets]
    if found is None or len(found) != tile.octets:
        refuse(f"{tile.path} is not there, or is cut off")
    return found


def read_bundle(folder: Path, bundle: Bundle) -> bytes | None:
    """Return the octets of a bundle of just this width, ``None`` if it is not there.

    Raises:
        LogError: It cannot be read, or is longer than a bundle of our own leaves.
    """
    return read(folder, bundle.path, max_bytes=bundle.width * (LIMITS.leaf_bytes + 2))


def put(folder: Path, written: Mapping[str, bytes]) -> None:
    """Put files in place, each wholly or not at all, and all of them past a power failure before this returns.

    All are handed to the disk before the first is waited for, which is three times as fast as one after the other.

    Raises:
        LogError: The disk is full; some may be in place.
        OSError: It failed; some may be in place, which harms nothing, because no checkpoint names them yet.
    """
    touched: dict[Path, None] = {}
    drafts: list[tuple[Path, Path, int]] = []
    try:
        for number, (path, octets) in enumerate(written.items()):
            place, draft = folder / path, folder / DRAFTS / f"{threading.get_native_id()}.{number}"
            _make_folders(folder, place.parent, touched)
            mode = 0o600 if path.startswith(f"{TILES}/{ENTRIES}/") else 0o644
            descriptor = os.open(draft, _NEW, mode)
            drafts.append((draft, place, descriptor))
            os.fchmod(descriptor, mode)
            write_whole(descriptor, octets)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        for _, _, descriptor in drafts:
            os.fsync(descriptor)
    finally:
        for _, _, descriptor in drafts:
            os.close(descriptor)
    for draft, place, _ in drafts:
        draft.rename(place)
        touched[place.parent] = None
    for changed in touched:
        sync(changed)


def sweep(folder: Path) -> None:
    """Remove what a process that was killed had begun and nobody has seen.

    Raises:
        OSError: The disk failed.
    """
    for draft in (folder / DRAFTS).iterdir():
        draft.unlink(missing_ok=True)


def remove_partial(folder: Path, full: Tile | Bundle) -> None:
    """Remove the partial files of a tile that is full now; one that stays harms nothing.

    Raises:
        OSError: The disk failed.
    """
    partial = folder / f"{full.path}.p"
    with suppress(FileNotFoundError):
        for one in partial.iterdir():
            one.unlink()
        partial.rmdir()


def sync(folder: Path) -> None:
    """Make the names in ``folder`` last.

    Raises:
        OSError: The disk failed.
    """
    place = os.open(folder, _FOLDER)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _make_folders(top: Path, folder: Path, touched: dict[Path, None]) -> None:
    """Make ``folder`` and what is missing above it; each new name has to last as well."""
    missing = []
    while folder != top and not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(mode=0o755)
        touched[one.parent] = None


def write_whole(descriptor: int, octets: bytes) -> None:
    """Write ``octets`` with one call.

    Raises:
        LogError: The disk took a part of it: it is full.
        OSError: It failed.
    """
    if os.write(descriptor, octets) != len(octets):
        refuse("the disk is full")
