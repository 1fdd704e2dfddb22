"""V2 to V9 are a pure function: with files, sockets, clocks and randomness forbidden, the decision is the same."""

import builtins
import io
import os
import random
import secrets
import socket
import time
from typing import Any, NoReturn

import pytest

from idbridge.clock import SystemClock
from idbridge.model.request import Detail
from idbridge.sandbox.assertions import AssertionOf
from idbridge.sandbox.logins import Login
from idbridge.sandbox.presentations import Presentation
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.verifier import Verifier
from tests.verify.pretend import NOON, asked, verifier

FORBIDDEN: tuple[tuple[Any, str], ...] = (
    (builtins, "open"),
    (io, "open"),
    (os, "open"),
    (os, "urandom"),
    (os, "stat"),
    (socket, "socket"),
    (socket, "create_connection"),
    (socket, "getaddrinfo"),
    (time, "time"),
    (time, "time_ns"),
    (time, "monotonic"),
    (time, "gmtime"),
    (time, "localtime"),
    (random, "random"),
    (secrets, "token_bytes"),
    (SystemClock, "now"),
)
SOURCES = {
    "login": Login("sg-login", "sg-tan"),
    "login with another key": Login("sg-login", "sg-tan", signed_by="th-login"),
    "card": Presentation("la-card", "la-bounmy"),
    "card with a chain": Presentation("sg-pid", "sg-tan"),
    "copied card": Presentation("la-card", "la-bounmy", bound=False),
    "assertion": AssertionOf("sg-node", "sg-branch", Login("my-login", "my-arvind")),
}


class Forbidden(BaseException):
    """Not an ``Exception``: nothing may catch it and go on."""


def forbid(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise Forbidden(f"{owner.__name__}.{name}")

    monkeypatch.setattr(owner, name, refuse)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_a_decision_needs_nothing_from_outside(source: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    request, trust = asked(source), verifier().trust
    before = Verifier(trust=trust, status=EMPTY_STATUS).verify(request, at=NOON).decision()
    with monkeypatch.context() as patch:
        for owner, name in FORBIDDEN:
            forbid(patch, owner, name)
        cold = Verifier(trust=trust, status=EMPTY_STATUS)
        first = cold.verify(request, at=NOON).decision()
        again = cold.verify(request, at=NOON)
        rendered = again.render(Detail.EVIDENCE, report_id="rep_1")

    assert first == before
    assert again.decision() == before
    assert rendered["report_id"] == "rep_1"


def test_what_is_forbidden_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        forbid(patch, SystemClock, "now")
        with pytest.raises(Forbidden):
            SystemClock().now()
