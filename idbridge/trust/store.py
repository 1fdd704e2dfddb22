"""The snapshot store: every accepted state of affairs, kept as octets under the digest of its content.

Decides that a snapshot is in force whole or not at all; it knows nothing of what the files say. In its folder stand
``snapshots/<id>/``, ``blobs/<sha256>`` that equal files of several snapshots share by hard links, ``holds/`` with one
name for each reason why a snapshot may not go, and ``CURRENT``.

A snapshot is written beside, flushed and renamed into place, and ``CURRENT`` is replaced last, so that a crash at any
moment leaves the old or the new one. Who keeps floors writes them between ``prepare`` and ``commit``: a floor that was
raised for a snapshot which never came into force makes a node stricter, never laxer.
"""

import errno
import fcntl
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from idbridge.errors import ConfigurationError, FetchError, InputError
from idbridge.trust import files, stored
from idbridge.trust.stored import FileEntry, StoredSnapshot

SNAPSHOTS: Final = "snapshots"
BLOBS: Final = "blobs"
HOLDS: Final = "holds"
CURRENT: Final = "CURRENT"
_LOCK: Final = ".snapshots.lock"
_CURRENT_BYTES: Final = 128
_HOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_UNLINKABLE: Final = frozenset({errno.EMLINK, errno.EPERM, errno.EXDEV, errno.EOPNOTSUPP})


@dataclass(frozen=True, slots=True)
class Prepared:
    """A snapshot that lies whole on disk and is not in force yet."""

    id: str
    _put_in_force: Callable[[str, datetime], None]

    def commit(self, *, at: datetime) -> None:
        """Put it in force, as of ``at``. By now the floors that it raises are on disk.

        Raises:
            ConfigurationError: It is no longer there, or ``CURRENT`` cannot be written; what was in force stays so.
        """
        self._put_in_force(self.id, at)


class SnapshotStore:
    """The snapshots of one node below ``folder``, which is there already and belongs to the node alone.

    Writers take turns; a reader needs no turn, since nothing that is in place changes. With ``group_readable`` the
    group of the folder may read what is kept, for workers under another user.
    """

    def __init__(self, folder: Path, *, group_readable: bool = False) -> None:
        self._folder = folder
        self._file_mode = 0o440 if group_readable else 0o400
        self._folder_mode = 0o750 if group_readable else 0o700

    def keep(self, content: Mapping[str, bytes], about: Mapping[str, Any], *, at: datetime) -> str:
        """Keep a snapshot, put it in force as of ``at`` and return its id. The same content again changes nothing.

        Raises:
            ConfigurationError: It cannot be written, or is no snapshot; what was in force stays so.
        """
        prepared = self.prepare(content, about)
        prepared.commit(at=at)
        return prepared.id

    def prepare(self, content: Mapping[str, bytes], about: Mapping[str, Any]) -> Prepared:
        """Write a snapshot whole, past a power failure, without putting it in force.

        Raises:
            ConfigurationError: It cannot be written, a path could lead out of it, or it is past a bound.
            InputError: ``about`` has no canonical JSON.
        """
        entries = tuple(stored.entry_of(path, octets) for path, octets in content.items())
        manifest = stored.manifest_of(about, entries)
        snapshot_id = hashlib.sha256(manifest).hexdigest()
        with self._writing():
            if not self._is_whole(snapshot_id):
                self._place(snapshot_id, manifest, entries, content)
        return Prepared(snapshot_id, self._put_in_force)

    def current(self) -> StoredSnapshot | None:
        """Return the snapshot in force; ``None`` if there never was one.

        Raises:
            ConfigurationError: ``CURRENT`` or what it names is missing or damaged.
        """
        named = self._current_id()
        return self.named(named) if named is not None else None

    def current_id(self) -> str | None:
        """Return the id of the snapshot in force; ``None`` if there never was one.

        Raises:
            ConfigurationError: ``CURRENT`` is damaged.
        """
        return self._current_id()

    def named(self, snapshot_id: str) -> StoredSnapshot:
        """Return the snapshot of this id.

        Raises:
            ConfigurationError: It is not kept, or is damaged.
        """
        return stored.read(self._folder / SNAPSHOTS, snapshot_id)

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all that is kept, whole or damaged.

        Raises:
            ConfigurationError: The folder is there and cannot be read.
        """
        folder = self._folder / SNAPSHOTS
        return tuple(filter(stored.is_id, files.names(folder))) if folder.exists() else ()

    def hold(self, snapshot_id: str, by: str) -> None:
        """Let nothing remove a snapshot until ``by``, the id of a report or dispute, releases it.

        Raises:
            ConfigurationError: It is not kept, or the hold cannot be written down.
        """
        with self._writing():
            if stored.require_id(snapshot_id) not in self.ids():
                raise ConfigurationError(f"snapshot {snapshot_id[:12]} is not kept")
            self._replace(self._folder / HOLDS / _hold_name(snapshot_id, by), b"")
            _sync(self._folder / HOLDS)

    def release(self, snapshot_id: str, by: str) -> None:
        """Take back a hold; one that is not there is none to take back.

        Raises:
            ConfigurationError: It cannot be taken back.
        """
        with self._writing():
            (self._folder / HOLDS / _hold_name(stored.require_id(snapshot_id), by)).unlink(missing_ok=True)
            _sync(self._folder / HOLDS)

    def held(self) -> frozenset[str]:
        """Return the ids of the snapshots that somebody holds."""
        folder = self._folder / HOLDS
        return frozenset(name.partition(".")[0] for name in files.names(folder)) if folder.exists() else frozenset()

    def prune(self, keep: frozenset[str], *, at: datetime, older_than: timedelta) -> tuple[str, ...]:
        """Remove what was last in force more than ``older_than`` before ``at``; return the ids.

        What is in force, held or in ``keep`` stays, however old; so does what is younger than that.

        Raises:
            ConfigurationError: ``CURRENT`` is damaged, or something cannot be removed.
        """
        with self._writing():
            spared = keep | self.held() | {self._current_id()}
            before = (at - older_than).timestamp()
            folder = self._folder / SNAPSHOTS
            gone = tuple(name for name in self.ids() if name not in spared and (folder / name).stat().st_mtime < before)
            for name in gone:  # out of sight first, so that nobody finds half of it
                (folder / name).rename(folder / f".{name}")
            _sync(folder)
            self._sweep()
            for blob in (self._folder / BLOBS).iterdir():
                if blob.stat().st_nlink == 1:
                    blob.unlink()
        return gone

    def _current_id(self) -> str | None:
        try:
            octets = files.read(self._folder, CURRENT, max_bytes=_CURRENT_BYTES)
            return stored.require_id(octets.decode("ascii").removesuffix("\n"))
        except files.AbsentError:
            return None
        except (FetchError, InputError, UnicodeDecodeError, ConfigurationError) as damaged:
            raise ConfigurationError(f"{CURRENT} is damaged") from damaged

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Let one writer at a time do what it has to; what an earlier one left half done is removed first."""
        try:
            lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as missing:
            raise ConfigurationError("the folder of the snapshots is not there or cannot be written to") from missing
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for name in (SNAPSHOTS, BLOBS, HOLDS):
                self._make_folder(self._folder / name)
            _sync(self._folder)
            self._sweep()
            yield
        except OSError as unwritable:
            with suppress(OSError):
                self._sweep()
            raise ConfigurationError(f"a snapshot cannot be kept: {unwritable.strerror}") from unwritable
        finally:
            os.close(lock)

    def _sweep(self) -> None:
        """Remove what is out of sight: begun and not finished, or taken away."""
        for folder in (SNAPSHOTS, BLOBS, HOLDS):
            for leftover in (self._folder / folder).glob(".*"):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        for leftover in self._folder.glob(f".{CURRENT}.*"):
            leftover.unlink()

    def _is_whole(self, snapshot_id: str) -> bool:
        try:
            self.named(snapshot_id)
        except ConfigurationError:
            return False
        return True

    def _place(
        self, snapshot_id: str, manifest: bytes, entries: tuple[FileEntry, ...], content: Mapping[str, bytes]
    ) -> None:
        """Write a snapshot beside, and rename it into place; a damaged one of the same id makes room."""
        folder = self._folder / SNAPSHOTS
        draft, final = folder / ".draft", folder / snapshot_id
        for made in (draft, draft / stored.CONTENT):
            self._make_folder(made)
        for entry in entries:
            self._share(draft / stored.CONTENT / stored.file_name(entry.path), entry.sha256, content[entry.path])
        self._write(draft / stored.MANIFEST, manifest)
        for written in (self._folder / BLOBS, draft / stored.CONTENT, draft):
            _sync(written)
        if final.exists():
            final.rename(folder / f".{snapshot_id}")
        draft.rename(final)
        _sync(folder)

    def _share(self, path: Path, digest: str, octets: bytes) -> None:
        """Put ``octets`` at ``path`` as a link to their blob, or as a copy where no link can be had."""
        blob = self._folder / BLOBS / digest
        if not _holds(blob, octets):
            self._replace(blob, octets)
        try:
            path.hardlink_to(blob)
        except OSError as error:
            if error.errno not in _UNLINKABLE:
                raise
            self._write(path, octets)

    def _make_folder(self, folder: Path) -> None:
        """Make ``folder`` if it is not there, open to those who may read it whatever the process masks.

        The caller makes its name last.
        """
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        about = folder.lstat().st_mode
        if not stat.S_ISDIR(about):
            raise NotADirectoryError(errno.ENOTDIR, f"{folder.name} is no folder")
        mode = stat.S_IMODE(about)
        if mode | self._folder_mode != mode:
            folder.chmod(mode | self._folder_mode)

    def _write(self, path: Path, octets: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            os.fchmod(descriptor, self._file_mode)
            opened.write(octets)
            opened.flush()
            os.fsync(descriptor)

    def _replace(self, path: Path, octets: bytes) -> None:
        """Put a file in place, wholly or not at all; the caller makes its name last."""
        beside = path.with_name(f".{path.name}.new")
        self._write(beside, octets)
        beside.rename(path)

    def _put_in_force(self, snapshot_id: str, at: datetime) -> None:
        """Replace ``CURRENT``; the time of a snapshot's folder is the last moment at which it was in force."""
        with self._writing():
            before, folder = self._current_id_or_none(), self._folder / SNAPSHOTS
            kept = self.ids()
            if snapshot_id not in kept:
                raise ConfigurationError(f"snapshot {snapshot_id[:12]} is no longer there")
            if before == snapshot_id:
                return
            for named in (one for one in kept if one in (snapshot_id, before)):
                os.utime(folder / named, (at.timestamp(), at.timestamp()))
                _sync(folder / named)
            self._replace(self._folder / CURRENT, f"{snapshot_id}\n".encode("ascii"))
            _sync(self._folder)

    def _current_id_or_none(self) -> str | None:
        """Return what is in force; a damaged ``CURRENT`` is about to be replaced by what was verified."""
        try:
            return self._current_id()
        except ConfigurationError:
            return None


def _hold_name(snapshot_id: str, by: str) -> str:
    if _HOLDER.fullmatch(by) is None:
        raise ConfigurationError("who holds a snapshot is named by letters, digits, `-` and `_`")
    return f"{snapshot_id}.{by}"


def _holds(blob: Path, octets: bytes) -> bool:
    """Tell whether ``blob`` is there and undamaged; the disk is not believed."""
    try:
        return files.read(blob.parent, blob.name, max_bytes=len(octets)) == octets
    except (FetchError, InputError):
        return False


def _sync(folder: Path) -> None:
    """Make the names in ``folder`` last."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(place)
    finally:
        os.close(place)
