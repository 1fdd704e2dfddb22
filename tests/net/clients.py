"""Guarded clients as the tests of this folder need them, with a name server and a stopwatch that they control."""

import socket
from collections.abc import Callable

import pytest

from idbridge.errors import FetchError
from idbridge.model.region import Environment
from idbridge.net.guarded import GuardedClient
from tests.net.servers import Answer, Server, document, serving

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
