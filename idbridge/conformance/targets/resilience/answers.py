"""Answers under strain: right, or 503 with a time at which to come again; and each verdict is written down.

Decides what a gateway may answer while something is wrong with it or too much is asked of it. A receipt is verified
offline, by the log that the trust list of the node's state names. Clauses: RFC 9110 sections 10.2.3 and 15.6.4; C2SP
tlog-proof; architecture D8.
"""

import json
from datetime import timedelta
from http import HTTPStatus
from threading import Event
from typing import Any, Final

from idbridge.clock import SystemStopwatch
from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.gateway.edge import told
from idbridge.conformance.targets.gateway.suite import Suite
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply
from idbridge.conformance.targets.live import Finding
from idbridge.errors import EvidenceError, IdBridgeError
from idbridge.sandbox.case import Exchange
from idbridge.tlog import receipt as receipts
from idbridge.tlog.receipt import VerifiedReceipt
from idbridge.trust.log_listing import listed_log

SERVER_ERROR: Final = "strain.server_error"
NO_RETRY_AFTER: Final = "strain.no_retry_after"
NO_RECEIPT: Final = "strain.no_receipt"
UNPROVEN: Final = "strain.unproven"
OF_ANOTHER: Final = "strain.receipt_of_another"
_PAUSE_S: Final = 0.1
_LATER: Final = HTTPStatus.SERVICE_UNAVAILABLE


def judged(suite: Suite, reply: Reply, exchange: Exchange) -> Finding | None:
    """Return what ``reply`` refuses, or what is wrong with it: a bare failure, no time to come again, no receipt.

    Raises:
        NoVerdictError: It is neither a report nor a problem.
    """
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR and reply.status != _LATER:
        return Finding(SERVER_ERROR, f"{reply.status} instead of 503")
    if reply.status == _LATER and not _says_when(reply):
        return Finding(NO_RETRY_AFTER, "503 without a number of seconds in Retry-After")
    found = told(reply)
    if reply.status != HTTPStatus.OK:
        return found
    return _unproven(suite, reply.document(), exchange) or found


def is_later(reply: Reply) -> bool:
    """Tell whether it was refused for now."""
    return reply.status == _LATER


def patiently(suite: Suite, exchange: Exchange, *, wait: timedelta) -> Finding | None:
    """Ask, and while it is refused for now ask again, as a client does, for as long as ``wait``."""
    stopwatch = SystemStopwatch()
    until = stopwatch.seconds() + wait.total_seconds()
    while True:
        reply = sent(suite, exchange)
        found = judged(suite, reply, exchange)
        if found is None or found.code == NO_RETRY_AFTER or not is_later(reply) or stopwatch.seconds() >= until:
            return found
        Event().wait(_PAUSE_S)


def sent(suite: Suite, exchange: Exchange) -> Reply:
    """Return the answer to one request. Raises as ``GatewayWire.send``."""
    return suite.wire.send(exchange.method, exchange.path, headers=exchange.headers, body=exchange.body)


def proven(suite: Suite, text: str) -> VerifiedReceipt:
    """Return the receipt that ``text`` is, verified by the log that a trust list of the material names.

    Raises:
        EvidenceError: It proves nothing.
        TrustError: No list names its log.
    """
    unverified = receipts.parse_unverified(text.encode())
    origin = unverified.checkpoint.checkpoint.origin
    return receipts.verify(unverified, log=listed_log(suite.lists, origin, signed_at=suite.at, at=suite.at))


def _unproven(suite: Suite, report: Any, exchange: Exchange) -> Finding | None:
    """Return what is wrong with the receipt of ``report``, nothing if it proves that very answer."""
    held = report.get("receipt")
    if not isinstance(held, dict) or not isinstance(held.get("proof"), str):
        return Finding(NO_RECEIPT, "an answer without a receipt")
    try:
        found = proven(suite, held["proof"])
    except IdBridgeError as refused:
        return Finding(UNPROVEN, f"its receipt proves nothing: {refused.code}")
    try:
        found.require_about(json.loads(exchange.body)["credential"].encode())
    except EvidenceError as other:
        return Finding(OF_ANOTHER, f"its receipt is about another credential: {other.code}")
    reason = report.get("reason")
    due = {"req": report.get("report_id"), "res": report.get("indication"), "code": reason and reason.get("code")}
    unlike = [name for name, value in due.items() if found.leaf.members.get(name) != value]
    return Finding(OF_ANOTHER, f"its receipt is of another answer: {', '.join(unlike)}") if unlike else None


def _says_when(reply: Reply) -> bool:
    seconds = reply.headers.get("retry-after", "")
    return seconds.isascii() and seconds.isdigit() and int(seconds) > 0


def require_ok(reply: Reply) -> Reply:
    """Return ``reply`` if it grants what the suite needs before its own step.

    Raises:
        NoVerdictError: It does not.
    """
    if reply.status != HTTPStatus.OK:
        raise NoVerdictError(FaultKind.MALFORMED, f"{reply.url} answered {reply.status}, so nothing can be tried")
    return reply
