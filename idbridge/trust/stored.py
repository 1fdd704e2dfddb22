"""A stored snapshot: octets under the digest of a manifest that lists every one of them.

Decides whether what lies in a folder is what its name says: the manifest has the digest that names the folder, and
every file that it lists is there with its length and its digest. A snapshot is read whole or refused, never in part.
What else lies in the folder is not looked at.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import jcs, strict_json
from idbridge.errors import ConfigurationError, FetchError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.trust import files, members

SCHEMA: Final = "idbridge-stored-snapshot-1"
MANIFEST: Final = "manifest.json"
CONTENT: Final = "files"
_MEMBERS: Final = frozenset({"schema", "about", "files"})
_ENTRY: Final = frozenset({"path", "length", "sha256"})
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_PATH: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]*(?:/[A-Za-z0-9][A-Za-z0-9._%+-]*)*")
_PATH_CHARACTERS: Final = 240


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a snapshot, as its manifest lists it."""

    path: str
    length: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A snapshot that was read whole. ``about`` is what its keeper wrote of it, ``files`` its octets by path."""

    id: str
    about: Mapping[str, Any]
    files: Mapping[str, bytes]


def entry_of(path: str, octets: bytes) -> FileEntry:
    """Return the entry of a file to be kept as ``path``.

    Raises:
        ConfigurationError: The path could lead out of the snapshot, or is none that every machine has room for.
    """
    return FileEntry(_confined(path), len(octets), hashlib.sha256(octets).hexdigest())


def file_name(path: str) -> str:
    """Return the name of a file of a snapshot in its one folder: many folders would cost more than what is in them."""
    return path.replace("/", "~")


def manifest_of(about: Mapping[str, Any], entries: tuple[FileEntry, ...]) -> bytes:
    """Return the canonical manifest; its digest names the snapshot.

    Raises:
        ConfigurationError: There is no file, or more than a snapshot has room for.
        InputError: ``about`` has no canonical JSON.
    """
    _require_bounded(entries)
    listed = [
        {"path": entry.path, "length": entry.length, "sha256": entry.sha256}
        for entry in sorted(entries, key=lambda entry: entry.path)
    ]
    octets = jcs.canonicalize({"schema": SCHEMA, "about": about, "files": listed})
    if len(octets) > LIMITS.snapshot_manifest_bytes:
        raise ConfigurationError(f"the manifest of a snapshot is longer than {LIMITS.snapshot_manifest_bytes} octets")
    return octets


def read(folder: Path, snapshot_id: str) -> StoredSnapshot:
    """Return the snapshot that lies in ``folder`` under its id.

    Raises:
        ConfigurationError: It is not there, or is not what its id says.
    """
    place = folder / require_id(snapshot_id)
    try:
        octets = files.read(place, MANIFEST, max_bytes=LIMITS.snapshot_manifest_bytes)
        if hashlib.sha256(octets).hexdigest() != snapshot_id:
            raise ConfigurationError(f"the manifest of snapshot {snapshot_id[:12]} is damaged")
        about, entries = _parse(octets)
        content = {entry.path: _content(place / CONTENT, entry) for entry in entries}
    except files.AbsentError as absent:
        raise ConfigurationError(f"snapshot {snapshot_id[:12]} is not there, or not whole") from absent
    except (FetchError, InputError, TrustError) as damaged:
        raise ConfigurationError(f"snapshot {snapshot_id[:12]} is damaged: {damaged}") from damaged
    return StoredSnapshot(snapshot_id, MappingProxyType(about), MappingProxyType(content))


def require_id(text: str) -> str:
    """Return ``text`` if it can name a snapshot.

    Raises:
        ConfigurationError: It cannot.
    """
    if _DIGEST.fullmatch(text) is None:
        raise ConfigurationError("a snapshot is named by 64 hexadecimal digits")
    return text


def is_id(text: str) -> bool:
    """Tell whether ``text`` can name a snapshot."""
    return _DIGEST.fullmatch(text) is not None


def _parse(octets: bytes) -> tuple[dict[str, Any], tuple[FileEntry, ...]]:
    """Read a manifest. Its digest is the one that names it, yet whoever can write the folder can name it anew."""
    document = members.table(
        strict_json.parse(octets, max_bytes=LIMITS.snapshot_manifest_bytes), required=_MEMBERS, where="the manifest"
    )
    if document["schema"] != SCHEMA or type(document["about"]) is not dict:
        raise ConfigurationError("a snapshot of another schema")
    entries = members.array(document["files"], _entry, where="files", most=LIMITS.snapshot_files)
    if len({entry.path for entry in entries}) != len(entries):
        raise ConfigurationError("a manifest lists a file twice")
    _require_bounded(entries)
    return document["about"], entries


def _entry(value: Any) -> FileEntry:
    read_entry = members.table(value, required=_ENTRY, where="a file")
    length = members.count(read_entry["length"], where="length", least=0, most=LIMITS.snapshot_bytes)
    path = _confined(members.text(read_entry["path"], where="path"))
    return FileEntry(path, length, require_id(members.text(read_entry["sha256"], where="sha256")))


def _content(folder: Path, entry: FileEntry) -> bytes:
    octets = files.read(folder, file_name(entry.path), max_bytes=entry.length)
    if hashlib.sha256(octets).hexdigest() != entry.sha256:
        raise ConfigurationError(f"{entry.path} of a snapshot is damaged")
    return octets


def _confined(path: str) -> str:
    if len(path) > _PATH_CHARACTERS or _PATH.fullmatch(path) is None:
        raise ConfigurationError("a file of a snapshot has a path that could lead out of it")
    return path


def _require_bounded(entries: tuple[FileEntry, ...]) -> None:
    if not entries:
        raise ConfigurationError("a snapshot without files")
    if len(entries) > LIMITS.snapshot_files or sum(entry.length for entry in entries) > LIMITS.snapshot_bytes:
        raise ConfigurationError("a snapshot of more files, or more octets, than a node has room for")
