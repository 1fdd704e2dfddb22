"""The back channel: clients are told that a login is over, at their registered address, and browsers never wait."""

import asyncio
import json
import logging
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx2
import jwt
import pytest

from idbridge.crypto.keys import parse_jwk
from idbridge.errors import FetchError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
from idbridge.net.calls import Answer, Call, Method
from idbridge.oidc.logout_token import EVENT, TYPE, verify_logout_token
from idbridge_gateway.deliveries import PostOffice
from idbridge_gateway.oidc.back_channel import BackChannel, RegisteredAddresses
from idbridge_gateway.oidc.sessions import Session
from idbridge_gateway.stores.outbox import NoOutbox
from tests.gateway.providing import LOGGED_OUT, Bank, bank_in, error_of
from tests.net.servers import Answer as Answering
from tests.net.servers import Server, document, serving

PATH = "/told"
NOBODYS_PORT = 1  # no port that the kernel hands out, so that nobody can come to listen there meanwhile
SESSION = Session(
    sid="s" * 43, client_id="bank", relying_party="th-bank", subject="pairwise-subject", access_token="a" * 43
)
Listening = Callable[..., Server]


@pytest.fixture
def listening() -> Iterator[Listening]:
    """What starts a client's server, which reads each request to its end before it answers."""
    with ExitStack() as opened:

        def started(answer: Answering) -> Server:
            servers: list[Server] = []

            def whole(connection: socket.socket) -> None:
                requests = servers[0].requests
                head, _, body = requests[-1].partition(b"\r\n\r\n")
                (length,) = re.findall(rb"Content-Length: (\d+)", head)
                while len(body) < int(length):
                    body += connection.recv(65_536)
                requests[-1] = head + b"\r\n\r\n" + body
                answer(connection)

            servers.append(opened.enter_context(serving(whole)))
            return servers[0]

        yield started


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What the journal says of the back channel."""
    caplog.set_level(logging.INFO, logger="idbridge_gateway")
    return lambda: [record.getMessage() for record in caplog.records if "back-channel" in record.getMessage()]


@dataclass
class Pauses:
    """Pauses that take no time."""

    taken: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def bank_told_at(directory: Path, port: int, **more: Any) -> Bank:
    return bank_in(directory, backchannel_logout_uri=f"http://127.0.0.1:{port}{PATH}", **more)


def channel(bank: Bank, pause: Callable[[float], Awaitable[None]], caller: Any = None) -> BackChannel:
    return BackChannel(
        clients=bank.provider.clients,
        caller=caller or RegisteredAddresses(Environment.SANDBOX),
        randomness=SystemRandomness(),
        pause=pause,
        post=PostOffice(lambda _kind, _life: NoOutbox()),
    )


def told_of(bank: Bank, back_channel: BackChannel, *sessions: Session) -> None:
    async def telling() -> None:
        for session in sessions or (SESSION,):
            back_channel.tell(session, bank.provider.turns.begin())
        await back_channel.settled()

    asyncio.run(telling())


def token_in(request: bytes) -> str:
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(f"POST {PATH} HTTP/1.1".encode())
    assert b"application/x-www-form-urlencoded" in head
    (token,) = parse_qs(body.decode())["logout_token"]
    return token


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "404 Not Found", "201 Created"])
def test_what_a_client_refuses_is_not_said_again(
    shared_files: Path, listening: Listening, told: Callable[[], list[str]], status: str
) -> None:
    server, pauses = listening(document(b"no", status=status)), Pauses()
    bank = bank_told_at(shared_files, server.port)
    told_of(bank, channel(bank, pauses))

    assert (len(server.requests), pauses.taken) == (1, [])
    assert told() == ["back-channel logout: client bank was not told: refused"]


ANSWERS: dict[str, Answering] = {
    "503": document(b"", status="503 Service Unavailable"),
    "nothing": lambda _: None,
    "a redirect": document(b"", "Location: http://127.0.0.1:1/", status="302 Found"),
    "too much": document(b"x" * (LIMITS.logout_answer_bytes + 1)),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_client_that_does_not_answer_is_asked_as_often_as_its_token_is_good_and_no_more(
    shared_files: Path, listening: Listening, told: Callable[[], list[str]], answer: str
) -> None:
    server, pauses = listening(ANSWERS[answer]), Pauses()
    bank = bank_told_at(shared_files, server.port)
    told_of(bank, channel(bank, pauses))
    tokens = {token_in(request) for request in server.requests}

    assert len(server.requests) == LIMITS.logout_attempts
    assert len(tokens) == 1
    assert pauses.taken == [LIMITS.logout_pause.total_seconds()] * (LIMITS.logout_attempts - 1)
    assert sum(pauses.taken) + 5 * LIMITS.logout_attempts < LIMITS.logout_token_lifetime.total_seconds()
    assert told() == ["back-channel logout: client bank was not told: no answer"]


@pytest.mark.parametrize(
    ("address", "environment"),
    [
        ("http://127.0.0.1:{port}/told", Environment.LIVE),
        ("https://127.0.0.1:{port}/told", Environment.LIVE),
        ("https://localhost:{port}/told", Environment.LIVE),
        ("https://169.254.169.254/latest/meta-data", Environment.LIVE),
        ("https://10.0.0.1/told", Environment.SANDBOX),
        ("http://bank.th.example/told", Environment.SANDBOX),
        ("https://[/told", Environment.SANDBOX),
        ("https:///told", Environment.SANDBOX),
    ],
)
def test_no_address_leads_inside(listening: Listening, address: str, environment: Environment) -> None:
    """SSRF: whatever was registered, the client guards where it connects to."""
    server = listening(document(b""))
    call = Call(Method.POST, address.format(port=server.port))

    with pytest.raises(FetchError):
        RegisteredAddresses(environment).call(call, max_bytes=1)
    assert server.connections == 0


def test_a_client_that_is_not_there_is_not_told(shared_files: Path, told: Callable[[], list[str]]) -> None:
    bank = bank_told_at(shared_files, NOBODYS_PORT)
    told_of(bank, channel(bank, Pauses()))

    assert told() == ["back-channel logout: client bank was not told: no answer"]


def test_a_client_that_comes_back_is_told(
    shared_files: Path, listening: Listening, told: Callable[[], list[str]]
) -> None:
    answers = iter([ANSWERS["503"], document(b"", status="204 No Content")])
    server = listening(lambda connection: next(answers)(connection))
    bank = bank_told_at(shared_files, server.port)
    told_of(bank, channel(bank, Pauses()))

    assert len(server.requests) == 2
    assert told() == ["back-channel logout: client bank was told"]


def test_nobody_is_told_who_registered_no_address_or_is_switched_off(
    shared_files: Path, listening: Listening, told: Callable[[], list[str]]
) -> None:
    server = listening(document(b""))
    off = bank_told_at(shared_files, server.port, enabled=False)
    none = bank_in(shared_files)
    for bank in (off, none):
        told_of(bank, channel(bank, Pauses()))
    told_of(none, channel(none, Pauses()), replace(SESSION, client_id="nobody"))

    assert server.requests == []
    assert told() == []


def test_a_node_that_can_sign_nothing_tells_nobody_and_says_so(
    shared_files: Path, listening: Listening, told: Callable[[], list[str]]
) -> None:
    server = listening(document(b""))
    bank = bank_told_at(shared_files, server.port)
    issuing = bank.provider.turns.issuing
    issuing.exchange(replace(issuing.current(), signers=()))
    told_of(bank, channel(bank, Pauses()))

    assert server.requests == []
    assert told() == ["back-channel logout: client bank is not told: the state of this node lists no key of it"]


class Held:
    """A caller that answers once it may."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.calls = 0

    def call(self, call: Call, *, max_bytes: int) -> Answer:
        assert (call.url, max_bytes) == (f"http://127.0.0.1:1{PATH}", LIMITS.logout_answer_bytes)
        self.released.wait(timeout=120)
        self.calls += 1
        return Answer(200, {}, b"")


def test_of_logouts_that_wait_there_are_no_more_than_a_worker_may_have(
    shared_files: Path, told: Callable[[], list[str]]
) -> None:
    bank, held = bank_told_at(shared_files, 1), Held()
    back_channel = channel(bank, Pauses(), held)

    async def telling() -> None:
        for _ in range(LIMITS.logouts_waiting + 1):
            back_channel.tell(SESSION, bank.provider.turns.begin())
        held.released.set()
        await back_channel.settled()

    asyncio.run(telling())

    assert held.calls == LIMITS.logouts_waiting
    assert told()[0] == "back-channel logout: client bank is not told, too many wait"


def test_something_that_nobody_foresaw_is_written_and_harms_nobody_else(
    shared_files: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def call(self, call: Call, *, max_bytes: int) -> Answer:
            raise LookupError(f"a secret of the request: {call} {max_bytes}")

    bank = bank_told_at(shared_files, 1)
    told_of(bank, channel(bank, Pauses(), Broken()))

    assert "unexpected LookupError" in caplog.text
    assert "secret" not in caplog.text


def logged_out(bank: Bank) -> tuple[httpx2.Response, dict[str, Any]]:
    """What the browser got, once everybody was told; and the claims of the ID token before."""
    id_token = bank.redeem(bank.code()).json()["id_token"]
    query = urlencode({"id_token_hint": id_token, "post_logout_redirect_uri": LOGGED_OUT})

    async def leaving() -> httpx2.Response:
        async with bank.node.client() as client:
            response = await client.get(f"/oauth/logout?{query}", headers=bank.browser.head())
            await bank.provider.back_channel.settled()
            return response

    return asyncio.run(leaving()), jwt.decode(id_token, options={"verify_signature": False})


def test_OIDCCBackChannelRpInitiatedLogout(  # noqa: N802
    shared_files: Path, listening: Listening, told: Callable[[], list[str]]
) -> None:
    server = listening(document(b""))
    bank = bank_told_at(shared_files, server.port)
    response, login = logged_out(bank)
    token = token_in(server.requests[0])
    head = jwt.get_unverified_header(token)
    keys = bank.node.send("GET", "/.well-known/jwks.json").json()["keys"]
    (jwk,) = [key for key in keys if key["kid"] == head["kid"]]
    verified = verify_logout_token(
        token,
        issuer=bank.issuer,
        client_id="bank",
        keys=(parse_jwk(jwk),),
        algorithms=frozenset({"ES256"}),
        at=bank.node.clock.now(),
    )
    claims = jwt.decode(token, options={"verify_signature": False})

    assert response.headers["location"] == LOGGED_OUT
    assert (verified.subject, verified.session) == (login["sub"], login["sid"])
    assert head["typ"] == TYPE
    assert claims["events"] == {EVENT: {}}
    assert claims.keys() == {"iss", "aud", "iat", "exp", "jti", "events", "sub", "sid"}
    assert told() == ["back-channel logout: client bank was told"]


def test_a_browser_never_waits_for_a_client(shared_files: Path, listening: Listening) -> None:
    released = threading.Event()

    def slow(connection: socket.socket) -> None:
        released.wait(timeout=120)
        document(b"")(connection)

    server = listening(slow)
    bank = bank_told_at(shared_files, server.port)
    id_token = bank.redeem(bank.code()).json()["id_token"]

    async def leaving() -> int:
        async with bank.node.client() as client:
            response = await client.get(f"/oauth/logout?id_token_hint={id_token}", headers=bank.browser.head())
            waits = not released.is_set()
            released.set()
            await bank.provider.back_channel.settled()
            assert waits
            return response.status_code

    assert asyncio.run(leaving()) == 200
    assert len(server.requests) == 1


def test_nothing_of_the_person_is_in_the_journal(
    shared_files: Path, listening: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="idbridge_gateway")
    bank = bank_told_at(shared_files, listening(document(b"")).port)
    _, login = logged_out(bank)
    written = caplog.text + json.dumps([record.__dict__ for record in caplog.records], default=str)

    assert "client bank was told" in written
    for value in (login["sub"], login["sid"], login["txn"], login["verified_claims"]["claims"]["birthdate"]):
        assert value not in written


def test_a_client_whose_code_was_used_twice_is_told_that_its_login_is_over(
    shared_files: Path, listening: Listening
) -> None:
    server = listening(document(b""))
    bank = bank_told_at(shared_files, server.port)
    code = bank.code()
    login = jwt.decode(bank.redeem(code).json()["id_token"], options={"verify_signature": False})
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": "https://bank.th.example/callback",
        "code_verifier": "v" * 43, **bank.proves("bank"),
    }  # fmt: skip

    async def again() -> httpx2.Response:
        async with bank.node.client() as client:
            response = await client.post("/oauth/token", data=form, headers={"dpop": bank.proof("/oauth/token")})
            await bank.provider.back_channel.settled()
            return response

    assert error_of(asyncio.run(again())) == ("invalid_grant", "holder.replayed")
    token = jwt.decode(token_in(server.requests[0]), options={"verify_signature": False})
    assert token["sid"] == login["sid"]
