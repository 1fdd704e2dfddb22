"""Which servers may hold what counts once: an address of Redis or Valkey, its version, and that it forgets nothing.

A one-time value that is evicted, or lost in a restart of the server, could be spent twice (architecture D7). Every
connection asks before it is used, so that a server which came back with other settings is refused as well. Whether
anything *was* evicted is asked together with whatever is spent: settings may change between two looks at them.
"""

import ssl
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from redis.asyncio.connection import parse_url
from redis.exceptions import RedisError

from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment
from idbridge_gateway.settings import is_loopback

SCHEMES: Final = ("redis", "rediss", "unix")
OPTIONS: Final = frozenset({"db", "ssl_ca_certs"})  # none that would make TLS believe anybody
EVICTS_NOTHING: Final = "noeviction"
WRITES_DOWN: Final = "1"
DEFAULT_PORT: Final = 6379
STATS: Final = "stats"  # the section of INFO that counts what was evicted
RUNS_NO_SCRIPTS: Final = (
    "the server that IDBRIDGE_REDIS_URL names runs no scripts for this node, which takes values by EVAL"
)
FIT_BY: Final = ("server", "memory", "persistence", "replication", STATS)  # sections of INFO
_PRIMARY: Final = "master"
_NEVER_PROMOTED: Final = "-1"  # `second_repl_offset` of a server that took over from no other since it started
_NONE: Final = "0"
_LEAST_VERSION: Final = (6, 2)  # GETDEL


class UnfitServerError(RedisError):
    """The server may not hold what counts once."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server is, and how it is greeted. ``path`` is that of a socket; then there is no host."""

    host: str
    port: int
    path: str
    tls: ssl.SSLContext | None
    database: int
    username: str = field(repr=False)
    password: str = field(repr=False)


def require_address(url: str, environment: Environment) -> None:
    """Return if ``url`` may name the server of a node in ``environment``; what it says is not repeated.

    Raises:
        ConfigurationError: It is no address of Redis, or a live node would reach it over the network in plain text.
    """
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        parse_url(url)
    except ValueError:
        raise ConfigurationError("IDBRIDGE_REDIS_URL is not an address") from None
    placed = parts.path if parts.scheme == "unix" else parts.hostname
    if parts.scheme not in SCHEMES or not placed:
        raise ConfigurationError("IDBRIDGE_REDIS_URL is an address like rediss://store.example:6379/0")
    if not options.keys() <= OPTIONS:
        raise ConfigurationError("IDBRIDGE_REDIS_URL has no options but `db` and `ssl_ca_certs`")
    plain = parts.scheme == "redis" and not is_loopback(parts.hostname or "")
    if plain and environment is Environment.LIVE:
        raise ConfigurationError("IDBRIDGE_REDIS_URL is not rediss; a live node reaches another machine by TLS alone")


def address_of(url: str) -> ServerAddress:
    """Return what ``url`` says, which ``require_address`` let through.

    Raises:
        ConfigurationError: The certificates that it names cannot be read.
    """
    said: dict[str, Any] = dict(parse_url(url))
    try:
        tls = ssl.create_default_context(cafile=said.get("ssl_ca_certs")) if urlsplit(url).scheme == "rediss" else None
    except OSError:
        raise ConfigurationError("the certificates that IDBRIDGE_REDIS_URL names cannot be read") from None
    return ServerAddress(
        host=said.get("host", ""),
        port=said.get("port", DEFAULT_PORT),
        path=said.get("path", ""),
        tls=tls,
        database=said.get("db", 0),
        username=said.get("username") or "",
        password=said.get("password") or "",
    )


def require_fit(server: bytes, memory: bytes, persistence: bytes, replication: bytes, stats: bytes) -> None:
    """Return if a server may hold what counts once that answers ``INFO`` for each of ``FIT_BY`` like this.

    How often its file reaches the disk it does not say there, and many servers tell nobody; the operator sees to it.

    Raises:
        UnfitServerError: It is too old, may evict, keeps no file of what it is told, evicted something, or is or was
            the replica of another.
    """
    version = _told(server, "redis_version").split(".")[:2]
    if not all(part.isdecimal() for part in version) or tuple(map(int, version)) < _LEAST_VERSION:
        raise UnfitServerError("the server that IDBRIDGE_REDIS_URL names is older than Redis 6.2")
    if _told(memory, "maxmemory_policy") != EVICTS_NOTHING:
        raise UnfitServerError(
            "the server that IDBRIDGE_REDIS_URL names may evict values; its maxmemory-policy has to be noeviction"
        )
    if _told(persistence, "aof_enabled") != WRITES_DOWN:
        raise UnfitServerError(
            "the server that IDBRIDGE_REDIS_URL names forgets values in a restart; its appendonly has to be yes"
        )
    require_nothing_evicted(stats)
    _require_first_hand(replication)


def _require_first_hand(replication: bytes) -> None:
    """Return if a server was told everything itself: a replica learns late, and of the last claims it may never learn.

    Raises:
        UnfitServerError: It is a replica, or took over from another server since it started.
    """
    if _told(replication, "role") != _PRIMARY:
        raise UnfitServerError("the server that IDBRIDGE_REDIS_URL names is the replica of another")
    if _told(replication, "second_repl_offset") != _NEVER_PROMOTED:
        raise UnfitServerError(
            "the server that IDBRIDGE_REDIS_URL names took over from another, which may not have told it everything "
            "that was spent; once none of that can be accepted any longer, a restart of the server lets it count again"
        )


def require_nothing_evicted(stats: Any) -> None:
    """Return if a server evicted nothing since it started that answers ``INFO stats`` like this.

    Raises:
        UnfitServerError: It evicted values, of which nobody knows whether they were spent, or does not say.
    """
    if not isinstance(stats, bytes) or _told(stats, "evicted_keys") != _NONE:
        raise UnfitServerError(
            "the server that IDBRIDGE_REDIS_URL names evicted values, which could be spent twice; "
            "once none of them can be accepted any longer, `CONFIG RESETSTAT` lets it count again"
        )


def _told(info: bytes, name: str) -> str:
    """Return what ``info`` says of ``name``; nothing if it does not."""
    pairs = (row.partition(":") for row in info.decode("utf-8", "replace").splitlines())
    return next((value for found, _, value in pairs if found == name), "")
