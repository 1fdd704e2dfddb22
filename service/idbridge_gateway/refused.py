"""Refused requests in the journal: who did not prove who they are, who may not do what they asked, and who tried more.

Told is where and why, and nothing of the request: the template of an address and a reason of the catalogue. Of each
kind a few are told at once and then one a second, so that nobody fills a disk by asking and none of the three kinds
hides another; how many were passed over goes with the next one. What was asked and judged is a leaf of the log and not
told here. Clauses: ASVS 5.0 sections 16.3.1, 16.3.2 and 16.3.3.
"""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from idbridge.clock import Stopwatch
from idbridge.limits import LIMITS
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.metrics.exposition import UNMATCHED


class Refused(StrEnum):
    """What somebody tried."""

    AUTHENTICATION = "authentication"
    AUTHORISATION = "authorisation"
    CONTROL = "control"  # a bound, the form of a request, a limit in time


_AUTHENTICATION: Final = frozenset({"policy.unauthenticated", "policy.relying_party_disabled"})
_CONTROLS: Final = frozenset({"policy.rate_exceeded"})
_OF_POLICY: Final = "policy."
# What an honest caller meets as well, and nobody gets around anything with: another method, an older version.
_ORDINARY: Final = frozenset({
    HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.CONFLICT,
    HTTPStatus.PRECONDITION_FAILED, HTTPStatus.PRECONDITION_REQUIRED,
})  # fmt: skip


def kind_of(route: str, status: int, code: str) -> Refused | None:
    """Return what the caller tried whose request to ``route`` got ``status`` for ``code``; ``None`` if nothing."""
    nowhere = route == UNMATCHED and status == HTTPStatus.NOT_FOUND
    refusing = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if not refusing or status in _ORDINARY or nowhere:
        return None
    if code in _AUTHENTICATION or (not code and status == HTTPStatus.UNAUTHORIZED):
        return Refused.AUTHENTICATION
    if code in _CONTROLS or not (code.startswith(_OF_POLICY) or status == HTTPStatus.FORBIDDEN):
        return Refused.CONTROL
    return Refused.AUTHORISATION


@dataclass(slots=True)
class _Pace:
    """How many may be told now, since when that is counted, and how many were passed over."""

    left: float
    since: float
    untold: int = 0

    def may_tell(self, now: float) -> bool:
        """Take one of those that may be told, or pass one over."""
        more = (now - self.since) / LIMITS.refusal_told_each.total_seconds()
        self.left, self.since = min(float(LIMITS.refusals_told_at_once), self.left + more), now
        if self.left < 1:
            self.untold += 1
            return False
        self.left -= 1
        return True


class RefusedRequests:
    """The refused requests of one process, as its journal tells them."""

    def __init__(self, stopwatch: Stopwatch) -> None:
        self._stopwatch = stopwatch
        begun = stopwatch.seconds()
        self._paces = {kind: _Pace(LIMITS.refusals_told_at_once, begun) for kind in Refused}

    def note(self, route: str, status: int, code: str) -> None:
        """Tell of an answer to a request for ``route``, the template of its path, if it refused one."""
        kind = kind_of(route, status, code)
        if kind is None or not self._paces[kind].may_tell(self._stopwatch.seconds()):
            return
        pace = self._paces[kind]
        untold, pace.untold = pace.untold, 0
        JOURNAL.warning("refused (%s) at %s: %s, after %d untold", kind.value, route, code or f"http_{status}", untold)
