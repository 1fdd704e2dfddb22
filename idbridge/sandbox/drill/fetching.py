"""Mirrors over HTTP on this machine: honest ones, and such as answer with something else, too much, or too slowly."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from idbridge.errors import FetchError
from idbridge.limits import LIMITS
from idbridge.net.guarded import GuardedClient
from idbridge.sandbox.drill import finding
from idbridge.sandbox.drill.arena import Scene
from idbridge.sandbox.drill.finding import Finding
from idbridge.sandbox.drill.publication import Publication, in_force, looked
from idbridge.trust.tuf.client import RemoteTree

_LOOPBACK: Final = "127.0.0.1"
_PATIENCE: Final = timedelta(seconds=2)
_CHUNK: Final = 64 * 1024
_PAUSE: Final = 0.1  # seconds between two octets of a slow answer
LISTED_HOST: Final = "lists.example"

Answer = Callable[[BaseHTTPRequestHandler, bytes | None], None]


def honest(request: BaseHTTPRequestHandler, document: bytes | None) -> None:
    """Send the file, or say that there is none."""
    if document is None:
        request.send_error(HTTPStatus.NOT_FOUND)
        return
    _send(request, document, length=len(document))


def _send(request: BaseHTTPRequestHandler, octets: bytes, *, length: int | None, **headers: str) -> None:
    request.send_response(HTTPStatus.OK)
    if length is not None:
        request.send_header("Content-Length", str(length))
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(octets)


def captive_portal(request: BaseHTTPRequestHandler, _document: bytes | None) -> None:
    """Answer everything with a page to log in."""
    page = b"<html><title>Welcome to the airport</title></html>"
    _send(request, page, length=len(page), Content_Type="text/html")


def cut_short(request: BaseHTTPRequestHandler, document: bytes | None) -> None:
    """Announce a whole file and send half of it."""
    whole = document or b""
    _send(request, whole[: len(whole) // 2], length=max(len(whole), 1))


def too_long(request: BaseHTTPRequestHandler, _document: bytes | None) -> None:
    """Announce more than anybody reads."""
    _send(request, b"", length=LIMITS.trust_list_bytes + 1)


def without_end(request: BaseHTTPRequestHandler, _document: bytes | None) -> None:
    """Announce nothing, and send until somebody hangs up."""
    _send(request, b"", length=None)
    try:
        while True:
            request.wfile.write(b" " * _CHUNK)
    except OSError:
        request.close_connection = True


def drop_by_drop(request: BaseHTTPRequestHandler, document: bytes | None) -> None:
    """Send one octet now and then, so that no single read takes too long."""
    whole, hung_up = document or b" " * _CHUNK, threading.Event()
    _send(request, b"", length=len(whole))
    try:
        for octet in whole:
            request.wfile.write(bytes([octet]))
            hung_up.wait(_PAUSE)
    except OSError:
        request.close_connection = True


def compressed(request: BaseHTTPRequestHandler, _document: bytes | None) -> None:
    """Send what would swell when it is unpacked."""
    _send(request, b"\x1f\x8b" + bytes(64), length=66, Content_Encoding="gzip")


def sent_elsewhere(request: BaseHTTPRequestHandler, _document: bytes | None) -> None:
    """Redirect to a place inside of somebody's network."""
    request.send_response(HTTPStatus.FOUND)
    request.send_header("Location", "http://169.254.169.254/latest/meta-data/")
    request.end_headers()


@contextmanager
def serving(folder: Path, answer: Answer) -> Iterator[str]:
    """Serve ``folder`` on this machine by ``answer``, and give host and port."""

    class Mirror(BaseHTTPRequestHandler):
        """Answers with files of the folder."""

        def do_GET(self) -> None:
            """Send what the mirror sends."""
            place = folder / self.path.lstrip("/")
            try:
                answer(self, place.read_bytes() if place.is_file() else None)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer((_LOOPBACK, 0), Mirror)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield f"{_LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A publication that the node fetches from a mirror which answers as ``answer`` does."""

    answer: Answer = honest

    def struck(self, scene: Scene) -> Finding:
        """Publish, and let the node fetch."""
        offered = Publication().published(scene)
        with serving(scene.tree, self.answer) as host:
            client = GuardedClient(
                frozenset({host}),
                scene.region.environment,
                allow_loopback=True,
                ceiling=LIMITS.trust_list_bytes,
                total=_PATIENCE,
            )
            tree = RemoteTree(f"http://{host}/", client)
            return looked(scene, scene.arena.held, took=lambda after: in_force(offered, after), tree=tree)


@dataclass(frozen=True, slots=True)
class NameServer:
    """Leads every name to one address."""

    address: str

    def addresses(self, _host: str, _port: int) -> tuple[str, ...]:
        """Return the address."""
        return (self.address,)


@dataclass(frozen=True, slots=True)
class Pointed:
    """An address that something points to, fetched by the guarded client.

    ``{host}`` and ``{port}`` in it are of a mirror of our own; ``leads_to`` is the address that the name server gives
    for names.
    """

    url: str = "http://{host}/metadata/timestamp.json"
    leads_to: str = _LOOPBACK

    def struck(self, scene: Scene) -> Finding:
        """Follow the pointer."""
        with serving(scene.tree, honest) as host:
            port = host.rpartition(":")[2]
            client = GuardedClient(
                frozenset({host, f"{LISTED_HOST}:{port}"}),
                scene.region.environment,
                allow_loopback=True,
                total=_PATIENCE,
                resolver=NameServer(self.leads_to),
            )
            kept = scene.current()
            try:
                client.fetch(self.url.format(host=host, port=port), max_bytes=LIMITS.timestamp_bytes)
            except FetchError as refusal:
                return finding.answered(refusal, unchanged=scene.current() == kept)
        return finding.accepted(unchanged=True)
