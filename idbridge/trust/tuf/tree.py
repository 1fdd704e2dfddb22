"""The static tree as its publisher sees it: what stands there now, and how new files go in so that no reader sees half.

Files that readers may look for under a version or a hash are written first and never change; ``timestamp.json`` is
replaced last, and with it everything else comes into sight. Old files stay, for readers in the midst of a download; a
root is never removed. Judges no content, only whether a file is the one that the snapshot in sight names.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import MetaFile, Snapshot, Targets

from idbridge.errors import ConfigurationError, FetchError, InputError
from idbridge.limits import LIMITS
from idbridge.net.source import AbsentDocumentError
from idbridge.trust import files
from idbridge.trust.tuf import client, roles
from idbridge.trust.tuf.client import METADATA, TARGETS, DirectoryTree
from idbridge.trust.tuf.metadata import LIBRARY_ERRORS, parse_unverified

INCOMING: Final = "incoming"
RECORDS: Final = "records"
_LOCK: Final = ".publish.lock"
_TIMESTAMP: Final = "timestamp.json"
_NAME_BYTES: Final = 200  # of the 255 that file systems allow
_NO_GAPS: Final[Mapping[str, MetaFile]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RoleFile:
    """A role as it stands in the tree."""

    version: int
    octets: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What the tree offers now: every root in order, the roles by name, and timestamp and snapshot.

    ``gaps`` are the delegated roles whose file is missing, cannot be read, or is another one than the snapshot names,
    each with what the snapshot says of it. They are not among ``roles``. Nobody has verified that snapshot here.
    """

    roots: tuple[bytes, ...]
    timestamp: RoleFile
    snapshot: RoleFile
    roles: Mapping[str, RoleFile]
    gaps: Mapping[str, MetaFile] = field(default_factory=lambda: _NO_GAPS)

    def targets_of(self, role: str) -> Targets | None:
        """Return what a role lists; ``None`` if the tree has no such role."""
        found = self.roles.get(role)
        return targets_in(found.octets) if found is not None else None

    @property
    def root_expires(self) -> datetime:
        """When the newest root ends."""
        ends: datetime = parse_unverified(self.roots[-1]).expires
        return ends


def targets_in(octets: bytes) -> Targets:
    """Return the targets role that ``octets`` hold.

    Raises:
        ConfigurationError: They hold something else.
    """
    try:
        signed = parse_unverified(octets)
    except LIBRARY_ERRORS as broken:
        raise ConfigurationError("a role in the tree cannot be read") from broken
    if not isinstance(signed, Targets):
        raise ConfigurationError("a role in the tree is of another type")
    return signed


class PublishedTree:
    """A tree in a directory that this process may write to."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def directory(self) -> Path:
        """Where the tree is."""
        return self._directory

    @property
    def reader(self) -> DirectoryTree:
        """The tree as everybody else reads it."""
        return DirectoryTree(self._directory)

    def is_begun(self) -> bool:
        """Tell whether anything was ever published here."""
        return (self._directory / METADATA / _TIMESTAMP).is_file()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one publisher at a time work on the tree.

        Raises:
            ConfigurationError: The directory is not there or cannot be written to, or somebody else is publishing.
        """
        try:
            place = self._directory / _LOCK
            descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as missing:
            raise ConfigurationError("the folder of the tree is not there or cannot be written to") from missing
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as busy:
            raise ConfigurationError("somebody else is publishing to this tree") from busy
        finally:
            os.close(descriptor)

    def head(self) -> Head:
        """Return what the tree offers now; a delegated role without its file is a gap, and holds up no other.

        Raises:
            ConfigurationError: Nothing was published here, or what stands here is damaged.
        """
        try:
            timestamp = self._metadata(_TIMESTAMP)
            signed: Any = parse_unverified(timestamp)
            version = signed.snapshot_meta.version
            snapshot = self._metadata(f"{version}.{roles.SNAPSHOT}.json")
            listed = parse_unverified(snapshot)
            if not isinstance(listed, Snapshot):
                raise ConfigurationError("the snapshot in the tree is of another type")
            named = {name.removesuffix(".json"): meta for name, meta in listed.meta.items()}
            held = {name: self._role(name, meta) for name, meta in named.items()}
        except LIBRARY_ERRORS as damaged:
            raise ConfigurationError("what was published here is damaged") from damaged
        except FetchError as missing:
            raise ConfigurationError(f"nothing was published here, or it is not whole: {missing}") from missing
        return Head(
            roots=self._roots(),
            timestamp=RoleFile(signed.version, timestamp),
            snapshot=RoleFile(version, snapshot),
            roles=MappingProxyType({name: file for name, file in held.items() if file is not None}),
            gaps=MappingProxyType({name: named[name] for name, file in held.items() if file is None}),
        )

    def _role(self, name: str, named: MetaFile) -> RoleFile | None:
        """Return the file of a role; ``None`` if a delegated one has none, or not the one that was ``named``.

        Raises:
            FetchError: The file of another role cannot be had.
            ConfigurationError: It is another file than the one that was named.
        """
        try:
            octets = self._metadata(f"{named.version}.{name}.json")
        except FetchError:
            if name in roles.delegated():
                return None
            raise
        if _is_file(named, octets):
            return RoleFile(named.version, octets)
        if name in roles.delegated():
            return None
        raise ConfigurationError(f"{name} in the tree is not the file that the snapshot names")

    def _roots(self) -> tuple[bytes, ...]:
        found: list[bytes] = []
        while True:
            try:
                found.append(self._metadata(f"{len(found) + 1}.{roles.ROOT}.json"))
            except AbsentDocumentError:
                return tuple(found)

    def _metadata(self, name: str) -> bytes:
        return self.reader.read(f"{METADATA}/{name}", max_bytes=LIMITS.metadata_bytes)

    def version(self, role: str, number: int) -> bytes:
        """Return an earlier or the present version of a role.

        Raises:
            FetchError: It is not here.
        """
        return self._metadata(f"{number}.{role}.json")

    def target(self, path: str, sha256: str) -> bytes:
        """Return a target by its path and hash.

        Raises:
            FetchError: It is not here.
        """
        folder, _, name = path.rpartition("/")
        return self.reader.read(f"{TARGETS}/{folder}/{sha256}.{name}", max_bytes=LIMITS.trust_list_bytes)

    def put(self, candidate: "Candidate") -> None:
        """Write what is new in ``candidate``: targets, then roles, then the snapshot, and the timestamp last.

        Raises:
            ConfigurationError: A file cannot be written; whoever reads the tree sees what was there before.
        """
        for path, octets in candidate.new.items():
            *folders, name = path.split("/")
            files.write(self._folder(*folders), name, octets)
        files.write(self._folder(METADATA), _TIMESTAMP, candidate.timestamp)

    def _folder(self, *parts: str) -> Path:
        folder = self._directory.joinpath(*parts)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as unwritable:
            raise ConfigurationError(f"the folder {folder.name} cannot be made") from unwritable
        return folder

    def incoming(self) -> tuple[tuple[str, bytes], ...]:
        """Return what was laid down to be published, by name; what cannot be read is left where it is."""
        folder = self._directory / INCOMING
        if not folder.is_dir():
            return ()
        found: list[tuple[str, bytes]] = []
        for name in files.names(folder):
            try:
                found.append((name, files.read(folder, name, max_bytes=LIMITS.proposal_bytes)))
            except (FetchError, InputError):
                continue
        return tuple(found)

    def lay_down(self, name: str, octets: bytes) -> None:
        """Lay down a proposal for the online role to take up.

        Raises:
            ConfigurationError: It cannot be written.
        """
        files.write(self._folder(INCOMING), name, octets)

    def take_away(self, name: str, *, refused: str | None = None) -> None:
        """Remove a proposal that was taken up, or put it aside under the code for which it was refused.

        Raises:
            ConfigurationError: It cannot be removed or moved.
        """
        place = self._directory / INCOMING / name
        try:
            if refused is None:
                place.unlink(missing_ok=True)
            else:
                place.replace(self._folder(INCOMING, ".refused") / f"{_short(name)}.{refused}")
        except OSError as unwritable:
            raise ConfigurationError(f"{name} cannot be taken away") from unwritable


def _is_file(named: MetaFile, octets: bytes) -> bool:
    """Tell whether ``octets`` are the file that was named; what is named by no hash may be any."""
    try:
        named.verify_length_and_hashes(octets)
    except LengthOrHashMismatchError:
        return False
    return "sha256" in (named.hashes or {})


def _short(name: str) -> str:
    """Return ``name``, or if no code fits behind it a shorter one: whoever lays down a file chooses its name."""
    octets = os.fsencode(name)
    return name if len(octets) <= _NAME_BYTES else hashlib.sha256(octets).hexdigest()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tree as it would be: ``new`` files by path below the tree, and the timestamp that brings them into sight."""

    new: Mapping[str, bytes]
    timestamp: bytes


class CandidateTree:
    """A candidate laid over the tree that is there, as a reader would find it."""

    def __init__(self, candidate: Candidate, below: DirectoryTree) -> None:
        self._candidate = candidate
        self._below = below

    def read(self, path: str, *, max_bytes: int) -> bytes:
        """Return the file at ``path``."""
        client.parts(path)
        found = self._candidate.timestamp if path == f"{METADATA}/{_TIMESTAMP}" else self._candidate.new.get(path)
        if found is None:
            return self._below.read(path, max_bytes=max_bytes)
        if len(found) > max_bytes:
            raise FetchError(f"{path} is longer than {max_bytes} octets")
        return found
