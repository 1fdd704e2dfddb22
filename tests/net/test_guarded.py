import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import pem
from idbridge.crypto.certificates import Subject, make_authority, make_leaf
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, FetchError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.model.time import Validity
from idbridge.model.trust import LeafRule
from idbridge.net.guarded import GuardedClient
from idbridge.net.pinned import SystemResolver
from tests.net.servers import Answer, Server, document, sending, serving

HOST = "lists.sg.example"
OK = document(b"the list")


class Names:
    """A name server that does ``before`` first, gives its answers in turn and then repeats the last one."""

    def __init__(self, *answers: tuple[str, ...], before: Callable[[], object] = lambda: None) -> None:
        self.answers = list(answers)
        self.before = before
        self.asked: list[tuple[str, int]] = []

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        self.asked.append((host, port))
        self.before()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def no_such_host() -> None:
    raise socket.gaierror("no such host")


class Ticking:
    """A stopwatch on which each look takes one second."""

    def __init__(self) -> None:
        self.now = 0.0

    def seconds(self) -> float:
        self.now += 1.0
        return self.now


def sandbox(server: Server, **options: object) -> GuardedClient:
    allowed = frozenset({f"127.0.0.1:{server.port}", f"{HOST}:{server.port}", f"localhost:{server.port}"})
    return GuardedClient(allowed, Environment.SANDBOX, allow_loopback=True, **options)  # type: ignore[arg-type]


def live(*hosts: str, names: Names | None = None) -> GuardedClient:
    return GuardedClient(frozenset(hosts or {HOST}), Environment.LIVE, resolver=names or Names(("127.0.0.1",)))


def refused(client: GuardedClient, url: str, *, max_bytes: int = 1000) -> str:
    with pytest.raises(FetchError) as caught:
        client.fetch(url, max_bytes=max_bytes)
    assert caught.value.code == "system.fetch_failed"
    return str(caught.value)


def refused_answer(answer: Answer, *, max_bytes: int = 1000, **options: object) -> str:
    with serving(answer) as server:
        return refused(sandbox(server, **options), f"http://127.0.0.1:{server.port}/list", max_bytes=max_bytes)


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


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
     "64:ff9b::7f00:1", "2002:7f00:1::", "fec0::1", "192.0.0.8", "fe80::1%lo", "not an address", ""],
)  # fmt: skip
@pytest.mark.parametrize("position", [0, 1])
def test_one_answer_that_leads_inside_refuses_them_all(address: str, position: int) -> None:
    answer = ["93.184.215.14"]
    answer.insert(position, address)

    assert "may not be fetched from" in refused(live(names=Names(tuple(answer))), f"https://{HOST}/")


def test_a_name_server_that_changes_its_mind_is_asked_only_once() -> None:
    names = Names(("127.0.0.1",), ("127.0.0.2",))
    with serving(OK) as server:
        client = sandbox(server, resolver=names)

        assert client.fetch(f"http://{HOST}:{server.port}/", max_bytes=100) == b"the list"
    assert [host for host, _ in names.asked] == [HOST]


@pytest.mark.parametrize("answer", [(), ("",)])
def test_a_host_without_address_is_refused(answer: tuple[str, ...]) -> None:
    assert refused(live(names=Names(answer)), f"https://{HOST}/")


def test_a_name_server_that_fails_is_a_failed_fetch() -> None:
    assert "has no address" in refused(live(names=Names((), before=no_such_host)), f"https://{HOST}/")


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}/",
        f"https://{HOST}:8443/",
        f"https://{HOST}:80/",
        f"https://{HOST}:0/",
        f"https://{HOST}:99999/",
        f"https://{HOST}:/",
        f"https://{HOST}:4 43/",
        "https://evil.example/",
        f"https://{HOST}.evil.example/",
        f"https://sub.{HOST}/",
        f"https://{HOST}./",
        f"https://user@{HOST}/",
        f"https://user:password@{HOST}/",
        f"https://evil.example@{HOST}/",
        f"https://{HOST}@evil.example/",
        f"https://{HOST}\\@evil.example/",
        f"https://evil.example\\.{HOST}/",
        f"https://{HOST}/#fragment",
        f"https://{HOST}#@evil.example/",
        f"https://{HOST}/a b",
        f"https://{HOST}/\r\nX: y",
        f"https://{HOST}/\t",
        f"\nhttps://{HOST}/",
        f"https://{HOST}/é",
        "https://lists.sg.exampl\u212f/",
        f"https:///{HOST}/",
        f"https:{HOST}",
        f"//{HOST}/",
        f"file:///etc/{HOST}",
        f"gopher://{HOST}/",
        f"ftp://{HOST}/",
        f"HTTPS://{HOST}/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::1",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://%6cists.sg.example/",
        "",
    ],
)
def test_a_url_that_is_not_plainly_an_allowed_host_is_refused_before_any_name_is_looked_up(url: str) -> None:
    names = Names(("93.184.215.14",))

    assert refused(live(names=names), url)
    assert names.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.1.2.3", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"])
def test_an_inner_address_is_refused_even_where_settings_allow_it(host: str) -> None:
    assert "may not be fetched from" in refused(live(host), f"https://{host}/")


def test_a_sandbox_reaches_this_machine_only_when_told_to() -> None:
    with serving(OK) as server:
        host = f"127.0.0.1:{server.port}"
        strict = GuardedClient(frozenset({host}), Environment.SANDBOX)

        assert "only https" in refused(strict, f"http://{host}/")
        assert "may not be fetched from" in refused(strict, f"https://{host}/")
        assert server.connections == 0


def test_plain_http_goes_to_this_machine_and_no_further() -> None:
    for address in ("93.184.215.14", "10.0.0.1", "::ffff:127.0.0.1"):
        client = GuardedClient(
            frozenset({HOST}), Environment.SANDBOX, allow_loopback=True, resolver=Names(("127.0.0.1", address))
        )

        assert "may not be fetched from" in refused(client, f"http://{HOST}/")


def test_a_live_client_cannot_be_made_lenient() -> None:
    with pytest.raises(ConfigurationError) as caught:
        GuardedClient(frozenset({HOST}), Environment.LIVE, allow_loopback=True)

    assert caught.value.code == "system.configuration"


@pytest.mark.parametrize(
    "hosts",
    [(), ("",), ("https://lists.sg.example",), ("lists.sg.example/path",), ("lists.sg.example?",), ("*.example",),
     ("Lists.sg.example",), ("user@lists.sg.example",), ("lists.sg.example:http",), ("0x7f.1",), ("2130706433",),
     ("::1",), ("a b",), ("lists..example",), ("-a.example",), ("lists.sg.example#",)],
)  # fmt: skip
def test_a_client_without_hosts_or_with_something_else_for_a_host_is_refused(hosts: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError):
        GuardedClient(frozenset(hosts), Environment.LIVE)


def test_the_port_may_be_spelled_out_where_it_is_the_scheme_s_own() -> None:
    names = Names(("10.0.0.1",))

    assert "may not be" in refused(live(f"{HOST}:443", names=names), f"https://{HOST}/")
    assert "may not be" in refused(live(HOST, names=names), f"https://{HOST}:443/")
    assert names.asked == [(HOST, 443), (HOST, 443)]


def test_a_document_is_fetched_from_the_machine_s_own_resolver() -> None:
    with serving(OK) as server:
        client = sandbox(server, resolver=SystemResolver())

        assert client.fetch(f"http://localhost:{server.port}/a?b=c", max_bytes=8) == b"the list"
    (request,) = server.requests
    assert request.startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert f"Host: localhost:{server.port}\r\n".encode() in request
    assert b"Accept-Encoding: identity\r\n" in request


def test_an_ipv6_address_stands_in_brackets_in_the_request() -> None:
    try:
        with serving(OK, host="::1") as server:
            host = f"[::1]:{server.port}"
            client = GuardedClient(frozenset({host}), Environment.SANDBOX, allow_loopback=True)

            assert client.fetch(f"http://{host}/", max_bytes=8) == b"the list"
    except OSError:
        pytest.skip("this machine has no IPv6 loopback address")
    assert f"Host: {host}\r\n".encode() in server.requests[0]


def test_an_address_that_refuses_is_passed_over_for_the_next() -> None:
    with serving(OK) as server:
        client = sandbox(server, resolver=Names(("127.0.0.9", "127.0.0.1")))

        assert client.fetch(f"http://{HOST}:{server.port}/", max_bytes=8) == b"the list"
    assert "accepts no connection" in refused(client, f"http://{HOST}:{server.port}/")


def test_tls_is_verified_against_the_name_and_not_the_pinned_address(
    certificates: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server_side, client_side = certificates
    with serving(OK, tls=server_side) as server:
        url = f"https://{HOST}:{server.port}/"

        assert sandbox(server, tls=client_side, resolver=Names(("127.0.0.1",))).fetch(url, max_bytes=8) == b"the list"
        assert refused(sandbox(server, tls=client_side), f"https://127.0.0.1:{server.port}/")
        assert refused(sandbox(server, resolver=Names(("127.0.0.1",))), url)


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


ARBITRARY_NAMES = Names(("10.0.0.1",))
ARBITRARY_CLIENT = live(names=ARBITRARY_NAMES)


@given(st.text(max_size=40) | st.text(alphabet="htps:/@#?[]lists.g-example0x7f1%\\", max_size=40))
def test_no_text_makes_the_client_ask_for_another_host(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{HOST}{text}"):
        refused(ARBITRARY_CLIENT, url)

    assert {host for host, _ in ARBITRARY_NAMES.asked} <= {HOST}
