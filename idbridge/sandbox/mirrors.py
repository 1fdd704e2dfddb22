"""Mirrors: where a node fetches documents from, here one of its own on this machine.

Used in process only, to see that the guarded client reads what it may and nothing else.
"""

import threading
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from idbridge.model.region import MemberState
from idbridge.net.guarded import GuardedClient
from idbridge.sandbox.region import Region

_LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Mirror:
    """A list of Brunei, fetched from a mirror that answers with ``status``, by who takes ``max_bytes`` at most."""

    status: HTTPStatus = HTTPStatus.OK
    max_bytes: int = 100_000

    def made(self, region: Region, *, at: datetime) -> None:  # noqa: ARG002 - a mirror serves the same at any time
        """Fetch the list.

        Raises:
            FetchError: It cannot be had.
        """
        document = region.published.lists[MemberState.BN].encode("ascii")
        server = ThreadingHTTPServer((_LOOPBACK, 0), _serving(document, status=self.status))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            host = f"{_LOOPBACK}:{server.server_port}"
            client = GuardedClient(frozenset({host}), region.environment, allow_loopback=True)
            client.fetch(f"http://{host}/lists/BN.jws", max_bytes=self.max_bytes)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _serving(document: bytes, *, status: HTTPStatus) -> type[BaseHTTPRequestHandler]:
    """Return what answers every request with ``document``."""

    class Answer(BaseHTTPRequestHandler):
        """Answers with one document."""

        def do_GET(self) -> None:
            """Send the document."""
            self.send_response(status)
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    return Answer
