"""Cases about broken requests: answered by a problem (RFC 9457), never by a verdict.

Clauses: the interface page; architecture D4; RFC 9110.
"""

from collections.abc import Iterator

from idbridge.sandbox import spoils
from idbridge.sandbox.case import Kind
from idbridge.sandbox.cases import logins
from idbridge.sandbox.edits import ABSENT
from idbridge.sandbox.entry import Entry
from idbridge.sandbox.replays import another_body

_BROKEN = Kind.REQUEST


def entries() -> Iterator[Entry]:
    """Yield the cases about broken requests."""
    yield from _bodies()
    yield from _widenings()
    yield from _entries()
    yield from _parties()


def _bodies() -> Iterator[Entry]:
    sg = logins.SG
    yield sg.refused(
        "body-cut-off",
        "input.request_malformed",
        "A body that ends in the middle",
        why="Half a question is none.",
        kind=_BROKEN,
        sent=spoils.cut_off,
    )
    yield sg.refused(
        "body-names-member-twice",
        "input.request_malformed",
        "A body that names its purpose twice",
        why="Two readers could pick different ones.",
        kind=_BROKEN,
        sent=spoils.purpose_twice,
    )
    yield sg.refused(
        "body-with-unknown-member",
        "input.request_malformed",
        "A body with a member that the schema does not know",
        why="A restriction under a wrong name would otherwise be none.",
        kind=_BROKEN,
        body={"require_loa": "A3"},
    )
    yield sg.refused(
        "body-without-purpose",
        "input.request_malformed",
        "A body without a purpose",
        why="Nothing is recognised for nothing.",
        kind=_BROKEN,
        body={"purpose": ABSENT},
    )
    yield sg.refused(
        "body-too-large",
        "input.body_too_large",
        "A body past the limit",
        why="Size is bounded while it arrives.",
        kind=_BROKEN,
        sent=spoils.too_large,
    )
    yield sg.refused(
        "body-of-another-type",
        "input.media_type",
        "A body that is announced as a form",
        why="Only JSON is read here.",
        kind=_BROKEN,
        request_headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


def _widenings() -> Iterator[Entry]:
    sg = logins.SG
    yield sg.refused(
        "request-sets-the-instant",
        "input.member_forbidden",
        "A request that says what time it is",
        why="The caller can only narrow; the instant is the node's.",
        kind=_BROKEN,
        body={"at": "2026-01-01T00:00:00Z"},
    )
    yield sg.refused(
        "request-names-a-policy",
        "input.member_forbidden",
        "A request that brings its own policy",
        why="The policy is the registration's.",
        kind=_BROKEN,
        body={"policy": {"minimum_level": "A0"}},
    )
    yield sg.refused(
        "request-switches-status-off",
        "input.member_forbidden",
        "A request that switches the status check off",
        why="Nobody outside decides what is not checked.",
        kind=_BROKEN,
        body={"status": "off"},
    )
    yield sg.refused(
        "request-with-time-evidence",
        "input.request_malformed",
        "A request whose evidence of time has no receipt",
        why="To ignore it would change the answer.",
        kind=_BROKEN,
        body={"time_evidence": {}},
    )


def _entries() -> Iterator[Entry]:
    sg = logins.SG
    yield sg.refused(
        "nothing-here",
        "input.not_found",
        "An address where nothing is",
        why="There is one address for verification.",
        kind=_BROKEN,
        path="/v1/verify/me",
    )
    yield sg.refused(
        "method-not-allowed",
        "input.method_not_allowed",
        "A verification by GET",
        why="A credential never stands in an address.",
        kind=_BROKEN,
        method="GET",
    )
    yield logins.SG_KEYED.refused(
        "idempotency-key-reused",
        "input.idempotency_conflict",
        "The same idempotency key for another question",
        why="The key stands for one question.",
        kind=_BROKEN,
        before=another_body,
    )


def _parties() -> Iterator[Entry]:
    sg = logins.SG
    yield sg.refused(
        "nobody-asks",
        "policy.unauthenticated",
        "A request without an API key",
        why="The relying party is whoever authenticated.",
        kind=_BROKEN,
        request_headers={"Authorization": ABSENT},
    )
    yield sg.refused(
        "made-up-key",
        "policy.unauthenticated",
        "A request with an API key that somebody made up",
        why="The id in the key is right and the secret is not.",
        kind=_BROKEN,
        request_headers={"Authorization": f"Bearer idb_test_th-bank_{'A' * 43}"},
    )
    yield sg.refused(
        "closed-shop-asks",
        "policy.relying_party_disabled",
        "A relying party whose registration is switched off",
        why="Its key is right, and it no longer takes part.",
        kind=_BROKEN,
        relying_party="th-closed",
    )
