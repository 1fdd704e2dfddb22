"""The provider that the suite is for a gateway under test takes no body without bound."""

import socket
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from threading import Thread

import pytest

from idbridge.conformance.seed import CORPUS_INSTANT
from idbridge.conformance.targets.gateway.standing import PROVIDER, serving
from idbridge.limits import LIMITS
from idbridge.sandbox.idp.desk import Desk
from idbridge.sandbox.idp.listed import listed_in
from idbridge.sandbox.idp.provider import PretendProvider
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a provider that stands on loopback."""
    region = Region.generate(at=CORPUS_INSTANT)
    listed = listed_in(region, PROVIDER, browser="http://127.0.0.1:1")
    desk = Desk(listed, region, randomness=SeededRandomness(b"standing"), list_key=lambda _service, _signer: None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), serving(PretendProvider(desk), CORPUS_INSTANT))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answered(port: int, *lines: str) -> bytes:
    """The status with which a request of these lines is answered, of whose body nothing is sent."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
        caller.sendall("\r\n".join((*lines, "Host: a", "", "")).encode("latin-1"))
        return caller.recv(64).split()[1]


@pytest.mark.parametrize(
    ("length", "status"), [("-1", b"400"), ("ten", b"400"), ("1" * 40, b"400"), (str(LIMITS.body_bytes + 1), b"413")]
)
def test_a_body_without_usable_bound_is_refused_before_it_is_read(port: int, length: str, status: bytes) -> None:
    assert answered(port, "POST /token HTTP/1.1", f"Content-Length: {length}") == status


def test_a_request_within_the_bounds_is_answered_by_the_provider(port: int) -> None:
    assert answered(port, "GET /.well-known/openid-configuration HTTP/1.1") == b"200"
