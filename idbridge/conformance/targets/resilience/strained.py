"""A gateway of which too much is asked at once, and one-time values that come many times at one moment.

Whatever is held back, no more is accepted than is right. Clauses: RFC 9110 section 15.6.4; OpenID4VP 1.0 section 14.1;
architecture D1 and D11.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http import HTTPStatus
from threading import Event
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.gateway.edge import minted
from idbridge.conformance.targets.gateway.suite import Suite
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.conformance.targets.resilience.answers import judged, patiently, sent
from idbridge.conformance.targets.resilience.faulted import readiness, recovered
from idbridge.conformance.targets.resilience.line import Line, at_once, head_of
from idbridge.sandbox.case import Exchange

NONE_ACCEPTED: Final = "strain.none_accepted"
ACCEPTED_AGAIN: Final = "strain.accepted_again"
ACCEPTED_FORGED: Final = "strain.accepted_forged"
REPLAYED: Final = "holder.replayed"
LATER: Final = "system.overloaded"
NO_ANSWER: Final = Finding("strain.no_answer", "the connection ended without an answer")
_BATCH: Final = "/v1/verify/batch"
_TRIES: Final = 20
_BESIDE: Final = timedelta(seconds=5)  # well before what is held has ended by itself
_PAUSE_S: Final = 0.05


def beyond(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Hold as many questions of one party as ``held`` says, none of them whole, and ask ``case`` beside them.

    ``of`` says which question: of the ``same`` party, of ``another`` one, of ``nobody`` whether the gateway is ready,
    or of the same party ``after`` those that were held have gone away.
    """
    of, case = parameters["of"], parameters.get("case", "")
    with _held(suite, parameters["held"]):
        if of == "same":
            return _refused_soon(suite, case)
        if of == "another":
            return patiently(suite, _one(suite, case), wait=_BESIDE)
        if of == "nobody":
            return readiness(suite)
    return recovered(suite, case, seconds=1)


def _refused_soon(suite: Suite, case: str) -> Finding | None:
    """Return the first refusal of several questions: what is held was sent, and may be on its way still."""
    for _ in range(_TRIES):
        exchange = _one(suite, case)
        found = judged(suite, sent(suite, exchange), exchange)
        if found is not None:
            return found
        Event().wait(_PAUSE_S)
    return None


@contextmanager
def _held(suite: Suite, number: int) -> Iterator[None]:
    """Hold ``number`` questions, each a head and the beginning of a body, until the block ends."""
    exchange = Exchange("POST", "/v1/verify", suite.access(), b"{" + b" " * 64)
    with ExitStack() as lines:
        for _ in range(number):
            line = lines.enter_context(Line(suite.wire.url))
            line.send(head_of(exchange, host=line.host) + b"{")
        yield


def crowd(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Ask ``good`` and ``forged``, ``times`` each, all at one moment: each is answered rightly, or refused for now."""
    times = parameters["times"]
    good = [_one(suite, parameters["good"]) for _ in range(times)]
    forged = [_one(suite, parameters["forged"]) for _ in range(times)]
    mixed = [exchange for pair in zip(good, forged, strict=True) for exchange in pair]
    replies = at_once(suite.wire.url, mixed)
    found = [
        NO_ANSWER if reply is None else judged(suite, reply, exchange)
        for reply, exchange in zip(replies, mixed, strict=True)
    ]
    return _of_good(found[0::2]) or _of_forged(found[1::2], code=parameters["code"])


def _of_good(found: Sequence[Finding | None]) -> Finding | None:
    if wrong := [one for one in found if one is not None and one.code != LATER]:
        return wrong[0]
    return None if None in found else Finding(NONE_ACCEPTED, "none of them was accepted")


def _of_forged(found: Sequence[Finding | None], *, code: str) -> Finding | None:
    if None in found:
        return Finding(ACCEPTED_FORGED, "what is forged was accepted in a crowd")
    return next((one for one in found if one is not None and one.code not in (code, LATER)), None)


def replayed(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Put one question with a one-time value ``times`` times at one moment: accepted once, and refused as a replay.

    ``how`` is ``apart`` (each a request), ``batch`` (items of one), ``keyed`` (under one idempotency key, so that it is
    one question) or ``own`` (each with a value of its own).
    """
    how, times, case = parameters["how"], parameters["times"], parameters["case"]
    if how == "batch":
        return _once(_of_batch(suite, _one(suite, case), times))
    if how == "own":
        exchanges = [_one(suite, case) for _ in range(times)]
    else:
        exchange = _one(suite, case)
        key = {"Idempotency-Key": suite.nonce()} if how == "keyed" else {}
        exchanges = [Exchange(exchange.method, exchange.path, {**exchange.headers, **key}, exchange.body)] * times
    replies = at_once(suite.wire.url, exchanges)
    found = [
        NO_ANSWER if reply is None else judged(suite, reply, exchange)
        for reply, exchange in zip(replies, exchanges, strict=True)
    ]
    return _once(found) if how == "apart" else _of_good(found)


def _once(found: Sequence[Finding | None]) -> Finding | None:
    """Return the replay that all but one were refused as, or what is wrong."""
    accepted = sum(one is None for one in found)
    others = [one for one in found if one is not None and one.code not in (REPLAYED, LATER)]
    if accepted > 1:
        return Finding(ACCEPTED_AGAIN, f"{accepted} of {len(found)} were accepted")
    if others:
        return others[0]
    if not accepted:
        return Finding(NONE_ACCEPTED, "none of them was accepted")
    return next((one for one in found if one is not None and one.code == REPLAYED), None)


def _of_batch(suite: Suite, exchange: Exchange, times: int) -> list[Finding | None]:
    body = json.dumps({"items": [json.loads(exchange.body)] * times}).encode()
    reply = sent(suite, Exchange("POST", _BATCH, exchange.headers, body))
    items = reply.document().get("items")
    if reply.status != HTTPStatus.OK or not isinstance(items, list) or len(items) != times:
        raise NoVerdictError(FaultKind.MALFORMED, f"a batch was answered by {reply.status} and not item by item")
    headers = {"content-type": "application/json"}
    single = [Reply(HTTPStatus.OK, headers, json.dumps(item).encode(), _BATCH) for item in items]
    return [judged(suite, one, exchange) for one in single]


def _one(suite: Suite, case: str) -> Exchange:
    return minted(suite, case).exchange


PROCEDURES: Final[Mapping[str, Procedure[Suite]]] = MappingProxyType(
    {"beyond": beyond, "crowd": crowd, "replayed": replayed}
)
