"""Answers of a gateway read as verdicts: a report, or the problem of a request that is broken.

A failure of the server is a fault unless it is one of those that are published with a reason to come again; so is an
answer that is neither report nor problem, or whose status and document say different things.
"""

from http import HTTPStatus
from typing import Final

from idbridge.conformance.answer import Fault, FaultKind, Verdict, read_verdict
from idbridge.conformance.targets.gateway.wire import JSON, PROBLEM
from idbridge.conformance.targets.idp.wire import Reply
from idbridge.reasons import REASONS, reason

_LATER: Final = HTTPStatus.SERVICE_UNAVAILABLE


def read_answer(reply: Reply) -> Verdict | Fault:
    """Return the verdict that a report or a problem states."""
    media = reply.headers.get("content-type", "").partition(";")[0].strip()
    if not reply.body:
        return Fault(FaultKind.EMPTY, f"{reply.status} without a body")
    if reply.status == HTTPStatus.OK and media == JSON:
        return read_verdict(reply.document())
    if media == PROBLEM:
        return problem(reply)
    kind = FaultKind.CRASH if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR else FaultKind.MALFORMED
    return Fault(kind, f"{reply.status} {media or 'of no media type'} is neither a report nor a problem")


def problem(reply: Reply) -> Verdict | Fault:
    """Return the refusal that a problem document states."""
    document = reply.document()
    code, status = document.get("code"), document.get("status")
    if not isinstance(code, str) or status != reply.status:
        return Fault(FaultKind.MALFORMED, "a problem without a code, or of another status than its answer")
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR and reply.status != _LATER:
        return Fault(FaultKind.CRASH, f"{reply.status} {code}")
    if code not in REASONS or reason(code).http_status != reply.status:
        return Fault(FaultKind.MALFORMED, f"{code} is no problem that is answered by {reply.status}")
    return Verdict(reason(code).indication, code)
