"""The wire to a provider under test: one request, one whole answer, within a bound of time and of octets.

Follows no redirect and asks nobody but the hosts that it was told of; a target on this machine keeps every request on
this machine. A provider that is known by another name than its address is asked as somebody who stands in for it.
Decides nothing about answers, except that none is a fault.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx2

from idbridge.codec import strict_json
from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.targets.idp.cookies import Cookies
from idbridge.conformance.targets.patience import OutOfPatienceError, within
from idbridge.errors import ConfigurationError, InputError
from idbridge.limits import LIMITS
from idbridge.net.addresses import parse

FORM: Final = "application/x-www-form-urlencoded"
_SERVER_FAILS: Final = 500
_REDIRECTS: Final = range(300, 400)
_NO_FIELDS: Final[Mapping[str, str]] = MappingProxyType({})


class NoVerdictError(Exception):
    """The provider under test did something that is no verdict, or not what the case needs before its own step."""

    def __init__(self, kind: FaultKind, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(kind, detail)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. Names of header fields are in lower case, a field that came twice is joined by a comma."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = ""

    @property
    def redirects(self) -> bool:
        """Whether it sends the browser elsewhere."""
        return self.status in _REDIRECTS and "location" in self.headers

    def document(self, *, max_depth: int = LIMITS.nesting_depth) -> Mapping[str, Any]:
        """Return the JSON object in the body, an empty one if it is none or deeper than ``max_depth``."""
        try:
            return strict_json.parse_object(self.body, max_bytes=LIMITS.conformance_answer_bytes, max_depth=max_depth)
        except InputError:
            return {}

    def shown(self) -> str:
        """Return status and the names of what was answered, for a report: values may be of a person or a secret."""
        document = self.document()
        said = {name: document[name] for name in ("error", "error_description") if name in document}
        members = ", ".join(sorted(document.keys() - said.keys()))
        return f"{self.status} {json.dumps(said) if said else ''} {members}".rstrip()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a provider is reached: its issuer's own address, or one on this machine that stands in for it.

    ``hosts`` are further hosts (with port, if not the scheme's own) on which its pages and endpoints may be.

    Raises:
        ConfigurationError: An address is no https address, and not one of this machine either.
    """

    issuer: str
    url: str
    hosts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for address in (self.issuer, self.url):
            parts = _parts(address)
            if parts is None or parts.query or parts.fragment or "@" in parts.netloc or not parts.hostname:
                raise ConfigurationError(f"`{address}` is no address of a provider")
            if parts.scheme != "https" and not (parts.scheme == "http" and is_here(parts.hostname)):
                raise ConfigurationError(f"`{address}` is neither https nor on this machine")
        if self.stands_in and not self.local:
            raise ConfigurationError("only an address of this machine can stand in for an issuer")

    @property
    def stands_in(self) -> bool:
        """Whether it is reached elsewhere than under its own name."""
        return self.url.rstrip("/") != self.issuer.rstrip("/")

    @property
    def local(self) -> bool:
        """Whether the provider is on this machine, so that nothing may leave it."""
        return is_here(urlsplit(self.url).hostname or "")

    def reached(self, address: str) -> tuple[str, Mapping[str, str]]:
        """Return the address that is asked for ``address``, and the header fields that say whom it stands in for.

        Raises:
            NoVerdictError: The provider leads to a host that is not its own, or away from this machine.
        """
        parts, own = _parts(address), urlsplit(self.issuer)
        if parts is None or parts.scheme not in ("http", "https") or "@" in parts.netloc:
            raise NoVerdictError(FaultKind.UNREACHABLE, "the provider leads to what is no address")
        if self.stands_in and (parts.scheme, parts.netloc) == (own.scheme, own.netloc):
            rest = address[len(f"{own.scheme}://{own.netloc}") :]
            named = {"Host": own.netloc, "X-Forwarded-Proto": own.scheme}
            base = urlsplit(self.url)
            return f"{base.scheme}://{base.netloc}{base.path.rstrip('/')}{rest}", named
        allowed = {own.netloc, urlsplit(self.url).netloc, *self.hosts}
        if parts.netloc not in allowed or (self.local and not is_here(parts.hostname or "")):
            raise NoVerdictError(
                FaultKind.UNREACHABLE, f"the provider leads to {parts.netloc}, which is none of its hosts"
            )
        if parts.scheme == "http" and not is_here(parts.hostname or ""):
            raise NoVerdictError(FaultKind.UNREACHABLE, "the provider leads to plain http")
        return address, _NO_FIELDS


class Wire:
    """Asks one provider, as a server does; with ``cookies``, as a browser that keeps what it is given."""

    def __init__(
        self,
        place: Place,
        *,
        client: httpx2.Client | None = None,
        cookies: Cookies | None = None,
        patience: timedelta = LIMITS.conformance_patience,
    ) -> None:
        self.place = place
        self._patience = patience
        self._client = client or _client()
        self._cookies = cookies

    def browser(self) -> "Wire":
        """Return the wire of a browser that was never here."""
        return Wire(self.place, client=self._client, cookies=Cookies(), patience=self._patience)

    def send(
        self, method: str, address: str, *, headers: Iterable[tuple[str, str]] = (), body: bytes | None = None
    ) -> Reply:
        """Return the answer to one request.

        Raises:
            NoVerdictError: Nobody answered in time, not wholly, or with a failure of the server.
        """
        url, named = self.place.reached(address)
        self._client.cookies.clear()  # the library would keep them for everybody
        path = urlsplit(address).path or "/"
        held = self._cookies.header(path=path) if self._cookies is not None else None
        fields = [*named.items(), *headers, *([("Cookie", held)] if held is not None else [])]

        def asked(over: Event) -> tuple[Reply, list[str]]:
            with self._client.stream(method, url, headers=fields, content=body) as response:
                reply = Reply(response.status_code, _fields(response), read(response, over), address)
                return reply, response.headers.get_list("set-cookie")

        try:
            reply, given = within(self._patience, asked)
        except OutOfPatienceError:
            seconds = self._patience.total_seconds()
            raise NoVerdictError(FaultKind.HANG, f"no whole answer within {seconds:g} s") from None
        except httpx2.TimeoutException:
            raise NoVerdictError(FaultKind.HANG, f"no answer within {LIMITS.fetch_total.total_seconds():g} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise NoVerdictError(FaultKind.UNREACHABLE, f"no answer: {type(error).__name__}") from None
        if self._cookies is not None:
            self._cookies.take(given, path=path)
        if reply.status >= _SERVER_FAILS:
            raise NoVerdictError(FaultKind.CRASH, f"the provider answered {reply.status}")
        return reply

    def get(self, address: str) -> Reply:
        """Return what is at ``address``. Raises as ``send``."""
        return self.send("GET", address)

    def post(self, address: str, form: Iterable[tuple[str, str]], *, headers: Iterable[tuple[str, str]] = ()) -> Reply:
        """Return the answer to a form. Raises as ``send``."""
        fields = [("Content-Type", FORM), *headers]
        return self.send("POST", address, headers=fields, body=urlencode(list(form)).encode())


def is_here(host: str) -> bool:
    """Tell whether ``host`` is this machine."""
    address = parse(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _parts(address: str) -> Any:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _client() -> httpx2.Client:
    patience = httpx2.Timeout(LIMITS.fetch_total.total_seconds(), connect=LIMITS.fetch_connect.total_seconds())
    plain = {"Accept-Encoding": "identity"}
    alone = httpx2.Limits(max_keepalive_connections=0)  # a connection for each request, and none that is left open
    return httpx2.Client(limits=alone, trust_env=False, follow_redirects=False, timeout=patience, headers=plain)


def _fields(response: httpx2.Response) -> Mapping[str, str]:
    return MappingProxyType({name.lower(): value for name, value in response.headers.items()})


def read(response: httpx2.Response, over: Event) -> bytes:
    """Return the body as it was sent, until it is ``over``.

    Raises:
        NoVerdictError: It is longer than an answer may be, or came in a coding that nobody asked for.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        raise NoVerdictError(FaultKind.MALFORMED, "the answer is in a coding that was not asked for")
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if over.is_set():
            break
        if len(body) > LIMITS.conformance_answer_bytes:
            raise NoVerdictError(FaultKind.MALFORMED, "the answer is longer than an answer may be")
    return bytes(body)
