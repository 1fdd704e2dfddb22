"""A wallet that is opened at an address gets the parameters of the link, and breaks or does not."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.wallet.calling import AddressCall


class Face(BaseHTTPRequestHandler):
    """A wallet's address: it breaks below `/broken`, and does nothing elsewhere."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined] # of the server below
        self.send_response(500 if self.path.startswith("/broken") else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def face() -> Iterator[ThreadingHTTPServer]:
    """The address, open on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Face)
    server.asked = []  # type: ignore[attr-defined] # what it was asked
    thread = Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_address_that_breaks_is_a_crash_and_no_refusal(face: ThreadingHTTPServer) -> None:
    broken = AddressCall(f"http://127.0.0.1:{face.server_address[1]}/broken").open("openid4vp://?client_id=x")

    assert broken is not None
    assert broken.kind is FaultKind.CRASH


def test_an_address_gets_what_the_link_says_beside_its_own_query(face: ThreadingHTTPServer) -> None:
    base = f"http://127.0.0.1:{face.server_address[1]}"

    assert AddressCall(f"{base}/open").open("openid4vp://?client_id=x&request_uri=y") is None
    assert AddressCall(f"{base}/open?wallet=1").open("openid4vp://?client_id=x") is None
    assert face.asked == [  # type: ignore[attr-defined] # as above
        "/open?client_id=x&request_uri=y",
        "/open?wallet=1&client_id=x",
    ]
