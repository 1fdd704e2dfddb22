"""Mapped octets: the entries of status lists in files that every worker of a node maps, so that they share the pages.

Decides nothing. What is kept is named by the SHA-256 of its content, written once and never changed, and compared with
that name whenever it is mapped, so that a file that was spoiled is written anew and never read. Without a folder the
octets stay in memory. A mapping outlives its file's name: whoever still reads a list that was tidied away goes on.
"""

import hashlib
import mmap
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from idbridge.errors import ConfigurationError
from idbridge.status.packing import Octets
from idbridge.trust import files

FOLDER: Final = "status-bits"
_SUFFIX: Final = ".bits"
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE: Final = 0o400


class MappedOctets:
    """The files below ``folder``, which is made on first use; ``None`` keeps everything in memory."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def keep(self, octets: bytes) -> Octets:
        """Return ``octets`` as they are mapped read-only, written first if no other worker did.

        Raises:
            ConfigurationError: The folder or file cannot be written or mapped.
        """
        if self._folder is None:
            return octets
        name = _name(octets)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            found = self._mapped(name)
            if found is None:
                files.write(self._folder, name, octets, mode=_MODE)
                found = self._mapped(name)
        except OSError as unwritable:
            raise ConfigurationError("the entries of a status list cannot be kept") from unwritable
        if found is None:
            raise ConfigurationError("the entries of a status list are not what was written")
        return found

    def tidy(self, kept: Iterable[Octets]) -> None:
        """Remove the files that hold none of ``kept``; another worker that needs one writes it again."""
        if self._folder is None or not self._folder.is_dir():
            return
        names = {_name(octets) for octets in kept}
        for name in files.names(self._folder):
            if name not in names and name.endswith(_SUFFIX):
                with suppress(OSError):
                    (self._folder / name).unlink()

    def _mapped(self, name: str) -> memoryview | None:
        """Return the file of this name as mapped; ``None`` if there is none, or it is not what its name says."""
        assert self._folder is not None  # noqa: S101 - asked only where there is a folder
        try:
            descriptor = os.open(self._folder / name, _READ)
        except FileNotFoundError:
            return None
        try:
            if not os.fstat(descriptor).st_size:
                return None
            view = memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))
        finally:
            os.close(descriptor)
        return view if _name(view) == name else None


def _name(octets: Octets) -> str:
    return f"{hashlib.sha256(octets).hexdigest()}{_SUFFIX}"
