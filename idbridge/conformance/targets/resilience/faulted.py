"""A gateway that something is wrong with: what it answers, whether it says that it is ready, and that it recovers.

Faults are switched by name at a gateway that was started for the suite. Clauses: architecture D1, D8 and D11.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from threading import Event
from types import MappingProxyType
from typing import Any, Final

from idbridge.clock import SystemStopwatch
from idbridge.conformance.targets.gateway.edge import minted
from idbridge.conformance.targets.gateway.findings import refusal
from idbridge.conformance.targets.gateway.suite import Suite
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.conformance.targets.resilience.answers import (
    NO_RETRY_AFTER,
    SERVER_ERROR,
    judged,
    patiently,
    require_ok,
    sent,
)

NOT_ALIVE: Final = "strain.not_alive"
NOT_SAID: Final = "strain.readiness_untold"
ACCEPTED: Final = "strain.accepted_under_fault"
NOT_RECOVERED: Final = "strain.not_recovered"
WAIT: Final = timedelta(seconds=15)
TIMES: Final = 3  # the promised time, for a machine that is not the one of the promise
_PAUSE_S: Final = 0.05


def asked(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Ask ``case`` of the catalogue while ``fault`` is on; ``patient`` asks again what is refused for now."""
    exchange = minted(suite, parameters["case"]).exchange
    with _fault(suite, parameters.get("fault")):
        if parameters.get("patient"):
            return patiently(suite, exchange, wait=WAIT)
        return judged(suite, sent(suite, exchange), exchange)


def ready(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Ask whether the gateway is ready while ``fault`` is on. Alive it is in any case."""
    with _fault(suite, parameters.get("fault")):
        return readiness(suite)


def readiness(suite: Suite) -> Finding | None:
    """Return why the gateway is not ready, nothing if it is."""
    alive = suite.wire.send("GET", "/healthz")
    if alive.status != HTTPStatus.OK or alive.document().get("status") != "up":
        return Finding(NOT_ALIVE, f"/healthz answered {alive.status}")
    told = suite.wire.send("GET", "/readyz")
    if told.status >= HTTPStatus.INTERNAL_SERVER_ERROR and told.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return Finding(SERVER_ERROR, f"/readyz answered {told.status}")
    if told.status == HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" not in told.headers:
        return Finding(NO_RETRY_AFTER, "/readyz answered 503 without Retry-After")
    found = refusal(told)
    if found is None and told.document().get("status") != "ready":
        return Finding(NOT_SAID, f"/readyz answered {told.status}, and did not say that it is ready")
    return found


def recovers(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Let a ``fault`` come and go: ``case`` is refused under it, and accepted again within three times ``seconds``."""
    case = parameters["case"]
    with _fault(suite, parameters["fault"]):
        exchange = minted(suite, case).exchange
        found = judged(suite, sent(suite, exchange), exchange)
        if found is None:
            return Finding(ACCEPTED, "accepted while the fault was on")
        if found.code in (SERVER_ERROR, NO_RETRY_AFTER):
            return found
    return recovered(suite, case, seconds=parameters["seconds"])


def recovered(suite: Suite, case: str, *, seconds: float) -> Finding | None:
    """Return why ``case`` is not accepted, or the gateway not ready, within three times the promised ``seconds``."""
    stopwatch = SystemStopwatch()
    until = stopwatch.seconds() + TIMES * seconds
    while True:
        exchange = minted(suite, case).exchange
        found = judged(suite, sent(suite, exchange), exchange) or readiness(suite)
        if found is None:
            return None
        if stopwatch.seconds() >= until:
            return Finding(NOT_RECOVERED, f"not as before {TIMES} times {seconds:g} s after the fault: {found.words}")
        Event().wait(_PAUSE_S)


@contextmanager
def _fault(suite: Suite, name: str | None) -> Iterator[None]:
    """Let the fault called ``name``, if there is one, be on until the block ends.

    Raises:
        NoVerdictError: The gateway does not let it be switched.
    """
    if name is None:
        yield
        return
    switch(suite, name, on=True)
    try:
        yield
    finally:
        switch(suite, name, on=False)


def switch(suite: Suite, name: str, *, on: bool) -> None:
    """Switch a fault. Raises as above."""
    require_ok(suite.wire.send("POST", f"/sandbox/faults/{name}?on={str(on).lower()}"))


PROCEDURES: Final[Mapping[str, Procedure[Suite]]] = MappingProxyType(
    {"asked": asked, "ready": ready, "recovers": recovers}
)
