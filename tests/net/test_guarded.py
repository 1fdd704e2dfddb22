import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from idbridge.codec import pem
from idbridge.crypto.certificates import Subject, make_authority, make_leaf
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.model.time import Validity
from idbridge.model.trust import LeafRule
from idbridge.net import guarded
from idbridge.net.guarded import GuardedClient
from idbridge.net.pinned import SystemResolver
from idbridge.net.source import Source
from tests.net.clients import HOST, OK, Names, Ticking, refused, refused_answer, sandbox
from tests.net.loopback import require_ipv6_loopback
from tests.net.servers import document, sending, serving


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server and a client context that share an authority made for this run."""
    folder: Path = tmp_path_factory.mktemp("tls")
    year = Validity(datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 1, 1, tzinfo=UTC))
    authority = make_authority(generate("ES256"), subject=Subject("Test authority"), validity=year)
    signer = generate("ES256")
    leaf = make_leaf(
        signer,
        subject=Subject("server"),
        validity=year,
        issuer=authority,
        dns_names=[HOST],
        rule=LeafRule(extended_key_usage="1.3.6.1.5.5.7.3.1"),
    )
    (folder / "leaf.pem").write_text(pem.encode(leaf, label=pem.CERTIFICATE) + signer.pem())
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(folder / "leaf.pem")
    client.load_verify_locations(cadata=authority.certificate)
    return server, client


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect"])
def test_a_redirect_is_not_followed(status: str) -> None:
    with serving(OK) as other:
        location = f"Location: http://127.0.0.1:{other.port}/"

        assert "30" in refused_answer(document(b"", location, status=status))
        assert other.connections == 0


@pytest.mark.parametrize("status", ["204 No Content", "206 Partial Content", "404 Not Found", "500 Oops"])
def test_any_answer_but_200_is_no_document(status: str) -> None:
    assert status[:3] in refused_answer(document(b"", status=status))


def test_a_document_past_the_caller_s_bound_is_refused_whether_announced_or_not() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"4\r\naaaa\r\n" * 4 + b"0\r\n\r\n"

    assert "longer" in refused_answer(document(b"a" * 16), max_bytes=15)
    assert "longer" in refused_answer(sending(chunked), max_bytes=15)
    assert "longer" in refused_answer(sending(b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 16), max_bytes=15)
    with serving(sending(chunked)) as server:
        assert sandbox(server).fetch(f"http://127.0.0.1:{server.port}/", max_bytes=16) == b"a" * 16


def test_no_reader_gets_more_than_the_client_s_own_ceiling() -> None:
    assert "longer" in refused_answer(document(b"a" * (LIMITS.fetch_bytes + 1)), max_bytes=10**9)
    with serving(document(b"a" * LIMITS.fetch_bytes)) as server:
        url = f"http://127.0.0.1:{server.port}/"

        assert len(sandbox(server).fetch(url, max_bytes=10**9)) == LIMITS.fetch_bytes
        assert refused(sandbox(server, ceiling=5), url, max_bytes=10**9)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 5\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 20 + b"\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nshort\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ],
)
def test_an_answer_that_lies_or_is_no_http_is_refused(answer: bytes) -> None:
    assert refused_answer(sending(answer))


def test_what_follows_the_announced_length_is_not_read() -> None:
    with serving(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nrightwrong")) as server:
        assert sandbox(server).fetch(f"http://127.0.0.1:{server.port}/", max_bytes=100) == b"right"


def test_a_server_that_sends_one_octet_at_a_time_does_not_outlast_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(1000):
            connection.sendall(b"a")

    assert "too long" in refused_answer(drip, stopwatch=Ticking(), total=timedelta(seconds=4))


def test_a_server_that_never_answers_is_left_when_the_time_is_up() -> None:
    over = threading.Event()

    with serving(lambda _: over.wait(10) and None) as server:
        url = f"http://127.0.0.1:{server.port}/"
        assert refused(sandbox(server, total=timedelta(milliseconds=100)), url)
        over.set()


def test_the_look_up_is_paid_from_the_same_deadline() -> None:
    over = threading.Event()

    names = Names(("127.0.0.1",), before=lambda: over.wait(10))
    client = GuardedClient(frozenset({HOST}), Environment.LIVE, resolver=names, total=timedelta(milliseconds=50))

    assert "no answer in time" in refused(client, f"https://{HOST}/")
    over.set()


def test_the_whole_fetch_has_the_time_that_the_limits_say() -> None:
    class Late(Ticking):
        def seconds(self) -> float:
            self.now += LIMITS.fetch_total.total_seconds()
            return self.now

    assert "too long" in refused_answer(OK, stopwatch=Late())


def test_a_document_is_fetched_from_the_machine_s_own_resolver() -> None:
    with serving(OK) as server:
        client = sandbox(server, resolver=SystemResolver())

        assert client.fetch(f"http://localhost:{server.port}/a?b=c", max_bytes=8) == b"the list"
    (request,) = server.requests
    assert request.startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert f"Host: localhost:{server.port}\r\n".encode() in request
    assert b"Accept-Encoding: identity\r\n" in request


def test_an_ipv6_address_stands_in_brackets_in_the_request() -> None:
    require_ipv6_loopback()
    with serving(OK, host="::1") as server:
        host = f"[::1]:{server.port}"
        client = GuardedClient(frozenset({host}), Environment.SANDBOX, allow_loopback=True)

        assert client.fetch(f"http://{host}/", max_bytes=8) == b"the list"
    assert f"Host: {host}\r\n".encode() in server.requests[0]


def test_an_address_that_refuses_is_passed_over_for_the_next() -> None:
    with serving(OK) as server:
        client = sandbox(server, resolver=Names(("127.0.0.9", "127.0.0.1")))

        assert client.fetch(f"http://{HOST}:{server.port}/", max_bytes=8) == b"the list"
    assert "accepts no connection" in refused(client, f"http://{HOST}:{server.port}/")


def test_the_client_is_a_source() -> None:
    with serving(OK) as server:
        source: Source = sandbox(server)

        assert source.fetch(f"http://127.0.0.1:{server.port}/", max_bytes=8) == b"the list"


def test_tls_is_verified_against_the_name_and_not_the_pinned_address(
    certificates: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server_side, client_side = certificates
    with serving(OK, tls=server_side) as server:
        url = f"https://{HOST}:{server.port}/"

        assert sandbox(server, tls=client_side, resolver=Names(("127.0.0.1",))).fetch(url, max_bytes=8) == b"the list"
        assert refused(sandbox(server, tls=client_side), f"https://127.0.0.1:{server.port}/")
        assert refused(sandbox(server, resolver=Names(("127.0.0.1",))), url)


def test_the_roots_are_read_once_for_the_first_call_that_needs_them(
    monkeypatch: pytest.MonkeyPatch, certificates: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    made: list[ssl.SSLContext] = []
    monkeypatch.setattr(guarded, "_tls", lambda: made.append(certificates[1]) or certificates[1])
    with serving(OK) as plain, serving(OK, tls=certificates[0]) as secret:
        client = sandbox(plain, resolver=Names(("127.0.0.1",)))
        assert client.fetch(f"http://{HOST}:{plain.port}/", max_bytes=8) == b"the list"
        assert made == []

        client = sandbox(secret, resolver=Names(("127.0.0.1",)))
        for _ in range(2):
            assert client.fetch(f"https://{HOST}:{secret.port}/", max_bytes=8) == b"the list"

    assert made == [certificates[1]]


def test_the_environment_sends_nothing_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(OK) as proxy, serving(OK) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

        assert sandbox(server).fetch(f"http://127.0.0.1:{server.port}/", max_bytes=8) == b"the list"
        assert proxy.connections == 0


def test_the_environment_cannot_make_the_client_log_its_tls_keys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, certificates: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    with serving(OK, tls=certificates[0]) as server:
        assert refused(sandbox(server, resolver=Names(("127.0.0.1",))), f"https://{HOST}:{server.port}/")

    assert not (tmp_path / "keys").exists()
