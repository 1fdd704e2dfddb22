"""Which database may keep the registry, and how it is reached: SQLite in a file, or PostgreSQL.

Decides about addresses alone. Another machine is reached by TLS with its certificate verified, in every environment;
plain text stays on this machine. A file is only its owner's to write, and is never made by looking for it.
"""

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.trust import files
from idbridge_gateway.settings import is_loopback

NAME: Final = "IDBRIDGE_DATABASE_URL"
_HINT: Final = (
    "an address like sqlite:////var/lib/idbridge/registry.db or postgresql://idbridge@database.example/idbridge"
)
_OPTIONS: Final = frozenset({"host", "ssl_ca_certs"})  # none that would make TLS believe anybody
_WAIT: Final = LIMITS.registry_wait.total_seconds()
_CONNECTIONS: Final = 2  # the watch, and an operator


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where the registry is: a ``file`` of SQLite, or a server of PostgreSQL, as the driver is told."""

    url: URL = field(repr=False)
    file: Path | None
    told: dict[str, Any] = field(repr=False)


def database_address(text: str) -> DatabaseAddress:
    """Return the address that ``text`` writes; what it says is not repeated.

    Raises:
        ConfigurationError: It is none, or it is not to be used.
    """
    try:
        url = make_url(text)
        options = {name: value for name, value in url.query.items() if isinstance(value, str)}
    except (ArgumentError, ValueError):
        raise ConfigurationError(f"{NAME} is not {_HINT}") from None
    if url.drivername not in ("sqlite", "postgresql") or not url.database or len(options) != len(url.query):
        raise ConfigurationError(f"{NAME} is not {_HINT}")
    return _sqlite(url) if url.drivername == "sqlite" else _postgresql(url, options)


def _sqlite(url: URL) -> DatabaseAddress:
    if url.host or url.query or url.username or url.database in (None, ":memory:") or "file:" in str(url.database):
        raise ConfigurationError(f"{NAME} names one file of SQLite and nothing else")
    told = {"timeout": _WAIT}
    return DatabaseAddress(url.set(drivername="sqlite+aiosqlite"), Path(str(url.database)), told)


def _postgresql(url: URL, options: dict[str, str]) -> DatabaseAddress:
    if not options.keys() <= _OPTIONS:
        raise ConfigurationError(f"{NAME} has no options but `host`, the folder of a socket, and `ssl_ca_certs`")
    socket = options.get("host")
    if (socket is None) is (not url.host) or (socket is not None and not socket.startswith("/")):
        raise ConfigurationError(f"{NAME} names the host of PostgreSQL, or by `host` the folder of its socket")
    told: dict[str, Any] = {"timeout": _WAIT, "command_timeout": _WAIT, "ssl": False}
    if socket is not None:
        told["host"] = socket
    elif not is_loopback(url.host or ""):
        told["ssl"] = _tls(options.get("ssl_ca_certs"))
    return DatabaseAddress(url.set(drivername="postgresql+asyncpg", query={}), None, told)


def _tls(authorities: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError:
        raise ConfigurationError(f"the certificates that {NAME} names cannot be read") from None


def engine_to(address: DatabaseAddress) -> AsyncEngine:
    """Return an engine for ``address``; nothing is connected yet, and no statement is ever logged with its values."""
    options: dict[str, Any] = {"connect_args": address.told, "hide_parameters": True}
    if address.file is not None:
        return create_async_engine(address.url, poolclass=NullPool, **options)
    return create_async_engine(
        address.url,
        pool_size=_CONNECTIONS,
        max_overflow=_CONNECTIONS,
        pool_pre_ping=True,
        pool_timeout=_WAIT,
        **options,
    )


def require_file(address: DatabaseAddress) -> None:
    """Return if the file of SQLite is there and only its owner may write to it; a server is asked by connecting.

    Raises:
        ConfigurationError: It is not.
    """
    if address.file is None:
        return
    try:
        with address.file.open("rb") as opened:
            files.require_own(opened.fileno(), "the database")
    except OSError:
        raise ConfigurationError("there is no database; `idbridge db upgrade` makes one") from None


def make_file(address: DatabaseAddress) -> None:
    """Make the file of SQLite if there is none, readable by its owner only.

    Raises:
        ConfigurationError: It cannot be made.
    """
    if address.file is None:
        return
    try:
        os.close(os.open(address.file, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except OSError as fault:
        raise ConfigurationError(f"the database cannot be made: {fault.strerror}") from None


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Yield a connection in a transaction that is kept if nothing was raised.

    Raises:
        ConfigurationError: The database does not answer, or refuses; what it says of itself is not repeated.
    """
    try:
        async with engine.begin() as connection:
            yield connection
    except DBAPIError as fault:
        raise ConfigurationError(f"the database refuses: {type(fault.orig).__name__}") from fault
    except (SQLAlchemyError, OSError, TimeoutError) as fault:
        raise ConfigurationError(f"the database does not answer: {type(fault).__name__}") from fault
