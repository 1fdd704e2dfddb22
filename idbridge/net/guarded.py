"""The one HTTP client: asks a host that signed lists or settings name, and nobody else.

Decides where this product connects to, to fetch a document or to make a call. Guards against a server-side request
forgery (a URL or a name server that leads inside), against a server that redirects, never ends, or lies about its
length, and against settings of the environment that would send the request through somebody else. It does not know
what the document is.

In a sandbox, somebody on this machine may stand in for a host that does not exist: the request is the one that the host
would get, and says in ``X-Forwarded-Proto`` that it was made for https.
"""

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import httpcore2

from idbridge.clock import Stopwatch, SystemStopwatch
from idbridge.errors import ConfigurationError, FetchError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.net import addresses
from idbridge.net.calls import Answer, Call, head_of
from idbridge.net.conditional import Document, tag_of
from idbridge.net.pinned import Deadline, PinnedBackend, Resolver, SystemResolver, resolve
from idbridge.net.source import AbsentDocumentError

_PORTS: Final = {"https": 443, "http": 80}
# Printable ASCII without what would end a request line early or be read as something else by another parser.
_URL: Final = re.compile(r"https?://[!-\[\]-~]+")
_NAME: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# What some parsers read as an address (`2130706433`, `0x7f.1`) is a name to nobody.
_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_OK: Final = 200
_NOT_MODIFIED: Final = 304
_ABSENT: Final = frozenset({403, 404})
_LENGTH_DIGITS: Final = 15
_REDIRECTS: Final = range(300, 400)
_ANY: Final = (b"Accept", b"*/*")
_FORWARDED: Final = (b"X-Forwarded-Proto", b"https")
_HEADERS: Final = (
    (b"Accept-Encoding", b"identity"),  # What is compressed has no size until it is too late.
    (b"User-Agent", b"idbridge"),
    (b"Connection", b"close"),
)
_CONNECT: Final = MappingProxyType({"timeout": {"connect": LIMITS.fetch_connect.total_seconds()}})
_NOBODY: Final[Mapping[str, str]] = MappingProxyType({})
_Head = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a URL leads: everything a request needs, taken apart once."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The ``Host`` header (RFC 9110 section 7.2): brackets around IPv6, and the port unless it is the scheme's."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class _UnchangedError(FetchError):
    """The source answered that the document is the one that is held."""


class GuardedClient:
    """Fetches documents over https from ``allowed_hosts``, and makes calls there; implements ``Source``, ``Caller``.

    An allowed host is ``host`` for the scheme's own port, or ``host:port``. Plain http, and addresses of this machine,
    are open only in the sandbox and only with ``allow_loopback``; plain http goes to this machine and no further.
    ``ceiling`` bounds every document, whatever its reader would take. ``stand_ins`` names, for hosts that do not exist,
    places on this machine (``http://127.0.0.1:4001/sg-login``) that are asked in their stead, in the sandbox only.

    Raises:
        ConfigurationError: No host is allowed, one is not the name of a host, or a live client may not be this lenient.
    """

    def __init__(
        self,
        allowed_hosts: frozenset[str],
        environment: Environment,
        *,
        allow_loopback: bool = False,
        ceiling: int = LIMITS.fetch_bytes,
        total: timedelta = LIMITS.fetch_total,
        resolver: Resolver | None = None,
        stopwatch: Stopwatch | None = None,
        tls: ssl.SSLContext | None = None,
        stand_ins: Mapping[str, str] = _NOBODY,
    ) -> None:
        if allow_loopback and environment is not Environment.SANDBOX:
            raise ConfigurationError("only a sandbox may fetch from this machine or over plain http")
        if not allowed_hosts:
            raise ConfigurationError("a client needs at least one host that it may fetch from")
        self._allowed = frozenset(_allowed(entry) for entry in allowed_hosts)
        self._loopback = allow_loopback
        self._stand_ins = {host: _stand_in(place, open_here=allow_loopback) for host, place in stand_ins.items()}
        self._ceiling = ceiling
        self._total = total
        self._resolver = resolver or SystemResolver()
        self._stopwatch = stopwatch or SystemStopwatch()
        self._tls = tls  # else made for the first call that needs it: to read the roots takes as long as most calls

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = _tls()
        return self._tls

    def fetch(self, url: str, *, max_bytes: int) -> bytes:
        """Return the document at ``url``, at most ``max_bytes`` octets long; a redirect is not followed.

        Raises:
            FetchError: The URL is not allowed, or the document is unreachable, too slow, too long or cut short.
        """
        return self._fetched(url, max_bytes=max_bytes, tag=None).octets

    def fetch_changed(self, url: str, *, max_bytes: int, tag: str | None) -> Document | None:
        """Return the document at ``url`` with its entity tag, or ``None`` if it is the one that came with ``tag``.

        Raises:
            FetchError: As for ``fetch``.
        """
        try:
            return self._fetched(url, max_bytes=max_bytes, tag=tag)
        except _UnchangedError:
            if tag is None:
                raise
            return None

    def call(self, call: Call, *, max_bytes: int) -> Answer:
        """Return the answer to ``call``, whatever its status but a redirect, its body at most ``max_bytes`` octets.

        Raises:
            FetchError: The address is not allowed, or there was no whole answer in time.
        """
        head = tuple((name.encode("ascii"), value.encode("ascii")) for name, value in call.head.items())
        with self._asked(call.method, call.url, head, call.body) as response:
            if response.status in _REDIRECTS:
                raise FetchError(f"the source answered {response.status}; no redirect is followed")
            body = _read(response, min(max_bytes, self._ceiling))
            return Answer(response.status, head_of(response.headers), body)

    def _fetched(self, url: str, *, max_bytes: int, tag: str | None) -> Document:
        condition: _Head = ((b"If-None-Match", tag.encode("latin-1")),) if tag is not None else ()
        with self._asked("GET", url, (_ANY, *condition)) as response:
            _refuse_unusable(response)
            return Document(_read(response, min(max_bytes, self._ceiling)), tag_of(response.headers))

    @contextmanager
    def _asked(self, method: str, url: str, head: _Head, body: bytes = b"") -> Iterator[httpcore2.Response]:
        """Give the head of the answer from ``url``, and the body as it is read; everything within one deadline.

        Raises:
            FetchError: As for ``fetch``.
        """
        target = self._permitted(url)
        place = self._stand_ins.get(target.authority, target)
        path = target.path if place is target else place.path.removesuffix("/") + target.path
        deadline = Deadline(self._total, self._stopwatch)
        backend = PinnedBackend(self._pinned(place, deadline), deadline)
        address = httpcore2.URL(scheme=place.scheme, host=place.host, port=place.port, target=path)
        own = ((b"Host", target.authority.encode("ascii")), *_HEADERS, *((_FORWARDED,) if place is not target else ()))
        tls = None if place.scheme == "http" else self._context()
        try:
            with (
                httpcore2.ConnectionPool(ssl_context=tls, retries=0, network_backend=backend) as pool,
                pool.stream(
                    method, address, headers=(*own, *head), content=body or None, extensions=dict(_CONNECT)
                ) as response,
            ):
                yield response
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError) as error:
            raise FetchError(f"{target.host} could not be read") from error

    def _permitted(self, url: str) -> _Target:
        target = _target(url)
        if target is None:
            raise FetchError("not the URL of a host")
        if target.scheme != "https" and not self._loopback:
            raise FetchError("only https is fetched")
        port = None if target.port == _PORTS[target.scheme] else target.port
        if (target.host, port) not in self._allowed and (target.host, target.port) not in self._allowed:
            raise FetchError(f"{target.host} is not a host that may be fetched from")
        return target

    def _pinned(self, target: _Target, deadline: Deadline) -> tuple[str, ...]:
        """Return the addresses of ``target``; a single one that is not allowed refuses them all."""
        found: tuple[str, ...] = (target.host,)
        if addresses.parse(target.host) is None:
            found = resolve(target.host, target.port, resolver=self._resolver, deadline=deadline)
        for text in found:
            address = addresses.parse(text)
            if address is None or not self._reachable(address, target.scheme):
                raise FetchError(f"{target.host} leads to an address that may not be fetched from")
        return found

    def _reachable(self, address: IPv4Address | IPv6Address, scheme: str) -> bool:
        if address.is_loopback:
            return self._loopback
        return scheme == "https" and addresses.is_public(address)


def _target(url: str) -> _Target | None:
    """Take ``url`` apart; ``None`` if two parsers could read its host differently, or it carries a user or fragment."""
    if _URL.fullmatch(url) is None:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if "@" in parts.netloc or "#" in url or parts.netloc.endswith(":") or not _is_host(host):
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(parts.scheme, host, _PORTS[parts.scheme] if port is None else port, path)


def _is_host(host: str) -> bool:
    if addresses.parse(host) is not None:
        return True
    return _NAME.fullmatch(host) is not None and _NUMBER.fullmatch(host) is None


def _allowed(entry: str) -> tuple[str, int | None]:
    """Read one allowed host; without a port it stands for the scheme's own."""
    target = _target(f"https://{entry}")
    if target is None or target.path != "/" or "/" in entry or "?" in entry or entry != entry.lower():
        raise ConfigurationError(f"`{entry}` is not the name of a host, with or without a port")
    with_port = entry.rpartition(":")[2] == str(target.port)
    return target.host, target.port if with_port else None


def _tls() -> ssl.SSLContext:
    """Return a verifying context that the environment cannot make log its keys, as the library's default would."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    return context


def _stand_in(place: str, *, open_here: bool) -> _Target:
    """Read where somebody stands in for a host: at an address of this machine, perhaps below a path of their own."""
    target = _target(place)
    address = addresses.parse(target.host) if target is not None else None
    near = address is not None and address.is_loopback
    if not open_here or target is None or not near or target.scheme != "http" or "?" in target.path:
        raise ConfigurationError("somebody stands in for a host on this machine and in a sandbox only")
    return target


def _refuse_unusable(response: httpcore2.Response) -> None:
    if response.status in _ABSENT:
        raise AbsentDocumentError(f"the source answered {response.status}")
    if response.status == _NOT_MODIFIED:
        raise _UnchangedError("the source answered that nothing changed, unasked")
    if response.status != _OK:
        raise FetchError(f"the source answered {response.status}")


def _read(response: httpcore2.Response, max_bytes: int) -> bytes:
    """Return the body of ``response``: not compressed, and no longer than it may be, whatever its head says."""
    headers = {name.lower(): value for name, value in response.headers}
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise FetchError("the document is compressed")
    length = headers.get(b"content-length", b"")
    if len(length) > _LENGTH_DIGITS or (length.isdigit() and int(length) > max_bytes):
        raise FetchError(f"the document is longer than {max_bytes} octets")
    document = bytearray()
    for chunk in response.iter_stream():
        document += chunk
        if len(document) > max_bytes:
            raise FetchError(f"the document is longer than {max_bytes} octets")
    return bytes(document)
