"""The desk: a verifier on this machine that serves one request object at a time, and keeps what wallets post to it.

Judges nothing. One thread of the standard library's server; it is closed with whoever opened it. Clauses: OpenID4VP
1.0 sections 5.10 (request_uri_method, wallet_nonce) and 8.2 (direct_post).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Final
from urllib.parse import parse_qsl

from idbridge.conformance.targets.receiving import SECONDS, body_of
from idbridge.limits import LIMITS
from idbridge.presentation.request_object import MEDIA

REQUEST: Final = "/request"
RESPONSE: Final = "/response"
_HOST: Final = "127.0.0.1"
RequestMaker = Callable[[str | None], str]


@dataclass(slots=True)
class Errand:
    """One request on its way: who makes its object, whether it was fetched, and the forms that were posted for it.

    ``make`` is called with the ``wallet_nonce`` of whoever fetches it, ``None`` for one who sends none. What is posted
    after it was closed is ``late``. Of many forms the first few are kept.
    """

    make: RequestMaker
    media: str = MEDIA
    fetched: int = 0
    posted: list[Mapping[str, str]] = field(default_factory=list)
    late: list[Mapping[str, str]] = field(default_factory=list)
    answered: Event = field(default_factory=Event)
    closed: bool = False
    _lock: Lock = field(default_factory=Lock)

    def take(self, form: Mapping[str, str]) -> None:
        """Keep what was posted."""
        with self._lock:
            kept = self.late if self.closed else self.posted
            if len(kept) < LIMITS.conformance_posts:
                kept.append(form)
        self.answered.set()

    def close(self) -> None:
        """Count what is posted from now on as late."""
        with self._lock:
            self.closed = True


class Desk:
    """What is served now, and where."""

    def __init__(self) -> None:
        self._errands: dict[str, Errand] = {}
        desk = self

        class Window(BaseHTTPRequestHandler):
            """Answers one call."""

            timeout = SECONDS

            def do_GET(self) -> None:
                """Hand out the request object."""
                desk.hand_out(self, wallet_nonce=None)

            def do_POST(self) -> None:
                """Hand out the request object for a wallet's nonce, or take an answer."""
                body = body_of(self)
                if body is None:
                    return
                form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
                if self.path.startswith(f"{RESPONSE}/"):
                    desk.take(self, form)
                else:
                    desk.hand_out(self, wallet_nonce=form.get("wallet_nonce"))

            def log_message(self, *_: object) -> None:
                """Say nothing: what wallets send is nobody's to read."""

        self._server = ThreadingHTTPServer((_HOST, 0), Window)
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        """The port on this machine."""
        return int(self._server.server_address[1])

    def serve(self) -> None:
        """Answer calls until the desk is closed."""
        self._server.serve_forever(poll_interval=0.02)

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()

    def open(self, handle: str, errand: Errand) -> None:
        """Serve ``errand`` under ``handle``. What is closed is served no more, and still hears what is posted to it."""
        self._errands[handle] = errand

    def hand_out(self, window: BaseHTTPRequestHandler, *, wallet_nonce: str | None) -> None:
        """Answer with the request object that the path names."""
        errand = self._named(window.path, REQUEST)
        if errand is None or errand.closed:
            _say(window, 404, b"", "text/plain")
            return
        errand.fetched += 1
        _say(window, 200, errand.make(wallet_nonce).encode("utf-8"), errand.media)

    def take(self, window: BaseHTTPRequestHandler, form: Mapping[str, str]) -> None:
        """Keep what a wallet posted."""
        errand = self._named(window.path, RESPONSE)
        if errand is None:
            _say(window, 404, b"", "text/plain")
            return
        errand.take(form)  # before the wallet is told, so that a wallet that ends then has posted
        _say(window, 200, json.dumps({}).encode(), "application/json")

    def _named(self, path: str, place: str) -> Errand | None:
        return self._errands.get(path.partition("?")[0].removeprefix(f"{place}/"))


def _say(window: BaseHTTPRequestHandler, status: int, body: bytes, media: str) -> None:
    window.send_response(status)
    window.send_header("Content-Type", media)
    window.send_header("Content-Length", str(len(body)))
    window.send_header("Cache-Control", "no-store")
    window.end_headers()
    window.wfile.write(body)


@contextmanager
def opened() -> Iterator[Desk]:
    """Give a desk that is open, and close it afterwards."""
    desk = Desk()
    thread = Thread(target=desk.serve, name="idbridge-suite-desk", daemon=True)
    thread.start()
    try:
        yield desk
    finally:
        desk.close()
        thread.join()
