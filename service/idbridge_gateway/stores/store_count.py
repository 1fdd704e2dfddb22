"""The highest count of a store that any process of this node saw, in a page of memory that all of them share.

Decides nothing. A store that lost the last of what it was told is noticed by who saw more than it counts; a worker that
saw less would count on, past what the others saw, and nobody would notice any more. So each tells the others what it
saw, as often as it sees it, which is as often as something is spent: too often for a disk, and no disk is waited for.
What two wrote at the same moment does not add up, and counts for nothing until one of them writes again.
"""

import mmap
import os
import struct
import zlib
from pathlib import Path
from typing import Final

from idbridge.errors import ConfigurationError

NAME: Final = "store-count"  # the file of a node's state directory behind the page
_NAME_OCTETS: Final = 32
_TOLD: Final = struct.Struct(f"={_NAME_OCTETS}sQ")
_CHECKED: Final = struct.Struct("=I")
_SIZE: Final = _TOLD.size + _CHECKED.size
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class SharedCount:
    """The page of the node whose state directory is ``directory``.

    Raises:
        ConfigurationError: The file cannot be opened.
    """

    def __init__(self, directory: Path) -> None:
        try:
            descriptor = os.open(directory / NAME, _FLAGS, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, _SIZE)  # a write to a hole would end the process on a full disk
                self._page = mmap.mmap(descriptor, _SIZE)
            finally:
                os.close(descriptor)
        except (OSError, ValueError) as unusable:
            raise ConfigurationError(f"{NAME} in the state directory cannot be opened") from unusable

    def highest(self, name: str) -> int:
        """Return the highest count of the store called ``name``; 0 if nobody saw any, or it was of another store."""
        told = self._page[: _TOLD.size]
        named, count = _TOLD.unpack(told)
        (checked,) = _CHECKED.unpack_from(self._page, _TOLD.size)
        return int(count) if named == _octets(name) and checked == zlib.crc32(told) else 0

    def tell(self, name: str, count: int) -> None:
        """Let the others know of ``count``, unless one of them saw more."""
        if count > self.highest(name):
            told = _TOLD.pack(_octets(name), count)
            self._page[:_SIZE] = told + _CHECKED.pack(zlib.crc32(told))


def _octets(name: str) -> bytes:
    return name.encode("ascii").ljust(_NAME_OCTETS, b"\0")
