"""A node's memory: files that only it writes, begun once on purpose, and one process at a time that works on them.

A file of the memory that is missing, cannot be read or breaks its form is never taken for an empty one: that would
hand every node back to the first old offer that comes along after a full disk.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from idbridge.codec import strict_json
from idbridge.errors import ConfigurationError, FetchError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.trust import files

_LOCK: Final = ".floors.lock"


class Remembered(Protocol):
    """What a file of the memory holds: of one environment."""

    @property
    def environment(self) -> Environment:
        """The environment whose node this is."""
        ...


Memory = TypeVar("Memory", bound=Remembered)


def require_absent(folder: Path, name: str) -> None:
    """Return if there is no file ``name`` in ``folder`` yet.

    Raises:
        ConfigurationError: There is one.
    """
    try:
        files.read(folder, name, max_bytes=LIMITS.floors_bytes)
    except files.AbsentError:
        return
    except (FetchError, InputError):
        pass
    raise ConfigurationError(f"{name} is there already; whoever removes it gives up protection against old offers")


def read(folder: Path, name: str, parse: Callable[[Any], Memory], *, environment: Environment) -> Memory:
    """Return what ``parse`` makes of the file ``name`` in ``folder``.

    Raises:
        ConfigurationError: The file is missing, cannot be read, breaks its form, or is of another environment.
    """
    try:
        octets = files.read(folder, name, max_bytes=LIMITS.floors_bytes)
    except files.AbsentError:
        raise ConfigurationError(f"{name} is missing; a new node is initialised on purpose, once") from None
    except (FetchError, InputError) as unreadable:
        raise ConfigurationError(f"{name} cannot be read") from unreadable
    try:
        memory = parse(strict_json.parse(octets, max_bytes=LIMITS.floors_bytes))
    except (InputError, TrustError, ValueError) as damaged:
        raise ConfigurationError(f"{name} is damaged: {damaged}") from damaged
    if memory.environment is not environment:
        raise ConfigurationError(f"{name} is of the {memory.environment} environment")
    return memory


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time read, raise and write what is in ``folder``.

    Raises:
        ConfigurationError: The folder is not there, or cannot be written to.
    """
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as missing:
        raise ConfigurationError("the state directory is not there or cannot be written to") from missing
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
