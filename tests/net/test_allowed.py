import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment
from idbridge.net.guarded import GuardedClient
from tests.net.clients import HOST, OK, Names, live, no_such_host, refused, sandbox
from tests.net.servers import serving


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


ARBITRARY_NAMES = Names(("10.0.0.1",))


ARBITRARY_CLIENT = live(names=ARBITRARY_NAMES)


@given(st.text(max_size=40) | st.text(alphabet="htps:/@#?[]lists.g-example0x7f1%\\", max_size=40))
def test_no_text_makes_the_client_ask_for_another_host(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{HOST}{text}"):
        refused(ARBITRARY_CLIENT, url)

    assert {host for host, _ in ARBITRARY_NAMES.asked} <= {HOST}
