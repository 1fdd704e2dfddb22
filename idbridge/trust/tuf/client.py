"""The first lock: the TUF library's client, over a directory or over https, on a copy of its cache.

Decides nothing of its own: it runs the library's workflow, asks it about every path that the region can have, and
hands on the octets that it left, for the second lock to judge. The library writes its cache in place and forgets what
is damaged there; so it works on a copy, and the copy takes the place of the cache only when both locks opened.
It would ask the clock of the machine by itself, and is given the instant of the look in its place.
Clauses: TUF specification 5; the traps are those of the library's version 7.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol, cast

from tuf.api.exceptions import (
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    LengthOrHashMismatchError,
    RepositoryError,
)
from tuf.api.metadata import TargetFile, Targets
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from idbridge.errors import FetchError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.net.source import AbsentDocumentError, Source
from idbridge.trust import files
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.errors import mismatched
from idbridge.trust.tuf.metadata import LIBRARY_ERRORS, parse_unverified
from idbridge.trust.tuf.second_lock import Fetched

METADATA: Final = "metadata"
TARGETS: Final = "targets"
_BASE: Final = "tree:/"  # what addresses begin with inside the library; where the tree is, the fetcher knows
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,199}")
_DEPTH: Final = 5
_NOT_FOUND: Final = 404
_CHUNK: Final = 64 * 1024
_FAULTS: Final = (RepositoryError, DownloadError, OSError, *LIBRARY_ERRORS)
_DELEGATIONS: Final = 32
_DOCUMENTS: Final = ("arrangements/", "purposes/")
_BOUNDS: Final = (LIMITS.timestamp_bytes, LIMITS.metadata_bytes)  # for files of which nobody signed how long they are


class Tree(Protocol):
    """Where the static tree of the region is."""

    def read(self, path: str, *, max_bytes: int) -> bytes:
        """Return the file at ``path``, such as ``metadata/timestamp.json``.

        Raises:
            FetchError: It cannot be had; ``AbsentDocumentError`` if there is none.
        """
        ...


class DirectoryTree:
    """A tree in a directory, such as a mounted mirror or a medium that was carried here."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, path: str, *, max_bytes: int) -> bytes:
        """Return the file at ``path``; links are not followed, and no name leads out of the tree."""
        *folders, name = parts(path)
        folder = self._directory
        for part in folders:
            folder = folder / part
            if folder.is_symlink():
                raise FetchError(f"{path} leads over a link")
        try:
            return files.read(folder, name, max_bytes=max_bytes)
        except files.AbsentError as absent:
            if not self._directory.is_dir():
                raise FetchError("the tree is not there") from absent
            raise AbsentDocumentError(f"{path} is not there") from absent
        except InputError as oversized:
            raise FetchError(oversized.detail) from oversized


class RemoteTree:
    """A tree below an address, read by the guarded client."""

    def __init__(self, base: str, source: Source) -> None:
        self._base = base if base.endswith("/") else f"{base}/"
        self._source = source

    def read(self, path: str, *, max_bytes: int) -> bytes:
        """Return the document at ``path`` below the address."""
        return self._source.fetch(self._base + "/".join(parts(path)), max_bytes=max_bytes)


def parts(path: str) -> tuple[str, ...]:
    """Return the parts of a path in the tree.

    Raises:
        FetchError: It is no path of the tree: an odd character, an escape, or a name that leads elsewhere.
    """
    found = tuple(path.split("/"))
    if len(found) > _DEPTH or not all(_NAME.fullmatch(part) for part in found):
        raise FetchError("not a path of the tree")
    return found


class TreeFetcher(FetcherInterface):
    """The library's seam to what it downloads: opens at once, and knows a missing file from every other fault."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            octets = self._tree.read(url.removeprefix(_BASE), max_bytes=LIMITS.trust_list_bytes)
        except AbsentDocumentError as absent:
            raise DownloadHTTPError(str(absent), _NOT_FOUND) from absent
        except FetchError as fault:
            raise DownloadError(str(fault)) from fault
        return iter([octets[start : start + _CHUNK] for start in range(0, len(octets), _CHUNK)])

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """Return a metadata file. One that is longer than signed metadata says it is, is another file.

        Raises:
            DownloadError: It cannot be had, or is longer than any may be.
            LengthOrHashMismatchError: It is longer than the one that was named.
        """
        try:
            return super().download_bytes(url, max_length)
        except DownloadLengthMismatchError as longer:
            if max_length in _BOUNDS:
                raise
            raise LengthOrHashMismatchError(str(longer)) from longer


class _Client(Updater):
    """The library's client, asked at an instant that is given: by that one it tells what is past its end."""

    def at(self, instant: datetime) -> "_Client":
        """Take ``instant`` for the present."""
        self._trusted_set.reference_time = instant
        return self


def refresh(tree: Tree, *, cache: Path, bootstrap: bytes, held: Mapping[str, bytes], at: datetime) -> Fetched:
    """Return what the tree offers at ``at``, as the library accepts it; ``cache`` is a copy that it may write to.

    ``held`` are octets by SHA-256 (hex) that need not be fetched again.

    Raises:
        TrustError: ``trust.unreachable`` or ``trust.metadata_invalid``, ``trust.expired``, ``trust.rollback`` and
            others: the top of the tree cannot be had or is not accepted.
    """
    try:
        updater = _Client(
            str(cache),
            f"{_BASE}{METADATA}/",
            None,
            f"{_BASE}{TARGETS}/",
            TreeFetcher(tree),
            _settings(),
            bootstrap=bootstrap,
        ).at(at)
        updater.refresh()
    except _FAULTS as fault:
        raise refusal_of(fault) from fault
    return _Round(updater, cache=cache, held=held, oldest=_version(bootstrap)).fetched()


def _version(octets: bytes) -> int:
    return int(parse_unverified(octets).version)


def _settings() -> UpdaterConfig:
    """Return bounds in place of the library's generous ones."""
    return UpdaterConfig(
        max_root_rotations=LIMITS.root_rotations,
        max_delegations=_DELEGATIONS,
        root_max_length=LIMITS.metadata_bytes,
        timestamp_max_length=LIMITS.timestamp_bytes,
        snapshot_max_length=LIMITS.metadata_bytes,
        targets_max_length=LIMITS.metadata_bytes,
    )


class _Round:
    """One round of questions to an updater that has refreshed."""

    def __init__(self, updater: Updater, *, cache: Path, held: Mapping[str, bytes], oldest: int) -> None:
        self._updater = updater
        self._cache = cache
        self._held = held
        self._oldest = oldest
        self._files: dict[str, bytes] = {}
        self._faults: dict[str, str] = {}
        self._role_faults: dict[str, str] = {}
        self._budget = LIMITS.documents_bytes
        self._roles: dict[str, bytes] = {}

    def fetched(self) -> Fetched:
        """Return everything that could be had, with the faults of what could not."""
        top = _targets(self._read(roles.TARGETS))
        for path in sorted(top.targets)[: LIMITS.target_files]:
            self._target(path)
        delegations = top.delegations
        for name in sorted(delegations.roles or {} if delegations is not None else {}):
            if name in roles.delegated():
                self._role(name)
        return Fetched(
            roots=self._roots(),
            timestamp=self._read(roles.TIMESTAMP),
            snapshot=self._read(roles.SNAPSHOT),
            targets=self._read(roles.TARGETS),
            roles=MappingProxyType(self._roles),
            files=MappingProxyType(self._files),
            role_faults=MappingProxyType(self._role_faults),
            faults=MappingProxyType(self._faults),
        )

    def _role(self, name: str) -> None:
        """Let the library fetch a delegated role, and every target that it lists."""
        try:
            self._updater.get_targetinfo(_question(name))
            octets = self._read(name)
            listed = _targets(octets)
        except _FAULTS as fault:
            self._role_faults[name] = refusal_of(fault).code
            return
        self._roles[name] = octets
        for path in _wanted(name, listed):
            self._target(path)

    def _target(self, path: str) -> None:
        """Fetch one target, as the library names it; what only the role's own file names, it does not."""
        try:
            info = self._updater.get_targetinfo(path)
            if info is None:
                self._faults[path] = "trust.snapshot_mismatch"
                return
            self._files[path] = self._octets(info)
        except (*_FAULTS, TrustError) as fault:
            self._faults[path] = refusal_of(fault).code

    def _octets(self, info: TargetFile) -> bytes:
        known = self._held.get(info.hashes.get("sha256", ""))
        if known is not None:
            return known
        if info.length > _longest(info.path):
            raise TrustError("trust.metadata_invalid", "a file that is larger than any of its kind")
        if not info.path.startswith("lists/"):
            self._budget -= info.length
            if self._budget < 0:
                raise TrustError("trust.metadata_invalid", "documents that are larger together than they may be")
        place = self._cache / "target"
        try:
            self._updater.download_target(info, str(place))
        except DownloadLengthMismatchError as longer:
            raise mismatched("a target is longer than the file that was named") from longer
        return place.read_bytes()

    def _roots(self) -> tuple[bytes, ...]:
        folder = self._cache / "root_history"
        newest = _version((self._cache / "root.json").read_bytes())
        return tuple((folder / f"{number}.root.json").read_bytes() for number in range(self._oldest, newest + 1))

    def _read(self, role: str) -> bytes:
        return (self._cache / f"{role}.json").read_bytes()


def _targets(octets: bytes) -> Targets:
    """Return what a role that lists files says; the library has verified it."""
    signed = parse_unverified(octets)
    if signed.type != Targets.type:
        raise ValueError("a role of another type")
    return cast("Targets", signed)


def _wanted(role: str, listed: Targets) -> list[str]:
    """Return the paths to fetch of a role: of a state its one list, whatever else it may name."""
    if role == roles.AGREEMENTS:
        return sorted(path for path in listed.targets if path.startswith(_DOCUMENTS))[: LIMITS.target_files]
    only = roles.DENY_LIST if role == roles.DENY else roles.list_path(MemberState(role))
    return [only] if only in listed.targets else []


def _longest(path: str) -> int:
    """Return how many octets a file of the tree may have."""
    if path.startswith("lists/"):
        return LIMITS.trust_list_bytes
    return LIMITS.deny_list_bytes if path == roles.DENY_LIST else LIMITS.recognition_document_bytes


def _question(role: str) -> str:
    """Return a path that makes the library look into ``role``."""
    if role == roles.AGREEMENTS:
        return "purposes/1.json"
    if role == roles.DENY:
        return roles.DENY_LIST
    return roles.list_path(MemberState(role))


# What the library's exceptions mean in our words, the most particular first.
_CODES: Final = (
    ("UnsignedMetadataError", "trust.threshold_missing"),
    ("ExpiredMetadataError", "trust.expired"),
    ("LengthOrHashMismatchError", "trust.snapshot_mismatch"),
    ("BadVersionNumberError", "trust.rollback"),
    ("EqualVersionNumberError", "trust.rollback"),
    ("DownloadLengthMismatchError", "trust.unreachable"),
)


def refusal_of(fault: Exception) -> TrustError:
    """Return what an exception of the library means."""
    if isinstance(fault, TrustError):
        return fault
    names = {kind.__name__ for kind in type(fault).__mro__}
    code = next((code for name, code in _CODES if name in names), None)
    if code is None:
        code = "trust.unreachable" if isinstance(fault, DownloadError | OSError) else "trust.metadata_invalid"
    return TrustError(code, str(fault)[:300])


def by_digest(octets: Iterable[bytes]) -> Mapping[str, bytes]:
    """Return octets by their SHA-256 (hex)."""
    return MappingProxyType({hashlib.sha256(one).hexdigest(): one for one in octets})


def copy_cache(cache: Path, to: Path) -> None:
    """Copy the library's cache, so that a refresh that fails leaves it as it was.

    Raises:
        OSError: It cannot be copied.
    """
    if cache.is_dir():
        shutil.copytree(cache, to, symlinks=True)
    else:
        to.mkdir(mode=0o700)
