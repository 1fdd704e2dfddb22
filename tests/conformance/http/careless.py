"""Servers that look at nothing: each says the same to everything, and lets itself be loaded as if it were a node."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from idbridge_gateway.serving import LOOPBACK


class Careless(BaseHTTPRequestHandler):
    """Says to everything what its server says, and lets itself be loaded."""

    protocol_version = "HTTP/1.1"
    status, said = HTTPStatus.OK, b"{}"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        for_suite = self.path.startswith(("/conformance/", "/sandbox/"))
        status, said = (HTTPStatus.OK, b'{"spent": 0}') if for_suite else (self.status, self.said)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Yes(Careless):
    said = (
        b'{"status": "up", "indication": "PASSED", "accepted": true, "reason": null, "claims": {}, "proven": true, '
        b'"leaf": {"members": {"com": "x"}}, "witnesses": ["TH"], "receipt": {"proof": "x"}, "report_id": "x"}'
    )


class Later(Careless):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    said = b'{"code": "system.overloaded", "retryable": true, "correlation_id": "x"}'


@contextmanager
def standing(server: type[Careless]) -> Iterator[str]:
    """Let such a server stand until the block ends; its address."""
    with ThreadingHTTPServer((LOOPBACK, 0), server) as listening:
        Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"http://{LOOPBACK}:{listening.server_port}"
        finally:
            listening.shutdown()
