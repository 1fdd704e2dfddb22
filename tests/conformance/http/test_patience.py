"""A target that dribbles holds nobody up: one deadline for the whole answer, head and body."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from inspect import signature
from threading import Event, Thread

import pytest

from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.gateway.wire import GatewayWire
from idbridge.conformance.targets.idp.wire import NoVerdictError, Place, Wire
from idbridge.conformance.targets.patience import OutOfPatienceError, within
from idbridge.limits import LIMITS

SOON = timedelta(milliseconds=300)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def dribbling(begins: bytes) -> Iterator[str]:
    """A server that answers with ``begins`` and then an octet now and then, for as long as it stands."""
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def dribble() -> None:
            with listener.accept()[0] as caller:
                caller.recv(65536)
                caller.sendall(begins)
                while not over.wait(0.02):
                    try:
                        caller.sendall(b"a")
                    except OSError:
                        return

        thread = Thread(target=dribble, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def gateway(url: str) -> None:
    GatewayWire(url, patience=SOON).send("GET", "/x")


def provider(url: str) -> None:
    Wire(Place(url, url), patience=SOON).get(f"{url}/x")


@pytest.mark.parametrize("ask", [gateway, provider])
@pytest.mark.parametrize("begins", [HEAD + b"X-Long: ", HEAD + b"Content-Length: 100000\r\n\r\n"])
def test_an_answer_that_comes_octet_by_octet_is_a_hang(ask: Callable[[str], None], begins: bytes) -> None:
    with dribbling(begins) as url, pytest.raises(NoVerdictError) as caught:
        ask(url)

    assert caught.value.fault.kind is FaultKind.HANG


@pytest.mark.parametrize("ask", [gateway, provider])
def test_an_answer_in_a_coding_that_nobody_asked_for_is_not_opened(ask: Callable[[str], None]) -> None:
    begins = HEAD + b"Content-Encoding: gzip, gzip\r\nContent-Length: 4\r\n\r\n"
    with dribbling(begins) as url, pytest.raises(NoVerdictError) as caught:
        ask(url)

    assert caught.value.fault.kind is FaultKind.MALFORMED


def test_the_patience_is_that_of_the_suite_where_nobody_says_otherwise() -> None:
    defaults = [signature(made).parameters["patience"].default for made in (GatewayWire, Wire)]

    assert defaults == [LIMITS.conformance_patience] * 2


def test_what_is_raised_beside_is_raised_here_and_what_is_left_behind_is_told() -> None:
    told: list[Event] = []

    def fails(_: Event) -> None:
        raise LookupError("beside")

    def waits(over: Event) -> None:
        told.append(over)
        over.wait()

    with pytest.raises(LookupError, match="beside"):
        within(SOON, fails)
    with pytest.raises(OutOfPatienceError):
        within(SOON, waits)
    assert told[0].is_set()
