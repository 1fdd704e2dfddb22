"""Addresses of one state that do not answer: they delay themselves, and no more are asked at a time than the bound."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.net.guarded import GuardedClient
from idbridge.status.prefetch import Demand, fetch
from idbridge.status.rounds import fetch_all
from tests.status.listing import revocation, snapshot
from tests.trust.editions import service

SG, TH = MemberState.SG, MemberState.TH
AT_ONCE = LIMITS.status_state_fetches
PATIENCE = 120  # seconds that a test waits for what has to happen; it never does where all is well


@contextmanager
def host(answer: Callable[[str], bytes | None]) -> Iterator[str]:
    """Serve on this machine, each request in a thread of its own; yield the address of the host."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer(self.path)
            self.send_response(200 if body is not None else 503)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(PATIENCE)


def client(address: str) -> GuardedClient:
    allowed = frozenset({address.removeprefix("http://")})
    return GuardedClient(allowed, Environment.SANDBOX, allow_loopback=True)


def test_an_address_that_hangs_does_not_keep_the_others_of_its_state_waiting() -> None:
    others = [f"/{number:02}" for number in range(3 * AT_ONCE)]
    served: set[str] = set()
    all_served = threading.Event()

    def answer(path: str) -> bytes | None:
        if path == "/":
            return b"late" if all_served.wait(PATIENCE) else None  # it hangs until every other one was served
        served.add(path)
        if served.issuperset(others):
            all_served.set()
        return path.encode()

    with host(answer) as address:
        demands = [Demand(SG, f"{address}{path}", ()) for path in ("/", *others)]
        fetched = fetch(client(address), demands)

    assert fetched.refused == ()
    assert list(fetched.unverified.values()) == [b"late", *(path.encode() for path in others)]


def test_an_address_that_never_answers_is_told_and_spoils_no_other() -> None:
    done = threading.Event()

    def answer(path: str) -> bytes | None:
        if path == "/dead":
            done.wait(PATIENCE)
            return None
        if path == "/last":
            done.set()
        return path.encode()

    with host(answer) as address:
        demands = [Demand(SG, f"{address}{path}", (), "status-list") for path in ("/dead", "/first", "/last")]
        fetched = fetch(client(address), demands)

    assert [(one.subject, one.code) for one in fetched.refused] == [
        (f"status-list/SG {address}/dead", "status.unavailable")
    ]
    assert list(fetched.unverified.values()) == [b"/first", b"/last"]


def test_no_more_of_one_state_are_asked_at_a_time_than_the_bound_and_as_many_are() -> None:
    lock, full, under_way, most = threading.Lock(), threading.Event(), 0, 0

    def answer(path: str) -> bytes | None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
            if under_way == AT_ONCE:
                full.set()
        full.wait(PATIENCE)
        with lock:
            under_way -= 1
        return path.encode()

    with host(answer) as address:
        demands = [Demand(SG, f"{address}/{number}", ()) for number in range(4 * AT_ONCE)]
        fetched = fetch(client(address), demands)

    assert most == AT_ONCE
    assert len(fetched.unverified) == len(demands)


def test_an_address_of_one_kind_that_hangs_does_not_keep_the_other_kinds_waiting() -> None:
    others = {"/list", "/keys"}
    served: set[str] = set()
    both = threading.Event()

    def answer(path: str) -> bytes | None:
        if path == "/crl":
            return b"late" if both.wait(PATIENCE) else None
        served.add(path)
        if served >= others:
            both.set()
        return path.encode()

    class Rerouted:
        """A source that finds on this machine what lists can only name by https."""

        def __init__(self, address: str) -> None:
            self.address, self.client = address, client(address)

        def fetch(self, url: str, *, max_bytes: int) -> bytes:
            return self.client.fetch(f"{self.address}/{url.rpartition('/')[2]}", max_bytes=max_bytes)

    names = {name: f"https://sg.example/{name}" for name in ("crl", "list", "keys")}
    over = snapshot(revocation(status_lists=[names["list"]]), service(key_set=names["keys"], crl=[names["crl"]]))
    with host(answer) as address:
        fetched = fetch_all(Rerouted(address), over)

    assert [list(kind.unverified.values()) for kind in fetched] == [[b"late"], [b"/list"], [b"/keys"]]


def test_a_state_all_of_whose_addresses_hang_delays_no_other_state() -> None:
    other = threading.Event()

    def answer(path: str) -> bytes | None:
        if path == "/th":
            other.set()
            return b"th"
        return None if other.wait(PATIENCE) else b"never"

    with host(answer) as address:
        demands = [Demand(SG, f"{address}/{number}", ()) for number in range(2 * AT_ONCE)]
        fetched = fetch(client(address), [*demands, Demand(TH, f"{address}/th", ())])

    assert list(fetched.unverified.values()) == [b"th"]
    assert len(fetched.refused) == len(demands)
