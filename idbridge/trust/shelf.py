"""Where recognition documents lie: in a directory, or in octets that came together from elsewhere. Judges nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from idbridge.errors import ConfigurationError, InputError, TrustError
from idbridge.trust import files


class Shelf(Protocol):
    """Documents under names in folders."""

    def names(self, *folders: str) -> tuple[str, ...]:
        """Return the names in a folder, in order.

        Raises:
            ConfigurationError: The folder is not there.
        """
        ...

    def read(self, *path: str, max_bytes: int) -> bytes:
        """Return a document.

        Raises:
            FetchError: It cannot be read.
            InputError: ``input.too_large``.
            TrustError: It was offered and is not what was named.
        """
        ...


class DirectoryShelf:
    """Documents in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def names(self, *folders: str) -> tuple[str, ...]:
        """Return the names in a folder, in order."""
        return files.names(self._directory.joinpath(*folders))

    def read(self, *path: str, max_bytes: int) -> bytes:
        """Return a document."""
        return files.read(self._directory.joinpath(*path[:-1]), path[-1], max_bytes=max_bytes)


class OctetShelf:
    """Documents by path, such as ``arrangements/SG-TH/1.json``; ``faulty`` are those that are not what was named."""

    def __init__(self, octets: Mapping[str, bytes], faulty: Mapping[str, TrustError]) -> None:
        self._octets = octets
        self._faulty = faulty

    def names(self, *folders: str) -> tuple[str, ...]:
        """Return the names in a folder, in order; a folder in which nothing is offered is an empty one."""
        within = "".join(f"{folder}/" for folder in folders)
        offered = (path for path in (*self._octets, *self._faulty) if path.startswith(within))
        return tuple(sorted({path[len(within) :].partition("/")[0] for path in offered}))

    def read(self, *path: str, max_bytes: int) -> bytes:
        """Return a document."""
        name = "/".join(path)
        if name in self._faulty:
            raise self._faulty[name]
        if name not in self._octets:
            raise ConfigurationError(f"{name} was never offered")
        if len(self._octets[name]) > max_bytes:
            raise InputError("input.too_large", f"a document of more than {max_bytes} octets")
        return self._octets[name]
