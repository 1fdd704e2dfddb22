"""Heads: how far a log has come, kept in a second store, so that files of a backup are not taken for the log.

Decides whether the log in the files may go on, given what the second store remembers. A log that goes on from an old
copy shows two histories to those who have seen the newer one (threats: split view, restored backup).
"""

import fcntl
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from idbridge.codec import base64url, jcs, strict_json
from idbridge.errors import ConfigurationError, FetchError, InputError
from idbridge.evidence.errors import HeadBehindError, LogError
from idbridge.limits import LIMITS
from idbridge.trust import files

_LOCK: Final = ".lock"


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log has come: its origin, how many entries, and their root."""

    origin: str
    size: int
    root: bytes


class HeadStore(Protocol):
    """Where heads are kept, apart from the files of the log. It may block: threads of the log ask it, no event loop."""

    def swap(self, head: Head, *, expected: Head | None) -> Head | None:
        """Keep ``head`` if what is kept of its origin is ``expected``, and return what was kept before.

        Raises:
            FetchError: The store cannot be asked now.
        """
        ...


def settle(heads: HeadStore, local: Head, *, root_at: Callable[[int], bytes]) -> None:
    """Return once the store keeps ``local``: the head of a log that is about to go on.

    ``root_at`` gives the root that the files have for a smaller size. A store that knows nothing of the log yet takes
    its word.

    Raises:
        HeadBehindError: The store has seen a longer log, or another one.
        FetchError: The store cannot be asked now.
    """
    expected: Head | None = local
    for _ in range(LIMITS.log_head_attempts):
        held = heads.swap(local, expected=expected)
        if held == expected:
            return
        if held is not None:
            require_continued(local, held, root_at=root_at)
        expected = held
    raise LogError("somebody else changes the head of this log meanwhile")


def require_continued(local: Head, seen: Head, *, root_at: Callable[[int], bytes]) -> None:
    """Return if a log with the head ``local`` goes on from what others have ``seen`` of it.

    Raises:
        HeadBehindError: They have seen a longer log, or another one.
    """
    if seen.size > local.size or root_at(seen.size) != seen.root:
        raise HeadBehindError(local=local.size, known=seen.size)


class Keeper:
    """Keeps the store of heads up with a log that is being written: some moments behind, and never past it."""

    def __init__(self, heads: HeadStore, kept: Head) -> None:
        self._heads = heads
        self._told: Head | None = None
        self.kept = kept
        self.silent = False

    def keep(self, head: Head) -> None:
        """Let the store know of ``head``; a store that does not answer is asked again at the next time.

        What it was told last, and may or may not have kept, is settled first: so its answer can only be one of two.

        Raises:
            HeadBehindError: Somebody else has gone on with this log.
        """
        try:
            for one in (self._told, head):
                if one is not None and one != self.kept:
                    self._tell(one)
        except FetchError:
            self.silent = True
        else:
            self.silent = False

    def _tell(self, head: Head) -> None:
        self._told = head
        held = self._heads.swap(head, expected=self.kept)
        if held not in (self.kept, head):
            raise HeadBehindError(local=head.size, known=0 if held is None else held.size)
        self.kept, self._told = head, None


class HeadFiles:
    """Heads in a folder, one file a log: on another disk than the log, or it protects against nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def swap(self, head: Head, *, expected: Head | None) -> Head | None:
        """Keep ``head`` if what is kept of its origin is ``expected``, and return what was kept before.

        Raises:
            FetchError: The folder is not there, or a file in it cannot be read or written.
        """
        name = f"{base64url.encode(hashlib.sha256(head.origin.encode()).digest())}.json"
        try:
            lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as missing:
            raise FetchError("the folder of the heads is not there or cannot be written to") from missing
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            held = self._held(name, head.origin)
            if held == expected and held != head:
                files.write(self._folder, name, _octets(head))
        except ConfigurationError as unusable:
            raise FetchError(str(unusable)) from unusable
        else:
            return held
        finally:
            os.close(lock)

    def _held(self, name: str, origin: str) -> Head | None:
        try:
            octets = files.read(self._folder, name, max_bytes=LIMITS.note_bytes)
            members = strict_json.parse_object(octets, max_bytes=LIMITS.note_bytes)
            head = Head(str(members["origin"]), int(members["size"]), base64url.decode(str(members["root"])))
        except files.AbsentError:
            return None
        except (InputError, KeyError, ValueError) as damaged:
            raise LogError("what is kept of the head of a log is damaged") from damaged
        if head.origin != origin or _octets(head) != octets:
            raise LogError("what is kept of the head of a log is damaged")
        return head


def _octets(head: Head) -> bytes:
    members = {"origin": head.origin, "root": base64url.encode(head.root), "size": head.size}
    return jcs.canonicalize(members)
