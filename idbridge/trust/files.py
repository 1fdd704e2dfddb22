"""Files that trust material is read from and written to: one at a time, whole, bounded, and through no symbolic link.

Judges no content. A name comes from a closed vocabulary of the caller and never from what a document says.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from idbridge.errors import ConfigurationError, FetchError, InputError

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO or device must not hold us up
_FOLDER: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


class AbsentError(FetchError):
    """There is no such file."""


def read(folder: Path, name: str, *, max_bytes: int) -> bytes:
    """Return the octets of the regular file ``name`` in ``folder``.

    Raises:
        AbsentError: There is none.
        FetchError: It cannot be read, or it is a link, a device or a folder.
        InputError: ``input.too_large``: it has more than ``max_bytes`` octets; nothing was read then.
    """
    with _opened(folder, name) as descriptor:
        return _bounded(descriptor, max_bytes=max_bytes)


def read_own(folder: Path, name: str, *, max_bytes: int) -> bytes:
    """Return the octets of a file that no signature protects: only its owner may be able to write to it.

    Raises:
        ConfigurationError: Its group or everybody may write to it.
        AbsentError: There is none.
        FetchError: It cannot be read, or it is a link, a device or a folder.
        InputError: ``input.too_large``: it has more than ``max_bytes`` octets; nothing was read then.
    """
    with _opened(folder, name) as descriptor:
        require_own(descriptor, name)
        return _bounded(descriptor, max_bytes=max_bytes)


@contextmanager
def _opened(folder: Path, name: str) -> Iterator[int]:
    if Path(name).name != name:
        raise FetchError("a file name with a path in it")
    try:
        place = os.open(folder, _FOLDER)
        try:
            descriptor = os.open(name, _READ, dir_fd=place)
        finally:
            os.close(place)
        with os.fdopen(descriptor, "rb") as opened:
            yield opened.fileno()
    except FileNotFoundError:
        raise AbsentError(f"{name} is not there") from None
    except OSError as unreadable:
        raise FetchError(f"{name} cannot be read") from unreadable


def require_own(descriptor: int, name: str) -> None:
    """Return if only its owner may write to an open file; asked of the open file, so that none takes its place.

    Raises:
        ConfigurationError: Its group or everybody may write to it.
    """
    if os.fstat(descriptor).st_mode & _BY_OTHERS:
        raise ConfigurationError(f"{name} must be writable by its owner only (mode 0644 or stricter)")


def _bounded(descriptor: int, *, max_bytes: int) -> bytes:
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        raise FetchError("not a regular file")
    if about.st_size > max_bytes:
        raise InputError("input.too_large", f"a file of more than {max_bytes} octets")
    parts: list[bytes] = []
    wanted = max_bytes + 1  # the file may have grown since
    while wanted and (part := os.read(descriptor, wanted)):
        parts.append(part)
        wanted -= len(part)
    if not wanted:
        raise InputError("input.too_large", f"a file of more than {max_bytes} octets")
    return b"".join(parts)


def names(folder: Path) -> tuple[str, ...]:
    """Return the names in ``folder`` in order, without hidden ones, which a write that was cut short may leave.

    Raises:
        ConfigurationError: There is no such folder, or it is a link.
    """
    try:
        place = os.open(folder, _FOLDER)
        try:
            found = os.listdir(place)  # noqa: PTH208 - of the folder that was opened, not of one that took its place
            return tuple(sorted(name for name in found if not name.startswith(".")))
        finally:
            os.close(place)
    except OSError as unreadable:
        raise ConfigurationError(f"the folder {folder.name} is not there or cannot be read") from unreadable


def write(folder: Path, name: str, octets: bytes, *, mode: int = 0o644, group: int | None = None) -> None:
    """Put ``octets`` in place as ``name`` in ``folder``, wholly or not at all, and past a power failure.

    With a ``group`` it is of that group, and ``mode`` is meant whatever the account's mask says.

    Raises:
        ConfigurationError: The folder is not there or cannot be written to, or the group may not be given.
    """
    temporary = folder / f".{name}.{os.getpid()}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as opened:
            if group is not None:
                os.fchown(descriptor, -1, group)
                os.fchmod(descriptor, mode)
            opened.write(octets)
            opened.flush()
            os.fsync(opened.fileno())
        temporary.replace(folder / name)
        _sync_folder(folder)
    except OSError as unwritable:
        temporary.unlink(missing_ok=True)
        raise ConfigurationError(f"{name} cannot be written") from unwritable


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(place)
    finally:
        os.close(place)
