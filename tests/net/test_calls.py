"""Calls: what is sent, what of an answer is read, and where no call goes."""

from typing import Any

import httpcore2
import pytest

from idbridge.errors import ConfigurationError, FetchError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.net.calls import Answer, Call, Method
from idbridge.net.guarded import GuardedClient
from tests.net.clients import HOST, OK, Names, live, sandbox
from tests.net.servers import Server, document, serving

TOKEN = "https://login.sg.example/token"


def posted(client: GuardedClient, url: str, *, max_bytes: int = 1000, **head: str) -> Answer:
    return client.call(Call(Method.POST, url, head, b"grant_type=x"), max_bytes=max_bytes)


def refused(client: GuardedClient, url: str, *, max_bytes: int = 1000) -> str:
    with pytest.raises(FetchError) as caught:
        posted(client, url, max_bytes=max_bytes)
    return str(caught.value)


def standing_in(server: Server, path: str = "") -> GuardedClient:
    places = {"login.sg.example": f"http://127.0.0.1:{server.port}{path}"}
    hosts = frozenset({"login.sg.example"})
    return GuardedClient(hosts, Environment.SANDBOX, allow_loopback=True, stand_ins=places)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "304 Same", "307 Moved", "308 Moved"])
def test_a_redirect_is_no_answer_to_a_call(status: str) -> None:
    with serving(document(b"", "Location: https://elsewhere.example/", status=status)) as server:
        assert "no redirect" in refused(sandbox(server), f"http://127.0.0.1:{server.port}/token")


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "503 Busy"])
def test_an_answer_that_is_longer_than_its_bound_is_refused_whatever_its_status(status: str) -> None:
    with serving(document(b"x" * 1001, status=status)) as server:
        assert "longer" in refused(sandbox(server), f"http://127.0.0.1:{server.port}/token")


def test_no_caller_reads_more_than_the_client_lets_it() -> None:
    with serving(document(b"x" * (LIMITS.fetch_bytes + 1))) as server:
        url = f"http://127.0.0.1:{server.port}/token"
        assert "longer" in refused(sandbox(server), url, max_bytes=LIMITS.fetch_bytes * 2)


def test_a_call_goes_to_no_host_that_is_not_allowed_and_to_no_address_inside() -> None:
    assert "not a host" in refused(live(names=Names(("203.0.113.9",))), "https://elsewhere.example/token")
    for inside in ("127.0.0.1", "10.0.0.1", "169.254.169.254"):
        assert "may not be fetched" in refused(live(names=Names((inside,))), f"https://{HOST}/token")


def test_one_address_gets_no_more_time_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[Any] = []

    def late(_self: object, _host: str, _port: int, timeout: float, *_: object) -> None:
        waited.append(timeout)
        raise httpcore2.ConnectTimeout

    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", late)

    assert "accepts no connection" in refused(live(names=Names(("93.184.215.14", "93.184.215.15"))), f"https://{HOST}/")
    assert waited == [LIMITS.fetch_connect.total_seconds()] * 2


@pytest.mark.parametrize(
    "head",
    [{"X-Broken": "a\r\nHost: b"}, {"X-Broken": ""}, {"X Broken": "a"}, {"Host": "elsewhere"}, {"X-B": "\u00e9"}],
)
def test_nothing_of_ours_breaks_the_head_of_a_request(head: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header field"):
        Call(Method.POST, TOKEN, head)


@pytest.mark.parametrize(
    "place",
    ["http://10.0.0.1:80", "http://login.example", "https://127.0.0.1", "http://127.0.0.1/?a", "nothing of the kind"],
)
def test_nobody_stands_in_for_a_host_from_elsewhere(place: str) -> None:
    with pytest.raises(ConfigurationError, match="stands in"):
        GuardedClient(frozenset({HOST}), Environment.SANDBOX, allow_loopback=True, stand_ins={HOST: place})


@pytest.mark.parametrize("environment", Environment)
def test_nobody_stands_in_for_a_host_where_this_machine_is_not_open(environment: Environment) -> None:
    with pytest.raises(ConfigurationError, match="stands in"):
        GuardedClient(frozenset({HOST}), environment, stand_ins={HOST: "http://127.0.0.1:80"})


@pytest.mark.parametrize(("own", "path"), [("", "/token"), ("/", "/token"), ("/sg-login", "/sg-login/token")])
def test_whoever_stands_in_gets_the_request_of_the_host(own: str, path: str) -> None:
    with serving(OK) as server:
        answer = standing_in(server, own).call(Call(Method.GET, f"{TOKEN}?a=b"), max_bytes=1000)

    assert (answer.status, answer.body) == (200, b"the list")
    lines = server.requests[0].decode().split("\r\n")
    assert lines[0] == f"GET {path}?a=b HTTP/1.1"
    assert "Host: login.sg.example" in lines
    assert "X-Forwarded-Proto: https" in lines


def test_a_refusal_is_an_answer_with_its_head_and_body() -> None:
    nonces = ("DPoP-Nonce: n-1", "X-Twice: a", "X-Twice: b")
    with serving(document(b'{"error":"use_dpop_nonce"}', *nonces, status="400 Bad Request")) as server:
        answer = posted(sandbox(server), f"http://127.0.0.1:{server.port}/token", DPoP="proof")

    assert answer.status == 400
    assert answer.body == b'{"error":"use_dpop_nonce"}'
    assert answer.head["dpop-nonce"] == "n-1"
    assert "x-twice" not in answer.head
    sent = server.requests[0].decode()
    assert sent.startswith("POST /token HTTP/1.1\r\n")
    assert "DPoP: proof" in sent
    assert "Content-Length: 12" in sent
    assert "X-Forwarded-Proto" not in sent
