"""The HTTP edge: requests that are broken, and a node that something is wrong with."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.targets.gateway.answers import read_answer
from idbridge.conformance.targets.gateway.findings import refusal
from idbridge.conformance.targets.gateway.suite import Suite
from idbridge.conformance.targets.gateway.wire import PROBLEM
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.sandbox.case import Exchange, MintedCase
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.mint import mint

_CATALOGUE: Final = "/v1/reasons"
_PROTECTION: Final = ("x-content-type-options", "referrer-policy", "content-security-policy")


def catalogue(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Put a case of the sandbox catalogue (``case``) as it stands there, faults switched on before and off after."""
    made = minted(suite, parameters["case"])
    for one in made.before:
        _sent(suite, one)
    try:
        reply = _sent(suite, made.exchange)
    finally:
        for one in made.after:
            _sent(suite, one)
    return told(reply, breaks=bool(parameters.get("breaks")))


def http(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Send one request: ``method``, ``path``, ``headers``, ``as`` (a relying party), ``json`` or ``text``."""
    known = suite.access(parameters["as"]) if "as" in parameters else {}
    body = json.dumps(parameters["json"]).encode() if "json" in parameters else parameters.get("text", "").encode()
    headers = {**known, **parameters.get("headers", {})}
    reply = suite.wire.send(parameters["method"], parameters["path"], headers=headers, body=body)
    found = refusal(reply)
    if found is None and parameters["path"] == _CATALOGUE and not reply.document().get("reasons"):
        raise NoVerdictError(FaultKind.MALFORMED, f"{_CATALOGUE} answered {reply.status} without `reasons`")
    return found


def headers_of(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Look at the header fields of a refusal and of a verdict: nothing keeps it, nothing guesses what it is."""
    made = minted(suite, parameters["case"])
    reply = _sent(suite, made.exchange)
    refusal(reply)  # a failure of the server is no answer that could be looked at
    missing = [name for name in _PROTECTION if name not in reply.headers]
    if "no-store" not in reply.headers.get("cache-control", ""):
        missing.append("cache-control: no-store")
    if reply.document().get("correlation_id", reply.headers.get("x-request-id")) != reply.headers.get("x-request-id"):
        missing.append("one correlation id")
    return Finding("edge.unprotected", f"the answer lacks {', '.join(missing)}") if missing else None


def idempotent(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Ask the same under one idempotency key twice: it is one question, and its nonce is spent once."""
    made = minted(suite, parameters["case"])
    key = {} if parameters.get("without_key") else {"Idempotency-Key": suite.nonce()}
    one = Exchange(made.method, made.path, {**made.headers, **key}, made.body)
    first, again = told(_sent(suite, one)), told(_sent(suite, one))
    return first or again


def minted(suite: Suite, name: str) -> MintedCase:
    """Return a case of the catalogue, made at the instant of the suite."""
    return mint(case_named(name), region=suite.region, at=suite.at, randomness=suite.randomness)


def told(reply: Reply, *, breaks: bool = False) -> Finding | None:
    """Return what a report or a problem refuses; ``breaks`` if the node was made to break, and has to say so."""
    media = reply.headers.get("content-type", "").partition(";")[0]
    if breaks and reply.status == HTTPStatus.INTERNAL_SERVER_ERROR and media == PROBLEM:
        return Finding(str(reply.document().get("code")), "500")
    answer = read_answer(reply)
    if isinstance(answer, Fault):
        raise NoVerdictError(answer.kind, answer.detail)
    if answer.code is None:
        return None
    if answer.is_accepted:
        raise NoVerdictError(FaultKind.MALFORMED, "accepted and refused at once")
    return Finding(answer.code, str(answer))


def _sent(suite: Suite, one: Exchange) -> Reply:
    return suite.wire.send(one.method, one.path, headers=one.headers, body=one.body)


PROCEDURES: Final[Mapping[str, Procedure[Suite]]] = MappingProxyType(
    {"catalogue": catalogue, "http": http, "headers": headers_of, "idempotent": idempotent}
)
