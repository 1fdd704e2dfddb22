"""Answers of a gateway read as findings: what it refused, and by which word of the standard that the address speaks.

An OAuth error, a problem of our catalogue, or a page that leads nowhere. A failure of the server is no refusal.
"""

from http import HTTPStatus
from typing import Final

from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.targets.gateway.answers import problem
from idbridge.conformance.targets.gateway.wire import PROBLEM
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply
from idbridge.conformance.targets.live import Finding

PAGE: Final = "page"
_GOOD: Final = range(200, 300)
_REFUSED: Final = range(400, 500)


class HonestStepError(Exception):
    """A step before the attacked one was refused, so that nothing is known of the attack."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"before the attack: {finding.words}")
        self.finding = finding


def refusal(reply: Reply) -> Finding | None:
    """Return what ``reply`` refuses, nothing if it grants.

    Raises:
        NoVerdictError: The server failed, or answered what is neither.
    """
    if reply.status in _GOOD:
        return None
    media = reply.headers.get("content-type", "").partition(";")[0].strip()
    if media == PROBLEM:
        return _of_problem(reply)
    if reply.status not in _REFUSED:
        kind = FaultKind.CRASH if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR else FaultKind.MALFORMED
        raise NoVerdictError(kind, f"{reply.url} answered {reply.status}")
    error = reply.document().get("error")
    if isinstance(error, str):
        return Finding(error, reply.shown())
    if media == "text/html":
        return Finding(PAGE, f"{reply.status}, a page")
    raise NoVerdictError(FaultKind.MALFORMED, f"{reply.url} answered {reply.status} without saying why")


def refusal_or(reply: Reply, *members: str) -> Finding | None:
    """Return what ``reply`` refuses, nothing if it grants and says so by ``members``, each of them a text.

    Raises:
        NoVerdictError: As ``refusal``, or it grants nothing that anybody could use.
    """
    found = refusal(reply)
    if found is None:
        document = reply.document()
        if missing := [name for name in members if not isinstance(document.get(name), str) or not document[name]]:
            words = f"{reply.url} answered {reply.status} without {', '.join(missing)}"
            raise NoVerdictError(FaultKind.MALFORMED, words)
    return found


def _of_problem(reply: Reply) -> Finding:
    answer = problem(reply)
    if isinstance(answer, Fault):
        raise NoVerdictError(answer.kind, answer.detail)
    return Finding(str(answer.code), f"{reply.status} {answer.code}")


def granted(reply: Reply) -> Reply:
    """Return ``reply`` if it grants: an honest step before the one that is judged.

    Raises:
        HonestStepError: It refuses.
        NoVerdictError: As ``refusal``.
    """
    found = refusal(reply)
    if found is not None:
        raise HonestStepError(found)
    return reply
