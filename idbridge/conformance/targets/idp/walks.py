"""The browser's leg of a login: from the authorization URL to the redirect URI, or to a page that leads nowhere.

Three ways: the suite fills in the provider's forms itself, a command of the operator does it, or a person does while
the suite listens at the redirect URI. Decides only where the browser ended.
"""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, Protocol
from urllib.parse import urlencode, urljoin, urlsplit

from idbridge.codec import strict_json
from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.targets.idp.forms import first_form
from idbridge.conformance.targets.idp.wire import FORM, NoVerdictError, Reply, Wire, is_here
from idbridge.conformance.targets.process import said_by
from idbridge.conformance.targets.receiving import SECONDS, body_of
from idbridge.errors import InputError
from idbridge.limits import LIMITS

_REFUSED: Final = 400
_POLL_SECONDS: Final = 0.05
_REPEATING: Final = (307, 308)
_LEADS_NOWHERE: Final = 1  # the exit code of a command that ended on a page of the provider


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the browser ended: at ``address`` with the ``query`` that it brought, or on a page of the provider.

    ``refused`` tells that the page is an error by its HTTP status. ``marks`` are what was odd on the way, as far as the
    suite walked it itself: ``FRAMABLE`` and ``REPEATS``.
    """

    address: str | None
    query: str = field(default="", repr=False)
    refused: bool = False
    shown: str = ""
    marks: frozenset[str] = frozenset()


FRAMABLE: Final = "framable"  # a page with a form may stand in a frame of anybody's page
REPEATS: Final = "repeats"  # a redirect makes the browser send a form again, to where it leads


class Walk(Protocol):
    """One browser. Each login has its own."""

    def walk(self, url: str, *, ends: tuple[str, ...], answers: Mapping[str, str] | None = None) -> Landing:
        """Return where the browser ends that goes to ``url``; ``ends`` are addresses that it does not visit.

        Raises:
            NoVerdictError: It ends nowhere.
        """
        ...


class FormWalk:
    """Fills in the forms of the provider. ``person`` are the fields of who logs in, by name."""

    def __init__(self, wire: Wire, *, person: Mapping[str, str]) -> None:
        self._wire = wire
        self._person = person

    def walk(self, url: str, *, ends: tuple[str, ...], answers: Mapping[str, str] | None = None) -> Landing:
        """As ``Walk``; ``answers`` are fields of this one walk."""
        filled = {**self._person, **(answers or {})}
        marks: set[str] = set()
        reply, posted = self._wire.send("GET", url), False
        for _ in range(LIMITS.conformance_pages):
            if reply.redirects:
                marks |= {REPEATS} if posted and reply.status in _REPEATING else set()
                address = urljoin(reply.url, reply.headers["location"])
                landing = landed(address, ends)
                if landing is not None:
                    return replace(landing, marks=frozenset(marks))
                reply, posted = self._wire.send("GET", address), False
                continue
            if reply.status >= _REFUSED:
                return Landing(None, refused=True, shown=f"a page with status {reply.status}")
            form = first_form(reply.body.decode("utf-8", "replace"), address=reply.url)
            if form is None:
                return Landing(None, shown="a page without a form")
            marks |= {FRAMABLE} if _may_be_framed(reply) else set()
            reply, posted = self._submitted(form.method, form.action, form.filled(filled)), form.method == "POST"
        raise NoVerdictError(FaultKind.HANG, f"the login does not end within {LIMITS.conformance_pages} pages")

    def _submitted(self, method: str, action: str, fields: Mapping[str, str]) -> Reply:
        coded = urlencode(fields)
        if method != "POST":
            return self._wire.send("GET", f"{action.partition('?')[0]}?{coded}")
        named = [("Content-Type", FORM)]
        return self._wire.send("POST", action, headers=named, body=coded.encode())


def _may_be_framed(reply: Reply) -> bool:
    policy, older = (reply.headers.get(name, "").lower() for name in ("content-security-policy", "x-frame-options"))
    return "frame-ancestors" not in policy and older not in ("deny", "sameorigin")


class CommandWalk:
    """Lets a command of the operator log in: it is given the URL, and prints where it was redirected.

    Exit code 0: the redirect is on its standard output. 1 with ``{"refused": true}`` there: it ended on a page of the
    provider that refuses. Without that word, 1 is how many programs fall over.
    """

    def __init__(self, command: str) -> None:
        self._command = command

    def walk(self, url: str, *, ends: tuple[str, ...], answers: Mapping[str, str] | None = None) -> Landing:  # noqa: ARG002 - a command knows who logs in
        """As ``Walk``."""
        code, said = run_command([*shlex.split(self._command), url])
        if code == _LEADS_NOWHERE and _says_refused(said):
            return Landing(None, refused=True, shown="the login command ended on a page")
        landing = landed(said.strip().partition("\n")[0], ends) if code == 0 else None
        if landing is None:
            raise NoVerdictError(FaultKind.MALFORMED, f"the login command ended with {code} and no redirect")
        return landing


def _says_refused(said: str) -> bool:
    try:
        told = strict_json.parse_object(said.encode("utf-8"), max_bytes=LIMITS.conformance_answer_bytes)
    except InputError:
        return False
    return told.get("refused") is True


class InteractiveWalk:
    """Shows a person the URL and waits at the redirect URI, which is on this machine. ``show`` takes the URL."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    def walk(self, url: str, *, ends: tuple[str, ...], answers: Mapping[str, str] | None = None) -> Landing:  # noqa: ARG002 - a person knows who logs in
        """As ``Walk``."""
        with listening(ends[0]) as listener:
            self._show(url)
            path, _ = listener.received()
        return Landing(ends[0], urlsplit(path).query)


def landed(address: str, ends: tuple[str, ...]) -> Landing | None:
    """Return the landing at one of ``ends``, the longest that ``address`` begins with; ``None`` if at none."""
    for end in sorted(ends, key=len, reverse=True):
        rest = address.removeprefix(end)
        if address.startswith(end) and rest[:1] in ("", "?", "&", "#"):
            return Landing(end, rest[1:])
    return None


class Listener:
    """One request that is waited for at an address of this machine, while the suite does something else."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme != "http" or not is_here(parts.hostname or "") or parts.port is None:
            raise NoVerdictError(FaultKind.UNREACHABLE, f"nothing can listen at {address}: it is not on this machine")
        self._got: SimpleQueue[tuple[str, bytes]] = SimpleQueue()
        try:
            self._server = ThreadingHTTPServer((parts.hostname or "", parts.port), _receiving(parts.path, self._got))
        except OSError:
            raise NoVerdictError(FaultKind.UNREACHABLE, f"{address} is taken by another program") from None
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": _POLL_SECONDS}, daemon=True)

    def __enter__(self) -> "Listener":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def received(self, *, patience: timedelta = LIMITS.conformance_patience) -> tuple[str, bytes]:
        """Return path and body of the request that came.

        Raises:
            NoVerdictError: None did in time.
        """
        try:
            return self._got.get(timeout=patience.total_seconds())
        except Empty:
            raise NoVerdictError(FaultKind.HANG, "nobody came to the address that was listened at") from None


def listening(address: str) -> Listener:
    """Return a listener at ``address``. Raises as ``Listener``."""
    return Listener(address)


def _receiving(path: str, got: "SimpleQueue[tuple[str, bytes]]") -> type[BaseHTTPRequestHandler]:
    class _Receiving(BaseHTTPRequestHandler):
        timeout = SECONDS

        def _take(self) -> None:
            body = body_of(self)
            if body is None:
                return
            own = self.path.partition("?")[0] == path
            if own:
                got.put((self.path, body))
            self.send_response(200 if own else 404)
            self.send_header("Content-Length", "0")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()

        do_GET = do_POST = _take  # noqa: N815 - names of the standard library

        def log_message(self, *_: object) -> None:
            """Write nothing: a request line holds a code."""

    return _Receiving


def run_command(arguments: list[str]) -> tuple[int, str]:
    """Return exit code and standard output of an operator's command.

    Raises:
        NoVerdictError: It cannot be started, or does not end.
    """
    said = said_by(arguments)
    if isinstance(said, Fault):
        kind = FaultKind.CRASH if said.kind is FaultKind.UNREACHABLE else said.kind
        raise NoVerdictError(kind, f"a command of the settings: {said.detail}")
    return said.exit_code, said.output.decode("utf-8", "replace")
