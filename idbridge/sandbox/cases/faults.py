"""Cases about a node that is not well: it accepts nothing, and says that it is its own fault.

Some faults are switched on at a sandbox node; nobody outside could bring them about. The others run in process.
Clauses: architecture D1, D3 and D11; RFC 9110 section 15.6.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.case import Kind
from idbridge.sandbox.cases import logins
from idbridge.sandbox.entry import Entry
from idbridge.sandbox.mirrors import Mirror
from idbridge.sandbox.nodes import Holding
from idbridge.sandbox.trial import Trial, accepted

MIRROR: Final = accepted(
    "list-fetched-from-mirror",
    "A node fetches Brunei's list from a mirror",
    why="The host is allowed and the list is as short as it may be.",
    state=MemberState.BN,
    attempt=Mirror(),
    kind=Kind.FAULT,
)
REGISTERED: Final = accepted(
    "node-serves-its-own-environment",
    "A sandbox node with a sandbox registration",
    why="Registration, lists and node are of one environment.",
    state=MemberState.TH,
    attempt=Holding(),
    kind=Kind.FAULT,
)


def entries() -> Iterator[Entry]:
    """Yield the cases about faults that are switched on at a node."""
    yield _switched("node-without-lists", "system.not_ready", "lists-unreachable", "A node that lost all its lists")
    yield _switched(
        "node-with-slow-clock", "time.issued_in_future", "clock-skew", "A node whose clock is an hour behind"
    )
    yield _switched("node-with-stale-lists", "trust.stale", "stale-lists", "A node that got no new list for months")
    yield _switched("node-that-cannot-count", "system.overloaded", "one-time-full", "A node that can remember no more")
    yield _switched("node-that-breaks", "system.internal", "one-time-broken", "A node that breaks in the middle")


def _switched(name: str, code: str, fault: str, title: str) -> Entry:
    """Return the entry of a good login at a node with a fault."""
    return logins.SG.refused(
        name,
        code,
        title,
        why="The login is good; the node cannot know that now, and an open door is worse than a closed one.",
        kind=Kind.FAULT,
        fault=fault,
    )


def trials() -> Iterator[Trial]:
    """Yield the cases about faults that run in process."""
    yield MIRROR
    yield MIRROR.refused(
        "list-of-mirror-too-long",
        "system.fetch_failed",
        "A mirror whose list is longer than the node takes",
        why="Size is bounded while it arrives.",
        max_bytes=64,
    )
    yield MIRROR.refused(
        "mirror-sends-elsewhere",
        "system.fetch_failed",
        "A mirror that sends the node elsewhere",
        why="A redirect is not followed: it could lead inside.",
        status=HTTPStatus.FOUND,
    )
    yield REGISTERED
    yield REGISTERED.refused(
        "node-serves-live-registration",
        "system.configuration",
        "A sandbox node with a live registration",
        why="Sandbox and live never mix, whoever made the mistake.",
        registered_in=Environment.LIVE,
    )
