"""Decide with everything from outside forbidden, in a process of its own: nothing else here can miss it meanwhile.

Prints one JSON object: for each source whether the decisions were the same, and whether a forbidden call is noticed.
"""

import builtins
import io
import json
import os
import random
import secrets
import socket
import sys
import time
from typing import Any, Final, NoReturn
from unittest.mock import patch

from idbridge.clock import SystemClock
from idbridge.model.request import Detail
from idbridge.sandbox.assertions import AssertionOf
from idbridge.sandbox.logins import Login
from idbridge.sandbox.presentations import Presentation
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.verifier import Verifier
from tests.verify.pretend import NOON, asked, verifier

FORBIDDEN: Final[tuple[tuple[Any, str], ...]] = (
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
SOURCES: Final[dict[str, Any]] = {
    "login": Login("sg-login", "sg-tan"),
    "login with another key": Login("sg-login", "sg-tan", signed_by="th-login"),
    "card": Presentation("la-card", "la-bounmy"),
    "card with a chain": Presentation("sg-pid", "sg-tan"),
    "copied card": Presentation("la-card", "la-bounmy", bound=False),
    "assertion": AssertionOf("sg-node", "sg-branch", Login("my-login", "my-arvind")),
}


class Forbidden(BaseException):
    """Not an ``Exception``: nothing may catch it and go on."""


def forbidden(owner: Any, name: str) -> Any:
    """Return what forbids ``name`` of ``owner`` for as long as it is entered."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise Forbidden(f"{owner.__name__}.{name}")

    return patch.object(owner, name, refuse)


def same(source: Any) -> bool:
    """Tell whether the decision on ``source`` is the same with and without the world, the first time and again."""
    request, trust = asked(source), verifier().trust
    before = Verifier(trust=trust, status=EMPTY_STATUS).verify(request, at=NOON).decision()
    guards = [forbidden(owner, name) for owner, name in FORBIDDEN]
    for guard in guards:
        guard.start()
    try:
        cold = Verifier(trust=trust, status=EMPTY_STATUS)
        first = cold.verify(request, at=NOON).decision()
        again = cold.verify(request, at=NOON)
        rendered = again.render(Detail.EVIDENCE, report_id="rep_1")
    finally:
        for guard in reversed(guards):
            guard.stop()
    return first == before and again.decision() == before and rendered["report_id"] == "rep_1"


def noticed(owner: Any, name: str) -> bool:
    """Tell whether a call of ``name`` is noticed."""
    with forbidden(owner, name):
        try:
            getattr(owner, name)()
        except Forbidden:
            return True
    return False


if __name__ == "__main__":
    came = {
        "same": {name: same(source) for name, source in SOURCES.items()},
        "noticed": {f"{owner.__name__}.{name}": noticed(owner, name) for owner, name in FORBIDDEN},
    }
    json.dump(came, sys.stdout)
