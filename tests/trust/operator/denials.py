"""Denials as officers make them, and versions of the deny role as one hostile officer could lay them down."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from idbridge.codec import base64url, jcs
from idbridge.model.denial import DenialReason
from idbridge.model.region import MemberState
from idbridge.trust import deny_list
from idbridge.trust.operator import denying, drafting
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.published import Published
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.proposal import Proposal
from tests.trust.distribution.places import NOW, Place
from tests.trust.operator.offices import LATER, MY, SG

LOGIN = "https://sandbox.login.sg.example"
SINCE = NOW - timedelta(days=1)


def on_call(place: Place, state: MemberState) -> Any:
    """The key on call of a state."""
    return place.region.keys.roles.on_call(state)


def denial(place: Place, before: Published, what: str, *by: MemberState, at: datetime = LATER) -> bytes:
    """An entry that denies ``what``."""
    denied = denying.look_up(before, what, at=at)
    signers = {state: (on_call(place, state),) for state in by}
    return denying.denial(before, denied, signers, since=SINCE, reason=DenialReason.KEY_COMPROMISE, at=at)


def edition(place: Place, before: Published, entry: bytes, by: MemberState = SG) -> Proposal:
    """The next deny list, with ``entry`` in it."""
    return denying.edition(before, entry, Intent("deny", "a test", on_call(place, by), LATER))


def listed(before: Published) -> tuple[bytes, ...]:
    """The entries of the deny list that stands."""
    return deny_list.parse(before.target(roles.DENY, roles.DENY_LIST)).entries


def listing(
    place: Place, before: Published, entries: Iterable[bytes], *, by: MemberState = MY, life: timedelta | None = None
) -> Proposal:
    """The next version of the deny role with just these entries, whatever was there before."""
    number = deny_list.parse(before.target(roles.DENY, roles.DENY_LIST)).number + 1
    files = {roles.DENY_LIST: deny_list.written(entries, number=number, environment=before.environment)}
    payload = writing.carrier(drafting.issue(before, roles.DENY, at=LATER, life=life), roles.DENY, files=files)
    return drafting.completed(before, roles.DENY, payload, files, Intent("deny", "a test", on_call(place, by), LATER))


def blown_up(place: Place, entry: bytes, by: MemberState, *, blanks: int) -> bytes:
    """``entry`` with blanks behind what it says, signed by ``by``."""
    table = json.loads(entry)
    payload = base64url.encode(base64url.decode(table["payload"]) + b" " * blanks)
    protected = table["signatures"][0]["protected"]
    signature = base64url.encode(on_call(place, by).sign(f"{protected}.{payload}".encode()))
    return jcs.canonicalize({
        "payload": payload, "signatures": [{"protected": protected, "signature": signature}],
    })  # fmt: skip


def numbered(place: Place, before: Published, version: int) -> Proposal:
    """The list that stands, under a version of the deny role that somebody chose."""
    files = before.files(roles.DENY)
    payload = writing.carrier(writing.Issue(before.environment, version, LATER), roles.DENY, files=files)
    return drafting.completed(before, roles.DENY, payload, {}, Intent("renew", "a test", on_call(place, MY), LATER))
